"""The store's time for one question at a thousand turns and at a million, on SQLite and on PostgreSQL.

A question is `accept`, `recent` and `answered`, in a conversation of a hundred turns. The past is written by SQL: copies of one
real turn with ids in no order. The small and the large database are asked in turn, so that whatever else runs meets both.
"""

import asyncio
import itertools
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from benchmarks.report import Report, Row, Target, median, quantile, ratio, settings_in, show
from core.messages import Question
from core.store import Store, open_store
from core.store.tables import answers
from tests.samples import an_answer, an_outcome
from tests.servers import postgres

FEW, MANY, TOGETHER, ROUNDS, WARM_UP = 1_000, 1_000_000, 100, 500, 50
"""TOGETHER: how many turns a conversation has, and a student."""
LIMIT = 1.5
ROOM, PERSON = "bench:room", "bench:person"
NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most})",
    "postgresql": "WITH n(i) AS (SELECT generate_series(1, {most}))",
}
ID = {
    "sqlite": "printf('%032x', ({number}) * 2654435761 & 4294967295)",
    "postgresql": "lpad(to_hex(({number})::bigint * 2654435761 & 4294967295), 32, '0')",
}
"""A number as an id, so that neighbours are far apart."""
REST = ", ".join(column.name for column in answers.c if column.name not in {"id", "turn"})
FILL = (
    "INSERT INTO conversations {numbers} SELECT {each}, place, created_at FROM conversations, n",
    "INSERT INTO turns {numbers} SELECT {id}, {some}, {some}, question, is_private, created_at - i, retells, had_files FROM turns, n",
    "INSERT INTO answers {numbers} SELECT {id}, {id}, {rest} FROM answers, n",
    "INSERT INTO seen_events {numbers} SELECT {id}, at - i FROM seen_events, n",
    "INSERT INTO allowance {numbers} SELECT {each}, tokens, at, day, used FROM allowance, n",
)
ANALYZE = {"sqlite": "PRAGMA optimize", "postgresql": "ANALYZE"}
_events = itertools.count()


async def ask(store: Store) -> float:
    """Ask one question as the assistant does; return the store's milliseconds."""
    asked = Question(text="C'est quoi une convolution ?", person=PERSON, conversation=ROOM, event=f"bench:{next(_events)}")
    start = time.perf_counter()
    ticket = await store.accept(asked)
    await store.recent(asked.conversation, ticket.person)
    await store.answered(ticket, an_outcome(an_answer()))
    return (time.perf_counter() - start) * 1000


async def fill(store: Store, count: int) -> None:
    """Write a past of so many turns, and give the room its hundred."""
    await ask(store)
    engine = store._database.engine  # noqa: SLF001  # what is measured
    kind = engine.dialect.name
    async with store._database.write() as connection:  # noqa: SLF001
        for statement in FILL:
            most = count // TOGETHER if "{each}" in statement else count
            ids = {"id": "i", "each": "i", "some": f"1 + (i - 1) / {TOGETHER}"}
            words = {name: ID[kind].format(number=number) for name, number in ids.items()}
            await connection.exec_driver_sql(statement.format(numbers=NUMBERS[kind].format(most=most), rest=REST, **words))
    for _ in range(TOGETHER):
        await ask(store)
    async with store._database.write() as connection:  # noqa: SLF001
        await connection.exec_driver_sql(ANALYZE[kind])


@asynccontextmanager
async def filled(url: str, count: int) -> AsyncIterator[Store]:
    """Open a database with a past."""
    changes = {"database_url": SecretStr(url), "profond_secret_key": SecretStr("k" * 40), "allowance_size": 1000, "allowance_per_day": 10_000}
    async with open_store(settings_in(Path()).model_copy(update=changes)) as store:
        await fill(store, count)
        yield store


async def measure(kind: str, few_url: str, many_url: str) -> list[Row]:
    """Ask the small and the large database in turn."""
    async with filled(few_url, FEW) as few, filled(many_url, MANY) as many:
        found: dict[int, list[float]] = {FEW: [], MANY: []}
        for number in range(-WARM_UP, ROUNDS):
            for count, store in ((FEW, few), (MANY, many)):
                milliseconds = await ask(store)
                if number >= 0:
                    found[count].append(milliseconds)
    return [{"database": kind, "turns": count, "p50_ms": median(times), "p99_ms": round(quantile(times, 0.99), 2)} for count, times in found.items()]


async def measure_all(folder: Path, programs: Path | None) -> list[Row]:
    """Measure on each kind of database that there is."""
    rows = await measure("SQLite", str(folder / "few.db"), str(folder / "many.db"))
    if programs:
        with postgres.running(programs) as server:
            rows += await measure("PostgreSQL", await server.create("few"), await server.create("many"))
    return rows


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(measure_all(Path(folder), postgres.programs()))
    by = {(row["database"], row["turns"]): row["p50_ms"] for row in rows}
    ratios = {f"{kind}, {MANY:,} turns / {FEW:,}": ratio(_ms(by[kind, MANY]), _ms(by[kind, FEW])) for kind in dict.fromkeys(kind for kind, _ in by)}
    show(Report("million", rows, [Target(name, value, LIMIT, "times") for name, value in ratios.items()], ratios))


def _ms(value: object) -> float:
    assert isinstance(value, float)
    return value


if __name__ == "__main__":
    main()
