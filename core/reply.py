"""Where an answer shows, and how a stream becomes messages.

A surface gets the whole text each time, already clean and split: one that edits replaces, one that appends sends the
suffix. A part that another follows never changes again; the first text and the end never wait for the pace.
"""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from core.markup import Rules, blocks, clean, settled
from core.messages import Answer, Place


class ReplySurface(Protocol):
    """The one seam between the core and a place where people read.

    Attributes:
        max_chars: the longest text that one message may hold.
        edit_interval: the least seconds between two updates.
        appends: what was shown cannot be taken back (a terminal, a native stream).
    """

    max_chars: int
    edit_interval: float
    appends: bool

    async def wait(self, place: Place) -> None:
        """Show the place in the queue; also the first sign of life."""

    async def update(self, parts: Sequence[str]) -> None:
        """Show the whole text so far, one part a message."""

    async def finish(self, answer: Answer) -> None:
        """Show the last state: text, sources, and what may be done next."""


def split_text(text: str, max_chars: int) -> list[str]:
    """Split Markdown into parts of at most `max_chars` characters.

    Breaks at a paragraph, else a line, a sentence, a word, in that order; a word longer than a part is the only one
    broken. A fence that crosses a border is closed before it and opened again behind it. Where a part ends depends only on
    the text up to there, so a text that grows never changes a part which another already follows.
    """
    parts, rest = [], text.strip("\n")
    while len(rest) > max_chars:
        part, rest = _cut(rest, max_chars)
        if part.strip():
            parts.append(part)
    return [*parts, rest] if rest.strip() else parts


_BREAKS = ("\n\n", "\n", ". ", " ")


def _cut(text: str, max_chars: int) -> tuple[str, str]:
    """Return the first part of a text that is too long, and the rest."""
    opening = _fence_at(text, max_chars)
    room = max_chars - (len(_mark(opening)) + 1 if opening else 0)
    window = text[: room + 1]
    place = _border(window, room, floor=len(opening) + 1 if opening and text.startswith(opening) else 0)
    inside = _fence_at(text, place)
    head, rest = text[:place].rstrip(" \n") if not inside else text[:place].rstrip("\n"), text[place:].lstrip("\n")
    if not inside:
        return head, rest.lstrip(" ")
    return f"{head}\n{_mark(inside)}", f"{inside}\n{rest}"


def _border(window: str, room: int, floor: int) -> int:
    """Return where to break: the last good border that leaves the part at least a third full."""
    for mark in _BREAKS:
        place = window.rfind(mark, 0, room + len(mark))
        if place > max(room // 3, floor):
            return min(place + len(mark.rstrip()), room)
    return room


def _fence_at(text: str, place: int) -> str:
    """Return the opening line of the fence that is open at a place, or nothing."""
    for block in blocks(text[:place]):
        if block.kind == "fence" and block.is_open:
            return text[block.start :].split("\n", 1)[0][:80]
    return ""


def _mark(opening: str) -> str:
    bare = opening.strip()
    return bare[: len(bare) - len(bare.lstrip(bare[0]))]


class Progress:
    """A text that grows on a surface: clean, split, paced, and never taken back."""

    def __init__(self, surface: ReplySurface, rules: Rules, clock: Callable[[], float] = time.monotonic) -> None:
        self._surface = surface
        self._rules = rules
        self._clock = clock
        self._shown: list[str] = []
        self._shown_at: float | None = None
        self.raw = ""

    async def add(self, piece: str) -> None:
        """Take one more piece and show what is settled, if it is time."""
        self.raw += piece
        now = self._clock()
        if self._shown_at is not None and now - self._shown_at < self._surface.edit_interval:
            return
        end = settled(self.raw, keeps_fences=not self._surface.appends)
        parts = self.parts(self.raw[:end])
        if parts and parts != self._shown:
            await self._surface.update(parts)
            self._shown, self._shown_at = parts, self._clock()

    def parts(self, raw: str) -> list[str]:
        """Return a raw text as messages of this surface."""
        return split_text(clean(raw, self._rules), self._surface.max_chars)


async def stream_reply(progress: Progress, pieces: AsyncIterator[str]) -> str:
    """Show pieces as they come; return the whole raw text."""
    async for piece in pieces:
        await progress.add(piece)
    return progress.raw
