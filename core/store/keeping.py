"""What is done to the whole database: retention, a live copy, a new secret."""

import asyncio
import os
import secrets
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import delete, exists, select, update
from sqlalchemy.engine import URL

from core.errors import SetupError, StoreAway
from core.privacy import unwrap, wrap
from core.settings import Settings
from core.store.allowance import upsert
from core.store.breakers import FAILURES
from core.store.database import (
    SHORTEST_SECRET,
    Database,
    fitting,
    fitting_secret,
    key_file,
    new_key_file,
    read_url,
    secrets_beside,
    sync_writes,
    uncancelled,
    wrapped_keys,
    write_secret,
)
from core.store.gates import KEPT_SECONDS
from core.store.tables import (
    allowance,
    answers,
    breakers,
    conversations,
    facts,
    feedback,
    inbox,
    keys,
    queue,
    reports,
    seen_events,
    shelf,
    spending,
    turns,
)

log = structlog.get_logger()
DAY = 86_400.0
SEEN_SECONDS = 2 * DAY
"""Platforms deliver an event again within minutes; a thread's message may be replayed after a night's outage."""
JOB = "daily-job"
"""The fact that holds from when on the daily job is due."""
LOOK_SECONDS = 600.0
AT_ONCE = 500
"""Turns erased in one transaction: whoever asks meanwhile waits for no more than these."""


