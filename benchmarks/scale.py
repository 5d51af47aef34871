"""Four processes on one PostgreSQL: questions a second from `take` to the stored answer, and allowances to the last one.

Each process is the core as a bot runs it, with a model that writes at once and a face that shows nothing: what is left is what
processes share. Forty students ask in every process at once, and more than they may. The server is a throw-away one in memory.
"""

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import func, select

from benchmarks.classroom import ROOT, distinct_questions
from benchmarks.question import InstantModel, NoSurface
from benchmarks.report import Report, Row, Target, quantile, settings_in, show
from core.errors import AllowanceSpent, StoreAway
from core.messages import Question
from core.profond import Profond, open_profond
from core.settings import Settings
from core.store import open_store
from core.store.tables import allowance, inbox, spending, turns
from tests.servers import postgres

PROCESSES, STUDENTS, PER_DAY, TRIES, AT_ONCE = 4, 40, 50, 15, 4
"""Every student asks 15 times in each of four processes: 60 times, where 50 are allowed."""
WANTED = 50


def settings_on(url: str) -> Settings:
    """Return a measurement's settings on a database that processes share."""
    allowances = {"allowance_size": PER_DAY, "allowance_per_day": PER_DAY, "allowance_refill_seconds": 1e9}
    return settings_in(Path()).model_copy(update={"database_url": SecretStr(url), "profond_secret_key": SecretStr("k" * 40), **allowances})


@dataclass
class Told:
    """What came of a process's questions: milliseconds of those answered, and how many were refused, or told to come again."""

    times: list[float] = field(default_factory=list)
    refused: int = 0
    again: int = 0


async def _ask(profond: Profond, own: str, numbers: Iterator[int], texts: Sequence[str], told: Told) -> None:
    """Ask one question after the other, and anew where the store was not in time, as a student does who is told so."""
    for number in numbers:
        person, start, ticket = f"bench:{number % STUDENTS}", time.perf_counter(), None
        while ticket is None:
            event = f"{own}:{number}:{told.again}"
            asked = Question(text=texts[number % len(texts)], person=person, conversation=f"{person}:{own}:{number}", event=event)
            try:
                ticket = await profond.assistant.take(asked)
            except StoreAway:
                told.again += 1
            except AllowanceSpent:
                told.refused += 1
                break
        else:
            await profond.assistant.answer(ticket, NoSurface(edit_interval=1.0))
            told.times.append((time.perf_counter() - start) * 1000)


async def work(own: str, url: str) -> None:
    """Be one of the processes: open everything, wait for the word, ask, tell."""
    texts = distinct_questions()
    async with open_profond(settings_on(url), model=InstantModel()) as profond:
        profond.index.warm()
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        told, left = Told(), iter(range(STUDENTS * TRIES))
        await asyncio.gather(*(_ask(profond, own, left, texts, told) for _ in range(AT_ONCE)))
    print(json.dumps(asdict(told)), flush=True)


@asynccontextmanager
async def workers(url: str) -> AsyncIterator[list[Process]]:
    """Start the processes and wait until each is ready."""
    command = (sys.executable, "-m", "benchmarks.scale")
    found = [await asyncio.create_subprocess_exec(*command, str(own), url, cwd=ROOT, stdin=PIPE, stdout=PIPE) for own in range(PROCESSES)]
    try:
        for process in found:
            assert process.stdout
            await process.stdout.readline()
        yield found
    finally:
        for process in found:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def _told(process: Process) -> dict[str, Any]:
    assert process.stdout
    found: dict[str, Any] = json.loads(await process.stdout.readuntil())
    return found


async def counted(url: str) -> dict[str, int]:
    """Return what the database holds afterwards."""
    by_person = select(turns.c.person, func.count().label("count")).group_by(turns.c.person).subquery()
    uneven = select(func.count()).select_from(allowance.outerjoin(by_person, by_person.c.person == allowance.c.person))
    uneven = uneven.where((func.coalesce(by_person.c.count, 0) != allowance.c.used) | (allowance.c.used > PER_DAY))
    async with open_store(settings_on(url)) as store, store._database.read() as connection:  # noqa: SLF001  # what is measured
        held = {table.name: (await connection.execute(select(func.count()).select_from(table))).scalar_one() for table in (turns, inbox)}
        wrong = (await connection.execute(uneven)).scalar_one()
        questions = (await connection.execute(select(func.sum(spending.c.questions)))).scalar_one()
    return {"allowances_wrong": wrong, **held, "in_costs": int(questions)}


async def measure(url: str) -> dict[str, Any]:
    """Let every process ask at once; return the figures."""
    async with workers(url) as found:
        start = time.perf_counter()
        for process in found:
            assert process.stdin
            process.stdin.write(b"go\n")
        told = await asyncio.gather(*map(_told, found))
        seconds = time.perf_counter() - start
    times = [one for each in told for one in each["times"]]
    return {
        "processes": PROCESSES,
        "asked": PROCESSES * STUDENTS * TRIES,
        "answered": len(times),
        "refused": sum(each["refused"] for each in told),
        "told_to_come_again": sum(each["again"] for each in told),
        "per_second": round(len(times) / seconds, 1),
        "p50_ms": round(quantile(times, 0.5), 1),
        "p99_ms": round(quantile(times, 0.99), 1),
        **await counted(url),
    }


def targets(row: Mapping[str, Any]) -> list[Target]:
    """Return what the figures should be."""
    return [
        Target("milliseconds a question, all processes together", round(1000 / row["per_second"], 2), 1000 / WANTED, "ms"),
        Target("allowances that are not exact", row["allowances_wrong"], 0, ""),
        Target("questions lost or doubled", abs(row["answered"] - row["turns"]) + abs(row["in_costs"] - row["turns"]) + row["inbox"], 0, ""),
    ]


async def measure_all(folder: Path) -> dict[str, Any]:
    """Measure on a throw-away server."""
    with postgres.running(folder) as server:
        return await measure(await server.create("scale"))


def main() -> None:
    if sys.argv[1:]:
        asyncio.run(work(*sys.argv[1:]))
        return
    folder = postgres.programs()
    if folder is None:
        sys.exit("PostgreSQL: not found")
    row: Row = asyncio.run(measure_all(folder))
    show(Report("scale", [row], targets(row)))


if __name__ == "__main__":
    main()
