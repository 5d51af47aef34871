"""LaTeX as a chat shows it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.knowledge import load_course
from core.latex import formulas, to_text
from core.markup import clean
from core.settings import Settings
from tests.test_markup import OFTEN

FOLDER = Settings(_env_file=None).course_folder
PIECES = r"\frac \sqrt { } ^ _ x 1 \sum \alpha \left \right ( ) < > \text \hat \unknown \begin \\ & ` @everyone [ ] $ \ é".split(" ")


def levels() -> list[str]:
    topics = [
        topic for path in sorted(FOLDER.glob("*.json")) for topic in json.loads(path.read_text("utf-8")).get("topics", []) if isinstance(topic, dict)
    ]
    return [text for topic in topics for card in topic["subtopics"] for text in card["levels"].values()]


def test_every_formula_of_the_cards_is_readable() -> None:
    """No formula of the shipped cards keeps a backslash or a dollar."""
    found = [formula for text in levels() for formula in formulas(text)]

    assert 50 < len(found)
    assert [] == [formula for formula in found if "\\" in to_text(formula)]


def test_every_card_is_shown_without_latex() -> None:
    """No shipped card shows a LaTeX command outside code."""
    assert load_course(FOLDER).cards
    assert [] == [line for text in levels() for line in clean(text).split("\n") if "\\frac" in line or "$\\" in line]


@pytest.mark.parametrize(
    ("expected", "formula"),
    [
        ("x²", "x^2"),
        ("1 / 2", r"\frac{1}{2}"),
        ("(1 / n)∑ᵢ₌₁ⁿ eᵢ²", r"\frac{1}{n}\sum_{i=1}^{n} e_i^2"),
        ("a < b", "a<b"),
        ("α ≤ √2", r"\alpha \le \sqrt{2}"),
        (r"`\frac{1`", r"\frac{1"),
        ("log (p / (1-p))", r"\log \frac{p}{1-p}"),
        ("log (p / (1-p))", r"\log\frac{p}{1-p}"),
        ("log₂ (a / b)", r"\log_2 \frac{a}{b}"),
        ("ln (a / b)", r"\ln\left(\frac{a}{b}\right)"),
        ("softmax (a / b)", r"\operatorname{softmax} \frac{a}{b}"),
        ("1/(a / b)", r"1/\frac{a}{b}"),
        ("log -(a / b)", r"\log -\frac{a}{b}"),
        ("log x + a / b", r"\log x + \frac{a}{b}"),
    ],
)
def test_renders(expected: str, formula: str) -> None:
    """Unicode where it can carry the formula, else code."""
    assert expected == to_text(formula)


@OFTEN
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_any_formula_is_one_line(formula: str) -> None:
    """Whatever stands between the dollars becomes one line, with no backtick but those around code."""
    shown = to_text(formula)

    assert "\n" not in shown
    assert shown.count("`") in {0, 2}
    assert shown.startswith("`") == shown.endswith("`")
