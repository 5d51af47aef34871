"""A ReplySurface on Slack: a native stream while the workspace's limits allow one, else the whole answer at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any

import structlog

from bots.slack_bot.door import Door
from bots.slack_bot.figures import Figures
from bots.slack_bot.look import MAX_PART, Sheet, sheets
from bots.slack_bot.places import Address, Messages, Moved, PlaceGone
from bots.slack_bot.sessions import Sessions
from bots.slack_bot.stream import Stream, StreamOver
from core.actions import Button
from core.markup import Dialect
from core.messages import Answer, Figure, Place
from core.words import Words

log = structlog.get_logger()
EDIT_SECONDS = 3.0
NEVER = 3_600.0
SOON = 1.0
SHORT_LANE = 1.0
"""Seconds that an answer which never grew may wait to be posted rather than streamed."""
END_SECONDS = 10.0
"""The longest that taking the signs away may last."""


class SlackReply:
    """Shows one answer. The writer is never kept waiting: what comes while Slack is being called replaces what waits.

    Attributes:
        on_message: told the answer's first message as soon as it stands, before anything more is shown.
        notice: small print for the end.
        buttons: what may be pressed under the answer.
    """

    max_chars = MAX_PART
    dialect = Dialect(tables=True, headings=6, lines=True)

    def __init__(  # noqa: PLR0913, PLR0917  # what an answer shares with the others, and where it stands
        self, door: Door, address: Address, words: Words, figures: Figures, sessions: Sessions, begun: str = ""
    ) -> None:
        self._door = door
        self._sessions = sessions
        self._address = address
        self._words = words
        self._figures = figures
        self._messages = Messages(door, address, words("shown-elsewhere"), self._begun_at)
        self._begun = begun
        self._stream = None if begun else self._seated()
        self._edits = bool(begun) or (self._stream is None and self._is_thread and not door.has("chat.startStream"))
        self.appends = self._stream is not None
        self.edit_interval = self._interval()
        self._next: tuple[str, ...] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._signs: set[asyncio.Task[Any]] = set()
        self._is_told = False
        self._last = -NEVER
        self._is_resting = False
        self.on_message: Callable[[str], Awaitable[None]] | None = None
        self.notice = ""
        self.buttons: Callable[[Answer], tuple[Button, ...]] = lambda _: ()

    @property
    def _is_thread(self) -> bool:
        return self._address.kind == "thread" and bool(self._address.thread_ts)

    def _seated(self) -> Stream | None:
        may = self._is_thread and self._door.has("chat.startStream") and self._door.limits.seat()
        return Stream(self._door, self._address, self._begun_at) if may else None

    async def _begun_at(self, ts: str) -> None:
        if self.on_message:
            await self.on_message(ts)

    def _interval(self) -> float:
        """Return the seconds between two texts: those of all streams share one limit, an answer shown at once has none in between."""
        if self._stream:
            return self._door.limits.append_interval
        return EDIT_SECONDS if self._edits else NEVER

    def begin(self) -> None:
        """Show that something is under way, where Slack can."""
        if self._is_thread:
            self._sign(self._status(self._words("thinking")))
            self._sign(self._sessions.begin(self._address))
        else:
            self._sign(self._told_soon())

    async def _told_soon(self) -> None:
        """Tell who waits alone that something is under way: nothing else shows there."""
        await asyncio.sleep(SOON)
        await self._tell_alone(self._words("thinking"))

    def _sign(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something that the answer does not wait for."""
        self._signs.add(task := asyncio.create_task(work))
        task.add_done_callback(self._signs.discard)

    async def _status(self, text: str) -> None:
        where = self._address
        await self._door.perhaps("assistant.threads.setStatus", channel_id=where.channel, thread_ts=where.thread_ts, status=text)

    async def wait(self, place: Place) -> None:
        """Show the place in the queue."""
        said = self._words("waiting", position=place.position, seconds=round(place.seconds))
        if self._is_thread:
            self._sign(self._status(said))
        else:
            self._sign(self._tell_alone(said))

    async def _tell_alone(self, text: str) -> None:
        """Say one thing, once: a response_url may be used five times."""
        if self._is_told:
            return
        self._is_told = True
        try:
            await Messages(self._door, self._address).show(0, Sheet(above=text))
        except (PlaceGone, Moved):
            log.info("place_not_told")

    async def update(self, parts: Sequence[str]) -> None:
        """Show the text so far, when the call under way is done."""
        if self._stream is None and not self._edits:
            return
        self._next, self.edit_interval = tuple(parts), self._interval()
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._next is not None:
            pause = self._last + self._interval() - time.monotonic()
            if pause > 0:
                self._is_resting = True
                await asyncio.sleep(pause)
                self._is_resting = False
            parts, self._next = self._next, None
            self._last = time.monotonic()
            try:
                await self._grow(parts)
            except (PlaceGone, Moved):
                return

    async def _grow(self, parts: Sequence[str]) -> None:
        """Show the first part as it grows; the others come with the end."""
        if self._stream:
            try:
                await self._stream.show(parts[0])
            except StreamOver:
                await self._leave_stream()
            else:
                return
        await self._adopted()
        if self._door.limits.window("chat.update").wait == 0:
            await self._messages.show(0, Sheet(texts=(parts[0],)))

    async def _adopted(self) -> None:
        """Go on in the message that another process began, which may still be a stream."""
        if self._begun:
            begun, self._begun = self._begun, ""
            await self._door.perhaps("chat.stopStream", channel=self._address.channel, ts=begun)
            self._messages.adopt(begun)

    async def _leave_stream(self) -> None:
        """Go on by changing the message that the stream made."""
        stream, self._stream, self._edits = self._stream, None, True
        if stream is None:
            return
        await stream.close()
        if stream.ts:
            self._messages.adopt(stream.ts)
        elif stream.is_lost:
            self._messages.leave()

    async def finish(self, answer: Answer) -> None:
        """Show the last state at once: text, sources, notes, picture and buttons."""
        await self._settle()
        self._is_told = True
        try:
            await self._finish(answer)
        except PlaceGone:
            log.warning("answer_not_shown", answer=answer.id)

    async def end(self) -> None:
        """Take away what stood for the meantime, whether an answer came or not; nobody waits for it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await self._end_signs()

    async def _end_signs(self) -> None:
        """Wait for what was begun for the meantime; what only waits is given up."""
        try:
            await self._settle()
            if self._stream:
                await self._stream.close()
            if not self._is_thread:
                for sign in self._signs:
                    sign.cancel()
            await asyncio.gather(*self._signs, return_exceptions=True)
        finally:
            if self._is_thread:
                await self._sessions.end(self._address)

    async def _settle(self) -> None:
        """Let a call under way end; drop a text that only waits for its time."""
        self._next = None
        if self._writing is None or self._writing.done():
            return
        if self._is_resting:
            self._writing.cancel()
        await asyncio.gather(self._writing, return_exceptions=True)

    async def _finish(self, answer: Answer) -> None:
        figure = await self._uploaded(answer.figure)
        await self._adopted()
        found = sheets(self._words, answer, self.buttons(answer), figure, self.notice)
        first = 1 if await self._end_stream(found[0]) else 0
        while True:
            try:
                for number, sheet in enumerate(found[first:], first):
                    await self._messages.show(number, sheet)
            except Moved:
                first = 0
            else:
                return

    async def _uploaded(self, figure: Figure | None) -> tuple[str, str] | None:
        return await self._figures.uploaded(figure) if figure else None

    async def _end_stream(self, sheet: Sheet) -> bool:
        """End the stream with the first part; tell whether it stands."""
        if self._stream is None:
            return False
        if not self._stream.ts and self._door.limits.lane(self._address.channel).wait < SHORT_LANE:
            self._stream.leave()
            self._stream = None
            return False
        try:
            session = self._sessions.ends(self._address)
            await self._stream.stop(sheet, session)
        except StreamOver:
            await self._leave_stream()
            return False
        if session:
            self._sessions.ended(self._address)
        self._messages.adopt(self._stream.ts)
        self._stream = None
        return True
