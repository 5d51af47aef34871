"""How fast, who first, and when to stop trying: the rules of the gate, on a clock that only the test moves."""

from collections.abc import Collection
from itertools import pairwise

import pytest

from core.errors import ModelAway
from core.store import Store
from core.store.breakers import FAILURES, LONGEST, SHORTEST, Breaker
from core.store.gates import LEASE_SECONDS, Seat
from core.store.pace import HALF_LIFE, LONGEST_REST, Limits, Pace
from tests.conftest import OpenStore
from tests.samples import Clock, rows

SLOW = Limits(1.0, 500_000)
GATE = "gate"


def seat(name: str, person: str = "", *, model: str = "m", tokens: int = 2_000) -> Seat:
    return Seat(id=name, person=person or name, model=model, tokens=tokens)


async def enter(store: Store, *seats: Seat, held: Collection[str] = ()) -> None:
    for one in seats:
        await store.gates.enter(GATE, one, SLOW, {one.id, *held})


async def order(store: Store, clock: Clock, names: Collection[str]) -> list[str]:
    """Return the names in the order in which they are let through."""
    gone: dict[str, float] = {}
    for _ in range(3 * len(names)):
        view = await store.gates.look(GATE, SLOW, names)
        gone |= view.goes
        clock.move(SLOW.spacing / 2)
    return sorted(gone, key=lambda name: gone[name])


# The pace


def test_requests_leave_one_by_one() -> None:
    """However many ask at once, the moments they get are as far apart as the rate says."""
    pace, moments = Pace(), []
    for _ in range(30):
        moments.append(pace.slot(100.0, 10, SLOW))
        pace = pace.taken(moments[-1], 10, SLOW)

    assert 100.0 == moments[0]
    assert all(sum(start <= moment < start + 1 for moment in moments) <= 1 for start in moments)
    assert 29 <= moments[-1] - moments[0] <= 30


def test_a_missed_moment_is_made_up_for() -> None:
    """Who is late leaves at once where nobody has the next moment, which then moves; otherwise behind those who have one."""
    pace = Pace().taken(100.0, 10, SLOW)

    assert 100.4 == pace.again(100.0, 100.4, SLOW)
    assert pytest.approx(100.0 + 2 * SLOW.spacing) == pace.taken(100.0 + SLOW.spacing, 10, SLOW).again(100.0, 100.4, SLOW)


def test_tokens_of_any_minute_stay_within_the_limit() -> None:
    """A burst and what drains in a minute add up to no more than the setting."""
    limits, pace, left = Limits(1_000.0, 60_000), Pace(), []
    for _ in range(200):
        moment = pace.slot(100.0, 1_500, limits)
        pace = pace.taken(moment, 1_500, limits)
        left.append(moment)

    assert all(1_500 * sum(start <= moment < start + 60 for moment in left) <= 60_000 for start in left)


def test_tokens_that_were_not_used_come_back() -> None:
    """A request that took fewer tokens than was thought lets the next one leave earlier."""
    limits = Limits(1_000.0, 8_000)
    pace = Pace().taken(100.0, 2_000, limits)

    assert pace.settled(-1_500).slot(100.1, 1_000, limits) < pace.slot(100.1, 1_000, limits)


def test_a_refusal_slows_at_once_and_wears_off() -> None:
    """After a 429 requests are a little further apart, after another one much; by half every minute that goes back, never above the setting."""
    once = Pace().slowed(90.0, 89.0, 0.0, SLOW)
    slowed = once.slowed(100.0, 99.0, 0.0, SLOW)

    assert once.spacing_at(90.0, SLOW) == pytest.approx(1.1 * SLOW.spacing)
    assert slowed.spacing_at(100.0, SLOW) == pytest.approx(1.5 * max(SLOW.spacing, once.spacing_at(100.0, SLOW)))
    assert SLOW.spacing < slowed.spacing_at(110.0, SLOW) < slowed.spacing_at(100.0, SLOW)
    assert SLOW.spacing == slowed.spacing_at(100.0 + HALF_LIFE, SLOW)


def test_several_refusals_of_one_moment_count_once() -> None:
    """Requests that were under way when the first refusal came slow the gate no further; a later one does."""
    once = Pace().slowed(100.0, 99.0, 0.0, SLOW)

    assert once.spacing == once.slowed(100.1, 99.5, 0.0, SLOW).spacing
    assert once.spacing < once.slowed(103.0, 102.0, 0.0, SLOW).spacing


@pytest.mark.parametrize(("rest", "waited"), [(7.0, 7.0), (86_400.0, LONGEST_REST)])
def test_everybody_waits_as_long_as_the_server_says(rest: float, waited: float) -> None:
    """Retry-After closes the gate so long, but no longer than a minute: then one request asks again."""
    assert 100.0 + waited == Pace().slowed(100.0, 99.0, rest, SLOW).slot(100.0, 10, SLOW)


