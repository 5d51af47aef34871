"""Opens everything in one place: the course, the store, the model, and the verbs that every face calls."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog

from core.assistant import Assistant
from core.errors import SetupError
from core.knowledge import Course, load_course
from core.lessons import Lessons
from core.model import ChatModel, MistralModel, open_model
from core.prompt import PromptTemplate, read_template
from core.search import SearchIndex
from core.settings import Settings, shipped_course
from core.store import Store, open_store
from core.students import Students
from core.traffic import Traffic, open_traffic
from core.writers import CardWriter, ModelWriter

log = structlog.get_logger()


@dataclass(frozen=True)
class Profond:
    """The core, open. A face translates into its verbs and knows no other."""

    settings: Settings
    course: Course
    index: SearchIndex
    store: Store
    assistant: Assistant
    lessons: Lessons
    students: Students


def course_template(course: Course) -> PromptTemplate:
    """Return the prompt that a course names: from its own folder, else the one that comes with Profond. Raises SetupError."""
    name = f"{course.info.prompt}.md"
    own = course.folder / "prompts" / name
    return read_template(own if own.exists() else shipped_course() / "prompts" / name)


@asynccontextmanager
async def open_profond(settings: Settings, model: ChatModel | None = None) -> AsyncIterator[Profond]:
    """Open the core; `model` stands in for the one that the settings name. Raises SetupError, CourseError."""
    course = load_course(settings.course_folder)
    index = SearchIndex(course)  # first of all: what its building leaves free is used by what is opened next (4 MiB)
    async with open_store(settings) as store, _own_model(settings) as own, _traffic(settings, store, model or own) as traffic:
        writer = ModelWriter(traffic, course, course_template(course), settings.profond_history_tokens, settings.mistral_vision) if traffic else None
        assistant = Assistant(course, index, store, CardWriter(course), writer)
        yield Profond(settings, course, index, store, assistant, Lessons(course), Students(store, course, settings))


@asynccontextmanager
async def _own_model(settings: Settings) -> AsyncIterator[MistralModel | None]:
    """Open the settings' model; None without a key, or where the machine keeps its client from being made: the cards answer, the doctor says why."""
    async with AsyncExitStack() as stack:
        try:
            model = await stack.enter_async_context(open_model(settings))
        except SetupError as error:
            log.warning("model_not_opened", cause=error.key)
            model = None
        yield model


@asynccontextmanager
async def _traffic(settings: Settings, store: Store, model: ChatModel | None) -> AsyncIterator[Traffic | None]:
    """Open the way to the model; None where there is none."""
    if model is None:
        yield None
        return
    choose = model.calling if isinstance(model, MistralModel) else lambda _: model
    async with open_traffic(settings, store, choose) as traffic:
        yield traffic
