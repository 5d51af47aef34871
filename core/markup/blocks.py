"""The blocks of a Markdown text: lines of prose, fences, display formulas and tables."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})([^`]*)\Z")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_DISPLAY = {"$$": "$$", r"\[": r"\]"}
_BEGINS = frozenset("`~$\\|")


class Block(NamedTuple):
    """A run of lines: prose (one line), a fence, a display formula or a table. An open block may still grow."""

    kind: str
    start: int
    end: int
    is_open: bool


def blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a text; every character belongs to one."""
    lines = _LINES.findall(text)
    at = start = 0
    while at < len(lines):
        kind, last = _block_at(lines, at)
        end = start + sum(map(len, lines[at:last]))
        yield Block(kind, start, end, is_open=not _is_whole(lines, at, last, kind))
        at, start = last, end


def _is_whole(lines: Sequence[str], at: int, last: int, kind: str) -> bool:
    """Whether no line that follows can belong to a block any more."""
    if not lines[last - 1].endswith("\n"):
        return False
    if kind == "table":
        return any(line.strip() or line.endswith("\n") for line in lines[last : last + 1])
    return kind == "prose" or (last - at > 1 and closes(lines[last - 1], kind, lines[at]))


def _block_at(lines: Sequence[str], at: int) -> tuple[str, int]:
    """Return the kind of the block that begins with a line, and the line behind it; a blank line ends no formula well."""
    bare = lines[at].strip()
    if bare[:1] not in _BEGINS:
        return "prose", at + 1
    if is_row(bare) and is_ruler("".join(lines[at + 1 : at + 2])):
        return "table", next((place for place in range(at + 2, len(lines)) if not is_row(lines[place])), len(lines))
    if _FENCE.match(lines[at].rstrip("\n")):
        kind = "fence"
    elif bare[:2] in _DISPLAY and _DISPLAY[bare[:2]] not in bare[2:]:
        kind = "display"
    else:
        return "prose", at + 1
    for number in range(at + 1, len(lines)):
        if closes(lines[number], kind, lines[at]):
            return kind, number + 1
        if kind == "display" and not lines[number].strip() and lines[number].endswith("\n"):
            return "prose", at + 1
    return kind, len(lines)


def is_row(line: str) -> bool:
    """Whether a line can be a row of a table."""
    return line.lstrip().startswith("|")


def is_ruler(line: str) -> bool:
    """Whether a line is the one under a table's head: `| --- | :-: |`."""
    bare = line.strip()
    return is_row(bare) and "-" in bare and not bare.strip("|:- \t")


def closes(line: str, kind: str, opening: str) -> bool:
    """Whether a line ends the fence or formula that the opening line began."""
    bare = line.strip()
    if kind == "display":
        return bare.endswith(_DISPLAY[opening.strip()[:2]])
    mark = _mark(opening)
    return len(bare) >= len(mark) and not bare.strip(mark[0])


def _mark(opening: str) -> str:
    found = _FENCE.match(opening.rstrip("\n"))
    return found[1] if found else "```"


def code_in(lines: Sequence[str]) -> Sequence[str]:
    """Return the lines of a fence without the first, and without the last where it closes."""
    is_closed = len(lines) > 1 and closes(lines[-1], "fence", lines[0])
    return lines[1:-1] if is_closed else lines[1:]
