"""Leafing through the course."""

import pytest

from core.errors import Unknown
from core.knowledge import Card, Topic
from core.lessons import Lessons
from core.messages import Level
from core.settings import shipped_course
from tests.courses import course_of


@pytest.fixture(scope="module")
def lessons() -> Lessons:
    return Lessons(course_of(shipped_course()))


@pytest.mark.parametrize(
    ("typed", "kind", "found"),
    [
        ("vision", Topic, "vision"),
        ("Sécurité", Topic, "securite"),
        ("securite", Topic, "securite"),
        ("pooling", Card, "pooling"),
        ("poolin", Card, "pooling"),
        ("overfitting", Card, "surapprentissage"),
        ("L'élagage (pruning)", Card, "elagage"),
        ("quantifcation", Card, "quantification"),
    ],
)
def test_names_forgive_accents_and_faults(lessons: Lessons, typed: str, kind: type, found: str) -> None:
    """An id, a title or an alias, roughly typed, opens its topic or card."""
    item = lessons.find(typed)

    assert isinstance(item, kind)
    assert found == item.id


def test_nothing_like_it_is_told(lessons: Lessons) -> None:
    """A name that resembles none is refused with the name."""
    with pytest.raises(Unknown) as caught:
        lessons.find("recette de crêpes")
    assert {"name": "recette de crêpes"} == caught.value.details


def test_suggestions_fit_a_list_of_25(lessons: Lessons) -> None:
    """Nothing typed gives the topics; a beginning gives what begins so; never more than 25."""
    assert list(lessons.topics) == list(lessons.suggest(""))
    assert "convolution" in [item.id for item in lessons.suggest("conv")]
    assert max(len(lessons.suggest(letter)) for letter in "abcdefgl") <= 25


def test_a_page_holds_the_card_at_the_level(lessons: Lessons) -> None:
    """A page has the level's text without raw formulas, both examples, and where to go next."""
    page = lessons.open_card("convolution", Level.ADVANCED)

    assert "$" not in page.text
    assert all(example in page.text for example in page.card.examples)
    assert "vision" == page.topic.id
    assert page.previous is not None
    assert page.following is not None
    assert page.text != lessons.open_card("convolution", Level.BEGINNER).text


def test_quiz_asks_and_answers(lessons: Lessons) -> None:
    """A card's check question comes with its answer; an unknown card is refused."""
    assert lessons.quiz("convolution").answer
    with pytest.raises(Unknown):
        lessons.quiz("nowhere")
