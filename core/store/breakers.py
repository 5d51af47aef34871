"""The breaker of one model: three failures in a row open it, for a while that doubles; then one question tries again.

Its state is a row that every process shares. The rules are pure; `read` and `write` are the row's door.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.store.allowance import upsert
from core.store.tables import breakers

FAILURES = 3
SHORTEST, LONGEST = 15.0, 300.0
TRIAL_SECONDS = 60.0
"""A trial that is never heard of again is over after this long."""


@dataclass(frozen=True)
class Breaker:
    """Where one model stands.

    Attributes:
        failures: failures in a row.
        openings: how often it opened since the last success.
        trial: the one question that tries again, until `trial_until` at most.
    """

    failures: int = 0
    openings: int = 0
    opened_at: float = 0.0
    open_until: float = 0.0
    trial: str | None = None
    trial_until: float = 0.0

    @property
    def is_closed(self) -> bool:
        """Whether every question may pass."""
        return self.failures < FAILURES

    def lets(self, now: float, question: str) -> bool:
        """Whether a question may pass: every one when closed, one trial when half open, none when open."""
        if self.is_closed:
            return True
        is_taken = self.trial not in {None, question} and now < self.trial_until
        return now >= self.open_until and not is_taken

    def tried(self, now: float, question: str) -> "Breaker":
        """Return the breaker once a question has passed: when half open it is the trial."""
        return self if self.is_closed else replace(self, trial=question, trial_until=now + TRIAL_SECONDS)

    def failed(self, now: float, left_at: float, *, is_final: bool) -> "Breaker":
        """Return the breaker after a failure of a question that left at that time; what left before it opened tells nothing new."""
        if self.opened_at > left_at:
            return self
        failures = max(self.failures + 1, FAILURES if is_final else 0)
        if failures < FAILURES:
            return replace(self, failures=failures)
        seconds = min(SHORTEST * 2**self.openings, LONGEST)
        return Breaker(failures, self.openings + 1, now, now + seconds)


COLUMNS = tuple(breakers.c[name] for name in asdict(Breaker()))


def from_row(row: Row[Any]) -> Breaker:
    """Return the breaker that a row holds; closed where an outer join found none."""
    return Breaker() if row.failures is None else Breaker(*(getattr(row, column.name) for column in COLUMNS))


async def read(connection: AsyncConnection, gate: str, model: str) -> Breaker:
    """Return a model's breaker, closed where there is no row."""
    row = (await connection.execute(select(*COLUMNS).where(breakers.c.gate == gate, breakers.c.model == model))).first()
    return from_row(row) if row else Breaker()


async def write(connection: AsyncConnection, gate: str, model: str, breaker: Breaker) -> None:
    """Write a model's breaker."""
    values = asdict(breaker)
    made = upsert(connection)(breakers).values(gate=gate, model=model, **values)
    await connection.execute(made.on_conflict_do_update(index_elements=["gate", "model"], set_=values))
