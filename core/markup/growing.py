"""A text that is still being written: how much of it will never be rendered otherwise."""

import re

from core.markup import leaks
from core.markup.blocks import Block, blocks, is_row
from core.markup.lines import INLINE
from core.markup.page import Page
from core.markup.rules import Rules
from core.unseen import OPEN_ESCAPE, masked, place_in_masked, without_unseen

_OPENER = re.compile(r"`|(?<![\w$])\$(?!\s)|\$\$|\\[(\[]|\[|<(?![\s=\d])|\*{1,3}(?=\S)|(?<!\w)_{1,3}(?=\S)|~~(?=\S)")
_PAIRED = re.compile(r"(?P<mark>\*{1,3}|(?<!\w)_{1,3}|~~)(?=\S)(?P<inside>.*?\S)(?P=mark)(?!\w)")
_SPECIAL = re.compile(r"[`$\\\[<*_~]")
_UNDECIDED = re.compile(r"(?:[ \t]*\[[^\]\n]*\])*(?:[ ]{0,3}#{1,6}(?:[ \t]|\Z)|[\s*_=|:+-]*\Z|[ \t]*(?:```|~~~|\$\$|\\\[))")
"""Beginnings of a line that only its end explains: a heading, a drawn line, a row of a table, a fence, a formula; also behind sources that may go."""


def settled(raw: str, *, keeps_fences: bool = False) -> int:
    """Return how many characters of a text still being written will never be rendered otherwise.

    An open marker, link, formula, table, source number or fence is held back until it is complete; with `keeps_fences`
    the finished lines of an open fence count as settled, for surfaces which can replace what they showed.
    """
    text, shown = _so_far(raw)
    _, end = _ends(shown, keeps_fences=keeps_fences)
    return _in_raw(text, shown, end)


class Growing:
    """Renders a text again and again while it grows; what is decided is rendered once."""

    def __init__(self, rules: Rules | None = None, *, keeps_fences: bool = False) -> None:
        self._rules = rules or Rules()
        self._keeps_fences = keeps_fences
        self._page = Page(self._rules)
        self._at = 0
        self._final, self._done, self._longest = "", "", ""

    def shown(self, raw: str) -> str:
        """Return what may be shown of a text that has grown to `raw`: the beginning of `clean`, but for the last fence's closing line."""
        text, visible = _so_far(raw[self._at :])
        decided, end = _ends(visible, keeps_fences=self._keeps_fences)
        if decided:
            self._done += self._page.rendered(visible[:decided])
            place = _in_raw(text, visible, decided)
            self._at += place + len(text[place:]) - len(text[place:].lstrip("\0"))
        shown = self._done + (self._page.copy().rendered(visible[decided:end]) if end > decided else "")
        return self._without_leaks(shown) if self._rules.secret else shown

    def _without_leaks(self, shown: str) -> str:
        """Return all that is shown without runs of the instructions, up to where one may begin; never less than before."""
        kept = leaks.settled(shown, self._rules.secret)
        whole = self._final + (kept if kept == shown else self._whole(kept))
        if not self._longest.startswith(whole):
            self._longest = whole
        if shown.startswith(kept):
            self._finish(min(len(kept), leaks.begins(shown, self._rules.secret)))
        return self._longest

    def _finish(self, end: int) -> None:
        """Put aside the lines in which no run can begin any more: they are not read again."""
        border = self._done.rfind("\n", 0, end) + 1
        if self._done.count("```", 0, border) % 2 == 0:
            self._final += self._done[:border]
            self._done = self._done[border:]

    def _whole(self, kept: str) -> str:
        """Return a text that was cut anywhere without the fence or the marker that it leaves open."""
        fences = [block for block in blocks(kept) if block.kind == "fence"]
        if fences and fences[-1].is_open:
            return self._whole_fence(kept, fences[-1])
        start = kept.rfind("\n") + 1
        return kept[: start + settled_in_line(kept[start:])] if kept[start:] else kept

    def _whole_fence(self, kept: str, fence: Block) -> str:
        """Return text whose last fence was cut, with whole lines of it and closed, or without it."""
        lines = kept[fence.start : kept.rfind("\n") + 1]
        if not self._keeps_fences or lines.count("\n") < 2:
            return kept[: fence.start]
        return kept[: fence.start] + lines + "```\n"


def _so_far(raw: str) -> tuple[str, str]:
    r"""Return what has arrived as masked and as visible text, without an open escape and a `\r` that may be half a line end."""
    escape = OPEN_ESCAPE.search(raw) if "\x1b" in raw else None
    text = masked((raw[: escape.start()] if escape else raw).removesuffix("\r"))
    return text, without_unseen(text)


def _in_raw(text: str, shown: str, end: int) -> int:
    return end if len(shown) == len(text) or not end else place_in_masked(text, end)


def _ends(text: str, *, keeps_fences: bool) -> tuple[int, int]:
    """Return up to where blocks are decided, and up to where text is settled."""
    decided, end, rows = 0, 0, None
    for block in blocks(text):
        piece = text[block.start : block.end]
        may_be_row = block.kind == "table" or (block.kind == "prose" and (is_row(piece) or (block.is_open and not piece.strip())))
        rows = (block.start if rows is None else rows) if may_be_row and (rows is not None or piece.strip()) else None
        if block.kind == "table" and not block.is_open:
            rows = None
        if not block.is_open:
            decided = end = block.end
        else:
            end = block.start + _settled_in_block(block.kind, piece, keeps_fences=keeps_fences)
    return (decided, end) if rows is None else (min(decided, rows), rows)


def _settled_in_block(kind: str, piece: str, *, keeps_fences: bool) -> int:
    if kind in {"prose", "display"}:  # a formula may stand behind words
        return settled_in_line(piece.partition("\n")[0])
    return piece.rfind("\n") + 1 if keeps_fences and kind == "fence" else 0


def settled_in_line(line: str) -> int:
    """Return how much of an unfinished line is settled: whole words, before any open marker."""
    end = max(line.rfind(" "), line.rfind("\t")) + 1
    if not line[:end].strip() or _UNDECIDED.match(line):
        return 0
    if not _SPECIAL.search(line):
        return end
    tokens = [found for found in INLINE.finditer(line) if not found["html"]]
    masked_line = line[:end]
    for found in tokens:
        if found.end() <= end and not (found["cited"] and line[found.end() :][:1] not in set(" \t.,;:!?)[")):
            masked_line = masked_line[: found.start()] + "\u00b7" * len(found[0]) + masked_line[found.end() :]
    masked_line = masked_line.partition("`")[0]  # an open backtick may still make code of the emphasis around it
    masked_line = _PAIRED.sub(lambda found: "\u00b7" * len(found[0]), masked_line)
    opener = _OPENER.search(masked_line)
    held = min([len(masked_line), *([opener.start()] if opener else []), *(found.start() for found in tokens if found.start() < end < found.end())])
    return max(masked_line.rfind(" ", 0, held), masked_line.rfind("\t", 0, held)) + 1 if line[:held].strip() else 0
