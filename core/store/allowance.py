"""The allowance: a bucket that refills, and a limit a day, taken in ONE atomic statement.

Reading, comparing and then writing lets two questions at once both pass. Here the condition is part of the upsert: a
refused take changes no row and returns none. Rows are written in the order of their keys, so that two processes which take
from the same people do not wait for each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from sqlalchemy import Insert, case, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import AllowanceSpent
from core.messages import Usage
from core.settings import Settings
from core.store.tables import allowance

NEARLY_ONE = 1 - 1e-6
"""A bucket refilled for exactly one question may hold 0.999… of it."""


INSERTS: Mapping[str, type[postgresql.Insert] | type[sqlite.Insert]] = {"postgresql": postgresql.Insert, "sqlite": sqlite.Insert}
"""The INSERT that knows ON CONFLICT, of each kind of database."""


def upsert(connection: AsyncConnection) -> type[postgresql.Insert] | type[sqlite.Insert]:
    """Return the INSERT that knows ON CONFLICT for the connection's database."""
    return INSERTS[connection.dialect.name]


@dataclass(frozen=True)
class Allowance:
    """The rule: `size` questions in a row, one back every `refill` seconds, `per_day` at most, days turning in `zone`."""

    size: int
    refill: float
    per_day: int
    zone: ZoneInfo

    @classmethod
    def from_settings(cls, settings: Settings) -> "Allowance":
        """Return the rule that the settings give."""
        return cls(settings.allowance_size, settings.allowance_refill_seconds, settings.allowance_per_day, ZoneInfo(settings.timezone))

    def day(self, now: float) -> str:
        """Return the day, in the class's zone, as YYYY-MM-DD."""
        return datetime.fromtimestamp(now, self.zone).date().isoformat()

    async def take(self, connection: AsyncConnection, people: Sequence[str], now: float) -> dict[str, AllowanceSpent]:
        """Take one question from each person; return the refusals, with their waits, of who has none."""
        if not people:
            return {}
        rows = [{"person": person, "tokens": self.size - 1.0, "at": now, "day": self.day(now), "used": 1} for person in sorted(people)]
        taken = set((await connection.execute(_taking(self, connection.dialect.name), rows)).scalars())
        return {person: await self._refusal(connection, person, now) for person in people if person not in taken}

    async def give_back(self, connection: AsyncConnection, person: str, day: str) -> None:
        """Give one question back, to the day it was taken on."""
        full = case((allowance.c.tokens + 1 > self.size, float(self.size)), else_=allowance.c.tokens + 1)
        used = case(((allowance.c.day == day) & (allowance.c.used > 0), allowance.c.used - 1), else_=allowance.c.used)
        await connection.execute(update(allowance).where(allowance.c.person == person).values(tokens=full, used=used))

    async def usage(self, connection: AsyncConnection, person: str, now: float, *, is_exempt: bool = False) -> Usage:
        """Return what a person has left."""
        row = (await connection.execute(select(allowance).where(allowance.c.person == person))).first()
        tokens, used = float(self.size), 0
        if row:
            tokens = min(float(self.size), row.tokens + max(0.0, now - row.at) / self.refill)
            used = row.used if row.day == self.day(now) else 0
        left_today = max(0, self.per_day - used)
        whole = int(tokens + 1 - NEARLY_ONE)
        next_in = 0.0 if whole >= self.size else (whole + 1 - tokens) * self.refill
        if not left_today:
            next_in = max(self._until_midnight(now), (1 - tokens) * self.refill)
        return Usage(left=min(whole, left_today), size=self.size, left_today=left_today, per_day=self.per_day, next_in=next_in, is_exempt=is_exempt)

    def _until_midnight(self, now: float) -> float:
        here = datetime.fromtimestamp(now, self.zone)
        midnight = datetime.combine(here.date() + timedelta(days=1), time.min, self.zone)
        return midnight.timestamp() - now

    async def _refusal(self, connection: AsyncConnection, person: str, now: float) -> AllowanceSpent:
        usage = await self.usage(connection, person, now)
        return AllowanceSpent(max(1.0, usage.next_in), is_daily=not usage.left_today)


@cache
def _taking(rule: Allowance, database: str) -> Insert:
    """Return the statement that takes one question. It is built once: that takes longer than to run it."""
    made = INSERTS[database](allowance)
    now, day = made.excluded.at, made.excluded.day
    elapsed = case((allowance.c.at < now, now - allowance.c.at), else_=0.0)
    full = allowance.c.tokens + elapsed / rule.refill
    refilled = case((full > rule.size, float(rule.size)), else_=full)
    used = case((allowance.c.day == day, allowance.c.used), else_=0)
    return made.on_conflict_do_update(
        index_elements=[allowance.c.person],
        set_={"tokens": refilled - 1, "at": now, "day": day, "used": used + 1},
        where=(refilled >= NEARLY_ONE) & (used < rule.per_day),
    ).returning(allowance.c.person)
