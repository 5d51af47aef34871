"""What a message of the bot looks like: blocks, within Slack's lengths, in which no name is called and no link is hidden.

What students wrote and what is said about them stands in plain text, where Slack reads no mark; answers stand in markdown
blocks, which core has cleaned.
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from core.actions import Action, Button
from core.markup import plain
from core.messages import Answer, Zone
from core.words import Words

Json = dict[str, Any]
MAX_PART = 9_000
"""An answer's part: a message takes 12,000 characters of Markdown, and 13,200 in all."""
MAX_SECTION = 3_000
MAX_SMALL = 1_000
MAX_TEXT = 3_000
"""The text beside the blocks, which notifications show."""
MOST_BREAKS = 36
"""Slack makes a block of every heading, rule, fence and table, and takes fifty."""
ROW = 25
STYLES = {Action.SIMPLER: "primary", Action.FORGET: "danger", Action.STOP: "danger"}
JUDGED = {Action.GOOD, Action.BAD}
_HEADING = re.compile(r"^#{1,6} +(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_RULE = re.compile(r"^(?:-{3,}|\*{3,}|_{3,})\s*$", re.MULTILINE)
_BREAK = re.compile(rf"{_HEADING.pattern}|{_RULE.pattern}|^```|^\|", re.MULTILINE)


class Drawing(IntEnum):
    """How much of a message Slack took so far; what it refuses is drawn more simply."""

    FULL = 0
    WITHOUT_FIGURE = 1
    PLAIN = 2


BLOCK_ERRORS = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long", "invalid_slack_file", "invalid_arguments"}


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What one message holds: words in plain text, Markdown, a picture as (file or nothing, alternative text), small print, rows of buttons."""

    above: str = ""
    texts: tuple[str, ...] = ()
    figure: tuple[str, str] | None = None
    below: tuple[str, ...] = ()
    rows: tuple[tuple[Button, ...], ...] = ()

    @property
    def notification(self) -> str:
        """The text that stands beside the blocks, in which nothing is alive."""
        return html.escape(cut("\n\n".join(filter(None, (self.above, *map(plain, self.texts)))) or " ", MAX_TEXT // 2), quote=False)[:MAX_TEXT]


def cut(text: str, limit: int) -> str:
    """Return a text of at most so many characters."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def draw(sheet: Sheet, drawing: Drawing = Drawing.FULL, *, with_texts: bool = True) -> list[Json]:
    """Return a message's blocks; without its texts, those that stand under a stream."""
    blocks = [small(sheet.above)] if sheet.above else []
    if with_texts:
        blocks += [block for text in sheet.texts for block in _body(text, drawing)]
    if sheet.figure:
        blocks.append(_picture(*sheet.figure, drawing))
    blocks += [small(text) for text in sheet.below if text.strip()]
    blocks += [block for number, row in enumerate(sheet.rows) for block in _row(row, number, drawing)]
    return blocks


def _picture(file: str, alt: str, drawing: Drawing = Drawing.FULL) -> Json:
    """Return a picture; its words where there is no file, or Slack refuses it."""
    return {"type": "image", "slack_file": {"id": file}, "alt_text": cut(alt, 2000)} if file and drawing is Drawing.FULL else small(alt)


def plain_text(text: str, limit: int) -> Json:
    """Return a text in which Slack reads no mark."""
    return {"type": "plain_text", "text": cut(text, limit) or " ", "emoji": False}


def small(text: str) -> Json:
    """Return small print."""
    return {"type": "context", "elements": [plain_text(text, MAX_SMALL)]}


def section(text: str) -> Json:
    """Return a paragraph of plain text."""
    return {"type": "section", "text": plain_text(text, MAX_SECTION)}


def _body(text: str, drawing: Drawing) -> Iterator[Json]:
    if not text.strip():
        return
    if drawing is not Drawing.PLAIN:
        yield {"type": "markdown", "text": calm(text)}
        return
    bare = plain(text)
    for start in range(0, len(bare), MAX_SECTION):
        yield section(bare[start : start + MAX_SECTION])


def calm(text: str) -> str:
    """Return Markdown of which Slack does not make too many blocks: headings as bold lines, no rules."""
    if len(_BREAK.findall(text)) <= MOST_BREAKS:
        return text
    return _RULE.sub("", _HEADING.sub(r"**\1**", text))


def _row(row: Sequence[Button], number: int, drawing: Drawing) -> Iterator[Json]:
    judged = {button.action: button for button in row if button.action in JUDGED}
    is_native = len(judged) == len(JUDGED) and drawing is not Drawing.PLAIN
    if is_native:
        yield {"type": "context_actions", "elements": [_thumbs(judged[Action.GOOD], judged[Action.BAD])]}
    others = [button for button in row if not (is_native and button.action in JUDGED)]
    for start in range(0, len(others), ROW):
        yield {
            "type": "actions",
            "elements": [_drawn(button, f"{number}-{place}") for place, button in enumerate(others[start : start + ROW], start)],
        }


def _thumbs(good: Button, bad: Button) -> Json:
    """Return the native feedback buttons."""
    sides = {f"{name}_button": {"text": plain_text(one.label, 75), "value": one.code} for name, one in (("positive", good), ("negative", bad))}
    return {"type": "feedback_buttons", "action_id": "feedback", **sides}


def _drawn(button: Button, place: str) -> Json:
    made = {"type": "button", "action_id": f"{button.action}-{place}", "text": {**plain_text(button.label, 75), "emoji": True}, "value": button.code}
    return {**made, "style": STYLES[button.action]} if button.action in STYLES else made


def small_print(words: Words, answer: Answer) -> tuple[str, ...]:
    """Return what stands under an answer: its sources, then the notes."""
    lines = [words("sources", titles=" · ".join(source.label for source in answer.sources))] if answer.sources else []
    if answer.choices and answer.zone is not Zone.SURE:
        lines.append(words("choices" if answer.zone is Zone.UNSURE else "questions"))
    return tuple(plain(line) for line in (*lines, *answer.notes))


def sheets(words: Words, answer: Answer, buttons: Sequence[Button], figure: tuple[str, str] | None, notice: str = "") -> list[Sheet]:
    """Return an answer as messages; what stands under it stands under the last."""
    found = [Sheet(texts=(part,)) for part in answer.parts or (words("error-unexpected"),)]
    below = (*small_print(words, answer), *([notice] if notice else ()))
    found[-1] = replace(found[-1], figure=figure, below=below, rows=(tuple(buttons),) if buttons else ())
    return found


def modal(title: str, blocks: Sequence[Json], close: str, **more: Any) -> Json:  # noqa: ANN401  # what a view has
    """Return a modal."""
    return {"type": "modal", "title": plain_text(title, 24), "close": plain_text(close, 24), "blocks": list(blocks)[:100], **more}


def draw_in_view(sheet: Sheet) -> list[Json]:
    """Return a page's blocks for a modal or the home tab, which know no Markdown."""
    blocks = draw(replace(sheet, figure=None), Drawing.PLAIN)
    if sheet.figure:
        blocks.insert(len(sheet.texts), _picture(*sheet.figure))
    return blocks


def in_view(sheet: Sheet, title: str, close: str) -> Json:
    """Return a page as a modal."""
    return modal(title, draw_in_view(sheet), close)
