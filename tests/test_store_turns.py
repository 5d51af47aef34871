"""Turns with their answers: what is stored, what is remembered of a conversation, and what a past answer tells."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from core.errors import Unknown
from core.messages import Completion, Level, Manner, Question, Turn, Writer, Zone
from core.store import Past, Store
from core.store.tables import answers, turns
from tests.conftest import OpenStore
from tests.samples import ANNA, BEN, OTHER_ROOM, ROOM, Clock, a_question, an_answer, an_outcome, ask, left, pseudonym, rows


async def recent(store: Store, person: str = ANNA, conversation: str = ROOM, limit: int = 6) -> list[tuple[str, str]]:
    """Return the questions and answers that a person sees of a conversation."""
    return [(turn.question, turn.answer) for turn in await store.recent(conversation, pseudonym(store, person), limit)]


def asked(text: str, **changes: object) -> Question:
    return a_question(text=text, is_exempt=True, **changes)


async def test_an_answer_is_stored_with_what_it_cost(store: Store, clock: Clock) -> None:
    """The answer's row holds zone, writer, level, cards, model, versions, tokens, cost and time; the turn holds its asker."""
    answer = an_answer(level=Level.ADVANCED, zone=Zone.UNSURE, writer=Writer.CARDS)
    ticket = await store.accept(a_question(lang="en", manner=Manner.SIMPLER))
    clock.move(5)
    await store.answered(ticket, an_outcome(answer))

    async with store._database.read() as connection:
        row = (await connection.execute(select(answers))).mappings().one()
        turn = (await connection.execute(select(turns))).one()
    assert {
        "id": answer.id,
        "turn": ticket.id,
        "zone": "unsure",
        "level": "advanced",
        "lang": "en",
        "manner": "simpler",
        "writer": "cards",
        "cards": "convolution filtre",
        "model": "mistral-small-2603",
        "prompt_version": "profond-1",
        "course_version": "abcdef123456",
        "tokens_input": 900,
        "tokens_cached": 512,
        "tokens_output": 120,
        "cost_micros": 321,
        "milliseconds": 1500,
        "is_whole": True,
        "created_at": clock.now,
        "shelf": None,
    } == {name: value for name, value in row.items() if name != "answer"}
    assert (ticket.id, pseudonym(store, ANNA), False, clock.now) == (turn.id, turn.person, turn.is_private, turn.created_at)


async def test_answering_clears_the_inbox_and_keeps_the_price(store: Store) -> None:
    """An answered question has left the inbox, has one turn and one answer, and stays paid for."""
    ticket = await store.accept(a_question())
    await store.answered(ticket, an_outcome(an_answer()))
    await store.release(ticket)

    assert {"conversations": 1, "turns": 1, "answers": 1, "allowance": 1, "seen_events": 1} == await rows(store)
    assert (2, 4) == await left(store)


async def test_an_outcome_may_give_the_allowance_back(store: Store) -> None:
    """A question outside the course costs nothing, once, and is remembered all the same."""
    ticket = await store.accept(a_question())
    await store.answered(ticket, an_outcome(an_answer(zone=Zone.OUTSIDE), gives_back=True))
    await store.release(ticket)

    assert (3, 5) == await left(store)
    assert 1 == (await rows(store))["answers"]


async def test_an_answer_given_back_after_its_release_gives_nothing_more(store: Store) -> None:
    """What was let go is not given back a second time by its answer."""
    await store.accept(a_question())
    ticket = await store.accept(a_question())
    await store.release(ticket)

    await store.answered(ticket, an_outcome(an_answer(), gives_back=True))

    assert (2, 4) == await left(store)


async def test_small_talk_leaves_no_turn(store: Store) -> None:
    """An answer without an id clears the inbox and is not remembered."""
    ticket = await store.accept(a_question(text="Merci !"), is_free=True)

    await store.answered(ticket, an_outcome(an_answer(id="", zone=Zone.SMALL_TALK, completion=Completion())))

    assert {"seen_events": 1} == await rows(store)
    assert [] == await recent(store)


