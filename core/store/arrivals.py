"""Taking questions: ONE transaction for all that come in the same moment.

Half of a small transaction is its own beginning and end, and a class asks at once. While one transaction is being written the
next questions gather, and the following one takes them together (group commit; DeWitt et al. 1984, "Implementation Techniques
for Main Memory Database Systems", section 2). Each question still passes or fails by itself.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import AlreadyTaken, ProfondError, StoreAway
from core.messages import Ticket
from core.store.allowance import Allowance, upsert
from core.store.database import Database
from core.store.tables import inbox, seen_events

AT_ONCE = 100


@dataclass(frozen=True, eq=False)
class Arrival:
    """A question that waits to be taken.

    Attributes:
        event: the keyed hash of the event that brought it.
        row: its row of the inbox, but for the day: that is the day on which its allowance is taken.
        taken: its ticket, once it is taken; else AlreadyTaken, AllowanceSpent or StoreAway.
    """

    ticket: Ticket
    event: str
    row: Mapping[str, object]
    taken: "asyncio.Future[Ticket]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def keys(self) -> set[str]:
        """What no two questions of one transaction may share."""
        return {self.event, self.ticket.person}

    def tell(self, refusal: ProfondError | None) -> None:
        """Say how it went."""
        if refusal:
            self.taken.set_exception(refusal)
        else:
            self.taken.set_result(self.ticket)


class Arrivals:
    """The questions that wait to be taken by this process."""

    def __init__(self, database: Database, allowance: Allowance, clock: Callable[[], float]) -> None:
        self._database = database
        self._allowance = allowance
        self._clock = clock
        self._waiting: list[Arrival] = []
        self._taking: asyncio.Task[None] | None = None

    def add(self, arrival: Arrival) -> None:
        """Let a question wait for the next transaction; `arrival.taken` tells how it went."""
        self._waiting.append(arrival)
        if self._taking is None:
            self._taking = asyncio.create_task(self._take_all())

    def withdraw(self, arrival: Arrival) -> bool:
        """Take back a question; tell whether that was in time, before its transaction began."""
        if arrival not in self._waiting:
            return False
        self._waiting.remove(arrival)
        return True

    async def _take_all(self) -> None:
        try:
            while self._waiting:
                await self._take(self._next())
        finally:
            self._taking = None

    def _next(self) -> list[Arrival]:
        """Return those who go together: one question a person and one an event, since a statement changes no row twice."""
        together: list[Arrival] = []
        keys: set[str] = set()
        for arrival in self._waiting:
            if len(together) < AT_ONCE and keys.isdisjoint(arrival.keys):
                together.append(arrival)
            keys |= arrival.keys  # in order: nobody's second question passes their first
        self._waiting = [arrival for arrival in self._waiting if arrival not in together]
        return together

    async def _take(self, together: Sequence[Arrival]) -> None:
        refusals: Mapping[str, ProfondError] = {arrival.event: StoreAway() for arrival in together}
        try:
            with suppress(StoreAway):
                refusals = await self._written(together)
        finally:
            for arrival in together:
                arrival.tell(refusals.get(arrival.event))

    async def _written(self, together: Sequence[Arrival]) -> Mapping[str, ProfondError]:
        """Take what may be taken; return the refusals of the others, by their event. Raises StoreAway: then nothing was taken."""
        now = self._clock()
        async with self._database.write(is_urgent=True) as connection:
            seen = await self._see(connection, [arrival.event for arrival in together], now)
            paying = {arrival.ticket.person: arrival.event for arrival in together if arrival.event not in seen and arrival.row["is_paid"]}
            spent = await self._allowance.take(connection, list(paying), now)
            refusals = seen | {paying[person]: refusal for person, refusal in spent.items()}
            day = self._allowance.day(now)
            if rows := [{**arrival.row, "day": day} for arrival in together if arrival.event not in refusals]:
                await connection.execute(insert(inbox), rows)
        return refusals

    async def _see(self, connection: AsyncConnection, events: Sequence[str], now: float) -> dict[str, ProfondError]:
        """Mark events as seen; return those that were before."""
        rows = [{"event": event, "at": now} for event in sorted(events)]
        statement = upsert(connection)(seen_events).on_conflict_do_nothing().returning(seen_events.c.event)
        unseen = set((await connection.execute(statement, rows)).scalars())
        return {event: AlreadyTaken() for event in events if event not in unseen}
