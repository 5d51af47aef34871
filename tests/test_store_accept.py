"""A question is taken once, with its allowance, or not at all."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import select

from core.errors import AllowanceSpent, AlreadyTaken, StoreAway
from core.messages import Level, Manner, Ticket
from core.store import Store
from core.store.inbox import load_question
from core.store.tables import inbox
from tests.conftest import MakeSettings, OpenStore
from tests.samples import ANNA, BEN, Clock, a_question, an_answer, an_outcome, at_statement, in_paris, left, opened_store, pseudonym, rows


@pytest.fixture
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a crowd take as long as it takes: here it counts who passes, not how fast."""
    monkeypatch.setattr("core.store.ACCEPT_SECONDS", 30.0)


async def spend(store: Store, count: int) -> None:
    for _ in range(count):
        await store.accept(a_question())


async def test_a_taken_question_leaves_one_row_of_each_kind(store: Store) -> None:
    """Taking writes the event, the allowance and the inbox row, and returns the asker's pseudonym."""
    asked = a_question()

    ticket = await store.accept(asked)

    assert (asked, pseudonym(store, ANNA), False) == (ticket.question, ticket.person, ticket.is_free)
    assert {"seen_events": 1, "allowance": 1, "inbox": 1} == await rows(store)
    assert (2, 4) == await left(store)


async def test_the_inbox_holds_the_whole_question(store: Store) -> None:
    """What the inbox remembers opens as the question that was asked, with its files, level and reply address."""
    asked = a_question(
        text="Où est l'œuf ? 🥚\n```py\nx = 1\n```",
        level=Level.ADVANCED,
        manner=Manner.SIMPLER,
        files=(("notes.py", b"x = 1\n"), ("é.txt", bytes(range(256)))),
        is_private=True,
        reply_to='{"token": "abc"}',
    )

    await store.accept(asked)

    async with store._database.read() as connection:
        row = (await connection.execute(select(inbox))).one()
    vault = store._database.vault
    assert asked == load_question(vault.open("inbox", row.question))
    assert (asked.reply_to, "discord", True, True) == (vault.open("reply_to", row.reply_to), row.platform, row.is_private, row.is_paid)


async def test_a_question_that_cannot_be_kept_takes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the inbox row fails, neither the event nor the allowance is taken."""
    asked = a_question()
    with monkeypatch.context() as broken:
        broken.setattr(store, "_inbox_row", lambda *_, **__: {"id": None})
        with pytest.raises(Exception, match="error-store-away"):
            await store.accept(asked)

    assert {} == await rows(store)
    assert isinstance(await store.accept(asked), Ticket)


@pytest.mark.usefixtures("_patient")
async def test_an_event_delivered_a_hundred_times_is_taken_once(store: Store) -> None:
    """A hundred deliveries of one event at once give one ticket and cost one question."""
    asked = a_question()

    found = await asyncio.gather(*(store.accept(asked) for _ in range(100)), return_exceptions=True)

    assert {Ticket: 1, AlreadyTaken: 99} == Counter(map(type, found))
    assert {"seen_events": 1, "allowance": 1, "inbox": 1} == await rows(store)
    assert (2, 4) == await left(store)


async def test_an_event_delivered_after_its_answer_is_refused(store: Store) -> None:
    """An answered question's event stays seen."""
    asked = a_question()
    await store.answered(await store.accept(asked), an_outcome(an_answer()))

    with pytest.raises(AlreadyTaken):
        await store.accept(asked)
    assert (2, 4) == await left(store)


@pytest.mark.usefixtures("_patient")
async def test_a_crowd_takes_exactly_the_allowance(open_it: OpenStore) -> None:
    """Forty questions at once from two stores pass seven times with an allowance of seven; each refusal carries its wait."""
    async with open_it(allowance_size=7) as store, open_it(allowance_size=7) as other:
        found = await asyncio.gather(*(s.accept(a_question()) for s in (store, other) * 20), return_exceptions=True)

        assert {Ticket: 7, AllowanceSpent: 33} == Counter(map(type, found))
        assert {180.0} == {round(refusal.wait, 3) for refusal in found if isinstance(refusal, AllowanceSpent)}
        assert {"seen_events": 40, "allowance": 1, "inbox": 7} == await rows(store)


