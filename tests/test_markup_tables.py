"""Tables and headings, as the face can draw them."""

import pytest

from core.markup import Dialect, Rules, cited, clean, settled
from core.markup.tables import WIDEST, width

DRAWS = Rules(sources=("a", "b"), dialect=Dialect(tables=True, headings=6, lines=True))
PLAIN = Rules(sources=("a", "b"))
SMALL = "| Modèle | **Taille** |\n|:---|---:|\n| `CNN` | 3 |\n| é\u0301 | 1000 |\n"


def test_a_narrow_table_is_aligned_code() -> None:
    """Cells lose their marks and stand in columns; a ruler's colons say on which side."""
    assert "```\nModèle  Taille\n------  ------\nCNN          3\né\u0301         1000\n```\n" == clean(SMALL, PLAIN)


def test_a_wide_table_is_a_list() -> None:
    """A table wider than a phone becomes a point a row, its cells with their heads."""
    long = "un texte qui dépasse de beaucoup la largeur d'un téléphone tenu debout"

    assert f"- **A** : x\n  - **B** : {long} **gras**\n- **A** : y\n" == clean(f"| A | B |\n|---|---|\n| x | {long} **gras** |\n| y | |\n", PLAIN)


def test_sources_of_a_table_stand_below_it() -> None:
    """What a cell cites is counted, though code names no source."""
    shown = clean("| A | B |\n|---|---|\n| x [b] | y [1] |\n", PLAIN)

    assert shown.endswith("```\n[2][1]\n")
    assert (2, 1) == cited(shown, 2)


def test_a_face_that_draws_tables_gets_them() -> None:
    """Cells are cleaned one by one, and a bar in a cell ends none."""
    text = "| A | B |\n|:-:|---|\n| `x|y` <b>z</b> @everyone | [1] |\n"

    assert "| A | B |\n| :-: | --- |\n| `x\\|y` z @ everyone | [1] |\n" == clean(text, DRAWS)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("```\na  b\n-  -\n1\n```\n", "| a | b |\n|---|---|\n| 1 |\n"),
        ("```\na  b\n-  ---\n1  2 3\n```\n", "| a | b |\n|---|---|\n| 1 | 2 | 3 |\n"),
        ("```\na\n-\n```\n", "| a |\n|---|\n"),
        ("```\n\n\n```\n", "|\n|-|\n"),
        ("| a | b |\n", "| a | b |\n"),
        ("```\na  b\n-  -\n```\nfin", "| a | b |\n|-|-|\nfin"),
        ("```\na|b  c\n---  -\n```\n", "| a\\|b | c |\n|-|-|\n"),
    ],
)
def test_odd_tables(expected: str, text: str) -> None:
    """Rows that are short, long or missing, and bars that are none."""
    assert expected == clean(text, PLAIN)


def test_a_table_waits_for_its_end() -> None:
    """While rows come, nothing of a table is shown; a line behind it settles it."""
    before = "Voici :\n"

    assert len(before) == settled(before + SMALL)
    assert len(before) == settled(before + SMALL + "  ")
    assert len(before + SMALL) == settled(before + SMALL + "F")
    assert len(before) == settled(before + "| a | b |\n")


def test_lines_and_headings_are_drawn_where_the_face_does() -> None:
    """A face that draws everything gets what was written."""
    text = "#### Titre\n\n---\n\ntexte\n"

    assert text == clean(text, DRAWS)
    assert "**Titre**\n\ntexte\n" == clean(text, PLAIN)


def test_width_is_what_is_seen() -> None:
    """Wide letters take two columns, accents on others none; aligned lines are as wide as they say."""
    assert (3, 1, 4) == (width("abc"), width("e\u0301"), width("卷积"))
    assert max(width(line) for line in clean(SMALL, PLAIN).splitlines()) <= WIDEST
