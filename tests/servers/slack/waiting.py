"""The time of the rules, and the bell that rings at every change."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Clock:
    """The time of the rules; a test may move it forward."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> float:
        """Return seconds that only grow."""
        return time.monotonic() + self.offset

    def wall(self) -> float:
        """Return the time of day, moved like the rest."""
        return time.time() + self.offset


class Bell:
    """Wakes whoever waits for a condition, at every change."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Wake everyone."""
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, condition: Callable[[], T], within: float = 5.0) -> T:
        """Return what the condition says as soon as it is true; it is asked again at every change."""
        async with asyncio.timeout(within):
            while not (found := condition()):
                waiter = asyncio.get_running_loop().create_future()
                self._waiters.add(waiter)
                await waiter
        return found
