"""The blocks of a Markdown text: lines of prose, fences, display formulas and tables."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})([^`]*)\Z")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_DISPLAY = {"$$": "$$", r"\[": r"\]"}
_CODE, _BRACKET = re.compile(r"`[^`\n]*`"), re.compile(r"(?<!\\)\\[\[\]]")
_BEGINS = frozenset("`~|")


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
    is_left = kind == "display" and last < len(lines)
    return kind == "prose" or is_left or (last - at > 1 and closes(lines[last - 1], kind, lines[at]))


def _block_at(lines: Sequence[str], at: int) -> tuple[str, int]:
    """Return the kind of the block that begins with a line, and the line behind it; a blank line or a fence leaves a formula unclosed."""
    bare = lines[at].strip()
    if bare[:1] not in _BEGINS and "$$" not in bare and r"\[" not in bare:
        return "prose", at + 1
    if is_row(bare) and is_ruler("".join(lines[at + 1 : at + 2])):
        return "table", next((place for place in range(at + 2, len(lines)) if not is_row(lines[place])), len(lines))
    if _FENCE.match(lines[at].rstrip("\n")):
        kind = "fence"
    elif not is_row(bare) and formula_at(bare) >= 0:
        kind = "display"
    else:
        return "prose", at + 1
    for number in range(at + 1, len(lines)):
        if closes(lines[number], kind, lines[at]):
            return kind, number + 1
        if kind == "display" and lines[number].endswith("\n") and (not lines[number].strip() or _FENCE.match(lines[number][:-1])):
            return kind, number
    return kind, len(lines)


def formula_at(line: str) -> int:
    """Return where a line opens a display formula that it does not close, or -1."""
    bare = _CODE.sub(lambda found: "\0" * len(found[0]), line)
    if bare.count("$$") % 2:
        return bare.rfind("$$")
    brackets = list(_BRACKET.finditer(bare))
    if not brackets or brackets[-1][0] == r"\]":
        return -1
    at = brackets[-1].start()
    return -1 if bare[:at].strip() and "]" in bare[at:] else at  # `mot \[1]` is an escaped bracket


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
        at = formula_at(opening)
        return bare.rstrip(".,;:").endswith(_DISPLAY[opening[at : at + 2]])
    mark = _mark(opening)
    return len(bare) >= len(mark) and not bare.strip(mark[0])


def _mark(opening: str) -> str:
    found = _FENCE.match(opening.rstrip("\n"))
    return found[1] if found else "```"


def code_in(lines: Sequence[str]) -> Sequence[str]:
    """Return the lines of a fence without the first, and without the last where it closes."""
    is_closed = len(lines) > 1 and closes(lines[-1], "fence", lines[0])
    return lines[1:-1] if is_closed else lines[1:]
