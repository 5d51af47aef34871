"""Tables: drawn anew where the face draws them, else aligned code, else a list where they are too wide for a phone."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from itertools import zip_longest

from core.markup.plain import plain_line
from core.markup.rules import Dialect

WIDEST = 60
"""Characters of code that a phone shows in a line without breaking it, with some to spare for a computer."""
_BREAK = re.compile(r"`[^`\n]*`|\\.|(\|)")
_SOURCE = re.compile(r"\[\d+\]")
Render = Callable[[str], str]


def table(lines: Sequence[str], render: Render, dialect: Dialect) -> str:
    """Return a table, its cells rendered one by one."""
    head, ruler, *body = ([cell.strip() for cell in _cells(line)] for line in lines)
    rows = [_fitted([render(cell).strip() for cell in row], len(head)) for row in (head, *body)]
    if dialect.tables:
        return _drawn(rows, ruler)
    shown = [[_SOURCE.sub("", plain_line(cell)).replace("`", "'").strip() for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(*shown, strict=True)]
    if sum(widths) + 2 * len(widths) - 2 > WIDEST:
        return _listed(rows[0], rows[1:])
    sources = "".join(dict.fromkeys(source for row in rows for cell in row for source in _SOURCE.findall(cell)))
    return _aligned(shown, widths, ruler) + (f"{sources}\n" if sources else "")


def _cells(line: str) -> list[str]:
    """Return the cells of a row; a bar in code, or behind a backslash, is none of its borders."""
    bare = line.strip().removeprefix("|")
    places = [found.start() for found in _BREAK.finditer(bare) if found[1]]
    cells = [bare[start + 1 : end] for start, end in zip([-1, *places], [*places, len(bare)], strict=True)]
    return [cell.replace(r"\|", "|") for cell in (cells if cells[-1].strip() or len(cells) == 1 else cells[:-1])]


def _fitted(row: list[str], count: int) -> list[str]:
    """Return a row with as many cells as the head: empty ones added, those too many joined to the last."""
    return [*row[: count - 1], " ".join(row[count - 1 :])] if len(row) > count else row + [""] * (count - len(row))


def _drawn(rows: Sequence[Sequence[str]], ruler: Sequence[str]) -> str:
    rulers = [cell or "---" for cell, _ in zip_longest(ruler[: len(rows[0])], rows[0], fillvalue="---")]
    bars = [[cell.replace("|", r"\|") for cell in row] for row in rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in (bars[0], rulers, *bars[1:]))


def _listed(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Return each row as a point, with its cells below the first one."""
    names = [plain_line(name).replace("*", "").replace("`", "'").strip() for name in head]
    out = []
    for row in body or [[""] * len(head)]:
        cells = [f"**{name}** : {cell}".rstrip() if name else cell for name, cell in zip(names, row, strict=True) if cell or not body]
        out += [f"{'  - ' if number else '- '}{cell}\n" for number, cell in enumerate(cells)]
    return "".join(out)


def _aligned(rows: Sequence[Sequence[str]], widths: Sequence[int], ruler: Sequence[str]) -> str:
    sides = [_side(cell) for cell, _ in zip_longest(ruler[: len(widths)], widths, fillvalue="")]
    lines = ["  ".join(map(_padded, row, widths, sides)).rstrip() for row in rows]
    return "\n".join(["```", lines[0], "  ".join("-" * width for width in widths), *lines[1:], "```\n"])


def _side(ruler: str) -> str:
    if ruler.endswith(":"):
        return "^" if ruler.startswith(":") else ">"
    return "<"


def _padded(cell: str, size: int, side: str) -> str:
    room = size - width(cell)
    left = {"<": 0, "^": room // 2, ">": room}[side]
    return " " * left + cell + " " * (room - left)


def width(text: str) -> int:
    """Return how many columns a text takes in a chat's code: two for wide letters, none for accents that stand on others."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
