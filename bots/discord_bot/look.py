"""What a message of the bot looks like: Components V2, so that text, picture and buttons are one message of 4,000 characters."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import discord
from discord import ui

from core.actions import Action, Button
from core.lessons import CardPage
from core.messages import Answer, Figure, Zone
from core.reply import split_text
from core.words import Words

MAX_PART = 2_580
"""An answer's part: the question above it, the sources and the notice below it need the rest of the 4,000."""
MAX_SMALL = 380
MAX_FOOTER = 500
MAX_CARD = 3_700
ROW = 5
QUOTE = "> "
"""How an answer begins: with its question."""
COLOURS = {Action.SIMPLER: discord.ButtonStyle.primary, Action.FORGET: discord.ButtonStyle.danger, Action.STOP: discord.ButtonStyle.danger}


@dataclass(frozen=True)
class Page:
    """What one message holds: texts, rows of buttons, a picture, a file."""

    texts: tuple[str, ...]
    rows: tuple[tuple[Button, ...], ...] = ()
    figure: Figure | None = None
    attached: tuple[str, bytes] | None = None

    @property
    def files(self) -> list[discord.File]:
        """The files to send, made anew each time: a file is read once."""
        picture = [(_name(self.figure), Path(self.figure.path).read_bytes())] if self.figure else []
        return [discord.File(io.BytesIO(content), name) for name, content in (*picture, *([self.attached] if self.attached else []))]

    @property
    def view(self) -> ui.LayoutView:
        """The message itself, made anew each time. It is stopped at once, so that the library keeps no trace of it."""
        made = ui.LayoutView(timeout=None)
        for text in filter(str.strip, self.texts):
            made.add_item(ui.TextDisplay(text))
        if self.figure:
            made.add_item(ui.MediaGallery(discord.MediaGalleryItem(f"attachment://{_name(self.figure)}", description=self.figure.alt[:1024])))
        if self.attached:
            made.add_item(ui.File(f"attachment://{self.attached[0]}"))
        for row in self.rows:
            for start in range(0, len(row), ROW):
                made.add_item(ui.ActionRow(*map(_drawn, row[start : start + ROW])))
        made.stop()
        return made


def _drawn(button: Button) -> ui.Button[ui.LayoutView]:
    style = COLOURS.get(button.action, discord.ButtonStyle.secondary)
    return ui.Button(label=button.label, custom_id=button.code, style=style)


def _name(figure: Figure) -> str:
    """Return the name under which a picture is attached."""
    return figure.path.replace("\\", "/").rsplit("/", 1)[-1]


def small(text: str) -> str:
    """Return a line as Discord's small print, cut where it is too long."""
    line = " ".join(text.split())
    return f"-# {line}" if len(line) <= MAX_SMALL else f"-# {line[: MAX_SMALL - 1]}…"


def footer(words: Words, answer: Answer) -> str:
    """Return what stands under an answer: its sources, then the notes."""
    lines = [words("sources", titles=" · ".join(source.label for source in answer.sources))] if answer.sources else []
    if answer.choices and answer.zone in {Zone.UNSURE, Zone.OUTSIDE}:
        lines.append(words("choices" if answer.zone is Zone.UNSURE else "questions"))
    return "\n".join(small(line) for line in (*lines, *answer.notes))[:MAX_FOOTER]


def card_texts(words: Words, page: CardPage) -> tuple[str, ...]:
    """Return a card's texts: its title, the card, and where it stands in the course."""
    place = words("card-place", topic=page.topic.title, level=words(f"level-{page.level.value}"))
    return (f"### {page.card.title}", split_text(page.text, MAX_CARD)[0], small(place))


def told(message: discord.Message) -> str:
    """Return what is read in a message, the bot's own ones too."""
    parts: Sequence[object] = list(_walk(message.components))
    texts = [part.content for part in parts if isinstance(part, discord.TextDisplay)]
    return "\n".join(filter(None, (message.content, *(embed.description for embed in message.embeds), *texts)))


def codes_in(message: discord.Message) -> list[str]:
    """Return the codes of a message's buttons."""
    return [part.custom_id for part in _walk(message.components) if isinstance(part, discord.Button) and part.custom_id]


def _walk(parts: Sequence[discord.Component]) -> list[discord.Component]:
    return [inside for part in parts for inside in (part, *_walk(getattr(part, "children", ())))]