@pytest.mark.usefixtures("_patient")
async def test_a_crowd_takes_exactly_the_days_limit(open_it: OpenStore) -> None:
    """Twenty questions at once pass five times with a limit of five a day."""
    async with open_it(allowance_size=20, allowance_per_day=5) as store:
        found = await asyncio.gather(*(store.accept(a_question()) for _ in range(20)), return_exceptions=True)

        assert {Ticket: 5, AllowanceSpent: 15} == Counter(map(type, found))


async def test_a_class_is_taken_in_time(store: Store) -> None:
    """Thirty students who ask in the same moment are all taken within the 500 ms, once the connections are open."""
    asked = [a_question(person=f"discord:{number}") for number in range(30)]
    await asyncio.gather(*(store.usage(ANNA) for _ in asked))

    found = await asyncio.gather(*map(store.accept, asked), return_exceptions=True)

    assert {Ticket: 30} == Counter(map(type, found))


async def test_a_class_is_taken_together(store: Store) -> None:
    """Of a hundred who ask in one moment, all who come while the first is being taken share one transaction."""
    with at_statement(store, 0, lambda: None) as asked:
        await asyncio.gather(*(store.accept(a_question(person=f"discord:{number}")) for number in range(100)))

    assert 1 == asked.count("COMMIT")
    assert {"seen_events": 100, "allowance": 100, "inbox": 100} == await rows(store)


async def test_each_of_one_moment_passes_or_fails_alone(store: Store) -> None:
    """Together with a new question, one that was seen and one without allowance are refused, and a free one costs nothing."""
    seen = a_question(person="discord:seen")
    await store.accept(seen)
    await spend(store, 3)

    crowd = (a_question(person=BEN), seen, a_question(), a_question(person="discord:free"))
    found = await asyncio.gather(*(store.accept(each, is_free="free" in each.person) for each in crowd), return_exceptions=True)

    assert [Ticket, AlreadyTaken, AllowanceSpent, Ticket] == [type(each) for each in found]
    assert [(2, 4), (2, 4), (0, 2), (3, 5)] == [await left(store, each.person) for each in crowd]
    assert {"seen_events": 7, "allowance": 3, "inbox": 6} == await rows(store)


async def test_taking_goes_before_what_waits(settings: MakeSettings, clock: Clock) -> None:
    """Of writes that wait for SQLite's one writer, a question that is taken is the next, and the others keep their order."""
    order: list[str] = []

    async def write(name: str, store: Store) -> None:
        async with store._database.write():
            order.append(name)
            await asyncio.sleep(0)

    async with opened_store(settings(), clock) as store:
        writing = [asyncio.create_task(write(name, store)) for name in "abc"]
        await asyncio.sleep(0)
        taking = asyncio.create_task(store.accept(a_question()))
        taking.add_done_callback(lambda _: order.append("taken"))
        await asyncio.gather(taking, *writing)

    assert ["a", "b", "c"] == [name for name in order if name != "taken"]
    assert order.index("taken") < order.index("c")


async def test_a_moment_that_fails_is_told_to_all(store: Store) -> None:
    """Where the transaction fails, every question of it hears that the store is away, nothing is taken, and the next ones are."""
    asked = [a_question(person=f"discord:{number}") for number in range(10)]
    async with store._database.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE inbox RENAME TO elsewhere")

    found = await asyncio.gather(*map(store.accept, asked), return_exceptions=True)
    async with store._database.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO inbox")

    assert {StoreAway: 10} == Counter(map(type, found))
    assert {} == await rows(store)
    assert {Ticket: 10} == Counter(map(type, await asyncio.gather(*map(store.accept, asked))))


async def test_two_processes_take_from_the_same_class(open_it: OpenStore) -> None:
    """Two stores that take from the same thirty students in opposite orders never wait for each other, and count every question."""
    people = [f"discord:{number}" for number in range(30)]
    async with open_it(allowance_size=9, allowance_per_day=9) as one, open_it(allowance_size=9, allowance_per_day=9) as other:
        for _ in range(4):
            taking = [one.accept(a_question(person=each)) for each in people] + [other.accept(a_question(person=each)) for each in reversed(people)]
            assert {Ticket: 60} == Counter(map(type, await asyncio.gather(*taking, return_exceptions=True)))

        assert {(1, 1)} == {await left(one, each) for each in people}