async def test_an_answer_that_fails_stays_in_the_inbox(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the answer cannot be stored, the turn is not either, and the question waits in the inbox."""
    ticket = await store.accept(a_question())
    before = await rows(store)
    with monkeypatch.context() as broken:
        broken.setattr(store, "_answer_row", lambda *_: {"id": None})
        with pytest.raises(Exception, match="error-store-away"):
            await store.answered(ticket, an_outcome(an_answer()))

    assert before == await rows(store)


async def test_recent_turns_come_oldest_first(store: Store, clock: Clock) -> None:
    """The last turns of the conversation, no more than asked for, the newest at the end."""
    for number in range(5):
        clock.move(60)
        await ask(store, asked(f"question {number}"), parts=(f"réponse {number}", "suite"))
    await ask(store, asked("ailleurs", conversation=OTHER_ROOM))

    expected = [(f"question {number}", f"réponse {number}\n\nsuite") for number in range(5)]
    assert expected == await recent(store)
    assert expected[-2:] == await recent(store, limit=2)
    assert [("ailleurs", "Une convolution glisse un filtre.")] == await recent(store, conversation=OTHER_ROOM)


async def test_a_turn_carries_its_cards_and_zone(store: Store) -> None:
    """A remembered turn knows which cards it rested on and how sure the search was."""
    await ask(store, asked("C'est quoi ?"), zone=Zone.UNSURE)
    await ask(store, asked("Et ça ?", conversation=OTHER_ROOM), sources=())

    expected = Turn(question="C'est quoi ?", answer="Une convolution glisse un filtre.", card_ids=("convolution", "filtre"), zone=Zone.UNSURE)
    assert [expected] == await store.recent(ROOM, pseudonym(store, ANNA))
    assert [()] == [turn.card_ids for turn in await store.recent(OTHER_ROOM, pseudonym(store, ANNA))]


async def test_an_unknown_conversation_has_no_turns(store: Store) -> None:
    """A conversation that never was is empty, for anybody."""
    await ask(store)

    assert [] == await recent(store, conversation="discord:77:999")
    assert [] == await store.recent("", "")


async def test_a_torn_answer_is_remembered_as_long_as_it_is_the_last(store: Store, clock: Clock) -> None:
    """Who is told to ask for the rest can; once the talk went on, what was torn is no history, and a whole answer of the same turn always is."""
    first = await ask(store, asked("une"), parts=("entière",))
    clock.move(60)
    await ask(store, asked("une", again=first), parts=("coup",), is_whole=False)
    clock.move(60)
    await ask(store, asked("deux"), parts=("coupée",), is_whole=False)

    assert [("une", "entière"), ("deux", "coupée")] == await recent(store)
    clock.move(60)
    await ask(store, asked("trois"), parts=("entière aussi",))
    assert [("une", "entière"), ("trois", "entière aussi")] == await recent(store)


async def test_a_redone_turn_shows_its_newest_answer(store: Store, clock: Clock) -> None:
    """Asking again keeps the turn at its place and replaces what is remembered of it."""
    first = await ask(store, asked("une"), parts=("vieille",))
    clock.move(60)
    await ask(store, asked("deux"), parts=("autre",))
    clock.move(60)
    second = await ask(store, asked("une", again=first), parts=("neuve",))
    clock.move(60)
    await ask(store, asked("une", again=second), parts=("toute neuve",))

    assert [("une", "toute neuve"), ("deux", "autre")] == await recent(store)
    assert (2, 4) == ((await rows(store))["turns"], (await rows(store))["answers"])


async def test_a_redo_of_what_is_gone_is_not_kept(store: Store) -> None:
    """Telling an answer again that was erased meanwhile brings its question back to nobody, and has left the inbox."""
    await ask(store, asked("une", again="0" * 32))

    assert {"seen_events": 1} == await rows(store)


async def test_a_turn_told_often_does_not_hide_the_others(store: Store, clock: Clock) -> None:
    """Two turns are remembered when the newer one was told seven times."""
    await ask(store, asked("une"))
    clock.move(60)
    first = await ask(store, asked("deux"))
    for _ in range(6):
        clock.move(60)
        await ask(store, asked("deux", again=first))

    assert ["une", "deux"] == [question for question, _ in await recent(store, limit=2)]


async def test_a_private_turn_is_seen_by_its_asker_alone(store: Store, clock: Clock) -> None:
    """In the same conversation, another student's history leaves private turns out and does not count them."""
    for number in range(4):
        clock.move(60)
        await ask(store, asked(f"publique {number}"))
    for number in range(4):
        clock.move(60)
        await ask(store, asked(f"privée {number}", person=BEN, is_private=True))

    assert ["publique 2", "publique 3"] == [question for question, _ in await recent(store, ANNA, limit=2)]
    assert ["publique 3", "privée 0", "privée 1", "privée 2", "privée 3"] == [question for question, _ in await recent(store, BEN, limit=5)]
    assert [f"publique {number}" for number in range(4)] == [question for question, _ in await recent(store, "nobody:1")]


async def test_a_private_rephrasing_of_a_public_answer_stays_private(store: Store, clock: Clock) -> None:
    """What Ben had explained to him in private is not in Anna's history."""
    first = await ask(store, asked("une"), parts=("pour tous",))
    clock.move(60)
    await ask(store, asked("une", person=BEN, again=first, is_private=True, manner=Manner.SIMPLER), parts=("pour Ben",))

    assert [("une", "pour tous")] == await recent(store, ANNA)


async def test_a_rephrasing_belongs_to_who_asked_for_it(store: Store) -> None:
    """Who has another's answer told again may redo what came back."""
    first = await ask(store, asked("une"))
    told = await ask(store, asked("une", person=BEN, again=first, manner=Manner.SIMPLER))

    assert (await store.past(told, BEN)).is_own


async def test_what_is_told_again_stands_beside_the_last_turns(store: Store, clock: Clock) -> None:
    """However long ago and wherever it was asked, it comes with its newest answer and how many it had; a classmate's retelling does not."""
    first = await ask(store, asked("une"), parts=("un",))
    for number, (person, place) in enumerate([(ANNA, ROOM), (BEN, OTHER_ROOM), ("discord:4203", OTHER_ROOM)]):
        clock.move(60)
        await ask(store, asked("une", person=person, conversation=place, again=first), parts=(f"encore {number}",))
    clock.move(60)
    await ask(store, asked("autre", person=BEN))
    origin = (await store.past(first)).origin
    found = await store.recent(ROOM, pseudonym(store, BEN), limit=1, origin=origin)

    assert [("encore 0", 2), ("encore 1", 1), ("Une convolution glisse un filtre.", 1)] == [(turn.answer, turn.tellings) for turn in found]


async def test_a_past_answer_tells_its_question(store: Store) -> None:
    """An answer's id leads to its question, its conversation, its cards and its level."""
    question = asked("C'est quoi ?", is_private=True)
    ticket = await store.accept(question)
    answer = an_answer(level=Level.INTERMEDIATE)
    await store.answered(ticket, an_outcome(answer))

    expected = Past(
        turn=ticket.id,
        origin=ticket.id,
        is_own=True,
        question="C'est quoi ?",
        answer=answer.text,
        conversation_place=ROOM,
        card_ids=("convolution", "filtre"),
        level=Level.INTERMEDIATE,
        is_private=True,
        had_files=False,
    )
    assert expected == await store.past(answer.id, ANNA)
    assert replace(expected, is_own=False) == await store.past(answer.id)


async def test_a_past_answer_tells_whether_a_file_came_with_its_question(store: Store) -> None:
    """The mark alone is kept, also by who has it told again."""
    first = await ask(store, asked("une", files=(("tp.py", b"x = 1"),)))
    told = await ask(store, asked("une", person=BEN, again=first))

    assert [True, True] == [(await store.past(answer)).had_files for answer in (first, told)]


async def test_a_past_answer_is_its_askers(store: Store) -> None:
    """It is nobody else's; an id that never was is unknown."""
    answer_id = await ask(store)

    assert not (await store.past(answer_id, BEN)).is_own
    for nothing in ("0" * 32, "", "x' OR '1'='1", answer_id.upper()):
        with pytest.raises(Unknown) as unknown:
            await store.past(nothing, ANNA)
        assert {"name": nothing} == unknown.value.details


async def test_odd_texts_come_back_as_they_were(store: Store) -> None:
    """Quotes, NUL, emoji, right-to-left and very long texts are remembered byte for byte."""
    for number, text in enumerate(("'; DROP TABLE turns; --", "a\0b", "🥚👩‍🏫 \u202eabc", "é" * 100_000)):
        place = f"discord:odd:{number}"
        await ask(store, asked(text, conversation=place), parts=(text,))
        assert [(text, text)] == await recent(store, conversation=place)


async def test_everything_is_there_after_a_restart(open_it: OpenStore) -> None:
    """A store opened again on the same database knows the turns, the allowance, the inbox and the level."""
    waiting = a_question()
    async with open_it() as store:
        answer_id = await ask(store, a_question(text="une"))
        await store.accept(waiting)
        await store.people.set_level(ANNA, Level.ADVANCED)
        before = await rows(store)

    async with open_it() as store:
        assert before == await rows(store)
        assert [("une", "Une convolution glisse un filtre.")] == await recent(store)
        assert (8, 58) == await left(store)
        assert Level.ADVANCED == await store.people.level(ANNA)
        assert "une" == (await store.past(answer_id, ANNA)).question