# The queue, on both databases


async def test_one_question_each_goes_before_anybodys_second(store: Store, clock: Clock) -> None:
    """Of a student who asks five at once, one goes in turn and four go last, also when the others came later."""
    greedy = [seat(f"greedy-{number}", "greedy") for number in range(5)]
    others = [seat(f"other-{number}") for number in range(6)]
    await enter(store, *greedy, *others)

    names = [one.id for one in (*greedy, *others)]
    assert ["greedy-0", *(one.id for one in others), *(one.id for one in greedy[1:])] == await order(store, clock, names)


async def test_a_question_of_two_stands_where_the_better_place_is(store: Store, clock: Clock) -> None:
    """A late question that a student wants too who has the better place goes there, as theirs; for one with a worse place nothing moves."""
    await enter(store, seat("a1"), *(seat(f"b{number}", "b") for number in (1, 2, 3)), seat("c1"))
    clock.move(0.1)
    await store.gates.move_up(GATE, "c1", "b")
    await store.gates.move_up(GATE, "b3", "d")
    await enter(store, seat("d2", "d"), seat("e1"))

    assert ["a1", "b1", "c1", "b3", "e1", "b2", "d2"] == await order(store, clock, ["a1", "b1", "b2", "b3", "c1", "d2", "e1"])


async def test_who_was_just_answered_waits_behind_first_questions(store: Store, clock: Clock) -> None:
    """A student whose question has just gone is behind those who wait with their first one, and before other second ones that come later."""
    await enter(store, seat("a1", "a"), seat("b1", "b"), seat("a2", "a"), seat("c1"), seat("b2", "b"))

    assert ["a1", "b1", "c1", "a2", "b2"] == await order(store, clock, ["a1", "b1", "c1", "a2", "b2"])


async def test_places_and_waits_are_told(store: Store) -> None:
    """The third who waits is third, and its wait is that of the moments before it."""
    await enter(store, *(seat(f"s{number}") for number in range(4)))

    view = await store.gates.look(GATE, SLOW, ["s3"])

    assert 3 == view.places["s3"].position
    assert view.places["s3"].seconds == pytest.approx(3 * SLOW.spacing)


async def test_who_leaves_makes_room(store: Store) -> None:
    """A question that was stopped is no longer counted by those behind it."""
    await enter(store, *(seat(f"s{number}") for number in range(3)))
    await store.gates.leave(GATE, seat("s1"))

    assert 1 == (await store.gates.look(GATE, SLOW, ["s2"])).places["s2"].position


async def test_who_misses_a_moment_while_the_gate_is_closed_waits_again(store: Store, clock: Clock) -> None:
    """A question that comes too late for its moment, after a refusal, stands first in the queue with the wait it has; its tokens count once."""
    limits, big = Limits(1.0, 8_000), seat("late", tokens=1_500)
    moment = (await store.gates.enter(GATE, big, limits, ["late"])).goes["late"]
    await store.gates.refused(GATE, limits, clock.now, 30.0)
    clock.move(0.5)

    assert await store.gates.postpone(GATE, big, limits, moment) is None
    pace, _ = await store.gates.state(GATE)
    await enter(store, seat("behind"))
    view = await store.gates.look(GATE, limits, ["late", "behind"])
    assert 0 == pace.debt
    assert (1, 2) == (view.places["late"].position, view.places["behind"].position)
    assert view.places["late"].seconds == pytest.approx(29.5)


async def test_a_dead_process_blocks_nobody(open_it: OpenStore, clock: Clock) -> None:
    """The place of a process that does not come back is passed over when its lease is over, and forgotten later."""
    async with open_it() as dead, open_it() as alive:
        await enter(dead, seat("gone"), seat("ghost"))
        await enter(alive, seat("here"))
        before = (await alive.gates.look(GATE, SLOW, ["here"])).places["here"].position
        clock.move(LEASE_SECONDS / 2)
        await alive.gates.look(GATE, SLOW, ["here"])
        clock.move(LEASE_SECONDS / 2 + 0.1)
        view = await alive.gates.look(GATE, SLOW, ["here"])
        clock.move(600)
        await alive.gates.look(GATE, SLOW, [])

        assert (2, True) == (before, "here" in view.goes)
        assert {"gates": 1} == {name: count for name, count in (await rows(alive)).items() if name in {"gates", "queue"}}


async def test_two_processes_give_no_moment_twice(open_it: OpenStore, clock: Clock) -> None:
    """Questions of two processes leave one after the other, at the rate of one."""
    async with open_it() as one, open_it() as other:
        for number in range(5):
            await enter(one, seat(f"a{number}"))
            await enter(other, seat(f"b{number}"))
        moments: dict[str, float] = {}
        for _ in range(24):
            for store, name in ((one, "a"), (other, "b")):
                moments |= (await store.gates.look(GATE, SLOW, [f"{name}{number}" for number in range(5)])).goes
            clock.move(SLOW.spacing / 2)

    found = sorted(moments.values())
    assert 10 == len(found)
    assert all(later - sooner >= SLOW.spacing - 1e-6 for sooner, later in pairwise(found))


