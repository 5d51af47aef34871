"""A ReplySurface on Discord: the newest text only, one edit at a time, and the end at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import structlog

from bots.discord_bot.look import MAX_PART, Page, footer, small
from bots.discord_bot.pace import Pace
from bots.discord_bot.places import Faltered, Messages, PlaceGone
from core.actions import Button
from core.messages import Answer, Place
from core.words import Words

log = structlog.get_logger()
LONGEST_EDIT = 3.0
"""Seconds that the end waits for an edit under way; a newer text takes its place in any case."""


class End(NamedTuple):
    """What stands under a finished answer beside its sources: a notice, and the buttons."""

    notice: str
    buttons: tuple[Button, ...]


class DiscordReply:
    """Shows one answer as it grows. The writer is never kept waiting: what comes while an edit is under way replaces what waits."""

    max_chars = MAX_PART
    appends = False

    def __init__(  # noqa: PLR0913  # what one answer needs, each by name
        self, messages: Messages, pace: Pace, words: Words, *, channel: int, quote: str, stop: Button, end: Callable[[Answer], Awaitable[End]]
    ) -> None:
        self._messages = messages
        self._pace = pace
        self._words = words
        self._channel = channel
        self._quote = quote
        self._stop = stop
        self._end = end
        self._next: Sequence[Page] = ()
        self._writing: asyncio.Task[None] | None = None
        self._is_sending = False
        self._wrote_at = float("-inf")
        self._is_open = True
        self.is_lost = False
        pace.begin(channel)
        self.edit_interval = pace.seconds(channel, 0.0)

    async def wait(self, place: Place) -> None:
        """Show the place in the queue."""
        self._paint([self._words("waiting", position=place.position, seconds=round(place.seconds))])

    async def update(self, parts: Sequence[str]) -> None:
        """Show the text so far, when the edit under way is done."""
        self._paint(parts)

    def _paint(self, parts: Sequence[str]) -> None:
        *before, last = self._pages(parts)
        self._next = [*before, replace(last, rows=((self._stop,),))]
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    def _pages(self, parts: Sequence[str]) -> list[Page]:
        return [Page((self._quote if number == 0 else "", part)) for number, part in enumerate(parts)]

    async def _write(self) -> None:
        while self._next:
            await asyncio.sleep(self._wrote_at + self.edit_interval - time.monotonic())
            pages, self._next = self._next, ()
            began = time.monotonic()
            self._is_sending = True
            try:
                await self._messages.show(pages, patience=())
            except (PlaceGone, Faltered) as error:
                log.warning("text_not_shown", cause=type(error).__name__)
            self._is_sending = False
            self._wrote_at = time.monotonic()  # when Discord has it: a slow request never brings the next one nearer
            self.edit_interval = self._pace.seconds(self._channel, self._wrote_at - began)

    async def finish(self, answer: Answer) -> None:
        """Show the last state at once: text, sources, notes, picture and buttons."""
        notice, buttons = await self._end(answer)
        *before, last = self._pages(answer.parts or (self._words("error-unexpected"),))
        below = "\n".join(filter(None, (footer(self._words, answer), small(notice) if notice else "")))
        last = replace(last, texts=(*last.texts, below), rows=(buttons,) if buttons else (), figure=answer.figure)
        await self.show_last([*before, last])

    async def show_last(self, pages: Sequence[Page]) -> None:
        """Show pages that nothing follows."""
        await self.close()
        try:
            await self._messages.show(pages)
        except PlaceGone:
            self.is_lost = True
            log.warning("answer_not_shown")

    async def close(self) -> None:
        """Let an edit under way end; drop one that only waits for its time."""
        self._next = ()
        writing, self._writing = self._writing, None
        if self._is_open:
            self._pace.end(self._channel)
            self._is_open = False
        if writing:
            await asyncio.wait({writing}, timeout=LONGEST_EDIT if self._is_sending else 0)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
