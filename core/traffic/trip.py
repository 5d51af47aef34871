"""One question's way through the gate and back: its tries, its deadlines, and what they cost.

Retries stand here and not in the client, because the client's sleep as long as the server says, whatever the deadline.
Every try passes the gate; the deadlines begin when the first one leaves the queue, and stand still while another model's turn is waited for.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace

import structlog

from core.errors import ModelAway, PictureRefused, QueueTooLong, StoreAway
from core.measures import count, took
from core.messages import ChatMessage, Completion, Pieces, Place, TokenUsage
from core.model import ChatModel
from core.prompt import tokens_in
from core.store.gates import Seat
from core.store.pace import LONGEST_REST
from core.store.spending import Charge
from core.traffic.budget import Prices
from core.traffic.gate import Gate

log = structlog.get_logger()
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 4.0
BUSY = 429
IMAGE_TOKENS = 1_500
REFUSED_KEY = frozenset({401, 402, 403})
REFUSED_CONTENT = frozenset({400, 413, 415, 422})
"""What judges one request. Of what a request holds, pictures alone come as a student made them: without one, the settings are wrong."""


@dataclass(frozen=True)
class Deadlines:
    """How long a student waits: for the first text (retries included; later also between two pieces), and for the whole."""

    first_text: float = 10.0
    whole: float = 30.0


@dataclass
class Trip:
    """One question on its way.

    Attributes:
        patience: seconds that it may still wait in queues; for a retry its deadline counts instead.
        charges: what its tries cost so far.
        wrote: whether a word of the answer was written.
    """

    gate: Gate
    seat: Seat
    messages: Sequence[ChatMessage]
    deadlines: Deadlines
    patience: float
    prices: Prices
    charges: list[Charge]
    wrote: bool = False
    _start: float = field(default_factory=time.monotonic, init=False)
    _left_at: float = field(default=0.0, init=False)
    _longest_rest: float = field(default=LONGEST_REST, init=False)

    async def ask(self, model: ChatModel, models_left: int) -> Pieces:
        """Yield what a model writes, trying again while nothing was written and the fault may pass. Raises ModelAway.

        Of the time to the first text, it takes an equal share with the models that are left after it. One that asks for a longer
        rest than that is left alone while another can be asked; only the last one's rest is everybody's.
        """
        self.seat = replace(self.seat, model=model.name)
        until, pause, fault = 0.0, FIRST_PAUSE, None
        while True:
            async with aclosing(self._through(until, fault)) as places:
                async for place in places:
                    yield place
            until = until or self._first_text_until(models_left)
            try:
                async with aclosing(self._try(model, until)) as pieces:
                    async for piece in pieces:
                        yield piece
            except ModelAway as away:
                wait = max(away.retry_after or 0.0, pause * random.uniform(0.75, 1.25))  # noqa: S311  # no secret depends on it
                log.warning("model_away", cause=away.cause, retry_after=away.retry_after, wrote=self.wrote)
                if self.wrote or not away.is_passing or wait >= until - time.monotonic():
                    await self._give_up(away)
                    raise
                await asyncio.sleep(wait)
                fault, pause = away, min(pause * 2, LONGEST_PAUSE)
            else:
                return

    async def _through(self, until: float, fault: ModelAway | None) -> AsyncGenerator[Place, None]:
        """Yield places until the gate opens; a retry waits no longer than its deadline, and then its own fault counts."""
        came_at = time.monotonic()
        patience = until - came_at if until else self.patience
        try:
            async with aclosing(self.gate.through(self.seat, patience)) as places:
                async for place in places:
                    yield place
        except QueueTooLong:
            if fault is None:
                raise
            await self._give_up(fault)
            raise fault from None
        except StoreAway:
            raise ModelAway("store away") from None
        finally:
            if not until:
                waited = time.monotonic() - came_at
                self._start, self.patience = self._start + waited, self.patience - waited

    def _first_text_until(self, models_left: int) -> float:
        now = time.monotonic()
        share = (self._start + self.deadlines.first_text - now) / (models_left + 1)
        self._longest_rest = share if models_left else LONGEST_REST
        return now + share

    async def _try(self, model: ChatModel, until: float) -> Pieces:
        """Yield what one request brings, and note how it ended, whoever ended it."""
        self._left_at, text, asked_at = self.gate.now(), "", time.monotonic()
        end: Completion | None = None
        fault: ModelAway | None = None
        try:
            async with aclosing(self._watched(model.stream(self.messages), until)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Completion):
                        end = piece
                        continue
                    text += str(piece)
                    if not self.wrote and text.strip():
                        self.wrote = True
                        took("model_first_text_seconds", time.monotonic() - asked_at, model=model.name)
                    yield piece
            self._must_have_written()
        except ModelAway as away:
            fault = self._blamed(away)
            count("model_errors", model=model.name, cause=away.cause)
            raise fault from None
        finally:
            took("model_answer_seconds", time.monotonic() - asked_at, model=model.name)
            self._charge(model, text, end, fault)
            with suppress(StoreAway):
                await self._note(end, fault)
        if end:
            yield end

    async def _watched(self, stream: Pieces, until: float) -> Pieces:
        """Yield a stream's pieces; raise ModelAway when it stalls or is over its time."""
        try:
            while True:
                silence = self.deadlines.first_text if self.wrote else until - time.monotonic()
                try:
                    async with asyncio.timeout(min(self._start + self.deadlines.whole - time.monotonic(), silence)):
                        piece = await anext(stream)
                except TimeoutError:
                    raise ModelAway("stalled" if self.wrote else "no text in time") from None
                except StopAsyncIteration:
                    return
                yield piece
        finally:
            await stream.aclose()

    def _blamed(self, away: ModelAway) -> ModelAway:
        """Return a fault; as the picture's where a model refused what a question with one holds."""
        has_picture = any(message.images for message in self.messages)
        return PictureRefused(away.cause, status=away.status) if has_picture and away.status in REFUSED_CONTENT else away

    def _must_have_written(self) -> None:
        if not self.wrote:
            raise ModelAway("empty answer", is_passing=True)

    def _charge(self, model: ChatModel, text: str, end: Completion | None, fault: ModelAway | None) -> None:
        """Note what a request cost: as the provider counted, else estimated. One that was refused, or not reached, cost nothing."""
        if fault and not text and not end and (fault.status or fault.is_passing):
            return
        usage = end.usage if end else TokenUsage()
        if not usage.input:
            usage = TokenUsage(input=prompt_tokens(self.messages), output=tokens_in(text) if text else 0)
        name = (end and end.model) or model.name
        self.charges.append(Charge(name, usage, self.prices.micros(name, usage)))

    async def _note(self, end: Completion | None, fault: ModelAway | None) -> None:
        """Tell the gate how a request ended."""
        gate, key = self.gate.store, self.gate.key
        if isinstance(fault, PictureRefused) or (fault is None and end is None):
            await gate.leave(key, self.seat)
        elif fault is None:
            used = sum(charge.usage.input + charge.usage.output for charge in self.charges[-1:])
            await gate.arrived(key, self.seat, self._left_at, used)
        elif fault.status == BUSY and (fault.retry_after or 0.0) <= self._longest_rest:
            await gate.refused(key, self.gate.limits, self._left_at, fault.retry_after or 0.0)
        else:
            is_final = fault.status in REFUSED_KEY or fault.status == BUSY  # nobody waits for a day
            await gate.failed(key, self.seat, self._left_at, is_final=is_final)

    async def _give_up(self, fault: ModelAway) -> None:
        """Count a model that stays busy as one that failed; any other fault was counted when it came."""
        if fault.status == BUSY:
            with suppress(StoreAway):
                await self.gate.store.failed(self.gate.key, self.seat, self._left_at, is_final=False)


def prompt_tokens(messages: Sequence[ChatMessage]) -> int:
    """Return about how many tokens a prompt takes, its pictures included."""
    return sum(tokens_in(message.content) + IMAGE_TOKENS * len(message.images) for message in messages)
