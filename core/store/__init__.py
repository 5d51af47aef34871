"""What outlives the process: the inbox, turns with their answers, allowances, and what students chose or said.

`accept` is the whole point: ONE transaction in which the event is unseen, the allowance taken and the inbox row written,
so that a crash at any moment either took the question, and recovery finishes it, or did not.
"""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, exists, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import AllowanceSpent, ProfondError, StoreAway, Unknown
from core.messages import Answer, Level, Question, Ticket, Turn, Usage, Zone
from core.settings import Settings
from core.store.allowance import Allowance, upsert
from core.store.arrivals import Arrival, Arrivals
from core.store.database import Database, open_database, uncancelled
from core.store.gates import Gates
from core.store.inbox import dump_question
from core.store.keeping import Keeping
from core.store.leases import Leases
from core.store.people import People
from core.store.shelf import Shelf, throw_away
from core.store.spending import Bill, Spending
from core.store.tables import answers, conversations, facts, inbox, seen_events, turns

ACCEPT_SECONDS = 0.5
SETTLE_SECONDS = 2.5


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is remembered of an answer beside its text."""

    course_version: str
    cost_micros: int
    milliseconds: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a taken question ended: its answer, what is remembered beside it, whether the allowance comes back, and what it cost."""

    answer: Answer
    record: Record
    gives_back: bool = False
    topic: str = ""
    bill: Bill | None = None


@dataclass(frozen=True, kw_only=True)
class Past:
    """An answer that was given, with the question it answered. `origin`: the turn in which that was first asked, maybe a classmate's."""

    turn: str
    origin: str
    is_own: bool
    question: str
    answer: str
    conversation_place: str
    card_ids: tuple[str, ...]
    level: Level
    is_private: bool
    had_files: bool


