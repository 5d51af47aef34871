"""A text rendered block by block."""

import re
from collections.abc import Sequence

from core.markup import leaks
from core.markup.blocks import blocks, closes, code_in, formula_at
from core.markup.keys import without_keys
from core.markup.lines import is_line, prose
from core.markup.mentions import defuse
from core.markup.rules import Rules
from core.markup.tables import table
from core.unseen import visible

_LANGUAGE = re.compile(r"[\w+#.-]{1,20}(?!\S)")


def clean(text: str, rules: Rules | None = None) -> str:
    """Return text fit to be shown: see the package. The same text gives the same rendering, however it arrived."""
    rules = rules or Rules()
    return leaks.taken_out(Page(rules).rendered(visible(text)), rules.secret)


class Page:
    """Renders visible text from top to bottom; of what is above, it remembers only whether a line was just left out."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._is_below_line = False

    def copy(self) -> "Page":
        """Return a page that goes on from here."""
        other = Page(self._rules)
        other._is_below_line = self._is_below_line  # its own class
        return other

    def rendered(self, text: str) -> str:
        """Return what comes next as it may be shown."""
        return "".join(self.block(block.kind, text[block.start : block.end]) for block in blocks(text))

    def block(self, kind: str, piece: str) -> str:
        """Return one block as it may be shown."""
        if kind == "prose":
            return self._line(piece)
        self._is_below_line = False
        lines = piece.splitlines(keepends=True)
        if kind == "fence":
            return _fence(lines)
        if kind == "table":
            return table(lines, lambda cell: prose(cell, self._rules), self._rules.dialect)
        if len(lines) > 1 and closes(lines[-1], kind, lines[0]):
            return self._line(_on_one_line(piece, formula_at(lines[0])))
        return "".join(map(self._line, lines))

    def _line(self, line: str) -> str:
        """Return a line of prose; nothing for a drawn line where the face draws none, nor for blank lines below it."""
        if not self._rules.dialect.lines and is_line(line):
            self._is_below_line = True
            return ""
        if not line.strip() and self._is_below_line:
            return ""
        self._is_below_line = False
        return prose(line, self._rules)


def _fence(lines: Sequence[str]) -> str:
    """Return a fence as every chat reads it: three backticks, a language, closed; nothing where there is no code."""
    code = "".join(code_in(lines))
    if not code.strip():
        return ""
    language = _LANGUAGE.match(lines[0].strip().lstrip("`~").strip())
    code = defuse(without_keys(code.replace("```", "'''"), is_code=True))
    return f"```{language[0] if language else ''}\n{code}" + ("" if code.endswith("\n") else "\n") + "```\n"


def _on_one_line(piece: str, at: int) -> str:
    """Return a display formula, with what stands before it, as a line of prose."""
    before = piece[:at] if piece[:at].strip() else ""
    return before + " ".join(piece[at:].split()) + ("\n" if piece.endswith("\n") else "")
