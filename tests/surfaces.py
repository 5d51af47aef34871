"""A surface that records what it was shown, and a model fed by a queue."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from core.errors import ModelAway
from core.messages import Answer, ChatMessage, Completion, Place, TokenUsage


class RecordingSurface:
    """Keeps every update; checks the seam's rules as it goes."""

    edit_interval = 0.0

    def __init__(self, max_chars: int = 2000, *, appends: bool = False) -> None:
        self.max_chars = max_chars
        self.appends = appends
        self.updates: list[list[str]] = []
        self.answers: list[Answer] = []
        self.shown = asyncio.Event()

    async def wait(self, place: Place) -> None:
        pass

    async def update(self, parts: Sequence[str]) -> None:
        assert all(len(part) <= self.max_chars for part in parts)
        if self.updates:
            assert list(parts[: len(self.updates[-1]) - 1]) == self.updates[-1][:-1]
        self.updates.append(list(parts))
        self.shown.set()

    async def finish(self, answer: Answer) -> None:
        assert all(len(part) <= self.max_chars for part in answer.parts)
        self.answers.append(answer)

    @property
    def answer(self) -> Answer:
        assert len(self.answers) == 1
        return self.answers[0]


class QueuedModel:
    """Writes what was put in its queue and remembers what it was asked."""

    name = "queued"

    def __init__(self, *answers: str | ModelAway, is_held: bool = False) -> None:
        self.answers = list(answers)
        self.asked: list[list[ChatMessage]] = []
        self.hold = asyncio.Event() if is_held else None

    def let_go(self) -> None:
        """Write on, if it stopped after a word."""
        assert self.hold
        self.hold.set()

    async def stream(self, messages: Sequence[ChatMessage]) -> AsyncGenerator[str | Completion, None]:
        self.asked.append(list(messages))
        answer = self.answers.pop(0)
        if isinstance(answer, ModelAway):
            raise answer
        for word in answer.split(" "):
            yield word + " "
            if self.hold:
                await self.hold.wait()
        yield Completion(usage=TokenUsage(input=100, output=20), finish_reason="stop", model="queued-1")
