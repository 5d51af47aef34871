"""Puts questions to the whole pipeline, opened as a bot opens it, with one prompt and one model; notes what came of each.

The course is copied into a folder of its own whose `course.json` names the prompt, and the database is new and thrown away:
nothing of a trial reaches students, and no answer is one that was kept. The budget of a month is the most that one may cost.
"""

import json
import secrets
import shutil
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from core.checks import Checker, Seen, check_levels
from core.errors import SetupError
from core.evaluation import ExamQuestion
from core.knowledge import COURSE_FILE, Course, is_slug, load_course
from core.messages import Answer, Level, Place, Question, Writer
from core.profond import Profond, course_template, open_profond
from core.rails import Measure, given, measure
from core.search import SearchIndex
from core.settings import Settings, shipped_course

PERSON = "eval:trial"
EVERY_LEVEL = ""
"""Stands for the level where several answers to one question are judged together."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is tried. `prompt` is a prompt file's name; an empty `model` lets the cards write."""

    questions: Sequence[ExamQuestion]
    levels: Sequence[Level]
    prompt: str
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One question at one level: the answer, what it took, and what each check found wrong."""

    id: str
    kind: str
    level: Level
    answer: Answer
    found: dict[str, str]
    micros: int
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check found; an empty `wrong` where it was passed. `level` is EVERY_LEVEL where it saw several."""

    id: str
    level: str
    check: str
    wrong: str


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What came of a plan.

    Attributes:
        version: of the prompt, `name:hash`; empty where the cards wrote.
        across: what the checks that see several levels found, by question.
    """

    version: str
    measure: Measure | None
    tried: tuple[Tried, ...]
    across: dict[str, dict[str, str]] = field(default_factory=dict)

    def verdicts(self) -> Iterator[Verdict]:
        """Yield what every check found."""
        for each in self.tried:
            yield from (Verdict(each.id, each.level.value, check, wrong) for check, wrong in each.found.items())
        for question, found in self.across.items():
            yield from (Verdict(question, EVERY_LEVEL, check, wrong) for check, wrong in found.items())

    def tally(self) -> dict[str, tuple[int, int]]:
        """Return how often each check was passed, and asked."""
        asked, passed = Counter(v.check for v in self.verdicts()), Counter(v.check for v in self.verdicts() if not v.wrong)
        return {check: (passed[check], count) for check, count in asked.items()}

    def figures(self) -> dict[str, float]:
        """Return what it took: medians of what a model wrote, and the whole cost."""
        written = [each for each in self.tried if each.answer.writer is Writer.MODEL]
        usages = [each.answer.completion.usage for each in written]
        times = sorted(each.milliseconds for each in self.tried)
        micros = sum(each.micros for each in self.tried)
        return {
            "answers": len(self.tried),
            "by-model": len(written),
            "tokens-in": _median([usage.input for usage in usages]),
            "tokens-cached": _median([usage.cached for usage in usages]),
            "tokens-out": _median([usage.output for usage in usages]),
            "euros": micros / 1e6,
            "euros-100": micros / 1e4 / len(written) if written else 0.0,
            "ms-median": _median(times),
            "ms-90": times[int(len(times) * 0.9)] if times else 0,
        }

    def models(self) -> list[str]:
        """Return the models that wrote."""
        return sorted({each.answer.completion.model for each in self.tried} - {""})


def _median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else 0.0


class _Silent:
    """A surface on which nobody reads."""

    max_chars = 100_000
    edit_interval = 3600.0
    appends = False

    async def wait(self, place: Place) -> None:
        """Do not wait in sight."""

    async def update(self, parts: Sequence[str]) -> None:
        """Show nothing."""

    async def finish(self, answer: Answer) -> None:
        """Show nothing."""


def prompt_names(course: Course) -> list[str]:
    """Return the names of the prompts that may be tried: the course's own and those that come with Profond."""
    folders = (course.folder, shipped_course())
    return sorted({path.stem for folder in folders for path in (folder / "prompts").glob("*.md")})


async def run_trial(settings: Settings, plan: Plan, on_answer: Callable[[], None] = lambda: None) -> Trial:
    """Put every question of a plan, at every level, one after the other. Raises SetupError, CourseError."""
    course = load_course(settings.course_folder)
    _must_be_distinct(plan.questions)
    if not (is_slug(plan.prompt) and plan.prompt in prompt_names(course)):
        raise SetupError("setup-eval-prompt", name=plan.prompt, known=", ".join(prompt_names(course)))
    with tempfile.TemporaryDirectory(prefix="profond-eval-", ignore_cleanup_errors=True) as folder:
        async with open_profond(_prepared(settings, course, plan, Path(folder))) as profond:
            index = SearchIndex(course)
            bench = _Bench(profond, index, Checker(course), Writer.MODEL if plan.model else Writer.CARDS)
            tried = [await bench.put(asked, level, on_answer) for asked in plan.questions for level in plan.levels]
        template = course_template(profond.course)
    across = {asked.id: check_levels(course, {t.level: t.answer for t in tried if t.id == asked.id}) for asked in plan.questions}
    found = measure(template, course, index, plan.questions, plan.levels) if plan.model else None
    return Trial(version=template.version if plan.model else "", measure=found, tried=tuple(tried), across=across)


def _must_be_distinct(questions: Sequence[ExamQuestion]) -> None:
    """Refuse two questions of one id: what is said of one would be said of the other."""
    for question, count in Counter(asked.id for asked in questions).items():
        if count > 1:
            raise SetupError("setup-eval-double", id=question)


def _prepared(settings: Settings, course: Course, plan: Plan, folder: Path) -> Settings:
    """Return the settings of a trial, and lay out its folder."""
    shutil.copytree(course.folder, folder / "course")
    info = json.loads((course.folder / COURSE_FILE).read_text(encoding="utf-8")) | {"prompt": plan.prompt}
    (folder / "course" / COURSE_FILE).write_text(json.dumps(info, ensure_ascii=False), encoding="utf-8")
    changed: dict[str, object] = {
        "profond_course": folder / "course",
        "database_url": SecretStr(str(folder / "trial.db")),
        "profond_secret_key": SecretStr(secrets.token_hex(32)),
        "cache_size": 0,
        "mistral_fallback_models": (),
    }
    changed |= {"mistral_model": plan.model, "mistral_small_model": plan.model} if plan.model else {"mistral_api_key": None}
    return settings.model_copy(update=changed)


@dataclass(frozen=True)
class _Bench:
    """Puts one question at a time to an open core."""

    profond: Profond
    index: SearchIndex
    checker: Checker
    writer: Writer

    async def put(self, asked: ExamQuestion, level: Level, on_answer: Callable[[], None]) -> Tried:
        """Ask one question, in a conversation of its own, and check the answer."""
        key = f"{PERSON}:{asked.id}:{level}"
        question = Question(text=asked.question, person=PERSON, conversation=key, event=key, level=level, is_exempt=True)
        spent, start = await self._spent(), time.perf_counter()
        answer = await self.profond.assistant.answer(await self.profond.assistant.take(question), _Silent())
        milliseconds = round((time.perf_counter() - start) * 1000)
        retrieved = [passage.card_id for passage in given(self.index, asked.question)]
        seen = Seen(question=asked.question, targets=asked.targets, answer=answer, retrieved=retrieved, writer=self.writer)
        on_answer()
        return Tried(
            id=asked.id,
            kind=asked.kind,
            level=level,
            answer=answer,
            found=self.checker.check(seen),
            micros=max(0, await self._spent() - spent),
            milliseconds=milliseconds,
        )

    async def _spent(self) -> int:
        return (await self.profond.store.spending.spent()).month
