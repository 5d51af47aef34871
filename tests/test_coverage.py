"""The table that says which cards cover which point of the course document."""

import re
from collections.abc import Iterator
from pathlib import Path

from core.french import flat, terms
from core.settings import shipped_course
from tests.courses import course_of

COURSE = course_of(shipped_course())
COVERAGE = (COURSE.folder / "COVERAGE.md").read_text(encoding="utf-8")
DOCUMENT = Path(__file__).resolve().parents[2] / "shared" / "course" / "module-3.txt"
ROW = re.compile(r"^\| (?P<point>.+?) \| (?P<cards>.+) \|$", re.MULTILINE)
ROWS = [(row["point"], re.findall(r"`([^`]+)`", row["cards"])) for row in ROW.finditer(COVERAGE) if row["point"] != "point"]
TO_WRITE = "## À écrire"
TITLE_LINES = 3
"""The document's first lines name it and say nothing of its subject."""


def points(document: str) -> Iterator[str]:
    """Yield every point of the document: a line, a part of it between bullets, or a cell of a table with its row's name."""
    lines = [line.strip() for line in document.splitlines()[TITLE_LINES:]]
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("|"):
            name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            yield from () if following.startswith("|--") else (f"{name} {cell}" for cell in cells)
        elif not re.match(r'[{}\[\]"]', line):
            yield from line.split("•")


def content(text: str) -> frozenset[str]:
    return frozenset(terms(flat(text)))


def missing(document: str) -> list[str]:
    """Return the points that share fewer than 60 % of their words with every row."""
    rows = [content(point) for point, _ in ROWS]
    asked = [(point, words) for point in points(document) if (words := content(point))]
    return [point for point, words in asked if not any(len(words & row) >= 0.6 * len(words) for row in rows)]


def test_every_card_it_names_exists() -> None:
    """Every row names a card or more, and every card named is one of the course's."""
    assert [point for point, cards in ROWS if not cards] == []
    assert [card for _, cards in ROWS for card in cards if not COURSE.has(card)] == []


def test_names_every_topic() -> None:
    """Every topic has a card that covers a point; the points still to write do not count."""
    written = re.findall(r"`([^`]+)`", COVERAGE.partition(TO_WRITE)[0])
    assert {COURSE.topic_of(card).id for card in written} == {topic.id for topic in COURSE.topics}


def test_holds_every_point_of_the_document() -> None:
    """Every line and every table cell of the course document has its row, where the document is at hand."""
    if not DOCUMENT.exists():
        return
    assert missing(DOCUMENT.read_text(encoding="utf-8")) == []
