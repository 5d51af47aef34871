"""Leases: what a dead process took is taken over once, by one process, with all that is needed to finish it."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from core.errors import NotYours, StoreAway
from core.recovery import TOO_LATE, Recovery
from core.store.leases import LEASE_SECONDS, Left
from tests.conftest import OpenStore
from tests.samples import Clock, a_question, an_answer, an_outcome, left, rows, without


async def test_a_living_process_keeps_its_questions(open_it: OpenStore, clock: Clock) -> None:
    """While a lease runs, or is renewed, nobody else is given the question."""
    async with open_it() as one, open_it() as other:
        await one.accept(a_question())
        assert await other.leases.take_over("discord") == []
        clock.move(LEASE_SECONDS - 1)
        assert one.leases._held
        await one.leases._renew()
        clock.move(LEASE_SECONDS - 1)
        assert await other.leases.take_over("discord") == []
        assert not await other.leases.has_left("discord")


async def test_a_process_that_slept_takes_over_nothing_of_its_own(open_it: OpenStore, clock: Clock) -> None:
    """A lease that ran out while the computer slept is still its process's: until another took it, or the process let it go."""
    async with open_it() as store:
        ticket = await store.accept(a_question())
        clock.move(LEASE_SECONDS + 1)
        assert not await store.leases.has_left("discord")
        assert [] == await store.leases.take_over("discord")

        await store.leases.leave(ticket)
        assert [ticket.id] == [each.ticket.id for each in await store.leases.take_over("discord")]


async def test_what_nobody_answers_any_more_is_taken_over(open_it: OpenStore, clock: Clock) -> None:
    """Leases are renewed of what is being answered alone: a question that was dropped goes to another process, though its first one lives."""
    async with open_it() as one, open_it() as other:
        dropped, kept = await one.accept(a_question()), await one.accept(a_question())
        async with without(one, "inbox"):
            with pytest.raises(StoreAway):
                await one.leases.leave(dropped)
        clock.move(LEASE_SECONDS - 1)
        await one.leases._renew()
        clock.move(2)

        assert [dropped.id] == [found.ticket.id for found in await other.leases.take_over("discord")]
        assert {kept.id} == one.leases._held


@pytest.mark.parametrize("is_answered", [True, False])
async def test_what_is_still_owed_is_nobody_elses(open_it: OpenStore, clock: Clock, *, is_answered: bool) -> None:
    """A question that was answered or let go while the database was away stays held until that is written: no process answers it again."""
    async with open_it() as one, open_it() as other:
        ticket = await one.accept(a_question())
        one.leases.drop(ticket.id)  # as one that was taken too late
        async with without(one, "answers", "allowance"):
            with suppress(StoreAway):
                await (one.answered(ticket, an_outcome(an_answer())) if is_answered else one.release(ticket))
            with pytest.raises(StoreAway):
                await one._owed[0]()
            clock.move(LEASE_SECONDS - 1)
            await one.leases._renew()
            clock.move(LEASE_SECONDS - 1)

            assert [] == await other.leases.take_over("discord")
            assert not await one.leases.has_left("discord")


async def test_a_dead_process_loses_its_questions_to_one_other(open_it: OpenStore, clock: Clock) -> None:
    """Of several processes that look at once, one gets the question, whole: words, files, address, placeholder and age."""
    async with open_it() as dead, open_it() as one, open_it() as other:
        asked = a_question(files=(("a.py", b"print(1)"),), reply_to="the address", is_private=True)
        ticket = await dead.accept(asked)
        await dead.leases.place(ticket, "message 7")
        clock.move(LEASE_SECONDS + 1)
        assert await one.leases.has_left("discord")
        found = await asyncio.gather(*(store.leases.take_over("discord") for store in (one, other, one, other)))

        assert [Left(ticket=replace(ticket, question=asked), placeholder="message 7", age=LEASE_SECONDS + 1)] == [
            each for taken in found for each in taken
        ]


async def test_other_platforms_questions_are_left_alone(open_it: OpenStore, clock: Clock) -> None:
    """A Slack process never takes a question of Discord's."""
    async with open_it() as dead, open_it() as slack:
        await dead.accept(a_question())
        clock.move(LEASE_SECONDS + 1)

        assert await slack.leases.take_over("slack") == []


async def test_what_was_answered_is_not_left(open_it: OpenStore, clock: Clock) -> None:
    """Neither an answered question nor one that was let go waits for anybody; the allowance is what it was."""
    async with open_it(allowance_size=3, allowance_refill_seconds=1e6) as store:
        await store.answered(await store.accept(a_question()), an_outcome(an_answer()))
        await store.release(await store.accept(a_question()))
        clock.move(LEASE_SECONDS + 1)

        assert await store.leases.take_over("discord") == []
        assert (2, 59) == await left(store)


