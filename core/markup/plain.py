"""Markdown as plain text, for a pipe and for the cells of a drawn table."""

import re

from core.markup.blocks import blocks, code_in

_MARKS = re.compile(r"`([^`\n]+)`|\[([^\[\]\n]+)\]\(([^()\s]+)\)|(\*\*|(?<!\w)__)(?=\S)((?:`[^`\n]*`|[^`\n])+?)(?<=\S)\4")


def plain(text: str) -> str:
    """Return Markdown as plain text: no stars, no backticks, no fences, bullets as `•`."""
    out: list[str] = []
    for block in blocks(text):
        lines = text[block.start : block.end].splitlines(keepends=True)
        out += code_in(lines) if block.kind == "fence" else map(plain_line, lines)
    return "".join(out)


def plain_line(line: str) -> str:
    """Return a line of Markdown as plain text."""
    line = re.sub(r"^#{1,6} +", "", re.sub(r"^(\s*)[-*+] ", r"\1• ", line))
    return _MARKS.sub(_bare, line)


def _bare(found: re.Match[str]) -> str:
    if found[1]:
        return found[1]
    return f"{found[2]} ({found[3]})" if found[2] else _MARKS.sub(_bare, found[5])
