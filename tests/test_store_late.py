"""A database that is slow, away or interrupted: the student is told in time, and nothing is half done."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from core.errors import AllowanceSpent, ProfondError, StoreAway
from core.messages import Question, Ticket
from core.store import Store
from core.store.arrivals import Arrival
from tests.conftest import MakeSettings
from tests.samples import (
    ANNA,
    ROOM,
    Clock,
    a_question,
    an_answer,
    an_outcome,
    ask,
    at_statement,
    left,
    opened_store,
    pseudonym,
    rows,
    settled,
    without,
)
from tests.servers.postgres import PostgresServer, connected

IN_TIME = 0.75
"""500 ms, and what a busy machine may add."""


@asynccontextmanager
async def held(database_url: str) -> AsyncIterator[None]:
    """Hold the lock that every taking needs, from another connection."""
    if "://" in database_url:
        async with connected(database_url) as connection, connection.transaction():
            await connection.execute("SELECT * FROM allowance FOR UPDATE")
            yield
    else:
        other = sqlite3.connect(database_url, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
        finally:
            other.close()


async def refused_late(store: Store, database_url: str, asked: Question) -> float:
    """Ask while the lock is held, let it go, wait until all is undone; return how long the refusal took."""
    async with held(database_url):
        start = time.monotonic()
        with pytest.raises(StoreAway):
            await store.accept(asked)
        seconds = time.monotonic() - start
    await store.close()
    return seconds


async def test_taking_never_waits_longer_than_its_time(store: Store, database_url: str) -> None:
    """While another holds the database the student is told within the time; afterwards nothing was taken."""
    await store.release(await store.accept(a_question()))
    before, asked = await rows(store), a_question()

    seconds = await refused_late(store, database_url, asked)

    assert 0.45 < seconds < IN_TIME
    assert before == await rows(store)
    assert (3, 5) == await left(store)
    assert asked == (await store.accept(asked)).question


async def test_a_crowd_that_is_too_late_takes_nothing(store: Store, database_url: str) -> None:
    """Ten questions that came too late are all undone when the lock goes."""
    await store.release(await store.accept(a_question()))
    before = await rows(store)

    async with held(database_url):
        found = await asyncio.gather(*(store.accept(a_question()) for _ in range(10)), return_exceptions=True)
    await store.close()

    assert {StoreAway} == set(map(type, found))
    after = await rows(store)
    assert (before["allowance"], None) == (after["allowance"], after.get("inbox"))
    assert (3, 5) == await left(store)


async def test_an_event_refused_too_late_may_come_again(store: Store, database_url: str) -> None:
    """Who was told that the store is away, and had nothing left, hears of it when the platform repeats the event."""
    for _ in range(3):
        await store.accept(a_question())
    asked = a_question()
    await refused_late(store, database_url, asked)

    with pytest.raises(AllowanceSpent):
        await store.accept(asked)


async def test_closing_waits_for_what_is_late(store: Store, database_url: str) -> None:
    """A store is closed only when every late question is undone."""
    await store.release(await store.accept(a_question()))
    async with held(database_url):
        with pytest.raises(StoreAway):
            await store.accept(a_question())
        closing = asyncio.create_task(store.close())
        is_closed, _ = await asyncio.wait({closing}, timeout=0.05)
        assert set() == is_closed

    await closing

    assert {"seen_events": 1, "allowance": 1} == await rows(store)
    assert (3, 5) == await left(store)


async def test_a_cancelled_question_is_not_taken(store: Store) -> None:
    """A task cancelled at any statement of its taking takes nothing, and the next question is taken."""
    number, is_cancelled = 0, True
    while is_cancelled:
        number += 1
        asked = a_question(person=f"discord:{number}")
        before = await rows(store)
        taking = asyncio.create_task(store.accept(asked))
        with at_statement(store, number, taking.cancel):
            await asyncio.wait({taking})
            await store.close()
        is_cancelled = taking.cancelled()
        if is_cancelled:
            changed = await rows(store)
            assert (before.get("inbox"), before.get("seen_events")) == (changed.get("inbox"), changed.get("seen_events"))
            assert (3, 5) == await left(store, asked.person)
            await store.accept(asked)

    assert number >= 5
    assert isinstance(taking.result(), Ticket)


async def test_a_question_cancelled_as_it_is_taken_is_undone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task cancelled when its question has just been taken gives it back."""
    tell = Arrival.tell

    def tell_and_cancel(arrival: Arrival, refusal: ProfondError | None) -> None:
        tell(arrival, refusal)
        taking.cancel()

    monkeypatch.setattr(Arrival, "tell", tell_and_cancel)
    taking = asyncio.create_task(store.accept(a_question()))
    await asyncio.wait({taking})
    await store.close()

    assert taking.cancelled()
    assert (3, 5) == await left(store)


async def test_a_question_withdrawn_before_its_turn_writes_nothing(store: Store) -> None:
    """A question cancelled while another transaction is being written is never taken, so that nothing is to be undone."""
    first, second = asyncio.create_task(store.accept(a_question())), asyncio.create_task(store.accept(a_question()))
    with at_statement(store, 1, second.cancel) as asked:
        await asyncio.wait({first, second})
        await store.close()

    assert (False, True) == (first.cancelled(), second.cancelled())
    assert 1 == asked.count("COMMIT")
    assert {"seen_events": 1, "allowance": 1, "inbox": 1} == await rows(store)


