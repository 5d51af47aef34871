"""One process's side of the gate: its waiting questions, and the one task that looks for all of them.

Nobody polls while nobody waits. A lone question passes in the transaction in which it enters.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

import structlog

from core.errors import ModelAway, QueueTooLong, StoreAway
from core.measures import took
from core.messages import Place
from core.store.gates import HORIZON, Gates, Seat, View
from core.store.pace import Limits

log = structlog.get_logger()
SHORTEST_LOOK, LONGEST_LOOK = 0.02, 0.25
LATE, TRIES = 0.01, 3
WORTH_TELLING = 0.5
"""A wait in seconds that a student notices."""
CHANGED = 5.0
"""Seconds by which an estimate must change to be told again."""


@dataclass
class _Waiter:
    """A question that waits here.

    Attributes:
        goes_at: when it leaves, once it was given a moment.
        missed: the moments that it missed.
    """

    is_seated: bool = False
    goes_at: float | None = None
    missed: list[float] = field(default_factory=list)
    place: Place | None = None
    is_sent_away: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Gate:
    """The gate of one key."""

    def __init__(self, gates: Gates, address: str, limits: Limits) -> None:
        self.store = gates
        self.limits = limits
        self.key = gates.key("gate", address)
        self.now = gates.clock
        self._waiters: dict[str, _Waiter] = {}
        self._looking: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()

    async def through(self, seat: Seat, patience: float) -> AsyncGenerator[Place, None]:
        """Yield places in the queue until a question may leave. Raises QueueTooLong, ModelAway."""
        waiter, has_gone, came_at = _Waiter(), False, time.monotonic()
        self._waiters[seat.id] = waiter
        try:
            seated = self._seated() | {seat.id: waiter}
            _tell(await self.store.enter(self.key, seat, self.limits, seated), seated)
            waiter.is_seated = True
            async for place in self._places(seat, waiter, patience):
                yield place
            has_gone = True
            took("queue_wait_seconds", time.monotonic() - came_at)
        finally:
            del self._waiters[seat.id]
            self._wake.set()
            if waiter.is_seated and not has_gone:
                with suppress(StoreAway):
                    await self.store.leave(self.key, seat)

    async def move_up(self, seat_id: str, person: str) -> None:
        """Let a question that waits here stand where one of this student's would, if that is further in front."""
        waiter = self._waiters.get(seat_id)
        if waiter and waiter.is_seated and waiter.goes_at is None:
            with suppress(StoreAway):
                await self.store.move_up(self.key, seat_id, person)
            self._wake.set()

    async def _places(self, seat: Seat, waiter: _Waiter, patience: float) -> AsyncGenerator[Place, None]:
        until, told = self.now() + patience, None
        while not await self._has_left(seat, waiter):
            waiter.news.clear()
            self._look_on()
            left = until - self.now()
            if waiter.is_sent_away:
                raise ModelAway("sent away")
            if left <= 0 or (waiter.place and waiter.place.seconds > patience):
                raise QueueTooLong("queue too long")
            if waiter.place and _is_news(waiter.place, told):
                told = waiter.place if told is None else replace(waiter.place, position=min(waiter.place.position, told.position))
                yield told
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await waiter.news.wait()

    async def _has_left(self, seat: Seat, waiter: _Waiter) -> bool:
        """Wait for the moment that was given, if one was; who misses it, because the machine is busy, leaves late or waits again.

        Where moments stand closer than what counts as late, asking for another takes longer than it could mend.
        """
        tries = TRIES if self.limits.spacing >= LATE else 0
        moment = waiter.goes_at
        while moment is not None:
            await asyncio.sleep(max(0.0, moment - self.now()))
            if self.now() - moment <= LATE or len(waiter.missed) >= tries:
                return True
            waiter.missed.append(moment)
            moment = waiter.goes_at = await self.store.postpone(self.key, seat, self.limits, moment)
        return False

    def _look_on(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        """Look at the queue for everybody who waits here, as long as somebody does."""
        pause = SHORTEST_LOOK
        while any(waiter.goes_at is None for waiter in self._waiters.values()):
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            seated = self._seated()
            try:
                view = await self.store.look(self.key, self.limits, seated)
            except StoreAway:
                pause = LONGEST_LOOK
                continue
            _tell(view, seated)
            until_next = LONGEST_LOOK if view.next_at is None else view.next_at - HORIZON - self.now()
            pause = min(max(until_next, SHORTEST_LOOK), LONGEST_LOOK)

    def _seated(self) -> dict[str, _Waiter]:
        return {name: waiter for name, waiter in self._waiters.items() if waiter.is_seated}

    async def close(self) -> None:
        """Stop looking."""
        if self._looking:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)


def _tell(view: View, seated: Mapping[str, _Waiter]) -> None:
    """Tell questions that wait here what was seen; who should be in the queue and is not was sent away."""
    for name, waiter in seated.items():
        if name in view.goes:
            waiter.goes_at = None if view.goes[name] in waiter.missed else view.goes[name]  # the look may be older than the miss
        elif name in view.places:
            waiter.place = view.places[name]
        else:
            waiter.is_sent_away = waiter.goes_at is None
        waiter.news.set()


def _is_news(place: Place, told: Place | None) -> bool:
    """Whether a place is worth telling: a wait that is noticed, or one that changed.

    It never grows worse: who missed a moment is back before others for an instant, and that is no news of theirs.
    """
    if told is None:
        return place.seconds >= WORTH_TELLING
    return place.position < told.position or abs(place.seconds - told.seconds) >= CHANGED
