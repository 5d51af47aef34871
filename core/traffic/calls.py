"""Calls to the model as tasks of their own: whoever asks the same meanwhile listens to the same call, from its beginning.

A slow chat never holds a stream back, and a question that is stopped ends its call only when nobody else listens.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import aclosing

from core.messages import Completion, Piece, Pieces, Place
from core.store.spending import Bill, Charge

Source = Callable[[str, list[Charge]], Pieces]
"""Makes a call, under its id; it notes in the list what it is charged."""


class _Call:
    """One call, its pieces so far, and how many listen."""

    def __init__(self, source: Source) -> None:
        self.id = secrets.token_hex(16)
        self.charges: list[Charge] = []
        self.listeners = 0
        self.is_whole = False
        self._is_paid = False
        self._pieces: list[Piece] = []
        self._news = asyncio.Event()
        self.task = asyncio.create_task(self._run(source))
        self.task.add_done_callback(self._ended)

    async def _run(self, source: Source) -> None:
        async with aclosing(source(self.id, self.charges)) as pieces:
            async for piece in pieces:
                self._pieces.append(piece)
                self.is_whole = isinstance(piece, Completion)
                self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            task.exception()  # the listeners raise it; where there are none, nobody is left to be told
        self._tell()

    async def listen(self) -> Pieces:
        """Yield every piece from the beginning; of the places in the queue, the newest alone."""
        heard = 0
        while not (self.task.done() and heard == len(self._pieces)):
            if heard == len(self._pieces):
                await self._news.wait()
                continue
            piece = self._pieces[heard]
            heard += 1
            if not isinstance(piece, Place) or heard == len(self._pieces):
                yield piece
            if isinstance(piece, Completion):
                return
        self.task.result()

    async def stop(self) -> None:
        """End the call, and wait until its stream is closed."""
        self.task.cancel()
        await asyncio.wait({self.task})

    def pay(self, bill: Bill) -> None:
        """Let the first who heard the end, or the last who left, pay; the others saved it."""
        if not (self.is_whole or self.task.done()):
            return
        if not self._is_paid:
            bill.charges += self.charges
            self._is_paid = True
        elif self.is_whole:
            bill.is_shared = True
            bill.saved_micros += sum(charge.micros for charge in self.charges)


class Calls:
    """The calls of one process."""

    def __init__(self) -> None:
        self._running: dict[str, _Call] = {}
        self._all: set[asyncio.Task[None]] = set()

    def running(self, key: str) -> str:
        """Return the id of the call that runs under a key, or an empty string."""
        return self._running[key].id if key in self._running else ""

    async def join(self, key: str, source: Source, bill: Bill) -> Pieces:
        """Yield the pieces of the call that runs under this key, or of a new one."""
        call = self._running.get(key) or self._begin(key, source)
        call.listeners += 1
        try:
            async with aclosing(call.listen()) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            call.listeners -= 1
            if not call.listeners and not call.is_whole and not call.task.done():
                self._forget(key, call)  # whoever asks the same from now on begins anew
                await call.stop()
            call.pay(bill)

    def _begin(self, key: str, source: Source) -> _Call:
        call = self._running[key] = _Call(source)
        self._all.add(call.task)
        call.task.add_done_callback(lambda _: self._forget(key, call))
        return call

    def _forget(self, key: str, call: _Call) -> None:
        self._all.discard(call.task)
        if self._running.get(key) is call:
            del self._running[key]

    async def close(self) -> None:
        """Let the calls that are written end; stop the others."""
        for call in self._running.values():
            if not call.is_whole:
                call.task.cancel()
        await asyncio.gather(*self._all, return_exceptions=True)
