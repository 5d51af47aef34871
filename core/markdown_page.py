"""A page of Markdown as the reader of cards needs it: headings, labelled paragraphs (`Exemple : …`) and the prose between.

CommonMark's own parser says where code, lists and headings are, so that a `#` in a fence is no heading and an `Exemple :` in
code is no label. Setext headings (a line under a title) are left out: a dashed line below a paragraph parts it from the next.
A paragraph that was wrapped over several lines is one line again, and every bullet is a `-`, as in the other cards.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.french import flat

VERBATIM = "texte"
"""The language of a fence that holds a text letter for letter: what the page would read otherwise is written so."""
DEEPEST = 4
_LABEL = re.compile(r" ?(?P<mark>[*_]{0,3})(?P<name>[^\W\d_][^:*_]{2,24}?)\s*(?:(?P=mark)\s*:|:\s*(?P=mark))\s*(?P<rest>.*)")
_IMAGE = re.compile(r"!\[.*\]\(.+\)\s*")
_RULE = re.compile(r" {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*")
_MARKER = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])(?:[ \t]+|$)")
Form = Literal["text", "list", "verbatim"]


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table").disable(["lheading", "html_block", "reference", "inline"])


def _spans(text: str) -> Iterator[tuple[Token, int, int]]:
    """Yield the parser's blocks, outermost first, each with its first line and the one behind its last."""
    for token in _parser().parse(text):
        if token.map is not None:
            yield token, token.map[0], token.map[1]


class Section(NamedTuple):
    """A heading with the lines below it, up to the next heading of any depth; depth 0 is what stands before the first."""

    depth: int
    title: str
    line: int
    start: int
    end: int


class Label(NamedTuple):
    """A labelled paragraph, list or verbatim fence: its field, its line from 1 and its texts, one per item of a list."""

    field: str
    line: int
    texts: tuple[str, ...]
    form: Form


class Page:
    """A text in Markdown, read once.

    Args:
        text: with line feeds alone as line ends.
        fields: the field that each label names, by the label as `flat` writes it.
    """

    def __init__(self, text: str, fields: Mapping[str, str]) -> None:
        self.lines = text.split("\n")
        self.open_fence = 0
        self._fields = fields
        self._code: set[int] = set()
        self._heads: list[tuple[int, int, str]] = []
        for token, first, last in _spans(text):
            if token.type in {"fence", "code_block"}:
                self._code.update(range(first, last))
            if token.type == "fence" and token.level == 0 and not _is_closed(token.markup, self.lines[first:last]):
                self.open_fence = first + 1
            if token.type == "heading_open" and token.level == 0 and int(token.tag[1]) <= DEEPEST:
                self._heads.append((first, int(token.tag[1]), _title(self.lines[first])))

    def sections(self) -> Iterator[Section]:
        """Yield what stands before the first heading, then every heading of one to four `#`."""
        ends = [*(line for line, _, _ in self._heads), len(self.lines)]
        yield Section(0, "", 1, 0, ends[0])
        for (line, depth, title), end in zip(self._heads, ends[1:], strict=True):
            yield Section(depth, title, line + 1, line + 1, end)

    def field(self, name: str) -> str | None:
        """Return the field that a label names, with or without accents."""
        return self._fields.get(" ".join(flat(name).split()))

    def body(self, section: Section, field: str | None = None) -> tuple[str, list[Label]]:
        """Return a section's prose and its labels; with `field`, what stands before the first label is that field's."""
        labels: list[Label] = []
        chunks: list[list[str]] = [[]]
        at = section.start
        if field:
            at = next((n for n in range(at, section.end) if self._label(n)), section.end)
            labels.append(Label(field, section.line, *_value(self.lines[section.start : at])))
        while at < section.end:
            found = self._label(at)
            if found:
                label, at = self._labelled(found, at, section.end)
                labels.append(label)
                chunks.append([])
            else:
                chunks[-1].append(self.lines[at])
                at += 1
        text = "\n\n".join(filter(None, map(_prose, chunks)))
        return text, [label for label in labels if any(label.texts)]

    def _label(self, number: int) -> tuple[str, str] | None:
        """Return the field that a line names and what it says of it."""
        line = self.lines[number]
        if number in self._code:
            return None
        if _IMAGE.fullmatch(line):
            return "figure", line.strip()
        found = _LABEL.fullmatch(line)
        field = self.field(found["name"]) if found else None
        return (field, found["rest"].strip()) if found and field else None

    def _labelled(self, found: tuple[str, str], at: int, end: int) -> tuple[Label, int]:
        """Return a label and the line behind it: behind its paragraph, or behind the block below when it stands alone."""
        field, rest = found
        stop = next((n for n in range(at + 1, end) if self._label(n)), end)
        if rest:
            is_image = _IMAGE.fullmatch(self.lines[at])
            stop = next((n for n in range(at + 1, stop) if is_image or (not self.lines[n].strip() and n not in self._code)), stop)
            below = self.lines[at + 1 : stop]
            return Label(field, at + 1, (_prose([rest, *below]) if below else rest,), "text"), stop
        first = next((n for n in range(at + 1, stop) if self.lines[n].strip()), stop)
        _, _, last = next(_spans("\n".join(self.lines[first:stop])), (None, 0, 0))
        return Label(field, at + 1, *_value(self.lines[first : first + last])), first + last