async def test_a_cancelled_answer_is_whole_or_not_there(store: Store) -> None:
    """A task cancelled at any statement while an answer is stored leaves all of it or nothing, and a store that works."""
    number, is_cancelled = 0, True
    while is_cancelled:
        number += 1
        ticket = await store.accept(a_question(is_exempt=True))
        before = await rows(store)
        storing = asyncio.create_task(store.answered(ticket, an_outcome(an_answer())))
        with at_statement(store, number, storing.cancel):
            await asyncio.wait({storing})
        await store._database.close()  # the write itself goes on: wait for its end before counting
        is_cancelled = storing.cancelled()
        after = await rows(store)
        stored = tuple(after.get(name, 0) - before.get(name, 0) for name in ("turns", "answers", "inbox"))
        assert stored in {(0, 0, 0), (1, 1, -1)}
        await ask(store)

    assert number >= 6
    assert (1, 1, -1) == stored


async def test_a_cancelled_reading_leaves_the_store_usable(store: Store) -> None:
    """Twenty readings cancelled in the middle do not use up the connections."""
    await ask(store)
    for _ in range(20):
        reading = asyncio.create_task(store.recent(ROOM, pseudonym(store, ANNA)))
        with at_statement(store, 1, reading.cancel):
            await asyncio.wait({reading})
        assert reading.cancelled()

    assert 1 == len(await store.recent(ROOM, pseudonym(store, ANNA)))


async def test_a_database_that_fails_is_away(store: Store) -> None:
    """An error of the database is StoreAway for whoever asks, never the driver's own."""
    ticket = await store.accept(a_question())
    async with store._database.write() as connection:
        for table in ("inbox", "feedback", "reports", "answers", "turns"):
            await connection.exec_driver_sql(f"DROP TABLE {table}")

    for asking in (
        store.accept(a_question()),
        store.answered(ticket, an_outcome(an_answer())),
        store.recent(ROOM, ticket.person),
        store.past("0" * 32),
        store.people.forget(ANNA),
        store.people.complaints(),
    ):
        with pytest.raises(StoreAway):
            await asking
    assert (2, 4) == await left(store)


async def test_what_is_let_go_while_the_database_is_away_is_given_back_later(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question that is let go while the database is away leaves the inbox as soon as it is back, and its allowance comes back, once."""
    monkeypatch.setattr("core.store.SETTLE_SECONDS", 0.01)
    await store.accept(a_question())
    ticket = await store.accept(a_question())
    async with without(store, "inbox"):
        await store.release(ticket)
        await store.release(ticket)
        assert (1, 3) == await left(store)
    await settled(store)

    assert (2, 4) == await left(store)
    assert 1 == (await rows(store))["inbox"]
    assert ticket.id not in store.leases._held


async def test_a_postgresql_that_goes_away_is_told(settings: MakeSettings, clock: Clock, postgres_server: PostgresServer, postgres_url: str) -> None:
    """A PostgreSQL whose database is gone gives StoreAway, not the driver's error."""
    async with opened_store(settings(database_url=postgres_url), clock) as store:
        await postgres_server.drop(postgres_url.rsplit("/", 1)[1])

        with pytest.raises(StoreAway):
            await store.accept(a_question())
        with pytest.raises(StoreAway):
            await store.usage(ANNA)


class Wire:
    """A way to a server on which, from some moment on, nothing passes and nothing is said."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.flows = asyncio.Event()
        self.flows.set()
        self._pumps: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> int:
        """Begin to listen; return the port."""
        self._server = await asyncio.start_server(self._joined, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def __aexit__(self, *_: object) -> None:
        """Cut every connection."""
        self._server.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._pumps |= {asyncio.create_task(self._pump(reader, there_writer)), asyncio.create_task(self._pump(there_reader, writer))}

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while piece := await source.read(65_536):
                await self.flows.wait()
                target.write(piece)
        finally:
            target.close()


async def test_a_postgresql_that_says_nothing_is_away(
    settings: MakeSettings, clock: Clock, postgres_server: PostgresServer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the network swallows everything, who waits hears that the store is away; once it carries again, all is well."""
    monkeypatch.setattr("core.store.database.COMMAND_SECONDS", 0.3)
    monkeypatch.setattr("core.store.database.CONNECT_SECONDS", 0.3)
    wire = Wire(postgres_server.port)
    async with wire as port, opened_store(settings(database_url=postgres_url.replace(str(postgres_server.port), str(port))), clock) as store:
        await ask(store)
        wire.flows.clear()
        for asking in (store.recent(ROOM, pseudonym(store, ANNA)), store.people.set_noticed(ANNA)):
            with pytest.raises(StoreAway):
                await asyncio.wait_for(asking, 10)
        wire.flows.set()

        assert 1 == len(await store.recent(ROOM, pseudonym(store, ANNA)))
        assert not await store.people.is_noticed(ANNA)


async def test_waiting_too_long_for_a_connection_is_away(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """When every connection is in use, who waits in vain hears that the store is away."""
    monkeypatch.setattr(store._database.engine.pool, "_timeout", 0.05)
    async with AsyncExitStack() as stack:
        for _ in range(15):
            await stack.enter_async_context(store._database.read())

        with pytest.raises(StoreAway):
            await store.usage(ANNA)
