"""Another course works as well: six cards on networks, and a core that knows no subject."""

import re
from pathlib import Path

import pytest

import core
from core.knowledge import Course, load_course, uncalibrated
from core.messages import Level, Passage, Zone
from core.profond import course_template
from core.prompt import build_prompt, card_passage_text
from core.search import SearchIndex
from tests.courses import NETWORKS, index_of
from tests.test_terminal import profond

CODE = Path(core.__file__).parents[1]
DEEP_LEARNING = re.compile(
    r"(?i)convolu(?!sion)|neuron|deep.?learning|machine.?learning|epoch|époque|pooling|gradient|rétropropag|backprop|tenseur|tensor|keras|pytorch"
    r"|surapprentissage|overfit|dropout|perceptron|embedding|\bcnn\b|\blstm\b|hugging.?face|entraînement"
)


@pytest.fixture(scope="module")
def course() -> Course:
    return load_course(NETWORKS)


@pytest.fixture(scope="module")
def index(course: Course) -> SearchIndex:
    return index_of(course)


def test_its_cards_are_complete(course: Course) -> None:
    """Two topics, six cards, and nothing to mend but the calibration, which a course of this size does without."""
    assert (2, 6) == (len(course.topics), len(course.cards))
    assert ["fault-not-calibrated"] == [warning.key for warning in course.warnings]
    assert uncalibrated(6) == course.thresholds


def test_check_accepts_it(tmp_path: Path) -> None:
    """`kb check` ends well and counts the cards."""
    done = profond(tmp_path, "kb", "check", str(NETWORKS))

    assert (0, "") == (done.returncode, done.stderr)
    assert "2 sujets, 6 fiches\u00a0: aucune faute." in done.stdout


@pytest.mark.parametrize(
    ("question", "card"),
    [
        ("C'est quoi une adresse IP ?", "adresse-ip"),
        ("c koi le masque", "masque"),
        ("À quoi sert le DNS ?", "dns"),
        ("comment marche la résolution de noms", "dns"),
        ("traceroute", "routeur"),
        ("à quoi sert le DHCP ?", "dhcp"),
        ("c'est quoi un comutateur", "switch"),
    ],
)
def test_finds_the_right_card_and_is_sure(index: SearchIndex, question: str, card: str) -> None:
    """Without any calibration, a question of the course finds its card in the sure zone."""
    found = index.search(question)

    assert (card, Zone.SURE) == (found.passages[0].card_id, found.zone)


@pytest.mark.parametrize(
    "question",
    [
        "C'est quoi une convolution ?",
        "comment entraîner un réseau de neurones ?",
        "le surapprentissage, que faire ?",
        "recette de crêpes",
        "fine tuning",
    ],
)
def test_another_courses_questions_are_outside(index: SearchIndex, question: str) -> None:
    """What this course does not teach is outside, the shipped course's subject too."""
    assert Zone.OUTSIDE is index.search(question).zone


@pytest.mark.parametrize("cards", [1, 6, 140, 10_000])
def test_zones_of_a_course_never_calibrated(cards: int) -> None:
    """The zones stand in order at every size."""
    zones = uncalibrated(cards)

    assert 0 < zones.outside < zones.sure


def test_a_question_is_answered_from_its_cards(tmp_path: Path) -> None:
    """`profond ask` answers in the words of the cards at every level, and no word comes from the shipped course."""
    asked = [profond(tmp_path, "ask", "C'est quoi une adresse IP ?", "--level", level, PROFOND_COURSE=str(NETWORKS)) for level in Level]
    outside = profond(tmp_path, "ask", "C'est quoi une recette ?", PROFOND_COURSE=str(NETWORKS))

    assert [(0, "")] * 4 == [(done.returncode, done.stderr) for done in (*asked, outside)]
    for done, said in zip(asked, ("le numéro qui désigne une machine", "un numéro de 32 bits", "un identifiant de couche 3"), strict=True):
        assert said in done.stdout
        assert "Sources\u00a0: L'adresse IP (adresse-ip)" in done.stdout
    assert "Réseaux locaux : les bases" in outside.stdout
    assert not DEEP_LEARNING.search("".join(done.stdout for done in (*asked, outside)))


def test_the_prompt_takes_its_subject_from_the_course(course: Course) -> None:
    """The shipped prompt, filled for this course, speaks of networks alone."""
    card = course.card("dns")
    passage = Passage(card.id, card.title, card.content, 1.0, 1.0)
    passage = Passage(card.id, card.title, card_passage_text(course, passage, Level.BEGINNER), 1.0, 1.0)
    messages = build_prompt(course_template(course), course, "À quoi sert le DNS ?", passages=[passage], level=Level.BEGINNER)
    text = "\n".join(message.content for message in messages)

    assert "les réseaux informatiques locaux" in text
    assert "apprentis techniciens" in text
    assert not DEEP_LEARNING.search(text)


def sources() -> list[str]:
    """Return every source of the core and the bots."""
    return sorted(path.relative_to(CODE).as_posix() for room in ("core", "bots") for end in ("py", "ftl") for path in (CODE / room).rglob(f"*.{end}"))


@pytest.mark.parametrize("name", sources())
def test_the_code_knows_no_subject(name: str) -> None:
    """No line of the core, the bots and their sentences holds a word of deep learning."""
    lines = (CODE / name).read_text(encoding="utf-8").splitlines()

    assert [] == [f"{number}: {line}" for number, line in enumerate(lines, 1) if DEEP_LEARNING.search(line)]
