"""How a student asks for more of the answer before, and how such a text is told from a question."""

from pathlib import Path

import pytest

from core.evaluation import read_questions
from core.follow_ups import follow_up
from core.messages import Manner

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    ("text", "manner"),
    [
        ("la suite stp", Manner.PLAIN),
        ("et ?", Manner.PLAIN),
        ("pk", Manner.PLAIN),
        ("tu peux réexpliquer ?", Manner.PLAIN),
        ("c quoi le 2eme point", Manner.PLAIN),
        ("go on", Manner.PLAIN),
        ("g pa compri", Manner.SIMPLER),
        ("merci mais c'est trop compliqué", Manner.SIMPLER),
        ("explique comme si j'avais 5 ans", Manner.SIMPLER),
        ("tu peux détaillé ?", Manner.DEEPER),
        ("more details please", Manner.DEEPER),
        ("donne un exemple concret", Manner.ANOTHER_EXAMPLE),
        ("et en pratique ?", Manner.ANOTHER_EXAMPLE),
        ("give me another example", Manner.ANOTHER_EXAMPLE),
    ],
)
def test_a_follow_up_says_how_it_wants_to_be_told(text: str, manner: Manner) -> None:
    """More of it, simpler, deeper, or with another example: in whatever spelling."""
    assert manner is follow_up(text)


@pytest.mark.parametrize(
    "text",
    [
        "donne un exemple de lettre de motivation",
        "résume le match d'hier",
        "explique la photosynthèse",
        "et la météo demain",
        "c'est quoi le filtre ?",
        "C'est quoi NaN ?",
        "et Fortnite ?",
    ],
)
def test_a_word_of_its_own_makes_a_question(text: str) -> None:
    """Whatever names something else asks for that."""
    assert follow_up(text) is None


@pytest.mark.parametrize(
    "path", sorted([*(ROOT / "tests" / "data").glob("*.json"), ROOT / "knowledge_base/questions/calibration.json"]), ids=lambda path: path.stem
)
def test_no_question_about_the_course_is_a_follow_up(path: Path) -> None:
    """None of the questions that want a card is made of such words alone."""
    assert [] == [each.question for each in read_questions(path) if each.targets and follow_up(each.question)]
