"""What a question asks of the database is found by an index, however many rows there are."""

import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import event, text

from core.messages import Level
from core.store import Store
from core.store.gates import Seat
from core.store.pace import Limits
from core.store.shelf import Kept
from tests.samples import ANNA, BEN, ROOM, a_question, an_answer, an_outcome, ask

GROWING = ("turns", "answers", "conversations", "students", "feedback", "reports", "allowance", "seen_events", "shelf", "spending")
"""The tables that hold a row for each question, student or day; the others hold what is under way."""
WALK = re.compile(rf"(?:SCAN|Scan on|Scan using \w+ on) ({'|'.join(GROWING)})\b")
CONDITION = re.compile("Index Cond|Recheck Cond")


async def a_question_from_end_to_end(store: Store) -> None:
    limits, seat = Limits(100, 1_000_000), Seat(id="0" * 32, person="1" * 32, model="small", tokens=9)
    asked = a_question(is_exempt=False)
    ticket = await store.accept(asked)
    await store.leases.place(ticket, "message 7")
    await store.people.level(asked.person)
    await store.people.is_always_private(asked.person)
    await store.people.is_noticed(asked.person)
    await store.has_asked(ROOM, asked.person)
    await store.recent(ROOM, ticket.person)
    await store.shelf.get("a")
    await store.spending.spent()
    await store.gates.enter("g" * 32, seat, limits, {seat.id})
    await store.gates.look("g" * 32, limits, {seat.id})
    await store.gates.arrived("g" * 32, seat, store.gates.clock(), 8)
    outcome = an_outcome(an_answer())
    await store.answered(ticket, outcome)
    await store.past(outcome.answer.id, asked.person)
    await store.usage(asked.person)


async def a_question_that_is_let_go(store: Store) -> None:
    await store.release(await store.accept(a_question(person=BEN)), forget_event=True)


async def a_question_told_again(store: Store) -> None:
    answer = await ask(store)
    ticket = await store.accept(a_question(again=answer, is_exempt=True))
    await store.recent(ROOM, ticket.person, origin=(await store.past(answer)).origin)
    await store.answered(ticket, an_outcome(an_answer()))


async def a_judgement(store: Store) -> None:
    answer = await ask(store)
    await store.people.give_feedback(answer, ANNA, -1)
    await store.people.report(answer, BEN, "faux")


async def a_look_at_what_others_left(store: Store) -> None:
    await store.leases.has_left("discord")
    await store.leases.take_over("discord")


async def ones_own_data(store: Store) -> None:
    await store.people.set_level(ANNA, Level.ADVANCED)
    await store.people.my_data(ANNA)


HOT = (a_question_from_end_to_end, a_question_that_is_let_go, a_question_told_again, a_judgement, a_look_at_what_others_left, ones_own_data)


@contextmanager
def statements(store: Store) -> Iterator[dict[str, Any]]:
    """Yield what the database is asked, each statement with its last parameters."""
    asked: dict[str, Any] = {}

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, _context: object, is_many: object) -> None:  # noqa: ANN401  # the library's
        asked[statement] = parameters[-1] if is_many else parameters

    engine = store._database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def plan(store: Store, statement: str, parameters: Any) -> str:  # noqa: ANN401  # the driver's
    """Return how the database finds the rows of a statement; PostgreSQL is told to walk through a table only where it must."""
    is_sqlite = store._database.engine.dialect.name == "sqlite"
    async with store._database.read() as connection:
        if not is_sqlite:
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
        found = await connection.exec_driver_sql(f"EXPLAIN {'QUERY PLAN ' * is_sqlite}{statement}", parameters)
        return "\n".join(str(row[-1]) for row in found)


def scans(found: str) -> list[str]:
    """Return the growing tables that a plan walks through from end to end: without a condition on an index below their line."""
    lines = pairwise([*found.splitlines(), ""])
    return [walked[1] for line, after in lines if (walked := WALK.search(line)) and not CONDITION.search(after)]


@pytest.mark.parametrize("act", HOT, ids=lambda act: act.__name__)
async def test_what_is_asked_for_each_question_uses_an_index(store: Store, act: Callable[[Store], Awaitable[None]]) -> None:
    """No statement of a question, a judgement, a recovery or a look at one's data walks through a table that grows."""
    await ask(store)
    await store.shelf.put("a", Kept("text", "small", 1), "course 1")
    with statements(store) as asked:
        await act(store)
    reading = {each: parameters for each, parameters in asked.items() if each.startswith(("SELECT", "UPDATE", "DELETE"))}

    assert reading
    assert {} == {each: walked for each, parameters in reading.items() if (walked := scans(await plan(store, each, parameters)))}


async def test_a_scan_is_seen(store: Store) -> None:
    """A statement without an index is found out by the same look."""
    for statement in ("SELECT question FROM turns WHERE is_private", "SELECT id FROM turns", "DELETE FROM turns WHERE length(person) = 1"):
        assert ["turns"] == scans(await plan(store, statement, ()))
