"""Who is answering what: each question in the inbox is held on a lease, and one whose holder died may be taken over by any process."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, select, update

from core.errors import NotYours, StoreAway
from core.messages import Ticket
from core.store.allowance import upsert
from core.store.database import Database, uncancelled
from core.store.inbox import load_question
from core.store.tables import inbox, seen_events

LEASE_SECONDS = 10.0
RENEW_SECONDS = 2.5
AT_ONCE = 20
WHOLE = (inbox.c.id, inbox.c.person, inbox.c.question, inbox.c.placeholder, inbox.c.created_at)
"""The columns of a question that is to be answered, or stopped."""


@dataclass(frozen=True, kw_only=True)
class Left:
    """A question that was taken and not answered by who took it.

    Attributes:
        placeholder: the message that is being written, as the face named it, or empty.
        age: seconds since it was taken.
    """

    ticket: Ticket
    placeholder: str
    age: float


class Leases:
    """The leases of one process, `owner`.

    Attributes:
        on_stop: called with a question of this process whose asker pressed Stop where another process heard it.
    """

    def __init__(self, database: Database, owner: str, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._vault = database.vault
        self._owner = owner
        self._clock = clock
        self._held: set[str] = set()
        self.on_stop: Callable[[str], object] = lambda _: None

    def until(self) -> float:
        """Return when a lease given now ends."""
        return self._clock() + LEASE_SECONDS

    def hold(self, ticket_id: str) -> None:
        """Remember that this process answers a question."""
        self._held.add(ticket_id)

    def drop(self, ticket_id: str) -> None:
        """Forget a question that is answered or let go."""
        self._held.discard(ticket_id)

    async def keep(self) -> None:
        """Renew the leases until cancelled, and stop what was asked to stop; a database that is away now may be back for the next time."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            if self._held:
                with suppress(StoreAway):
                    for ticket_id in await self._renew():
                        self.on_stop(ticket_id)

    @uncancelled
    async def _renew(self) -> list[str]:
        """Renew the leases; return the questions whose askers pressed Stop elsewhere."""
        held = update(inbox).where(inbox.c.owner == self._owner, inbox.c.id.in_(self._held)).values(lease_until=self.until())
        async with self._database.write() as connection:
            rows = (await connection.execute(held.returning(inbox.c.id, inbox.c.is_stopped))).all()
        return [row.id for row in rows if row.is_stopped]

    @uncancelled
    async def ask_to_stop(self, ticket_id: str, person: str) -> bool:
        """Ask whichever process answers a question to stop; tell whether the question still waits. Raises NotYours."""
        async with self._database.write() as connection:
            asker = (await connection.execute(select(inbox.c.person).where(inbox.c.id == ticket_id))).scalar()
            if asker is not None and asker != self._vault.pseudonym("person", person):
                raise NotYours
            await connection.execute(update(inbox).where(inbox.c.id == ticket_id).values(is_stopped=True))
        return asker is not None

    @uncancelled
    async def place(self, ticket: Ticket, placeholder: str) -> None:
        """Record the message in which a question is being answered, so that whoever takes over edits it and posts no second one."""
        async with self._database.write() as connection:
            row = {"placeholder": self._vault.seal("placeholder", placeholder)}
            await connection.execute(update(inbox).where(inbox.c.id == ticket.id).values(**row))

    @uncancelled
    async def is_first(self, event: str) -> bool:
        """Mark an event that brings no question as seen; tell whether no process saw it before."""
        row = {"event": self._vault.pseudonym("event", event), "at": self._clock()}
        async with self._database.write() as connection:
            statement = upsert(connection)(seen_events).values(**row).on_conflict_do_nothing()
            return (await connection.execute(statement.returning(seen_events.c.event))).first() is not None

    @uncancelled
    async def leave(self, ticket: Ticket) -> None:
        """Let go of a question without answering it: whoever looks next takes it over at once."""
        self.drop(ticket.id)
        async with self._database.write() as connection:
            await connection.execute(update(inbox).where(inbox.c.id == ticket.id, inbox.c.owner == self._owner).values(lease_until=0.0))

    @uncancelled
    async def take_over(self, platform: str) -> list[Left]:
        """Take the questions of a platform whose lease is over, a few at a time, oldest first; each goes to one process alone."""
        now = self._clock()
        is_over = self._is_over(platform, now)
        oldest = select(inbox.c.id).where(is_over).order_by(inbox.c.created_at).limit(AT_ONCE)
        statement = update(inbox).where(inbox.c.id.in_(oldest), is_over).values(owner=self._owner, lease_until=self.until()).returning(*WHOLE)
        async with self._database.write() as connection:
            rows = (await connection.execute(statement)).all()
        found = [self._read(row, now) for row in sorted(rows, key=lambda row: row.created_at)]
        self._held.update(left.ticket.id for left in found)
        return found

    def _read(self, row: Row[*tuple[Any, ...]], now: float) -> Left:
        return Left(
            ticket=Ticket(id=row.id, person=row.person, question=load_question(self._vault.open("inbox", row.question))),
            placeholder=self._vault.open("placeholder", row.placeholder) if row.placeholder else "",
            age=now - row.created_at,
        )

    async def waiting(self, person: str) -> list[Left]:
        """Return the questions of a person (platform:id) that are not answered yet, whichever process answers them, oldest first."""
        theirs = inbox.c.person == self._vault.pseudonym("person", person)
        async with self._database.read() as connection:
            rows = (await connection.execute(select(*WHOLE).where(theirs).order_by(inbox.c.created_at))).all()
        return [self._read(row, self._clock()) for row in rows]

    def _is_over(self, platform: str, now: float) -> ColumnElement[bool]:
        """What may be taken over; never what this process answers itself, whose leases look over when the computer has slept."""
        return (inbox.c.platform == platform) & (inbox.c.lease_until < now) & inbox.c.id.not_in(self._held)

    async def has_left(self, platform: str) -> bool:
        """Whether a question of a platform waits for somebody to take it over; a read, where `take_over` writes."""
        statement = select(inbox.c.id).where(self._is_over(platform, self._clock())).limit(1)
        async with self._database.read() as connection:
            return (await connection.execute(statement)).first() is not None
