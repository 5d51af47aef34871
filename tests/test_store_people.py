"""What students chose and said, what they may see of it, and what is left when they ask to be forgotten."""

import asyncio
import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from core.errors import AlreadyTaken, Unknown
from core.messages import Level
from core.store import Store
from core.store.people import Complaint
from core.store.shelf import Kept
from core.store.spending import Bill
from core.store.tables import allowance, metadata
from tests.samples import ANNA, BEN, OTHER_ROOM, ROOM, Clock, a_question, an_answer, an_outcome, ask, left, pseudonym, rows

CLEO = "discord:4203"
NOON = "2026-11-23T11:00:00+00:00"
NOTHING: dict[str, object] = {
    "person": ANNA,
    "level": None,
    "always_private": None,
    "notice_shown": None,
    "allowance": None,
    "turns": [],
    "waiting": [],
    "feedback": [],
    "reports": [],
}


async def votes(store: Store) -> list[tuple[str, str, int]]:
    async with store._database.read() as connection:
        found = await connection.execute(select(metadata.tables["feedback"]))
        return sorted((row.answer, row.person, row.value) for row in found)


async def live(store: Store, person: str, room: str) -> str:
    """Leave a trace of a person in every table; return the answer's id."""
    answer_id = await ask(store, a_question(person=person, conversation=room, text=f"question de {person}", is_private=True))
    await store.people.set_level(person, Level.ADVANCED)
    await store.people.set_noticed(person)
    await store.people.give_feedback(answer_id, person, 1)
    await store.people.report(answer_id, person, f"signalé par {person}")
    return answer_id


async def test_a_level_is_remembered(store: Store) -> None:
    """A student has no level until they choose one; the last choice counts, for them alone."""
    assert None is await store.people.level(ANNA)

    await store.people.set_level(ANNA, Level.ADVANCED)
    await store.people.set_level(ANNA, Level.INTERMEDIATE)

    assert (Level.INTERMEDIATE, None) == (await store.people.level(ANNA), await store.people.level(BEN))
    assert {"students": 1} == await rows(store)


async def test_the_notice_is_shown_once(store: Store) -> None:
    """A chosen level does not count as the notice; the notice once shown leaves the level alone."""
    await store.people.set_level(ANNA, Level.ADVANCED)
    assert not await store.people.is_noticed(ANNA)

    await store.people.set_noticed(ANNA)

    assert (True, False) == (await store.people.is_noticed(ANNA), await store.people.is_noticed(BEN))
    assert Level.ADVANCED == await store.people.level(ANNA)


async def test_feedback_is_one_a_student_and_may_change(store: Store) -> None:
    """A second vote of the same student replaces the first; another's stands beside it."""
    answer_id = await ask(store)
    for person, value in ((ANNA, 1), (ANNA, -1), (BEN, 1), (ANNA, -1)):
        await store.people.give_feedback(answer_id, person, value)

    assert sorted([(answer_id, pseudonym(store, ANNA), -1), (answer_id, pseudonym(store, BEN), 1)]) == await votes(store)


async def test_nothing_can_be_said_of_an_unknown_answer(store: Store) -> None:
    """A vote and a report on an answer that never was are refused, and nothing is stored."""
    for saying in (store.people.give_feedback("0" * 32, ANNA, 1), store.people.report("0" * 32, ANNA, "faux")):
        with pytest.raises(Unknown) as unknown:
            await saying
        assert {"name": "0" * 32} == unknown.value.details

    assert {} == await rows(store)


