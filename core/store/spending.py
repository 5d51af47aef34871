"""What the model cost: a row a day, topic and model, added to in the transaction that stores an answer. Never a scan of the answers."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Insert, Row, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.messages import TokenUsage
from core.store.allowance import INSERTS
from core.store.database import Database, uncancelled
from core.store.tables import spending


@dataclass(frozen=True)
class Charge:
    """What one request to a model took. `micros` are millionths of a euro."""

    model: str
    usage: TokenUsage
    micros: int


@dataclass
class Bill:
    """What one question cost: its charges; what it saved by another's answer; the key under which its answer is kept for others."""

    charges: list[Charge] = field(default_factory=list)
    saved_micros: int = 0
    is_shared: bool = False
    shelf: str = ""

    @property
    def micros(self) -> int:
        """The whole cost."""
        return sum(charge.micros for charge in self.charges)

    @property
    def usage(self) -> TokenUsage:
        """All tokens together."""
        used = [charge.usage for charge in self.charges]
        return TokenUsage(input=sum(u.input for u in used), cached=sum(u.cached for u in used), output=sum(u.output for u in used))


class Spent(NamedTuple):
    """Millionths of a euro spent today and this month."""

    today: int
    month: int


@dataclass(frozen=True, kw_only=True)
class Costs:
    """One line of the costs: of a topic, of a model, or of the whole month."""

    name: str
    questions: int
    shared: int
    tokens_input: int
    tokens_cached: int
    tokens_output: int
    cost_micros: int
    saved_micros: int


_COUNTED = ("questions", "shared", "tokens_input", "tokens_cached", "tokens_output", "cost_micros", "saved_micros")


class Spending:
    """The costs' side of the store. Days and months are the class's own."""

    def __init__(self, database: Database, day: Callable[[float], str], clock: Callable[[], float]) -> None:
        self._database = database
        self._day = day
        self._clock = clock

    def today(self) -> str:
        """Return the day, as YYYY-MM-DD."""
        return self._day(self._clock())

    async def add(self, connection: AsyncConnection, topic: str, model: str, bill: Bill) -> None:
        """Add what a question cost, in the transaction that stores its answer; `model` wrote it, or is empty."""
        await self._add(connection, topic, bill, {model: Counter(questions=1, shared=int(bill.is_shared), saved_micros=bill.saved_micros)})

    @uncancelled
    async def add_unanswered(self, topic: str, bill: Bill) -> None:
        """Add what was spent on an answer that nobody was shown."""
        async with self._database.write() as connection:
            await self._add(connection, topic, bill, {})

    async def _add(self, connection: AsyncConnection, topic: str, bill: Bill, sums: dict[str, Counter[str]]) -> None:
        for charge in bill.charges:
            used = charge.usage
            more = Counter(tokens_input=used.input, tokens_cached=used.cached, tokens_output=used.output, cost_micros=charge.micros)
            sums.setdefault(charge.model, Counter()).update(more)
        for name, found in sums.items():
            row = {"day": self.today(), "topic": topic, "model": name, **{column: found[column] for column in _COUNTED}}
            await connection.execute(_adding(connection.dialect.name), row)

    async def spent(self) -> Spent:
        """Return what was spent today and this month."""
        today = self.today()
        of_today = func.sum(case((spending.c.day == today, spending.c.cost_micros), else_=0))
        statement = select(of_today, func.sum(spending.c.cost_micros)).where(_in_month(today[:7]))
        async with self._database.read() as connection:
            row = (await connection.execute(statement)).one()
        return Spent(int(row[0] or 0), int(row[1] or 0))

    async def month(self, month: str) -> tuple[Costs, list[Costs], list[Costs]]:
        """Return a month's (YYYY-MM) costs: the whole, by topic and by model, the dearest first."""
        sums = [func.coalesce(func.sum(spending.c[name]), 0).label(name) for name in _COUNTED]
        async with self._database.read() as connection:
            whole = (await connection.execute(select(*sums).where(_in_month(month)))).all()
            topics = (await connection.execute(select(spending.c.topic, *sums).where(_in_month(month)).group_by(spending.c.topic))).all()
            models = (await connection.execute(select(spending.c.model, *sums).where(_in_month(month)).group_by(spending.c.model))).all()
        return _costs(whole, name=month)[0], _costs(topics), _costs(models)


@cache
def _adding(database: str) -> Insert:
    """Return the statement that adds to a day's row, built once."""
    made = INSERTS[database](spending)
    added = {column: spending.c[column] + made.excluded[column] for column in _COUNTED}
    return made.on_conflict_do_update(index_elements=["day", "topic", "model"], set_=added)


def _in_month(month: str) -> Any:  # noqa: ANN401  # a condition
    return spending.c.day.between(f"{month}-01", f"{month}-31")


def _costs(rows: Sequence[Row[Any]], name: str | None = None) -> list[Costs]:
    found = [Costs(name=row[0] if name is None else name, **{key: int(getattr(row, key)) for key in _COUNTED}) for row in rows]
    return sorted(found, key=lambda line: (-line.cost_micros, -line.questions, line.name))