async def test_a_refused_event_counts_as_seen(store: Store) -> None:
    """The same event is not refused twice: its second delivery is known."""
    await spend(store, 3)
    refused = a_question()

    with pytest.raises(AllowanceSpent):
        await store.accept(refused)
    with pytest.raises(AlreadyTaken):
        await store.accept(refused)


async def test_one_student_does_not_spend_anothers_allowance(store: Store) -> None:
    """Allowances are held apart."""
    await spend(store, 3)

    await store.accept(a_question(person=BEN))

    assert ((0, 2), (2, 4)) == (await left(store), await left(store, BEN))


async def test_the_bucket_refills_with_time(store: Store, clock: Clock) -> None:
    """After a refusal the next question passes when the wait is over, and not a tenth of a second before."""
    await spend(store, 3)
    clock.move(40)
    with pytest.raises(AllowanceSpent) as refusal:
        await store.accept(a_question())

    clock.move(refusal.value.wait - 0.1)
    with pytest.raises(AllowanceSpent):
        await store.accept(a_question())
    clock.move(0.1)
    await store.accept(a_question())

    assert (60.0, "refusal-allowance") == (round(refusal.value.wait, 3), refusal.value.key)
    assert (0, 1) == await left(store)


async def test_refused_questions_do_not_delay_the_refill(store: Store, clock: Clock) -> None:
    """Asking again and again while the bucket is empty costs nothing."""
    await spend(store, 3)
    for _ in range(9):
        clock.move(10)
        with pytest.raises(AllowanceSpent):
            await store.accept(a_question())

    clock.move(10)
    await store.accept(a_question())


async def test_the_bucket_holds_no_more_than_its_size(store: Store, clock: Clock) -> None:
    """A long silence fills the bucket, and nothing beyond."""
    await spend(store, 1)

    clock.move(3600)

    usage = await store.usage(ANNA)
    assert (3, 3, 4, 5, 0.0, False) == (usage.left, usage.size, usage.left_today, usage.per_day, usage.next_in, usage.is_exempt)
    await spend(store, 3)
    with pytest.raises(AllowanceSpent):
        await store.accept(a_question())


async def test_a_clock_that_goes_back_gives_nothing(store: Store, clock: Clock) -> None:
    """A clock set back neither refills the bucket nor makes the wait longer than one refill."""
    await spend(store, 3)

    clock.move(-50)

    with pytest.raises(AllowanceSpent) as refusal:
        await store.accept(a_question())
    assert 100.0 == round(refusal.value.wait, 3)


async def test_the_day_has_its_own_limit(store: Store, clock: Clock) -> None:
    """The day's limit refuses however full the bucket is; the wait goes to midnight in Paris."""
    await spend(store, 3)
    clock.move(1000)
    await spend(store, 2)
    clock.move(1000)

    with pytest.raises(AllowanceSpent) as refusal:
        await store.accept(a_question())

    assert ("refusal-allowance-day", in_paris("2026-11-24 00:00") - clock.now) == (refusal.value.key, refusal.value.wait)
    assert (0, 0) == await left(store)


@pytest.mark.parametrize(("morning", "hours"), [("2026-11-23", 23.5), ("2027-03-28", 22.5), ("2027-10-31", 24.5)])
async def test_the_day_turns_at_midnight_in_paris(store: Store, clock: Clock, morning: str, hours: float) -> None:
    """A day of 24, 23 or 25 hours ends at midnight in Paris: a second before it refuses, at midnight it takes."""
    clock.now = in_paris(f"{morning} 00:30")
    await spend(store, 3)
    clock.move(200)
    await spend(store, 2)
    clock.now = in_paris(f"{morning} 00:30")
    with pytest.raises(AllowanceSpent) as refusal:
        await store.accept(a_question())

    clock.move(refusal.value.wait - 1)
    with pytest.raises(AllowanceSpent):
        await store.accept(a_question())
    clock.move(1)
    await store.accept(a_question())

    assert hours * 3600 == refusal.value.wait
    assert (2, 4) == await left(store)