async def test_the_teacher_sees_complaints_oldest_first(store: Store, clock: Clock) -> None:
    """A report comes with its words, a thumb down without, both with question, answer, cards and versions; a thumb up is none."""
    answer_id = await ask(store, a_question(text="une"))
    clock.move(60)
    await store.people.give_feedback(answer_id, BEN, 1)
    await store.people.give_feedback(answer_id, ANNA, -1)
    clock.move(60)
    report_id = await store.people.report(answer_id, BEN, "La formule est fausse.")

    down, report = await store.people.complaints()

    around = {
        "question": "une",
        "answer": "Une convolution glisse un filtre.",
        "cards": ("convolution", "filtre"),
        "course_version": "abcdef123456",
        "prompt_version": "profond-1",
        "writer": "model",
    }
    assert Complaint(id=answer_id, kind="thumb_down", at="2026-11-23T11:01:00+00:00", **around) == down  # type: ignore[arg-type]
    assert Complaint(id=report_id, kind="report", at="2026-11-23T11:02:00+00:00", text="La formule est fausse.", **around) == report  # type: ignore[arg-type]


async def test_a_complaint_names_no_student(store: Store) -> None:
    """Neither the platform's id nor the pseudonym of anybody stands in what the teacher sees."""
    await live(store, ANNA, ROOM)
    answer_id = await ask(store, a_question(text="une"))
    await store.people.report(answer_id, BEN, "faux")

    shown = repr(await store.people.complaints()).replace(f"question de {ANNA}", "").replace(f"signalé par {ANNA}", "")

    assert not [name for name in (ANNA, BEN, pseudonym(store, ANNA), pseudonym(store, BEN), ROOM) if name in shown]


async def test_a_settled_complaint_is_gone_until_it_comes_again(store: Store) -> None:
    """Settling closes a report, or all thumbs down of an answer; a new thumb down opens it again."""
    answer_id = await ask(store)
    report_id = await store.people.report(answer_id, ANNA, "faux")
    for person in (ANNA, BEN):
        await store.people.give_feedback(answer_id, person, -1)
    assert 3 == len(await store.people.complaints())

    await store.people.settle(report_id)
    assert ["thumb_down", "thumb_down"] == [complaint.kind for complaint in await store.people.complaints()]
    await store.people.settle(answer_id)
    assert [] == await store.people.complaints()

    await store.people.give_feedback(answer_id, BEN, -1)
    assert [answer_id] == [complaint.id for complaint in await store.people.complaints()]


async def test_a_thumb_turned_up_is_no_complaint(store: Store) -> None:
    """A student who changes their mind takes the complaint back."""
    answer_id = await ask(store)
    await store.people.give_feedback(answer_id, ANNA, -1)
    await store.people.give_feedback(answer_id, ANNA, 1)

    assert [] == await store.people.complaints()


async def test_nothing_is_settled_that_is_not_there(store: Store) -> None:
    """An id that no report and no voted answer has is unknown."""
    answer_id = await ask(store)

    for nothing in ("0" * 8, answer_id):
        with pytest.raises(Unknown):
            await store.people.settle(nothing)


async def test_my_data_is_all_that_is_kept_in_clear(store: Store) -> None:
    """The export holds level, notice, turns, votes and reports in clear, fits into JSON, and nothing of another's."""
    await live(store, BEN, ROOM)
    answer_id = await live(store, ANNA, ROOM)

    data = json.loads(json.dumps(await store.people.my_data(ANNA)))

    turn = {"at": NOON, "question": f"question de {ANNA}", "answer_id": answer_id, "answer": "Une convolution glisse un filtre."}
    assert [{"id": data["reports"][0]["id"], "answer": answer_id, "text": f"signalé par {ANNA}", "at": NOON}] == data["reports"]
    assert [{"answer": answer_id, "value": 1, "at": NOON}] == data["feedback"]
    kept = {"level": "beginner", "is_private": True, "had_files": False, "cards": data["turns"][0]["cards"], "place": ROOM}
    assert [turn | kept] == data["turns"]
    assert ["convolution", "filtre"] == data["turns"][0]["cards"]
    assert (ANNA, "advanced", NOON) == (data["person"], data["level"], data["notice_shown"])
    assert BEN not in json.dumps(data)


