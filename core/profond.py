"""Opens everything in one place: the course, the store, the model, and the verbs that every face calls."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core.assistant import Assistant
from core.knowledge import Course, load_course
from core.lessons import Lessons
from core.model import ChatModel, open_model
from core.prompt import PromptTemplate, read_template
from core.search import SearchIndex
from core.settings import Settings, shipped_course
from core.store import Store, open_store
from core.students import Students
from core.traffic import Deadlines
from core.writers import CardWriter, ModelWriter


@dataclass(frozen=True)
class Profond:
    """The core, open. A face translates into its verbs and knows no other."""

    settings: Settings
    course: Course
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
    async with open_store(settings) as store, open_model(settings) as own:
        writing = model or own
        writer = _model_writer(settings, course, writing) if writing else None
        assistant = Assistant(course, SearchIndex(course), store, CardWriter(course), writer)
        yield Profond(settings, course, store, assistant, Lessons(course), Students(store, course, settings))


def _model_writer(settings: Settings, course: Course, model: ChatModel) -> ModelWriter:
    deadlines = Deadlines(settings.mistral_first_text_seconds, settings.mistral_answer_seconds)
    return ModelWriter(model, course, course_template(course), deadlines, settings.profond_history_tokens)
