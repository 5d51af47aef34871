"""Golden answers of the cards' writer: the checks that need no model, on questions of the calibration, at three levels."""

import re
from collections.abc import AsyncIterator

import pytest

from core.evaluation import ExamQuestion, read_questions
from core.knowledge import load_course
from core.messages import Answer, Level, Question, Zone
from core.profond import Profond, open_profond
from core.settings import Settings
from tests.readability import reading_ease
from tests.surfaces import RecordingSurface
from tests.test_course import COMPUTING

FRENCH = frozenset(
    "le la les l un une des de du d et est en que qui dans pour pas sur ce il elle tu à au aux ne se par plus avec on ou son sa ses".split()
)
ENGLISH = frozenset("the of and to is in that it for on with as are this be by at from or an".split())
COURSE = load_course(Settings(_env_file=None).course_folder)
ASKED = [q for q in read_questions(COURSE.folder / "questions" / "calibration.json") if len(q.targets) == 1][:60]
BANDS = {Level.BEGINNER: (60, 165), Level.INTERMEDIATE: (70, 200), Level.ADVANCED: (75, 225)}


@pytest.fixture(scope="module")
async def profond(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Profond]:
    path = tmp_path_factory.mktemp("golden") / "p.db"
    async with open_profond(Settings(_env_file=None, database_url=str(path), profond_secret_key="k" * 40)) as opened:
        yield opened


async def answers(profond: Profond, asked: str, event: str) -> dict[Level, Answer]:
    found = {}
    for level in Level:
        key = f"golden:{event}:{level}"
        ticket = await profond.assistant.take(
            Question(text=asked, person="test:golden", conversation=key, event=key, level=level, is_exempt=True),
        )
        found[level] = await profond.assistant.answer(ticket, RecordingSurface())
    return found


def share(text: str, known: frozenset[str]) -> float:
    words = re.findall(r"[^\W\d_]+", text.lower())
    return sum(word in known for word in words) / max(1, len(words))


def check(answer: Answer) -> None:
    """Apply the checks of one answer in the sure zone."""
    text, bare = answer.text, re.sub(r"```.*?```|`[^`]*`", " ", answer.text, flags=re.DOTALL)
    assert share(bare, FRENCH) >= 0.20 > share(bare, ENGLISH)
    assert len(re.findall(r"^- ", bare, flags=re.MULTILINE)) >= 3
    example = bare.split("**Exemple**", 1)[1][:400]
    assert COMPUTING.search(example)
    assert "pas sûr de bien comprendre" not in text
    assert text.rstrip().endswith("?")
    assert not re.search(r"@everyone|@here|<!|<@|\b[\w.]+@[\w.]+\.\w+", text)
    low, high = BANDS[answer.level]
    assert low <= len(re.findall(r"\S*\w\S*", bare)) <= high
    assert all(COURSE.has(source.card_id) for source in answer.sources)
    assert 1 <= len(answer.sources)


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.id)
async def test_answers_pass_the_checks_that_need_no_model(profond: Profond, asked: ExamQuestion) -> None:
    """In the sure zone every level's answer is well made and from one card; in the others no card's text is shown."""
    found = await answers(profond, asked.question, asked.id)

    assert 1 == len({answer.zone for answer in found.values()})
    if found[Level.BEGINNER].zone is not Zone.SURE:
        assert not any("- " in answer.text for answer in found.values())
        return
    for answer in found.values():
        check(answer)
    assert 1 == len({answer.sources[0].card_id for answer in found.values()})
    title = found[Level.BEGINNER].sources[0].label
    eases = [reading_ease(found[level].text.split("**Exemple**")[0], title) for level in (Level.BEGINNER, Level.ADVANCED)]
    assert eases[0] - eases[1] >= 10


async def test_numbers_of_an_answer_stand_in_its_card(profond: Profond) -> None:
    """The cards' writer adds no figure of its own."""
    for card in COURSE.cards:
        found = await answers(profond, f"c'est quoi {card.title}", f"numbers-{card.id}")
        for answer in found.values():
            if answer.zone is Zone.SURE:
                source = COURSE.card(answer.sources[0].card_id)
                known = source.model_dump_json()
                assert all(number in known for number in re.findall(r"\d+", answer.text) if len(number) > 1)