def _title(line: str) -> str:
    """Return a heading's text without its marks."""
    return re.sub(r"(?:^|[ \t]+)#+[ \t]*$", "", re.sub(r"^\s*#{1,6}(?=\s|$)", "", line).strip()).strip()


def _is_closed(markup: str, lines: Sequence[str]) -> bool:
    last = lines[-1].strip()
    return len(lines) > 1 and len(last) >= len(markup) and not last.strip(markup[0])


def _value(lines: Sequence[str]) -> tuple[tuple[str, ...], Form]:
    """Return what a block says: the items of a list, the letters of a verbatim fence, or its prose."""
    text = "\n".join(lines).strip("\n")
    spans = list(_spans(text))
    if spans and spans[0][0].type in {"bullet_list_open", "ordered_list_open"} and spans[0][2] >= len(text.rstrip().split("\n")):
        items = (text.split("\n")[first:last] for token, first, last in spans if token.type == "list_item_open" and token.level == 1)
        return tuple(map(_item, items)), "list"
    return (_prose(lines),), "verbatim" if _verbatim(lines) is not None else "text"


def _item(lines: Sequence[str]) -> str:
    marker = _MARKER.match(lines[0])
    width = marker.end() if marker else 0
    below = [line[min(width, len(line) - len(line.lstrip())) :] for line in lines[1:]]
    return _prose([lines[0][width:], *below])


def _verbatim(lines: Sequence[str]) -> str | None:
    """Return what a verbatim fence holds where it is all there is, else None."""
    text = "\n".join(lines).strip("\n")
    tokens = _parser().parse(text) if VERBATIM in text else []
    is_fence = len(tokens) == 1 and tokens[0].type == "fence" and tokens[0].info.strip() == VERBATIM
    return "\n".join(text.rstrip().split("\n")[1:-1]) if is_fence else None


def _prose(lines: Sequence[str]) -> str:
    """Return lines as one text of a card: see the module."""
    held = _verbatim(lines)
    if held is not None:
        return held
    bare = list(lines)
    while bare and (not bare[-1].strip() or _RULE.fullmatch(bare[-1])):
        bare.pop()
    wrapped = set[int]()
    for token, first, last in list(_spans("\n".join(bare))):
        if token.type == "list_item_open" and token.markup in {"*", "+"}:
            bare[first] = re.sub(r"[*+]", "-", bare[first], count=1)
        if token.type == "paragraph_open" and not any("$$" in line for line in bare[first:last]):
            wrapped.update(n for n in range(first + 1, last) if not bare[n].lstrip().startswith(">") and not re.search(r"(?:  |\\)$", bare[n - 1]))
    out: list[str] = []
    for number, line in enumerate(bare):
        if number in wrapped:
            out[-1] = f"{out[-1].rstrip()} {line.lstrip()}"
        else:
            out.append(line)
    return "\n".join(out).strip()
