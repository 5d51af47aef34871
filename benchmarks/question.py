"""One question through the core, taken and answered, with a model that answers at once and a surface that shows nothing."""

import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from benchmarks.report import Report, Row, Target, median, quantile, ratio, settings_in, show
from core.evaluation import read_questions
from core.messages import Answer, ChatMessage, Completion, Place, Question, TokenUsage, Writer
from core.model import ChatModel
from core.profond import open_profond

QUESTIONS, WARM_UP, ROUNDS = 300, 20, 3
BY_MODEL, BY_MODEL_PACED, BY_CARDS = "model, every piece shown", "model, shown once a second", "cards alone, every piece shown"
PIECES = (
    *("Une **convolution** ", "fait glisser ", "un petit filtre ", "sur l'image [1]. ", "À chaque place, ", "elle calcule ", "une somme pondérée "),
    *(
        "des pixels.\n\n",
        "- un filtre ",
        "cherche les bords ;\n",
        "- un autre, ",
        "les textures.\n\n",
        "La sortie ",
        "est une carte : ",
        "$y = w * x + b$. ",
    ),
    *("On l'écrit ", "`Conv2d(3, 16, 3)`, ", "et le réseau ", "apprend les poids ", "lui-même."),
)


class InstantModel:
    """A ChatModel that yields 20 pieces and its Completion, at once."""

    name = "instant"

    async def stream(self, messages: Sequence[ChatMessage]) -> AsyncGenerator[str | Completion, None]:
        """Yield the pieces."""
        for piece in PIECES:
            yield piece
        yield Completion(usage=TokenUsage(input=sum(len(message.content) for message in messages) // 4, output=90), model=self.name)


@dataclass
class NoSurface:
    """A ReplySurface that does nothing."""

    edit_interval: float = 0.0
    max_chars: int = 2_000
    appends: bool = False

    async def wait(self, place: Place) -> None:
        """Show nothing."""

    async def update(self, parts: Sequence[str]) -> None:
        """Show nothing."""

    async def finish(self, answer: Answer) -> None:
        """Show nothing."""


@dataclass
class Times:
    """Milliseconds of each question, and who answered."""

    take: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    writers: list[Writer] = field(default_factory=list)

    @property
    def written(self) -> list[float]:
        """The questions that the course answers: those that are sure, and so written by the model or the cards."""
        return [whole for whole, writer in zip(self.whole, self.writers, strict=True) if writer is not Writer.NOBODY]


class Way(NamedTuple):
    """One way of answering."""

    model: ChatModel | None
    surface: NoSurface


WAYS = {
    BY_MODEL: Way(InstantModel(), NoSurface()),
    BY_MODEL_PACED: Way(InstantModel(), NoSurface(edit_interval=1.0)),
    BY_CARDS: Way(None, NoSurface()),
}


async def measure(way: Way, folder: Path) -> Times:
    """Ask every question as another student, in a database of its own."""
    times = Times()
    async with open_profond(settings_in(folder), model=way.model) as profond:
        asked = [q.question for q in read_questions(profond.course.folder / "questions" / "calibration.json") if q.targets]
        for number in range(-WARM_UP, QUESTIONS):
            key = f"bench:{number}"
            question = Question(text=asked[number % len(asked)], person=key, conversation=key, event=key)
            start = time.perf_counter()
            ticket = await profond.assistant.take(question)
            taken = time.perf_counter()
            answer = await profond.assistant.answer(ticket, way.surface)
            ended = time.perf_counter()
            if number >= 0:
                times.take.append((taken - start) * 1000)
                times.whole.append((ended - start) * 1000)
                times.writers.append(answer.writer)
    return times


async def measure_all() -> dict[str, list[Times]]:
    """Measure the ways in turn."""
    found: dict[str, list[Times]] = {name: [] for name in WAYS}
    for _ in range(ROUNDS):
        for name, way in WAYS.items():
            with tempfile.TemporaryDirectory() as folder:
                found[name].append(await measure(way, Path(folder)))
    return found


def _row(name: str, rounds: list[Times]) -> dict[str, str | float | None]:
    return {
        "way": name,
        "p50_ms": median([quantile(times.whole, 0.5) for times in rounds]),
        "p99_ms": median([quantile(times.whole, 0.99) for times in rounds]),
        "written_p50_ms": median([quantile(times.written, 0.5) for times in rounds]),
        "written_p99_ms": median([quantile(times.written, 0.99) for times in rounds]),
        "take_p50_ms": median([quantile(times.take, 0.5) for times in rounds]),
        "take_p99_ms": median([quantile(times.take, 0.99) for times in rounds]),
        "by_model": sum(writer is Writer.MODEL for writer in rounds[0].writers),
        "by_cards": sum(writer is Writer.CARDS for writer in rounds[0].writers),
        "by_nobody": sum(writer is Writer.NOBODY for writer in rounds[0].writers),
    }


def main() -> None:
    found = asyncio.run(measure_all())
    rows: list[Row] = [_row(name, rounds) for name, rounds in found.items()]
    every = {name: median([quantile(times.whole, 0.5) for times in rounds]) for name, rounds in found.items()}
    written = {name: median([quantile(times.written, 0.5) for times in rounds]) for name, rounds in found.items()}
    targets = [Target(f"{name}, p50 of {which}", of[name], 20.0, "ms") for name in WAYS for which, of in (("all", every), ("written", written))]
    ratios = {f"{name} / {BY_CARDS}, written p50": ratio(written[name], written[BY_CARDS]) for name in (BY_MODEL, BY_MODEL_PACED)}
    show(Report("question", rows, targets, ratios, {"questions": QUESTIONS, "rounds": ROUNDS, "pieces": len(PIECES)}))


if __name__ == "__main__":
    main()
