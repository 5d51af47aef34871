"""Allowance takes per second by the store, beside pyrate-limiter's SQLite bucket, one after the other and by 100 tasks at once.

Nothing is refused: a refusal costs another statement. pyrate-limiter counts the rows of a window where the store keeps one
row a person; and it runs SQLite on the event loop, where nothing else moves meanwhile.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pyrate_limiter import BucketFactory, Duration, Limiter, Rate, RateItem, SQLiteBucket

from benchmarks.report import Report, Row, median, quantile, ratio, settings_in, show
from core.errors import StoreAway
from core.store.allowance import Allowance
from core.store.database import open_database

TAKES, TASKS, ROUNDS, PLENTY = 1_000, 100, 3, 1_000_000
OURS, THEIRS, THEIRS_WAL = "profond", "pyrate-limiter, as shipped", "pyrate-limiter, WAL"
PEOPLE = [f"bench-{number:03}" for number in range(TASKS)]
Take = Callable[[str], Awaitable[bool]]


@asynccontextmanager
async def profond(folder: Path) -> AsyncIterator[Take]:
    """Take by the store's own statement, each in a transaction of its own."""
    allowance = Allowance(size=PLENTY, refill=180.0, per_day=PLENTY, zone=ZoneInfo("Europe/Paris"))
    async with open_database(settings_in(folder)) as database:

        async def take(person: str) -> bool:
            try:
                async with database.write() as connection:
                    return not await allowance.take(connection, [person], time.time())
            except StoreAway:
                return False

        yield take


class Buckets(BucketFactory):
    """A table for each person, since one bucket counts everybody together."""

    def __init__(self, folder: Path, *, is_wal: bool) -> None:
        self._file = str(folder / "buckets.db")
        self._is_wal = is_wal
        self._buckets: dict[str, SQLiteBucket] = {}

    def wrap_item(self, name: str, weight: int = 1) -> RateItem:
        """Return the item to put."""
        return RateItem(name, time.time_ns() // 1_000_000, weight=weight)

    def get(self, item: RateItem) -> SQLiteBucket:
        """Return a person's bucket, made when first asked for."""
        if item.name not in self._buckets:
            table = item.name.replace("-", "_")
            bucket = SQLiteBucket.init_from_file([Rate(PLENTY, Duration.DAY)], table=table, db_path=self._file)
            if self._is_wal:
                bucket.conn.execute("PRAGMA journal_mode=WAL").close()
                bucket.conn.execute("PRAGMA synchronous=NORMAL").close()
            self._buckets[item.name] = bucket
        return self._buckets[item.name]

    def close(self) -> None:
        """Close every bucket's connection."""
        for bucket in self._buckets.values():
            bucket.close()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def _pyrate(folder: Path, *, is_wal: bool) -> AsyncIterator[Take]:
    buckets = Buckets(folder, is_wal=is_wal)
    limiter = Limiter(buckets)

    async def take(person: str) -> bool:
        return bool(await limiter.try_acquire_async(person, blocking=False))

    try:
        yield take
    finally:
        buckets.close()


LIMITERS: dict[str, Callable[[Path], AbstractAsyncContextManager[Take]]] = {
    OURS: profond,
    THEIRS: lambda folder: _pyrate(folder, is_wal=False),
    THEIRS_WAL: lambda folder: _pyrate(folder, is_wal=True),
}


class Timing(NamedTuple):
    """One round: takes a second, one take's 99th percentile and the loop's longest standstill in milliseconds, takes that failed."""

    per_second: float
    p99: float
    standstill: float
    failed: int


async def _times(take: Take, people: Sequence[str]) -> list[tuple[float, bool]]:
    found = []
    for person in people:
        start = time.perf_counter()
        is_taken = await take(person)
        found.append(((time.perf_counter() - start) * 1000, is_taken))
    return found


@asynccontextmanager
async def _watching_the_loop() -> AsyncIterator[list[float]]:
    """Note how late the event loop comes back to a task that wants to run every millisecond."""
    late = [0.0]

    async def watch() -> None:
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.001)
            late.append((time.perf_counter() - start) * 1000 - 1)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    try:
        yield late
        await asyncio.sleep(0.002)
    finally:
        watching.cancel()


async def measure(take: Take, people: Sequence[str], tasks: int) -> Timing:
    """Let tasks share the takes; the people are known before."""
    for person in dict.fromkeys(people):
        await take(person)
    asked = [people[number % len(people)] for number in range(TAKES)]
    shares = [asked[number::tasks] for number in range(tasks)]
    async with _watching_the_loop() as late:
        start = time.perf_counter()
        found = [one for many in await asyncio.gather(*(_times(take, share) for share in shares)) for one in many]
        elapsed = time.perf_counter() - start
    failed = sum(not is_taken for _, is_taken in found)
    return Timing((len(found) - failed) / elapsed, quantile([ms for ms, _ in found], 0.99), max(late), failed)


CASES = {
    "one after the other, a person each": (PEOPLE, 1),
    "one after the other, one person": (PEOPLE[:1], 1),
    f"{TASKS} tasks, a person each": (PEOPLE, TASKS),
    f"{TASKS} tasks, one person": (PEOPLE[:1], TASKS),
}


async def measure_all() -> dict[tuple[str, str], list[Timing]]:
    """Measure every limiter in every case, in turn, each in a file of its own."""
    found: dict[tuple[str, str], list[Timing]] = {(case, name): [] for case in CASES for name in LIMITERS}
    for _ in range(ROUNDS):
        for case, (people, tasks) in CASES.items():
            for name, limiter in LIMITERS.items():
                with tempfile.TemporaryDirectory() as folder:
                    async with limiter(Path(folder)) as take:
                        found[case, name].append(await measure(take, people, tasks))
    return found


def main() -> None:
    found = asyncio.run(measure_all())
    speed = {key: median([timing.per_second for timing in timings], 0) for key, timings in found.items()}
    rows: list[Row] = [
        {
            "case": case,
            "limiter": name,
            "takes_per_second": speed[case, name],
            "p99_ms": median([timing.p99 for timing in timings]),
            "loop_stood_still_ms": median([timing.standstill for timing in timings], 1),
            "failed": sum(timing.failed for timing in timings),
        }
        for (case, name), timings in found.items()
    ]
    ratios = {f"{OURS} / {name}, {case}": ratio(speed[case, OURS], speed[case, name]) for case in CASES for name in (THEIRS, THEIRS_WAL)}
    facts = {"takes": TAKES, "tasks": TASKS, "rounds": ROUNDS, "pyrate_limiter": version("pyrate-limiter")}
    show(Report("allowance", rows, ratios=ratios, facts=facts))


if __name__ == "__main__":
    main()
