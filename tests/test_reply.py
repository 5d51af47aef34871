"""How a text becomes messages, and how it grows."""

import asyncio
import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.markup import blocks, clean, settled
from core.privacy import scrub
from core.reply import Progress, quoted, split_text
from tests.samples import Clock
from tests.surfaces import RecordingSurface
from tests.test_markup import OFTEN, PROSE, RULES, TEXTS

CODE = [
    "```python\nx = [i for i in range(10)]\n\n    y = x[0]\n```\n",
    "```\n" + "a = 1\n" * 12 + "```\n",
    "\n\n",
    "\n",
    "- point\n",
    "mot" * 30,
    "`du code ici` ",
]
LONG = st.one_of(TEXTS, st.lists(st.sampled_from([*PROSE, *CODE]), max_size=30).map("".join))
LIMITS = st.integers(50, 300)


def words(text: str) -> list[str]:
    return [word for line in text.split("\n") if not re.match(r"\s*```", line) for word in line.split()]


def code_lines(texts: Sequence[str]) -> list[str]:
    fences = [text[block.start : block.end] for text in texts for block in blocks(text) if block.kind == "fence"]
    return [line for fence in fences for line in fence.split("\n") if not line.startswith("```") and line]


@OFTEN
@given(LONG, LIMITS)
def test_parts_fit_and_lose_nothing(text: str, limit: int) -> None:
    """No part is over the limit; every word is kept in order, and whole unless it is longer than a part."""
    text = clean(text, RULES)
    parts = split_text(text, limit)

    assert [] == [part for part in parts if len(part) > limit or not part.strip()]
    assert "".join(words(text)) == "".join(words("\n".join(parts)))
    if max(map(len, words(text)), default=0) < limit - 30:
        assert words(text) == words("\n".join(parts))


@OFTEN
@given(LONG, LIMITS)
def test_every_part_has_whole_fences(text: str, limit: int) -> None:
    """Each part closes what it opens; code lines that fit are kept, and so is their language."""
    text = clean(text, RULES)
    parts = split_text(text, limit)

    assert [] == [part for part in parts if part.count("```") % 2 and "```" not in "".join(words(text))]
    if max(map(len, text.split("\n"))) < limit - 40:
        assert code_lines([text]) == code_lines(parts)
    assert set(re.findall(r"^```\w+", text, re.MULTILINE)) == set(re.findall(r"^```\w+", "\n".join(parts), re.MULTILINE))


@OFTEN
@given(LONG, LIMITS, st.booleans())
def test_a_part_that_another_follows_never_changes(text: str, limit: int, keeps_fences: bool) -> None:
    """While a text grows, only its last part does."""
    final = split_text(clean(text, RULES), limit)
    for size in range(0, len(text), 7):
        parts = split_text(clean(text[: settled(text[:size], keeps_fences=keeps_fences)], RULES), limit)
        assert parts[:-1] == final[: max(len(parts) - 1, 0)]


@pytest.mark.parametrize(
    "text", ["```" + "x" * 500 + "\ncode\n```", " " * 999, "`" * 999, "\n" * 999, "```\n" * 99, "~~~" * 99, "a" * 999, "```\n" + " " * 999]
)
@pytest.mark.parametrize("limit", [50, 51, 300])
def test_ends_on_hostile_text(text: str, limit: int) -> None:
    """Any text is split, and within the limit."""
    assert [] == [part for part in split_text(text, limit) if len(part) > limit]


def test_breaks_where_a_reader_would() -> None:
    """A paragraph is the first choice, a sentence the next."""
    assert ["Un deux trois quatre cinq six.", "Sept huit neuf dix onze douze."] == split_text(
        "Un deux trois quatre cinq six.\n\nSept huit neuf dix onze douze.", 50
    )
    assert ["Un deux trois quatre cinq six sept.", "Huit neuf dix onze douze treize."] == split_text(
        "Un deux trois quatre cinq six sept. Huit neuf dix onze douze treize.", 50
    )


def test_a_quotation_says_what_was_taken_out() -> None:
    """Where personal data stood, the class reads a mark; it is no source that was not retrieved."""
    asked = "je suis lea@ecole.fr, 06 12 34 56 78, cle sk-abcdefghijklmnop, avec @everyone [autre-carte]"

    assert "> je suis [e-mail], [téléphone], cle [clé], avec [mention] " == quoted(scrub(asked))


class Paced(RecordingSurface):
    edit_interval = 1.0


def chunks(text: str, sizes: Sequence[int]) -> list[str]:
    pieces, position = [], 0
    for number in range(len(text)):
        if position >= len(text):
            break
        size = sizes[number % len(sizes)]
        pieces.append(text[position : position + size])
        position += size
    return pieces


SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=5)


@OFTEN
@given(LONG, SIZES, st.integers(0, 3))
def test_an_appending_surface_is_never_contradicted(text: str, sizes: list[int], tenths: int) -> None:
    """Each shown text begins the next one and the final one; the end is the one-shot rendering."""
    surface, clock = Paced(1_000_000, appends=True), Clock()
    progress = Progress(surface, RULES, clock)

    async def pour() -> None:
        for piece in chunks(text, sizes):
            clock.move(tenths / 10)
            await progress.add(piece)

    asyncio.run(pour())
    shown = ["\n\n".join(update) for update in surface.updates] + ["\n\n".join(progress.parts(progress.raw))]
    assert text == progress.raw
    assert split_text(clean(text, RULES), 1_000_000) == progress.parts(progress.raw)
    assert [] == [(one, two) for one, two in pairwise(shown) if not two.startswith(one)]


@OFTEN
@given(LONG, SIZES)
def test_the_first_text_does_not_wait(text: str, sizes: list[int]) -> None:
    """With a clock that stands still, the first settled text is shown, once, and nothing after it."""
    surface = Paced()
    progress = Progress(surface, RULES, lambda: 0.0)

    async def pour() -> None:
        for piece in chunks(text, sizes):
            await progress.add(piece)
            ready = progress.parts(progress.raw[: settled(progress.raw, keeps_fences=True)])
            assert bool(surface.updates) >= bool(ready)

    asyncio.run(pour())
    assert len(surface.updates) <= 1