async def test_a_refusal_slows_every_process(open_it: OpenStore) -> None:
    """What one process learns from a 429, another one's questions wait for."""
    async with open_it() as one, open_it() as other:
        await enter(one, seat("a"))
        await one.gates.refused(GATE, SLOW, one.gates.clock(), 7.0)

        view = await other.gates.enter(GATE, seat("b"), SLOW, ["b"])

    assert view.places["b"].seconds == pytest.approx(7.0)


async def test_a_retry_keeps_its_place(store: Store, clock: Clock) -> None:
    """A question that tries again stands where it stood, before those that came after it."""
    await enter(store, seat("a"), seat("b"), seat("c"))
    clock.move(SLOW.spacing)
    await store.gates.look(GATE, SLOW, ["a", "b", "c"])

    view = await store.gates.enter(GATE, seat("a"), SLOW, ["a", "b", "c"])

    assert (1, 2) == (view.places["a"].position, view.places["c"].position)


# The breaker


def broken(now: float = 100.0) -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker = breaker.failed(now, now, is_final=False)
    return breaker


def test_three_failures_in_a_row_open_it() -> None:
    """Two failures let everybody pass, the third nobody, until its time is over."""
    two = Breaker().failed(1.0, 1.0, is_final=False).failed(1.0, 1.0, is_final=False)

    assert two.lets(1.0, "q")
    assert not broken().lets(100.0 + SHORTEST - 0.1, "q")
    assert broken().lets(100.0 + SHORTEST, "q")


def test_a_refused_key_opens_it_at_once() -> None:
    """A key that is refused needs no second failure."""
    assert not Breaker().failed(1.0, 1.0, is_final=True).lets(2.0, "q")


def test_half_open_lets_one_try() -> None:
    """When its time is over one question tries, and the others wait for what becomes of it; one that is lost is not waited for."""
    later = 100.0 + SHORTEST
    trial = broken().tried(later, "first")

    assert trial.lets(later, "first")
    assert not trial.lets(later, "second")
    assert trial.lets(later + 61, "second")


def test_each_failed_trial_doubles_the_time_up_to_five_minutes() -> None:
    """15 s, 30 s, 60 s … 300 s."""
    breaker, times = broken(), []
    for _ in range(7):
        times.append(breaker.open_until - breaker.opened_at)
        breaker = breaker.failed(breaker.open_until, breaker.open_until, is_final=False)

    assert [15, 30, 60, 120, 240, LONGEST, LONGEST] == times


def test_a_late_failure_changes_nothing() -> None:
    """Requests that left before it opened and fail afterwards open it no longer."""
    assert broken() == broken().failed(105.0, 99.0, is_final=False)


async def test_every_process_knows_the_breaker(open_it: OpenStore, clock: Clock) -> None:
    """Failures in one process send away those who wait in another; a success there closes it for both."""
    async with open_it() as one, open_it() as other:
        await enter(one, seat("a"))
        await enter(other, seat("waiting"), seat("another", model="n"))
        for _ in range(FAILURES):
            await one.gates.failed(GATE, seat("a"), clock.now, is_final=False)
        view = await other.gates.look(GATE, SLOW, ["waiting", "another"])
        with pytest.raises(ModelAway, match="error-model-away"):
            await enter(other, seat("late"))
        clock.move(SHORTEST)
        await enter(other, seat("trial"))
        with pytest.raises(ModelAway):
            await enter(one, seat("second"))
        await other.gates.arrived(GATE, seat("trial"), clock.now, 1_000)
        await enter(one, seat("third"))

        assert ["another"] == list(view.places)
        assert Breaker() == (await one.gates.state(GATE))[1]["m"]


async def test_a_late_success_changes_nothing(store: Store, clock: Clock) -> None:
    """An answer that was begun before the breaker opened does not close it when it ends."""
    left_at = clock.now
    clock.move(1)
    await store.gates.failed(GATE, seat("a"), clock.now, is_final=True)
    clock.move(1)
    await store.gates.arrived(GATE, seat("b"), left_at, 1_000)

    with pytest.raises(ModelAway):
        await enter(store, seat("c"))


async def test_a_trial_that_is_stopped_leaves_it_to_another(store: Store, clock: Clock) -> None:
    """When the student who tries presses Stop, the next one may try."""
    await store.gates.failed(GATE, seat("a"), clock.now, is_final=True)
    clock.move(SHORTEST)
    await enter(store, seat("trial"))
    await store.gates.leave(GATE, seat("trial"))

    await enter(store, seat("next"))
