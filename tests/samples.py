"""Values and steps that the tests of the store share."""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import event, func, select

from core.messages import Answer, Choice, Completion, Level, Question, TokenUsage, Writer, Zone
from core.settings import Settings
from core.store import Outcome, Record, Store
from core.store.database import open_database
from core.store.tables import metadata

ANNA, BEN = "discord:4201", "discord:4202"
ROOM, OTHER_ROOM = "discord:77:501", "discord:77:502"
PARIS = ZoneInfo("Europe/Paris")
_numbers = itertools.count(1)


def in_paris(text: str) -> float:
    """Return the seconds since 1970 of a wall clock in Paris, such as `2026-11-23 12:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).timestamp()


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = in_paris("2026-11-23 12:00")

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds


@asynccontextmanager
async def opened_store(settings: Settings, clock: Clock) -> AsyncIterator[Store]:
    """Open a store as `open_store` does, with a clock of the test's."""
    async with open_database(settings) as database:
        store = Store(database, settings, clock=clock)
        try:
            yield store
        finally:
            await store.close()


def a_question(**changes: object) -> Question:
    """Return a question of Anna's, with an event of its own."""
    base = Question(text="C'est quoi une convolution ?", person=ANNA, conversation=ROOM, event=f"discord:event:{next(_numbers)}")
    return replace(base, **changes)  # type: ignore[arg-type]  # fields by name


def an_answer(**changes: object) -> Answer:
    """Return a whole answer of the model's, from two cards."""
    base = Answer(
        id=secrets.token_hex(16),
        parts=("Une convolution glisse un filtre.",),
        zone=Zone.SURE,
        writer=Writer.MODEL,
        level=Level.BEGINNER,
        sources=(Choice("Convolution", "convolution"), Choice("Filtre", "filtre")),
        completion=Completion(usage=TokenUsage(input=900, cached=512, output=120), model="mistral-small-2603"),
        prompt_version="profond-1",
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # fields by name


def an_outcome(answer: Answer, *, gives_back: bool = False) -> Outcome:
    """Return how a question ended with this answer."""
    record = Record(course_version="abcdef123456", cost_micros=321, milliseconds=1500)
    return Outcome(answer=answer, record=record, gives_back=gives_back)


async def ask(store: Store, question: Question | None = None, **changes: object) -> str:
    """Take a question, store an answer to it (`changes` are the answer's), return the answer's id."""
    ticket = await store.accept(question or a_question(is_exempt=True))
    answer = an_answer(**changes)
    await store.answered(ticket, an_outcome(answer))
    return answer.id


async def left(store: Store, person: str = ANNA) -> tuple[int, int]:
    """Return what a person has left: now, and today."""
    usage = await store.usage(person)
    return usage.left, usage.left_today


async def rows(store: Store) -> dict[str, int]:
    """Return how many rows each table holds, without the empty ones and the keys."""
    async with store._database.read() as connection:
        counts = {table.name: (await connection.execute(select(func.count()).select_from(table))).scalar_one() for table in metadata.sorted_tables}
    return {name: count for name, count in counts.items() if count and name != "keys"}


def pseudonym(store: Store, person: str) -> str:
    """Return the hash by which the database knows a person."""
    return store._database.vault.pseudonym("person", person)


@contextmanager
def at_statement(store: Store, number: int, act: Callable[[], object]) -> Iterator[list[str]]:
    """Act when the database is asked for the n-th time from now, a commit included; yield what it was asked."""
    asked: list[str] = []

    def count(statement: str) -> None:
        asked.append(statement)
        if len(asked) == number:
            act()

    def on_execute(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        count(statement)

    def on_commit(_connection: object) -> None:
        count("COMMIT")

    engine = store._database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", on_execute)
    event.listen(engine, "commit", on_commit)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", on_execute)
        event.remove(engine, "commit", on_commit)


@asynccontextmanager
async def without(store: Store, *tables: str) -> AsyncIterator[None]:
    """Let every statement on these tables fail for a while, as in a database that is away."""
    for table in tables:
        await _rename(store, table, f"{table}_away")
    try:
        yield
    finally:
        for table in tables:
            await _rename(store, f"{table}_away", table)


async def _rename(store: Store, old: str, new: str) -> None:
    async with store._database.write() as connection:
        await connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")


async def settled(store: Store) -> None:
    """Wait until all that was owed while the database was away is written."""
    assert store._settling
    async with asyncio.timeout(10):
        await store._settling