class Store:
    """The questions' side of the database; `people` is the students' side; `gates`, `shelf` and `spending` are the model's."""

    def __init__(self, database: Database, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._vault = database.vault
        self._allowance = Allowance.from_settings(settings)
        self._exempt = settings.exempt_ids
        self._clock = clock
        self._owner = secrets.token_hex(8)
        self._arrivals = Arrivals(database, self._allowance, clock)
        self._late: set[asyncio.Task[None]] = set()
        self._owed: list[Callable[[], Awaitable[None]]] = []
        self._settling: asyncio.Task[None] | None = None
        self.people = People(database, self._allowance.day, clock)
        self.leases = Leases(database, self._owner, clock)
        self.keeping = Keeping(database, settings, clock)
        self.gates = Gates(database, clock)
        self.shelf = Shelf(database, settings, clock)
        self.spending = Spending(database, self._allowance.day, clock)

    def _is_exempt(self, question: Question) -> bool:
        return question.is_exempt or question.person in self._exempt

    async def accept(self, question: Question, *, is_free: bool = False) -> Ticket:
        """Take a question, once. Call it before acknowledging: it answers within 500 ms.

        Raises:
            AlreadyTaken: this event was accepted before.
            AllowanceSpent: carries the wait; the event counts as seen.
            StoreAway: the database is too slow or away; nothing was taken.
        """
        arrival = self._arrival(question, is_free=is_free)
        self._arrivals.add(arrival)
        try:
            await asyncio.wait({arrival.taken}, timeout=ACCEPT_SECONDS)
        except asyncio.CancelledError:
            self._take_back(arrival)
            raise
        if not arrival.taken.done():
            self._take_back(arrival)
            raise StoreAway
        ticket = arrival.taken.result()
        self.leases.hold(ticket.id)
        return ticket

    def _take_back(self, arrival: Arrival) -> None:
        """Give back a question that is accepted too late: the student is told that it was not taken."""
        if not self._arrivals.withdraw(arrival):
            self._late.add(undoing := asyncio.create_task(self._undo(arrival)))
            undoing.add_done_callback(self._late.discard)

    async def _undo(self, arrival: Arrival) -> None:
        try:
            await self.release(await arrival.taken, forget_event=True)
        except AllowanceSpent:
            async with self._database.write() as connection:
                await self._unsee(connection, arrival.ticket.question.event)
        except ProfondError:
            return

    def shut(self) -> None:
        """Begin no more writes: what is being answered is left to the next process, when its leases have run out."""
        self._database.shut()

    async def close(self) -> None:
        """Wait for what is still being undone; what is still not stored is answered anew by the next process."""
        await asyncio.gather(*self._late, return_exceptions=True)
        if self._settling:
            self._settling.cancel()
            await asyncio.gather(self._settling, return_exceptions=True)

    def _arrival(self, question: Question, *, is_free: bool) -> Arrival:
        now = self._clock()
        person = self._vault.pseudonym("person", question.person)
        ticket = Ticket(id=secrets.token_hex(16), question=question, person=person, is_free=is_free)
        is_paid = not is_free and not self._is_exempt(question)
        return Arrival(ticket, self._vault.pseudonym("event", question.event), self._inbox_row(ticket, now, is_paid=is_paid))

    def _inbox_row(self, ticket: Ticket, now: float, *, is_paid: bool) -> dict[str, object]:
        question = ticket.question
        return {
            "id": ticket.id,
            "person": ticket.person,
            "question": self._vault.seal("inbox", dump_question(question)),
            "reply_to": self._vault.seal("reply_to", question.reply_to),
            "platform": question.person.split(":", 1)[0],
            "is_private": question.is_private,
            "is_paid": is_paid,
            "owner": self._owner,
            "lease_until": self.leases.until(),
            "created_at": now,
        }

    async def release(self, ticket: Ticket, *, forget_event: bool = False) -> None:
        """Let go of a question that was not answered: the allowance comes back, once; where the database is away, as soon as it is back."""
        with suppress(StoreAway):
            await self._now_or_later(ticket, partial(self._released, ticket, forget_event=forget_event))

    @uncancelled
    async def _released(self, ticket: Ticket, *, forget_event: bool) -> None:
        is_ours = inbox.c.owner == self._owner  # whoever took it over meanwhile answers it
        async with self._database.write() as connection:
            if await self._clear(connection, ticket, is_ours, gives_back=True) and forget_event:
                await self._unsee(connection, ticket.question.event)
        self.leases.drop(ticket.id)

    async def _unsee(self, connection: AsyncConnection, event: str) -> None:
        key = self._vault.pseudonym("event", event)
        await connection.execute(delete(seen_events).where(seen_events.c.event == key))

    async def answered(self, ticket: Ticket, outcome: Outcome) -> None:
        """Remember an answer and clear the inbox, in one transaction; a question that left the inbox was forgotten.

        Raises:
            StoreAway: it could not be stored; it will be as soon as the database is back, so that nobody answers once more.
        """
        await self._now_or_later(ticket, partial(self._answered, ticket, outcome))

    async def _now_or_later(self, ticket: Ticket, write: Callable[[], Awaitable[None]]) -> None:
        """Write how a question ended. Raises StoreAway: then it is owed, and the question kept from others until it is written."""
        try:
            await write()
        except StoreAway:
            self.leases.hold(ticket.id)
            self._owed.append(write)
            if self._settling is None or self._settling.done():
                self._settling = asyncio.create_task(self._settle())
            raise

    async def _settle(self) -> None:
        """Write what ended while the database was away."""
        while self._owed:
            await asyncio.sleep(SETTLE_SECONDS)
            with suppress(StoreAway):
                while self._owed:
                    await self._owed[0]()
                    self._owed.pop(0)

    @uncancelled
    async def _answered(self, ticket: Ticket, outcome: Outcome) -> None:
        now = self._clock()
        async with self._database.write() as connection:
            is_waiting = await self._clear(connection, ticket, gives_back=outcome.gives_back)
            if is_waiting and outcome.answer.id and (turn := await self._turn(connection, ticket, now)):
                await connection.execute(insert(answers), self._answer_row(turn, ticket, outcome, now))
            if outcome.bill and not is_waiting:
                await throw_away(connection, outcome.bill.shelf)  # it was put there while its asker was being forgotten
            if outcome.bill:
                await self.spending.add(connection, outcome.topic, outcome.answer.completion.model, outcome.bill)
        self.leases.drop(ticket.id)

    async def _clear(self, connection: AsyncConnection, ticket: Ticket, *only: ColumnElement[bool], gives_back: bool) -> bool:
        """Take a question out of the inbox, once; give its allowance back if asked to."""
        statement = delete(inbox).where(inbox.c.id == ticket.id, *only).returning(inbox.c.is_paid, inbox.c.day)
        row = (await connection.execute(statement)).first()
        if row and row.is_paid and gives_back:
            await self._allowance.give_back(connection, ticket.person, row.day)
        return row is not None

    async def _turn(self, connection: AsyncConnection, ticket: Ticket, now: float) -> str:
        """Return the turn to which an answer belongs, made if need be; empty where it tells again what was erased meanwhile."""
        question, retells, had_files = ticket.question, None, bool(ticket.question.files)
        if question.again:
            told = select(turns.c.id, turns.c.person, turns.c.retells, turns.c.had_files).join(answers, answers.c.turn == turns.c.id)
            found = await connection.execute(told.where(answers.c.id == question.again).with_for_update(read=True, of=turns))
            again = found.first()
            if again is None or again.person == ticket.person:
                return again.id if again else ""
            retells, had_files = again.retells or again.id, again.had_files
        conversation = self._vault.pseudonym("conversation", question.conversation)
        row = {"conversation": conversation, "place": self._vault.seal("place", question.conversation), "created_at": now}
        await connection.execute(upsert(connection)(conversations).on_conflict_do_nothing(), row)
        row = {
            "id": ticket.id,
            "conversation": conversation,
            "person": ticket.person,
            "question": self._vault.seal("question", question.text),
            "is_private": question.is_private,
            "created_at": now,
            "retells": retells,
            "had_files": had_files,
        }
        await connection.execute(insert(turns), row)
        return ticket.id

    def _answer_row(self, turn: str, ticket: Ticket, outcome: Outcome, now: float) -> dict[str, object]:
        answer, completion = outcome.answer, outcome.answer.completion
        return {
            "id": answer.id,
            "turn": turn,
            "answer": self._vault.seal("answer", answer.text),
            "zone": answer.zone.value,
            "level": answer.level.value,
            "lang": ticket.question.lang,
            "manner": ticket.question.manner.value,
            "writer": answer.writer.value,
            "cards": " ".join(source.card_id for source in answer.sources),
            "model": completion.model,
            "prompt_version": answer.prompt_version,
            "tokens_input": completion.usage.input,
            "tokens_cached": completion.usage.cached,
            "tokens_output": completion.usage.output,
            "is_whole": answer.is_whole,
            "created_at": now,
            "shelf": (outcome.bill and outcome.bill.shelf) or None,
            **asdict(outcome.record),
        }

    async def recent(self, conversation: str, person: str, limit: int = 6, origin: str = "") -> list[Turn]:
        """Return the last turns of a conversation that this person (a pseudonym) may see, oldest first; one that is torn only as the last.

        Beside them stand the turn `origin` and what this person had told again of it, wherever that was.
        """
        mine = turns.c.is_private.is_(False) | (turns.c.person == person)
        here = turns.c.conversation == self._vault.pseudonym("conversation", conversation)
        last = select(turns.c.id).where(here, mine, exists().where(answers.c.turn == turns.c.id)).order_by(turns.c.created_at.desc()).limit(limit)
        told = (select(turns.c.id).where(turns.c.id == origin), select(turns.c.id).where(turns.c.retells == origin, turns.c.person == person))
        statement = (
            select(turns.c.id, turns.c.person, turns.c.question, answers.c.answer, answers.c.cards, answers.c.zone, answers.c.is_whole)
            .join(answers, answers.c.turn == turns.c.id)
            .where(turns.c.id.in_(select(last.subquery().c.id).union_all(*told) if origin else last))
            .order_by(turns.c.created_at, answers.c.is_whole, answers.c.created_at)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).all()
        newest, tellings = list({row.id: row for row in rows}.values()), Counter(row.id for row in rows)
        return [self._read_turn(row, person, tellings[row.id]) for row in newest if row.is_whole or row is newest[-1]]

    def _read_turn(self, row: Row[*tuple[Any, ...]], person: str, tellings: int) -> Turn:
        return Turn(
            id=row.id,
            question=self._vault.open("question", row.question),
            answer=self._vault.open("answer", row.answer),
            card_ids=tuple(row.cards.split()),
            zone=Zone(row.zone),
            is_own=row.person == person,
            is_whole=row.is_whole,
            tellings=tellings,
        )

    async def past(self, answer_id: str, person: str = "") -> Past:
        """Return an answer that was given, and whether `person` (platform:id) asked for it. Raises Unknown."""
        statement = (
            select(turns, conversations.c.place, answers.c.answer, answers.c.cards, answers.c.level)
            .join(answers, answers.c.turn == turns.c.id)
            .join(conversations, conversations.c.conversation == turns.c.conversation)
            .where(answers.c.id == answer_id)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(statement)).first()
        if row is None:
            raise Unknown(name=answer_id)
        return Past(
            turn=row.id,
            origin=row.retells or row.id,
            is_own=row.person == self._vault.pseudonym("person", person),
            question=self._vault.open("question", row.question),
            answer=self._vault.open("answer", row.answer),
            conversation_place=self._vault.open("place", row.place),
            card_ids=tuple(row.cards.split()),
            level=Level(row.level),
            is_private=row.is_private,
            had_files=row.had_files,
        )

    async def has_asked(self, conversation: str, person: str) -> bool:
        """Whether a person (platform:id) has asked something in a conversation."""
        here = turns.c.conversation == self._vault.pseudonym("conversation", conversation)
        statement = select(turns.c.id).where(here, turns.c.person == self._vault.pseudonym("person", person)).limit(1)
        async with self._database.read() as connection:
            return (await connection.execute(statement)).first() is not None

    async def fact(self, name: str) -> str:
        """Return what the program remembers under a name, or an empty string."""
        async with self._database.read() as connection:
            return (await connection.execute(select(facts.c.value).where(facts.c.name == name))).scalar() or ""

    async def set_fact(self, name: str, value: str) -> None:
        """Remember something of the program itself; never of a person."""
        async with self._database.write() as connection:
            statement = upsert(connection)(facts).values(name=name, value=value)
            await connection.execute(statement.on_conflict_do_update(index_elements=[facts.c.name], set_={"value": value}))

    async def usage(self, person: str) -> Usage:
        """Return what a person (platform:id) has left."""
        pseudonym = self._vault.pseudonym("person", person)
        async with self._database.read() as connection:
            return await self._allowance.usage(connection, pseudonym, self._clock(), is_exempt=person in self._exempt)


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Store]:
    """Open the store. Raises SetupError with the mend."""
    async with open_database(settings) as database:
        store = Store(database, settings)
        keeping = asyncio.create_task(store.leases.keep())
        try:
            yield store
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await store.close()