async def test_my_data_of_a_stranger_is_empty(store: Store) -> None:
    """Who never wrote sees that nothing is kept."""
    await live(store, BEN, ROOM)

    assert NOTHING == await store.people.my_data(ANNA)


async def test_my_data_has_the_question_that_waits(store: Store) -> None:
    """A question in the inbox is kept about a person, so that it is in their export."""
    await store.accept(a_question(text="toujours en attente"))

    assert "toujours en attente" in json.dumps(await store.people.my_data(ANNA), ensure_ascii=False)


async def test_forgetting_erases_all_but_todays_allowance(store: Store) -> None:
    """After it, every table is empty but for the seen events and the allowance, which is as it was."""
    await live(store, ANNA, ROOM)
    await store.accept(a_question(text="en attente"))
    before = await left(store)

    assert 1 == await store.people.forget(ANNA)

    assert {"allowance": 1, "seen_events": 2} == await rows(store)
    assert (1, 3) == before == await left(store)
    assert NOTHING | {"allowance": {"day": NOON[:10], "used": 2}} == await store.people.my_data(ANNA)
    assert 0 == await store.people.forget(ANNA)


async def test_what_is_kept_for_others_is_forgotten_too(store: Store) -> None:
    """The answer that others would be shown goes with the question that it was written for; another's stays."""
    for person, key in ((ANNA, "of Anna"), (BEN, "of Ben")):
        await store.shelf.put(key, Kept("texte", "small", 1), "course 1")
        ticket = await store.accept(a_question(person=person))
        await store.answered(ticket, replace(an_outcome(an_answer()), bill=Bill(shelf=key)))

    await store.people.forget(ANNA)

    assert (None, "texte") == (await store.shelf.get("of Anna"), (kept := await store.shelf.get("of Ben")) and kept.text)


async def test_a_forgotten_question_that_comes_again_stays_forgotten(store: Store) -> None:
    """An event that the platform repeats after its question was forgotten brings nothing back."""
    asked = a_question()
    await ask(store, asked)
    await store.people.forget(ANNA)

    with pytest.raises(AlreadyTaken):
        await store.accept(asked)


async def test_forgetting_one_leaves_the_other(store: Store, clock: Clock) -> None:
    """Another's rows are those they were, but for what they said of the erased answers."""
    mine, theirs = await live(store, ANNA, ROOM), await live(store, BEN, ROOM)
    await live(store, ANNA, OTHER_ROOM)
    await store.people.give_feedback(mine, BEN, -1)
    await store.people.report(mine, BEN, "de Ben, sur la réponse d'Anna")
    await store.people.give_feedback(theirs, ANNA, -1)
    await store.people.report(theirs, ANNA, "d'Anna, sur la réponse de Ben")
    waiting = await store.accept(a_question(person=BEN, text="Ben attend"))

    assert 2 == await store.people.forget(ANNA)

    expected = dict.fromkeys(("students", "conversations", "turns", "answers", "feedback", "reports", "inbox"), 1)
    assert expected | {"allowance": 2, "seen_events": 4} == await rows(store)
    data = await store.people.my_data(BEN)
    assert [theirs] == [turn["answer_id"] for turn in data["turns"]]
    assert ([(theirs, 1)], [f"signalé par {BEN}"]) == (
        [(vote["answer"], vote["value"]) for vote in data["feedback"]],
        [report["text"] for report in data["reports"]],
    )
    clock.move(1)
    await store.answered(waiting, an_outcome(an_answer()))
    assert [f"question de {BEN}", "Ben attend"] == [turn.question for turn in await store.recent(ROOM, pseudonym(store, BEN))]


