"""What a crash left: questions that were taken and not answered are finished, in their own place, by the next process."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

import structlog

from core.errors import StoreAway
from core.small_talk import costs_nothing
from core.store import Store
from core.store.leases import Left

log = structlog.get_logger()
LOOK_SECONDS = 1.0
TOO_LATE = 600.0
"""Seconds after which an answer would only surprise: the student gets an apology and the allowance back."""


Finish = Callable[[Left], Awaitable[None]]


class Recovery:
    """Finds what was left and hands it to a face."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self, platform: str, finish: Finish, apologise: Finish, *, is_ready: Callable[[], bool] = lambda: True) -> None:
        """Look for questions left by others until cancelled; each is finished, or apologised for when it is too old."""
        finishing: set[asyncio.Task[None]] = set()
        try:
            while True:
                with suppress(StoreAway):
                    for left in await self._found(platform) if is_ready() else ():
                        log.warning("question_taken_over", ticket=left.ticket.id, platform=platform, age=round(left.age))
                        finishing.add(task := asyncio.create_task(self._one(left, finish, apologise)))
                        task.add_done_callback(partial(self._ended, finishing, left))
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            for task in finishing:
                task.cancel()
            await asyncio.gather(*finishing, return_exceptions=True)

    async def _found(self, platform: str) -> list[Left]:
        if not await self._store.leases.has_left(platform):
            return []
        return [_read(left) for left in await self._store.leases.take_over(platform)]

    async def _one(self, left: Left, finish: Finish, apologise: Finish) -> None:
        if left.age <= TOO_LATE:
            await finish(left)
        else:
            await self._store.release(left.ticket)
            await apologise(left)

    def _ended(self, finishing: set[asyncio.Task[None]], left: Left, task: asyncio.Task[None]) -> None:
        """Log what a face could not finish, and give its allowance back: else it would wait, and be paid, for as long as this process lives."""
        finishing.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.warning("recovery_failed", ticket=left.ticket.id, cause=type(error).__name__)
            finishing.add(releasing := asyncio.create_task(self._store.release(left.ticket)))
            releasing.add_done_callback(finishing.discard)


def _read(left: Left) -> Left:
    """Return the question as it was when it was taken: small talk cost nothing then."""
    return replace(left, ticket=replace(left.ticket, is_free=costs_nothing(left.ticket.question)))