async def test_the_wait_is_enough_when_both_limits_are_met(open_it: OpenStore, clock: Clock) -> None:
    """Where the day ends before the bucket has a question again, the wait is the longer of the two."""
    clock.now = in_paris("2026-11-23 23:59:50")
    async with open_it(allowance_size=2, allowance_per_day=2) as store:
        await spend(store, 2)
        with pytest.raises(AllowanceSpent) as refusal:
            await store.accept(a_question())

        clock.move(refusal.value.wait)
        await store.accept(a_question())


async def test_what_is_released_comes_back_once(store: Store) -> None:
    """Letting go twice, and five times at once, gives one question back."""
    await spend(store, 1)
    ticket, other = await store.accept(a_question()), await store.accept(a_question())

    await store.release(ticket)
    await store.release(ticket)
    assert (1, 3) == await left(store)

    await asyncio.gather(*(store.release(other) for _ in range(5)))
    assert (2, 4) == await left(store)
    assert {"seen_events": 3, "allowance": 1, "inbox": 1} == await rows(store)


async def test_a_released_event_stays_seen_unless_it_is_to_be_forgotten(store: Store) -> None:
    """A question let go is not taken again when the platform repeats it; one let go with its event is."""
    kept, forgotten = a_question(), a_question()
    await store.release(await store.accept(kept))
    await store.release(await store.accept(forgotten), forget_event=True)

    with pytest.raises(AlreadyTaken):
        await store.accept(kept)
    assert forgotten == (await store.accept(forgotten)).question


async def test_yesterdays_question_is_given_back_to_yesterday(store: Store, clock: Clock) -> None:
    """A question taken before midnight and let go after it leaves today's count alone."""
    clock.now = in_paris("2026-11-23 23:59:55")
    ticket = await store.accept(a_question())
    clock.move(10)
    await spend(store, 1)

    await store.release(ticket)

    assert (2, 4) == await left(store)


async def test_a_full_bucket_takes_nothing_back(store: Store, clock: Clock) -> None:
    """What was refilled meanwhile is not given a second time."""
    ticket = await store.accept(a_question())
    clock.move(1000)

    await store.release(ticket)

    assert (3, 5) == await left(store)


async def test_a_free_question_takes_nothing(store: Store) -> None:
    """Small talk is taken once like any question, costs nothing and gives nothing back."""
    asked = a_question(text="Merci !")
    await spend(store, 1)
    ticket = await store.accept(asked, is_free=True)

    with pytest.raises(AlreadyTaken):
        await store.accept(asked, is_free=True)
    await store.release(ticket)

    assert ticket.is_free
    assert (2, 4) == await left(store)


async def test_a_free_question_passes_an_empty_bucket(store: Store) -> None:
    """Who has nothing left is still greeted."""
    await spend(store, 3)

    assert (await store.accept(a_question(text="Bonjour"), is_free=True)).is_free


async def test_the_exempt_have_no_limit(open_it: OpenStore) -> None:
    """People of EXEMPT_IDS, and questions marked so, take and give back nothing."""
    async with open_it(exempt_ids=f"slack:T1:U1, {ANNA}", allowance_size=1) as store:
        tickets = [await store.accept(a_question()) for _ in range(3)]
        tickets += [await store.accept(a_question(person=BEN, is_exempt=True)) for _ in range(3)]
        await store.release(tickets[0])
        await store.release(tickets[-1])

        assert {"seen_events": 6, "inbox": 4} == await rows(store)
        assert (True, False) == ((await store.usage(ANNA)).is_exempt, (await store.usage(BEN)).is_exempt)
        await store.accept(a_question(person=BEN))
        with pytest.raises(AllowanceSpent):
            await store.accept(a_question(person=BEN))


async def test_a_question_with_half_an_emoji_is_taken(store: Store) -> None:
    """Text with a lone surrogate, which JSON can carry, is kept like any other."""
    asked = a_question(text="pourquoi \ud83d ?")

    assert replace(asked, text="") == replace((await store.accept(asked)).question, text="")