async def test_a_question_taken_over_is_answered_once(open_it: OpenStore, clock: Clock) -> None:
    """When the first process wakes up after all, its answer is not stored beside the other's, and nothing is paid twice."""
    async with open_it(allowance_size=3, allowance_refill_seconds=1e6) as slow, open_it() as other:
        ticket = await slow.accept(a_question())
        clock.move(LEASE_SECONDS + 1)
        (taken,) = await other.leases.take_over("discord")
        await other.answered(taken.ticket, an_outcome(an_answer()))
        await slow.answered(ticket, an_outcome(an_answer()))

        assert (await rows(slow))["answers"] == 1
        assert (2, 59) == await left(slow)


async def test_a_question_taken_over_is_not_let_go_by_its_first_process(open_it: OpenStore, clock: Clock) -> None:
    """What a process lets go too late stays with the one that took it over, whose answer is stored and paid for."""
    async with open_it(allowance_size=3, allowance_refill_seconds=1e6) as slow, open_it() as other:
        ticket = await slow.accept(a_question())
        clock.move(LEASE_SECONDS + 1)
        (taken,) = await other.leases.take_over("discord")
        await slow.release(ticket)
        await other.answered(taken.ticket, an_outcome(an_answer()))

        assert (1, None) == ((await rows(slow))["answers"], (await rows(slow)).get("inbox"))
        assert (2, 59) == await left(slow)


async def test_recovery_finishes_or_apologises(open_it: OpenStore, clock: Clock) -> None:
    """What is left is finished; what is older than ten minutes is apologised for and costs nothing; one failure stops no other, and costs nothing."""
    async with open_it(allowance_size=9, allowance_refill_seconds=1e6) as dead, open_it(allowance_size=9, allowance_refill_seconds=1e6) as store:
        await dead.accept(a_question(text="trop vieux"))
        clock.move(TOO_LATE)
        for text in ("casse", "merci", "fini"):
            await dead.accept(a_question(text=text))
        clock.move(LEASE_SECONDS + 1)
        finished: list[Left] = []
        sorry: list[Left] = []
        done = asyncio.Event()

        async def finish(found: Left) -> None:
            if found.ticket.question.text == "casse":
                raise RuntimeError
            finished.append(found)
            tell()

        async def apologise(found: Left) -> None:
            sorry.append(found)
            tell()

        def tell() -> None:
            if len(finished) + len(sorry) == 3:
                done.set()

        running = asyncio.create_task(Recovery(store).run("discord", finish, apologise))
        await asyncio.wait_for(done.wait(), 10)
        async with asyncio.timeout(10):
            while await left(store) != (9 - 2, 60 - 2):  # noqa: ASYNC110  # nobody is told that it came back
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

        assert {"merci": True, "fini": False} == {found.ticket.question.text: found.ticket.is_free for found in finished}
        assert ["trop vieux"] == [found.ticket.question.text for found in sorry]


async def test_what_waits_for_a_person_is_known_everywhere(open_it: OpenStore) -> None:
    """Any process is told a person's unanswered questions with the messages that were begun for them, and nobody else's."""
    async with open_it() as one, open_it() as other:
        asked = a_question()
        ticket = await one.accept(asked)
        await one.accept(replace(a_question(), person="discord:somebody else"))
        await one.leases.place(ticket, "here")

        assert [(ticket, "here")] == [(left.ticket, left.placeholder) for left in await other.leases.waiting(asked.person)]
        await one.answered(ticket, an_outcome(an_answer()))
        assert [] == await other.leases.waiting(asked.person)


async def test_stop_reaches_the_process_that_answers(open_it: OpenStore) -> None:
    """Pressed where another process hears it, Stop is told to the one that answers when it next renews; to the asker alone, and while it waits."""
    async with open_it() as one, open_it() as other:
        ticket = await one.accept(a_question())
        stopped: list[str] = []
        one.leases.on_stop = stopped.append
        with pytest.raises(NotYours):
            await other.leases.ask_to_stop(ticket.id, "discord:somebody else")

        assert [] == await one.leases._renew()
        assert await other.leases.ask_to_stop(ticket.id, ticket.question.person)
        assert [ticket.id] == await one.leases._renew()
        await one.answered(ticket, an_outcome(an_answer()))
        assert not await other.leases.ask_to_stop(ticket.id, ticket.question.person)
