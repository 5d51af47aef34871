"""The gate of one key, for all processes: a queue, who goes next, and how fast.

Every change is made under the gate's row lock, so that no two processes give the same moment away. Who goes first is
start-time fair queueing: a question's round is that of who goes now, or one behind the student's own last question; the
queue is ordered by round, then arrival. One question per student thus goes before anybody's second; what waits longer
than a student's patience leaves. A moment is given a little ahead (HORIZON), so that a process which only looks now and
then loses none of the rate; to who just came only one that is now.
"""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, bindparam, case, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import ModelAway
from core.messages import Place
from core.store import breakers as doors
from core.store.allowance import upsert
from core.store.breakers import Breaker
from core.store.database import Database, uncancelled
from core.store.pace import Limits, Pace
from core.store.tables import breakers, gates, queue

HORIZON, AT_ONCE = 0.06, 0.005
LEASE_SECONDS = 10.0
"""A place whose process does not come back for so long is skipped."""
TIDY_SECONDS = 3.0
KEPT_SECONDS = 60.0
"""How long those who went are remembered, for fairness."""
_NOWHERE = {"round": 0, **asdict(Pace())}


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A question's place in the queue: its id, the asker's keyed hash, the model, and about how many tokens it takes."""

    id: str
    person: str
    model: str
    tokens: int


@dataclass(frozen=True)
class View:
    """The queue as one process sees it.

    Attributes:
        goes: when those leave that were given a moment.
        places: where those stand that still wait.
        next_at: when the first of these may leave.
    """

    goes: dict[str, float] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    next_at: float | None = None


class Gates:
    """The queue, the pace and the breakers, shared by every process on the same database."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._known: set[str] = set()
        self._tidied_at = 0.0
        self.clock = clock

    def key(self, kind: str, identity: str) -> str:
        """Return the keyed hash under which a gate, or a person in its queue, is known."""
        return self._database.vault.pseudonym(kind, identity)

    @uncancelled
    async def enter(self, gate: str, seat: Seat, limits: Limits, held: Collection[str]) -> View:
        """Take a place at the end, or one's own again for another try. `held` wait in this process. Raises ModelAway when the breaker is open."""
        async with self._locked(gate) as connection:
            now = self.clock()
            found = (await connection.execute(_entered(gate, seat, held, now))).all()
            breaker = doors.from_row(found[0])
            if not breaker.lets(now, seat.id):
                raise ModelAway("breaker open")
            if not breaker.is_closed:
                await doors.write(connection, gate, seat.model, breaker.tried(now, seat.id))
            mine, others = _own_place(seat, found, now)
            view, given = _admitted([*others, mine], _pace(found[0]), limits, now, AT_ONCE)
            await self._sit(connection, gate, seat, mine, view.goes.get(seat.id))
            await self._give(connection, found[0], [one for one in given if one.place is not mine], given)
            await self._tidy(connection, held, now)
            return view

    async def _sit(self, connection: AsyncConnection, gate: str, seat: Seat, mine: "_Waiting", goes_at: float | None) -> None:
        row = {"id": seat.id, "gate": gate, "person": seat.person, "round": mine.round, "arrived_at": mine.arrived_at}
        row |= {"model": seat.model, "tokens": seat.tokens, "goes_at": goes_at, "lease_until": self.clock() + LEASE_SECONDS}
        made = upsert(connection)(queue)
        await connection.execute(made.on_conflict_do_update(index_elements=["id"], set_={name: made.excluded[name] for name in row}), row)

    @uncancelled
    async def move_up(self, gate: str, seat_id: str, person: str) -> None:
        """Let a question that waits stand where a new one of this student's would, if that is further in front; it is theirs then."""
        async with self._locked(gate) as connection:
            now, theirs = self.clock(), Seat(id="", person=person, model="", tokens=0)
            found = (await connection.execute(_entered(gate, theirs, (), now))).all()
            better, waiting = _own_place(theirs, found, now)
            if any(place.id == seat_id and place.round > better.round for place in waiting):
                row = {"person": person, "round": better.round, "arrived_at": now}
                await connection.execute(update(queue).where(queue.c.id == seat_id).values(**row))

    async def look(self, gate: str, limits: Limits, held: Collection[str]) -> View:
        """Return where the questions held by this process stand, giving moments to whoever is next."""
        now = self.clock()
        async with self._database.read() as connection:
            found = (await connection.execute(_seen(gate, held, now))).all()
        view, given = _admitted(_waiting(found), _pace(found[0]) if found else Pace(), limits, now)
        is_tidy = now - self._tidied_at < TIDY_SECONDS
        return view if is_tidy and not given else await self._let_in(gate, limits, held)

    @uncancelled
    async def _let_in(self, gate: str, limits: Limits, held: Collection[str]) -> View:
        """Give every moment within the horizon to who is next."""
        async with self._locked(gate) as connection:
            now = self.clock()
            await self._tidy(connection, held, now)
            found = (await connection.execute(_seen(gate, held, now))).all()
            if not found:
                return View()
            view, given = _admitted(_waiting(found), _pace(found[0]), limits, now)
            await self._give(connection, found[0], given, given)
            return view

    async def _give(self, connection: AsyncConnection, row: Row[Any], others: "Sequence[_Given]", given: "Sequence[_Given]") -> None:
        """Write the moments that were given, and where the gate stands after them."""
        if others:
            gone = update(queue).where(queue.c.id == bindparam("seat")).values(goes_at=bindparam("moment"))
            await connection.execute(gone, [{"seat": one.place.id, "moment": one.moment} for one in others])
        if given:
            highest = max(row.current, *(one.place.round for one in given))
            await connection.execute(update(gates).where(gates.c.gate == row.gate).values(round=highest, **asdict(given[-1].pace)))

    async def _tidy(self, connection: AsyncConnection, held: Collection[str], now: float) -> None:
        """Say that the own questions still wait; forget those that went long ago and those whose process is gone. Not at every look."""
        if now - self._tidied_at < TIDY_SECONDS:
            return
        self._tidied_at = now
        if held:
            await connection.execute(update(queue).where(queue.c.id.in_(held)).values(lease_until=now + LEASE_SECONDS))
        await connection.execute(delete(queue).where(queue.c.lease_until < now - KEPT_SECONDS))

    @uncancelled
    async def postpone(self, gate: str, seat: Seat, limits: Limits, missed: float) -> float | None:
        """Return another moment for a question that missed its own, where one is free soon; None where it waits again, in its old place.

        Who takes the next free moment puts nobody behind. After a refusal there is none for long: then it waits as all others do.
        """
        async with self._locked(gate) as connection:
            now = self.clock()
            pace = _pace((await connection.execute(select(*_GATE).where(gates.c.gate == gate))).one())
            moment = pace.again(missed, now, limits)
            is_soon = moment <= now + HORIZON + 2 * limits.spacing
            after = pace.taken(moment, 0, limits) if is_soon else pace.settled(-seat.tokens)
            await connection.execute(update(queue).where(queue.c.id == seat.id).values(goes_at=moment if is_soon else None))
            await connection.execute(update(gates).where(gates.c.gate == gate).values(**asdict(after)))
            return moment if is_soon else None

    @uncancelled
    async def leave(self, gate: str, seat: Seat) -> None:
        """Give a place up, and with it the trial of a half-open breaker."""
        async with self._database.write() as connection:
            is_waiting = queue.c.goes_at.is_(None) | (queue.c.goes_at > self.clock())
            await connection.execute(delete(queue).where(queue.c.id == seat.id, is_waiting))
            await connection.execute(_without_trial(gate, seat))

    @uncancelled
    async def arrived(self, gate: str, seat: Seat, left_at: float, used: int) -> None:
        """Note that the model answered, and how many tokens it really took. What left before the breaker opened does not close it."""
        debt = gates.c.debt + (used - seat.tokens)
        async with self._database.write() as connection:
            await connection.execute(update(gates).where(gates.c.gate == gate).values(debt=case((debt > 0, debt), else_=0.0)))
            here = (breakers.c.gate == gate) & (breakers.c.model == seat.model) & (breakers.c.opened_at <= left_at)
            await connection.execute(update(breakers).where(here, breakers.c.failures > 0).values(**asdict(Breaker())))

    @uncancelled
    async def refused(self, gate: str, limits: Limits, left_at: float, rest: float) -> None:
        """Note that the model asked for less (429), `rest` seconds of pause perhaps: slower at once, for every process."""
        async with self._locked(gate) as connection:
            row = (await connection.execute(select(gates).where(gates.c.gate == gate))).one()
            slower = _pace(row).slowed(self.clock(), left_at, rest, limits)
            await connection.execute(update(gates).where(gates.c.gate == gate).values(**asdict(slower)))

    @uncancelled
    async def failed(self, gate: str, seat: Seat, left_at: float, *, is_final: bool) -> None:
        """Note a failure. When it opens the breaker, whoever waits for this model is sent away at once."""
        now = self.clock()
        async with self._locked(gate) as connection:
            before = await doors.read(connection, gate, seat.model)
            after = before.failed(now, left_at, is_final=is_final)
            if after == before:
                return
            await doors.write(connection, gate, seat.model, after)
            if not after.is_closed:
                is_waiting = (queue.c.gate == gate) & (queue.c.model == seat.model) & queue.c.goes_at.is_(None)
                await connection.execute(delete(queue).where(is_waiting))

    async def waiting(self, gate: str) -> int:
        """Return how many questions wait before a gate, those of all processes."""
        async with self._database.read() as connection:
            here = (queue.c.gate == gate) & queue.c.goes_at.is_(None) & (queue.c.lease_until > self.clock())
            statement = select(func.count()).select_from(queue).where(here)
            return int((await connection.execute(statement)).scalar_one())

    async def state(self, gate: str) -> tuple[Pace, dict[str, Breaker]]:
        """Return the pace and every model's breaker, for the doctor."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(gates).where(gates.c.gate == gate))).first()
            names = (await connection.execute(select(breakers.c.model).where(breakers.c.gate == gate))).scalars().all()
            return _pace(row) if row else Pace(), {name: await doors.read(connection, gate, name) for name in names}

    @asynccontextmanager
    async def _locked(self, gate: str) -> AsyncIterator[AsyncConnection]:
        """A writing transaction in which the gate is ours; SQLite has one writer anyway."""
        async with self._database.write() as connection:
            if gate not in self._known or connection.dialect.name == "postgresql":
                mine = select(gates.c.gate).where(gates.c.gate == gate).with_for_update()
                if (await connection.execute(mine)).first() is None:
                    await connection.execute(upsert(connection)(gates).values(gate=gate, **_NOWHERE).on_conflict_do_nothing())
                    await connection.execute(mine)
                self._known.add(gate)
            yield connection


class _Waiting(NamedTuple):
    """A place of the queue as it is ordered. `goes_at` is set once it was given a moment."""

    round: int
    arrived_at: float
    id: str
    tokens: int
    goes_at: float | None = None


class _Given(NamedTuple):
    """A place that was given a moment, and where the gate stands after it."""

    place: _Waiting
    moment: float
    pace: Pace


_GATE = (gates.c.gate, gates.c.round.label("current"), *(gates.c[name] for name in asdict(Pace())))
_PLACE = (queue.c.id, queue.c.tokens, queue.c.goes_at, queue.c.round, queue.c.arrived_at)


def _seen(gate: str, held: Collection[str], now: float) -> Select[Any]:
    """The one statement of a look: the gate with everybody who waits, and those of this process that were given a moment."""
    return select(*_GATE, *_PLACE).join(queue, _is_there(held, now)).where(gates.c.gate == gate)


def _entered(gate: str, seat: Seat, held: Collection[str], now: float) -> Select[Any]:
    """The same, whoever waits or not, with the model's breaker, and the round of the student's last question."""
    last = select(func.max(queue.c.round)).where(queue.c.gate == gate, queue.c.person == seat.person, queue.c.id != seat.id)
    breaker = (breakers.c.gate == gates.c.gate) & (breakers.c.model == seat.model)
    joined = gates.outerjoin(queue, _is_there(held, now)).outerjoin(breakers, breaker)
    columns = (*_GATE, *_PLACE, *doors.COLUMNS, last.scalar_subquery().label("last"))
    return select(*columns).select_from(joined).where(gates.c.gate == gate)


def _is_there(held: Collection[str], now: float) -> ColumnElement[bool]:
    is_waiting = queue.c.goes_at.is_(None) & (queue.c.lease_until > now)
    return (queue.c.gate == gates.c.gate) & (is_waiting | queue.c.id.in_(held))


def _pace(row: Row[Any]) -> Pace:
    return Pace(*(getattr(row, name) for name in asdict(Pace())))


def _waiting(rows: Sequence[Row[Any]]) -> list[_Waiting]:
    return [_Waiting(row.round, row.arrived_at, row.id, row.tokens, row.goes_at) for row in rows if row.id is not None]


def _own_place(seat: Seat, rows: Sequence[Row[Any]], now: float) -> tuple[_Waiting, list[_Waiting]]:
    """Return a question's place (its old one for another try, else one behind the student's last) and the others'."""
    places = _waiting(rows)
    old = next((place for place in places if place.id == seat.id), None)
    last = rows[0].last
    mine = old._replace(goes_at=None) if old else _Waiting(max(rows[0].current, -1 if last is None else last + 1), now, seat.id, seat.tokens)
    return mine, [place for place in places if place.id != seat.id]


def _admitted(places: Sequence[_Waiting], pace: Pace, limits: Limits, now: float, horizon: float = HORIZON) -> tuple[View, list[_Given]]:
    """Return the queue, and who is given which moment of those within the horizon."""
    goes = {place.id: place.goes_at for place in places if place.goes_at is not None}
    stands, given, first = dict[str, Place](), list[_Given](), None
    waiting = sorted(place for place in places if place.goes_at is None)
    for position, place in enumerate(waiting, 1):
        moment = pace.slot(now, place.tokens, limits)
        pace = pace.taken(moment, place.tokens, limits)
        if first is None and moment <= now + horizon:
            given.append(_Given(place, moment, pace))
            goes[place.id] = moment
            continue
        first = moment if first is None else first
        stands[place.id] = Place(position - len(given), moment - now)
    return View(goes, stands, first), given


def _without_trial(gate: str, seat: Seat) -> Any:  # noqa: ANN401  # an UPDATE, whose type SQLAlchemy does not name
    here = (breakers.c.gate == gate) & (breakers.c.model == seat.model)
    return update(breakers).where(here, breakers.c.trial == seat.id).values(trial=None, trial_until=0.0)