async def test_a_question_is_forgotten_where_classmates_had_it_told_again(store: Store) -> None:
    """A retelling, and a retelling of that, go with the question they hold and what was said of them, uncounted; other turns stay."""
    asked = await ask(store, a_question(text="c'est moi, Anna", is_exempt=True))
    retold = await ask(store, a_question(person=BEN, text="c'est moi, Anna", again=asked, is_exempt=True))
    for person in (BEN, CLEO):
        await ask(store, a_question(person=person, text="c'est moi, Anna", again=retold, is_exempt=True))
    await ask(store, a_question(person=BEN, text="de Ben", is_exempt=True))
    await store.people.report(retold, BEN, "faux")

    assert 1 == await store.people.forget(ANNA)

    assert [["de Ben"], []] == [[turn["question"] for turn in (await store.people.my_data(person))["turns"]] for person in (BEN, CLEO)]
    assert [] == await store.people.complaints()


async def test_who_had_a_question_told_again_forgets_their_own_alone(store: Store) -> None:
    """Ben's retelling goes; Anna's question stays, and so does Cleo's retelling of what Ben was told."""
    asked = await ask(store, a_question(text="d'Anna", is_exempt=True))
    retold = await ask(store, a_question(person=BEN, text="d'Anna", again=asked, is_exempt=True))
    await ask(store, a_question(person=CLEO, text="d'Anna", again=retold, is_exempt=True))

    assert 1 == await store.people.forget(BEN)

    assert [1, 0, 1] == [len((await store.people.my_data(person))["turns"]) for person in (ANNA, BEN, CLEO)]


async def test_a_question_that_is_forgotten_while_it_is_told_again_is_not_kept(store: Store) -> None:
    """A retelling that is stored in the moment of the erasing goes too, and one that ends after it is not stored."""
    asked = await ask(store, a_question(text="d'Anna", is_exempt=True))
    bens, cleos = [await store.accept(a_question(person=person, text="d'Anna", again=asked, is_exempt=True)) for person in (BEN, CLEO)]
    async with store._database.write() as connection:
        await store._turn(connection, bens, 0.0)
        forgetting = asyncio.create_task(store.people.forget(ANNA))
        await asyncio.wait({forgetting}, timeout=0.2)
    await forgetting
    await store.answered(cleos, an_outcome(an_answer()))

    assert {"turns", "answers"}.isdisjoint(await rows(store))


async def test_forgetting_does_not_refill_the_allowance(store: Store) -> None:
    """Being forgotten gives no new questions today, neither for what was answered nor for what waits."""
    for _ in range(3):
        await store.accept(a_question())

    await store.people.forget(ANNA)

    assert (0, 2) == await left(store)


async def test_forgetting_erases_an_earlier_days_allowance(store: Store, clock: Clock) -> None:
    """Only today's allowance outlives being forgotten."""
    await store.accept(a_question())
    clock.move(3 * 86400)

    await store.people.forget(ANNA)

    async with store._database.read() as connection:
        assert [] == (await connection.execute(select(allowance))).all()


async def test_what_was_being_answered_is_forgotten_too(store: Store) -> None:
    """An answer that ends after its asker was forgotten is not stored, and is kept for nobody else; its cost is."""
    ticket = await store.accept(a_question())
    await store.people.forget(ANNA)
    await store.shelf.put("of Anna", Kept("texte", "small", 1), "course 1")

    await store.answered(ticket, replace(an_outcome(an_answer()), bill=Bill(shelf="of Anna")))

    assert {"allowance": 1, "seen_events": 1, "spending": 1} == await rows(store)


async def test_forgetting_while_another_answer_is_stored_succeeds(store: Store) -> None:
    """Anna is forgotten although Ben's turn in the same conversation is stored in that moment."""
    await live(store, ANNA, ROOM)
    ticket = await store.accept(a_question(person=BEN, text="de Ben"))
    async with store._database.write() as connection:
        await store._turn(connection, ticket, 0.0)
        forgetting = asyncio.create_task(store.people.forget(ANNA))
        await asyncio.wait({forgetting}, timeout=0.2)

    assert 1 == await forgetting
