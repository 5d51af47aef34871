"""Where an answer shows, and how a stream becomes messages.

A surface gets the whole text each time, already clean and split: one that edits replaces, one that appends sends the
suffix. A part that another follows never changes again; the first text and the end never wait for the pace.
"""

import re
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from core.markup import Growing, Rules, blocks, clean
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
    splitter = _Splitter(max_chars)
    for block in blocks(text.strip("\n")):
        lines = text.strip("\n")[block.start : block.end].removesuffix("\n").split("\n")
        opening = lines[0].strip()
        if block.kind != "fence" or len(opening) > _LONGEST_OPENING:
            for line in lines:
                splitter.add(line)
            continue
        mark = opening[: len(opening) - len(opening.lstrip(opening[0]))]
        is_closed = len(lines) > 1 and len(lines[-1].strip()) >= len(mark) and not lines[-1].strip().strip(mark[0])
        splitter.add_fence(opening, mark, lines[1:-1] if is_closed else lines[1:])
    return splitter.finished()


def quoted(question: str, limit: int = 300) -> str:
    """Return a question as a quotation of one line, safe to show to a class."""
    line = " ".join(question.split())
    line = line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"
    return f"> {clean(line.replace('```', ' ').replace('`', ''), Rules(()))}" if line else ""


_LONGEST_OPENING = 24
_WHOLE = re.compile(r"`[^`\n]*`|\[[^\[\]\n]*\]\([^()\s]*\)")


class _Splitter:
    """Fills parts line by line; what was filled is never looked at again."""

    def __init__(self, max_chars: int) -> None:
        self._max = max_chars
        self._parts: list[str] = []
        self._lines: list[str] = []
        self._border = 0

    def add(self, line: str) -> None:
        """Add a line of prose."""
        while self._size() + len(line) > self._max:
            room = self._max - self._size()
            if self._border and len("\n".join(self._lines[: self._border])) > self._max // 3:
                self._flush(self._border)
            elif self._lines and self._size() > self._max // 3:
                self._flush(len(self._lines))
            elif place := _word_border(line, room):
                self._lines.append(line[:place].rstrip())
                self._flush(len(self._lines))
                line = line[place:].lstrip()
            elif self._lines:
                self._flush(len(self._lines))
            else:
                self._lines.append(line[:room])
                self._flush(len(self._lines))
                line = line[room:]
        self._lines.append(line)
        if not line.strip():
            self._border = len(self._lines)

    def add_fence(self, opening: str, mark: str, code: Sequence[str]) -> None:
        """Add a fence; it goes on behind a border, in a fence of its own."""
        held: list[str] = []
        for whole in code or [""]:
            line = whole
            while self._size() + _size([opening, *held, line, mark]) - 1 > self._max:
                if held:
                    self._lines += [opening, *held, mark]
                    held = []
                    self._flush(len(self._lines))
                elif any(map(str.strip, self._lines)):
                    self._flush(len(self._lines))
                else:
                    self._lines = []
                    room = self._max - _size([opening, mark]) - 1
                    place = line.rfind(" ", 1, room) + 1 or room
                    self._lines += [opening, line[:place], mark]
                    self._flush(len(self._lines))
                    line = line[place:]
            held.append(line)
        self._lines += [opening, *held, mark]
        self._border = len(self._lines)

    def finished(self) -> list[str]:
        """Return the parts."""
        self._flush(len(self._lines))
        return self._parts

    def _size(self) -> int:
        return _size(self._lines)

    def _flush(self, count: int) -> None:
        """Make the first lines a part."""
        part = "\n".join(self._lines[:count])
        if part.strip():
            self._parts.append(part.strip("\n"))
        self._lines, self._border = self._lines[count:], 0


def _size(lines: Sequence[str]) -> int:
    """Return how many characters lines take, each with its end."""
    return sum(map(len, lines)) + len(lines)


def _word_border(line: str, room: int) -> int:
    """Return where to break a line: behind a sentence, else a word, outside code and links where that can be."""
    masked = _WHOLE.sub(lambda found: "\u00b7" * len(found[0]), line)
    for text in (masked, line):
        sentence, word = text.rfind(". ", 0, room + 1) + 1, text.rfind(" ", 0, room + 1)
        for place in (sentence if sentence > room // 3 else 0, word):
            if line[: max(place, 0)].strip():
                return place
    return 0


class Progress:
    """A text that grows on a surface: clean, split, paced, and never taken back."""

    def __init__(self, surface: ReplySurface, rules: Rules, clock: Callable[[], float] = time.monotonic) -> None:
        self._surface = surface
        self._rules = rules
        self._clock = clock
        self._shown: list[str] = []
        self._shown_at: float | None = None
        self._growing = Growing(rules, keeps_fences=not surface.appends)
        self.raw = ""

    async def add(self, piece: str) -> None:
        """Take one more piece and show what is settled, if it is time."""
        self.raw += piece
        now = self._clock()
        if self._shown_at is not None and now - self._shown_at < self._surface.edit_interval:
            return
        parts = split_text(self._growing.shown(self.raw), self._surface.max_chars)
        if parts and parts != self._shown:
            await self._surface.update(parts)
            self._shown, self._shown_at = parts, self._clock()

    def take_back(self) -> bool:
        """Begin anew where what was shown can still be replaced; tell whether nothing of it is left."""
        if self._shown and (self._surface.appends or len(self._shown) > 1):
            return False
        self._growing, self.raw = Growing(self._rules, keeps_fences=not self._surface.appends), ""
        return True

    def parts(self, raw: str) -> list[str]:
        """Return a raw text as messages of this surface."""
        return split_text(clean(raw, self._rules), self._surface.max_chars)
