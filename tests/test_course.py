"""The course that comes with Profond."""

import ast
import json
import re
from pathlib import Path

import pytest

from core.knowledge import Card, Course, schema
from core.messages import Level
from core.readability import reading_ease, sentences_in, words_in_text
from core.settings import shipped_course
from tests.courses import course_of

COURSE = course_of(shipped_course())
SHARED = Path(__file__).resolve().parents[2] / "shared" / "course"
COMPUTING = re.compile(
    r"(?i)GLPI|ticket|bot|commit|switch|log|SQL|table|REST|route|git|android|VLAN|serveur|API|base|script|appli|code|réseau|python|docker|pare-feu|site|web"
    r"|php|java|linux|poste|routeur|caméra|formulaire|classe|fastapi|wi-?fi|supervision|sauvegarde|intranet|dépôt"
)


@pytest.fixture(scope="module")
def course() -> Course:
    return COURSE


def points(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.startswith("- ")]


every_card = pytest.mark.parametrize("card", COURSE.cards, ids=lambda card: card.id)


def test_loads_without_a_fault_or_a_warning(course: Course) -> None:
    """The shipped course has neither faults nor warnings."""
    assert course.warnings == ()


def test_every_topic_holds_two_cards_or_more(course: Course) -> None:
    """Sixteen topics, two cards or more in each."""
    assert len(course.topics) == 16
    assert min(len(topic.subtopics) for topic in course.topics) >= 2


def test_schema_is_that_of_the_models(course: Course) -> None:
    """schema.json is what the pydantic models say."""
    assert schema() == json.loads((course.folder / "schema.json").read_text(encoding="utf-8"))


@every_card
def test_content_is_the_text_of_its_own_level(card: Card) -> None:
    """A card's content is its level's text, and every level is written."""
    assert set(card.levels) == set(Level)
    assert card.content == card.levels[card.difficulty]


@every_card
def test_each_level_is_a_definition_and_three_to_five_points(card: Card) -> None:
    """A level is one sentence, then three to five points, 60 to 130 words."""
    for text in card.levels.values():
        bare = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        lines = [line for line in bare.split("\n") if line.strip()]
        assert not lines[0].startswith("-")
        assert 3 <= len(points(bare)) <= 5
        assert len(lines) == 1 + len(points(bare))
        assert 60 <= len(re.findall(r"\S*\w\S*", bare)) <= 130


@every_card
def test_formulas_stand_in_the_advanced_text_alone(card: Card) -> None:
    """No formula below the advanced level."""
    assert "$" not in card.levels[Level.BEGINNER] + card.levels[Level.INTERMEDIATE]


@every_card
def test_beginner_text_reads_easier_than_the_advanced_one(card: Card) -> None:
    """Kandel and Moles' figure is at least 10 higher, and a beginner's sentence has 15 words or fewer on average."""
    beginner, advanced = card.levels[Level.BEGINNER], card.levels[Level.ADVANCED]
    assert reading_ease(beginner, card.title) - reading_ease(advanced, card.title) >= 10
    assert len(words_in_text(beginner)) / len(sentences_in(beginner)) <= 15


@every_card
def test_card_is_complete(card: Card) -> None:
    """Two examples from work (SLAM, SISR), five to ten aliases, one or two misconceptions, a check question, related cards."""
    assert [example[:4] for example in card.examples] == ["SLAM", "SISR"]
    assert all(COMPUTING.search(example) for example in card.examples)
    assert 5 <= len(card.aliases) <= 10
    assert 1 <= len(card.misconceptions) <= 2
    assert card.check_question is not None
    assert card.check_question.question.endswith("?")
    assert 1 <= len(card.related) <= 4


@every_card
def test_python_in_cards_compiles(card: Card) -> None:
    """Every Python block of a card parses."""
    for code in re.findall(r"```python\n(.*?)```", "\n".join(card.levels.values()), flags=re.DOTALL):
        ast.parse(code)


@every_card
def test_french_typography(card: Card) -> None:
    """Before : ; ? ! stands a non-breaking space."""
    asked = (card.check_question.question, card.check_question.answer) if card.check_question else ()
    for text in (*card.levels.values(), *card.examples, *asked):
        prose = re.sub(r"```.*?```|`[^`]*`|\$[^$]*\$", "", text, flags=re.DOTALL)
        assert re.findall(r"\S [:;?!](?:\s|$)", prose) == []


def test_keeps_the_ids_of_the_course_tree(course: Course) -> None:
    """Every card's id, title and difficulty are those of the course's tree, where the tree is at hand."""
    if not SHARED.exists():
        return
    tree = json.loads((SHARED / "topic_tree.json").read_text(encoding="utf-8"))
    known = {card["id"]: (card["title"], card["difficulty"]) for topic in tree["topics"] for card in topic["subtopics"]}
    for card in course.cards:
        assert known[card.id] == (card.title, card.difficulty.value)


def test_holds_the_known_misconceptions(course: Course) -> None:
    """Every misconception of the course stands on its card, where the list is at hand."""
    if not SHARED.exists():
        return
    for entry in json.loads((SHARED / "misconceptions.json").read_text(encoding="utf-8")):
        if course.has(entry["subtopic"]):
            held = [(m.claim, m.correction) for m in course.card(entry["subtopic"]).misconceptions]
            assert (entry["idee_fausse"], entry["correction"]) in held


def test_no_card_holds_an_examination_question(course: Course) -> None:
    """No alias, keyword or phrasing, inside the course or outside, shares four words in a row with a question of the examination, if at hand."""
    if not SHARED.exists():
        return
    asked = [q["question"] for q in json.loads((SHARED / "questions_dev.json").read_text(encoding="utf-8"))]
    runs = {run for question in asked for run in _runs(question)}
    for card in course.cards:
        for alias in (*card.aliases, *card.keywords, *card.phrasings):
            assert not runs & set(_runs(alias)), alias
    for subject in course.outside:
        for phrasing in subject.phrasings:
            assert not runs & set(_runs(phrasing)), phrasing


def _runs(text: str) -> list[str]:
    words = re.findall(r"\w+", text.lower())
    return [" ".join(words[start : start + 4]) for start in range(len(words) - 3)]
