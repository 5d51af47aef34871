"""Golden answers of the cards' writer: the checks that need no model, on questions of the calibration, at three levels."""

from collections.abc import AsyncIterator

import pytest

from core.checks import CHECKS, LEVEL_CHECKS, Checker, Seen, check_levels
from core.evaluation import ExamQuestion, read_questions
from core.messages import Answer, Level, Question, Writer, Zone
from core.profond import Profond, open_profond
from core.rails import given
from core.settings import Settings, shipped_course
from tests.courses import course_of, index_of
from tests.surfaces import RecordingSurface

COURSE = course_of(shipped_course())
CHECKER, INDEX = Checker(COURSE), index_of(COURSE)
ASKED = [q for q in read_questions(COURSE.folder / "questions" / "calibration.json") if len(q.targets) == 1][:60]
OF_THE_WRITING = set(CHECKS) - {"target", "no-card"}
"""The others look at what was found for the question."""


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


def seen(asked: ExamQuestion, answer: Answer) -> Seen:
    retrieved = [passage.card_id for passage in given(INDEX, asked.question)]
    return Seen(question=asked.question, targets=asked.targets, answer=answer, retrieved=retrieved, writer=Writer.CARDS)


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.id)
async def test_answers_pass_the_checks_that_need_no_model(profond: Profond, asked: ExamQuestion) -> None:
    """In the sure zone every level's answer is well made and from one card; in the others no card's text is shown."""
    found = await answers(profond, asked.question, asked.id)
    is_sure = found[Level.BEGINNER].zone is Zone.SURE

    assert set(LEVEL_CHECKS if is_sure else ("same-card",)) == set(check_levels(COURSE, found))
    assert not any(check_levels(COURSE, found).values())
    for answer in found.values():
        verdicts = CHECKER.check(seen(asked, answer))
        assert (OF_THE_WRITING if is_sure else {"no-card"}) <= set(verdicts)
        assert {} == {name: wrong for name, wrong in verdicts.items() if wrong and name != "target"}


async def test_a_card_adds_nothing_of_its_own(profond: Profond) -> None:
    """Every number and name of a card's answer stands in that card."""
    for card in COURSE.cards:
        asked = ExamQuestion(id=card.id, kind="title", question=f"c'est quoi {card.title}", targets=(card.id,))
        for answer in (await answers(profond, asked.question, f"numbers-{card.id}")).values():
            if answer.zone is Zone.SURE:
                own = Seen(question="", targets=(), answer=answer, retrieved=[answer.sources[0].card_id], writer=Writer.CARDS)
                assert "" == CHECKER.check(own)["facts"]