class Keeping:
    """The daily job of a database: once a day, however many processes run."""

    def __init__(self, database: Database, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._days = settings.retention_days
        self._year_end = settings.school_year_end
        self._shelf_seconds = settings.cache_seconds
        self._zone = ZoneInfo(settings.timezone)
        self._clock = clock

    async def do_job(self) -> int | None:
        """Erase what is old, if nobody did so today or is about to; return how many turns went. One that is not done to its end is due again soon."""
        now = datetime.fromtimestamp(self._clock(), self._zone)
        soon = now + timedelta(seconds=LOOK_SECONDS)
        if not await self._put_off(now, soon):
            return None
        erased = await self.erase_old()
        await self._put_off(soon, (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0))
        return erased

    @uncancelled
    async def _put_off(self, due: datetime, until: datetime) -> bool:
        """Where the job is due at a moment, let it be due at another one; tell whether it was."""
        was, value = (moment.astimezone(UTC).isoformat(timespec="seconds") for moment in (due, until))
        async with self._database.write() as connection:
            statement = upsert(connection)(facts).values(name=JOB, value=value)
            taken = statement.on_conflict_do_update(index_elements=[facts.c.name], set_={"value": value}, where=facts.c.value <= was)
            return (await connection.execute(taken.returning(facts.c.name))).first() is not None

    async def erase_old(self) -> int:
        """Erase texts older than the retention, what only they needed, and the costs of a school year that is over; return how many turns went."""
        before, erased = self._clock() - self._days * DAY, 0
        while count := await self._erase_turns(before):
            erased += count
        await self._erase_rest(before)
        return erased

    @uncancelled
    async def _erase_turns(self, before: float) -> int:
        async with self._database.write() as connection:
            oldest = select(turns.c.id).where(turns.c.created_at < before).order_by(turns.c.created_at).limit(AT_ONCE)
            old = {*(await connection.execute(oldest.with_for_update())).scalars()}
            old |= {*(await connection.execute(select(turns.c.id).where(turns.c.retells.in_(old)))).scalars()}
            told = select(answers.c.id).where(answers.c.turn.in_(old))
            for table in (feedback, reports):
                await connection.execute(delete(table).where(table.c.answer.in_(told)))
            await connection.execute(delete(answers).where(answers.c.turn.in_(old)))
            await connection.execute(delete(turns).where(turns.c.id.in_(old)))
        return len(old)

    @uncancelled
    async def _erase_rest(self, before: float) -> None:
        held = exists().where(turns.c.conversation == conversations.c.conversation)
        async with self._database.write() as connection:
            await connection.execute(delete(seen_events).where(seen_events.c.at < self._clock() - SEEN_SECONDS))
            await connection.execute(delete(inbox).where(inbox.c.created_at < before))
            await connection.execute(delete(allowance).where(allowance.c.at < before))
            await connection.execute(delete(conversations).where(~held, conversations.c.created_at < before))
            await connection.execute(delete(spending).where(spending.c.day <= self._last_year_end()))

    def _last_year_end(self) -> str:
        """Return the last day whose costs are of no use: that on which a school year ended, but no day of this month, whose budget they count for."""
        today = datetime.fromtimestamp(self._clock(), self._zone).date()
        end = f"{today.year}-{self._year_end}"
        end = end if end < today.isoformat() else f"{today.year - 1}-{self._year_end}"
        return min(end, (today.replace(day=1) - timedelta(days=1)).isoformat())

    @uncancelled
    async def sweep(self) -> None:
        """Erase what nobody came by to erase: places in the queue, breakers of models long unasked, kept answers past their time."""
        now = self._clock()
        async with self._database.write() as connection:
            await connection.execute(delete(queue).where(queue.c.lease_until < now - KEPT_SECONDS))
            await connection.execute(delete(breakers).where(breakers.c.failures >= FAILURES, breakers.c.open_until < now - DAY))
            await connection.execute(delete(shelf).where(shelf.c.created_at <= now - self._shelf_seconds))

    async def run(self) -> None:
        """Sweep now and then, and do the daily job where it is due, until cancelled."""
        while True:
            try:
                await self.sweep()
                if (erased := await self.do_job()) is not None:
                    log.info("daily_job", erased=erased)
            except StoreAway:
                log.warning("daily_job_failed")
            await asyncio.sleep(LOOK_SECONDS)


def back_up(settings: Settings, target: Path) -> Path:
    """Copy a SQLite database while it is in use, with the key file that opens it where there is one; return the copy's path. Raises SetupError."""
    url = read_url(settings.database_url.get_secret_value())
    if url.get_backend_name() != "sqlite":
        raise SetupError("backup-postgres")
    source = Path(url.database or "")
    if not source.exists():
        raise SetupError("backup-nothing", file=source.name)
    if target.exists():
        raise SetupError("backup-exists", file=target.name)
    part = Path(f"{target}.part")
    before = secrets_beside(url)
    try:
        wrapped = _copy(source, part)
        key = fitting([*before, *secrets_beside(url)], wrapped)  # the secret may change while the copy is made
        if key:
            with os.fdopen(os.open(f"{target}.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(key)
        part.replace(target)
    except (sqlite3.Error, OSError):
        raise SetupError("backup-failed", file=target.name) from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return target


def _copy(source: Path, part: Path) -> dict[str, bytes]:
    """Copy a database of ours, and nothing else; return its keys as it holds them. Raises SetupError, sqlite3.Error."""
    address = f"{source.resolve().as_uri()}?mode=ro"  # a path may hold what means something in an address
    with closing(sqlite3.connect(address, uri=True)) as here, closing(sqlite3.connect(part)) as there:
        here.backup(there)
        if there.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (keys.name,)).fetchone() is None:
            raise SetupError("setup-database-broken", file=source.name)
        return dict(there.execute("SELECT name, wrapped FROM keys").fetchall())


async def rotate_secret(database: Database, settings: Settings, new: str | None) -> None:
    """Wrap the database's keys with another secret. Without one, a key file gets a fresh secret. Raises SetupError."""
    url = read_url(settings.database_url.get_secret_value())
    if settings.profond_secret_key and new is None:
        raise SetupError("rotate-needs-new")
    if new is not None and len(new) < SHORTEST_SECRET:
        raise SetupError("rotate-short")
    fresh = new or secrets.token_urlsafe(48)
    async with database.write() as connection:
        wrapped = await wrapped_keys(connection)
        old = await asyncio.to_thread(fitting_secret, settings, url, wrapped)
        if new is None:
            await asyncio.to_thread(write_secret, new_key_file(url), fresh, key_file(url))
        for name, key in wrapped.items():
            await connection.execute(update(keys).where(keys.c.name == name).values(wrapped=wrap(fresh, name, unwrap(old, name, key))))
    if new is None:
        await _put_in_place(database, settings, url)
    else:
        await asyncio.to_thread(sync_writes, url)


async def _put_in_place(database: Database, settings: Settings, url: URL) -> None:
    """Let the new secret's file take the place of the old one's; where the database is away now, whoever opens it next does so."""
    with suppress(StoreAway):
        async with database.write() as connection:
            await asyncio.to_thread(fitting_secret, settings, url, await wrapped_keys(connection))
