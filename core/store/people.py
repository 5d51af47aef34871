"""What students chose and said: level, notice, feedback, reports; and what they may see and erase of it."""

import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table, delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import StoreAway, Unknown
from core.messages import Level, MyData
from core.store.allowance import upsert
from core.store.database import Database, uncancelled
from core.store.inbox import load_question
from core.store.shelf import take_off
from core.store.tables import allowance, answers, conversations, feedback, inbox, reports, shelf, students, turns


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """A reported answer or a thumb down, for the teacher. It names no student."""

    id: str
    kind: str
    at: str
    question: str
    answer: str
    cards: tuple[str, ...]
    course_version: str
    prompt_version: str
    writer: str
    text: str = ""


class People:
    """The students' side of the store. Every `person` here is `platform:id`; only its keyed hash is ever compared."""

    def __init__(self, database: Database, day: Callable[[float], str], clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._vault = database.vault
        self._day = day
        self._clock = clock

    def _pseudonym(self, person: str) -> str:
        return self._vault.pseudonym("person", person)

    @uncancelled
    async def _set(self, person: str, /, **values: object) -> None:
        """Write columns of a student's row, made if need be."""
        row = {"person": self._pseudonym(person), "identity": self._vault.seal("identity", person), "created_at": self._clock()}
        async with self._database.write() as connection:
            made = upsert(connection)(students).values(**row).on_conflict_do_nothing()
            await connection.execute(made)
            await connection.execute(update(students).where(students.c.person == row["person"]).values(**values))

    async def level(self, person: str) -> Level | None:
        """Return the level that a student chose, or None."""
        async with self._database.read() as connection:
            found = await connection.execute(select(students.c.level).where(students.c.person == self._pseudonym(person)))
            code = found.scalar()
        return Level(code) if code else None

    async def set_level(self, person: str, level: Level) -> None:
        """Remember a student's level."""
        await self._set(person, level=level.value)

    async def is_always_private(self, person: str) -> bool | None:
        """Return whether a student wants every answer in private, or None while they said nothing."""
        statement = select(students.c.is_always_private).where(students.c.person == self._pseudonym(person))
        async with self._database.read() as connection:
            return (await connection.execute(statement)).scalar()

    async def set_always_private(self, person: str, *, is_private: bool) -> None:
        """Remember whether a student wants every answer in private."""
        await self._set(person, is_always_private=is_private)

    async def is_noticed(self, person: str) -> bool:
        """Whether the first-contact notice was shown."""
        async with self._database.read() as connection:
            found = await connection.execute(select(students.c.noticed_at).where(students.c.person == self._pseudonym(person)))
            return found.scalar() is not None

    async def set_noticed(self, person: str) -> None:
        """Remember that the notice was shown."""
        await self._set(person, noticed_at=self._clock())

    @uncancelled
    async def give_feedback(self, answer_id: str, person: str, value: int) -> None:
        """Store 1 or -1, one per student and answer; a new one replaces it. Raises Unknown."""
        row = {"answer": answer_id, "person": self._pseudonym(person), "value": value, "created_at": self._clock()}
        async with self._database.write() as connection:
            await _must_exist(connection, answer_id)
            statement = upsert(connection)(feedback).values(**row)
            changed = {"value": value, "created_at": row["created_at"], "done_at": None}
            await connection.execute(statement.on_conflict_do_update(index_elements=["answer", "person"], set_=changed))
            if value < 0:
                await take_off(connection, answer_id)

    @uncancelled
    async def report(self, answer_id: str, person: str, text: str) -> str:
        """Store what a student says is wrong with an answer; return the report's id. Raises Unknown."""
        row = {
            "id": secrets.token_hex(4),
            "answer": answer_id,
            "person": self._pseudonym(person),
            "report": self._vault.seal("report", text),
            "created_at": self._clock(),
        }
        async with self._database.write() as connection:
            await _must_exist(connection, answer_id)
            await connection.execute(insert(reports).values(**row))
            await take_off(connection, answer_id)
        return str(row["id"])

    async def complaints(self) -> list[Complaint]:
        """Return the open reports and thumbs down, oldest first."""
        around = (turns.c.question, answers.c.answer, answers.c.cards, answers.c.course_version, answers.c.prompt_version, answers.c.writer)
        reported = (
            select(reports.c.id, reports.c.created_at, reports.c.report, *around)
            .join(answers, answers.c.id == reports.c.answer)
            .join(turns, turns.c.id == answers.c.turn)
            .where(reports.c.done_at.is_(None))
        )
        disliked = (
            select(answers.c.id, feedback.c.created_at, *around)
            .join(answers, answers.c.id == feedback.c.answer)
            .join(turns, turns.c.id == answers.c.turn)
            .where(feedback.c.value < 0, feedback.c.done_at.is_(None))
        )
        async with self._database.read() as connection:
            rows: list[tuple[str, Any]] = [("report", row) for row in await connection.execute(reported)]
            rows += [("thumb_down", row) for row in await connection.execute(disliked)]
        return [self._complaint(kind, row) for kind, row in sorted(rows, key=lambda pair: pair[1].created_at)]

    def _complaint(self, kind: str, row: Any) -> Complaint:  # noqa: ANN401  # a row of either query
        return Complaint(
            id=row.id,
            kind=kind,
            at=_date(row.created_at),
            question=self._vault.open("question", row.question),
            answer=self._vault.open("answer", row.answer),
            cards=tuple(row.cards.split()),
            course_version=row.course_version,
            prompt_version=row.prompt_version,
            writer=row.writer,
            text=self._vault.open("report", row.report) if kind == "report" else "",
        )

    @uncancelled
    async def settle(self, complaint_id: str) -> None:
        """Mark a report, or every thumb down of an answer, as done. Raises Unknown."""
        now = self._clock()
        async with self._database.write() as connection:
            done = [
                await connection.execute(update(reports).where(reports.c.id == complaint_id).values(done_at=now)),
                await connection.execute(update(feedback).where(feedback.c.answer == complaint_id).values(done_at=now)),
            ]
        if not any(result.rowcount for result in done):
            raise Unknown(name=complaint_id)

    async def my_data(self, person: str) -> MyData:
        """Return everything kept about a person, in clear, for them alone."""
        me = self._pseudonym(person)
        async with self._database.read() as connection:
            student = (await connection.execute(select(students).where(students.c.person == me))).first()
            said = await self._turns_of(connection, me)
            waiting = (await connection.execute(select(inbox.c.question, inbox.c.created_at).where(inbox.c.person == me))).all()
            taken = (await connection.execute(select(allowance).where(allowance.c.person == me))).first()
            judged = (await connection.execute(select(feedback).where(feedback.c.person == me))).all()
            reported = (await connection.execute(select(reports).where(reports.c.person == me))).all()
        return {
            "person": person,
            "level": student.level if student else None,
            "always_private": student.is_always_private if student else None,
            "notice_shown": _date(student.noticed_at) if student and student.noticed_at else None,
            "allowance": {"day": taken.day, "used": taken.used} if taken else None,
            "turns": said,
            "waiting": [{"question": self._waiting(row.question), "at": _date(row.created_at)} for row in waiting],
            "feedback": [{"answer": row.answer, "value": row.value, "at": _date(row.created_at)} for row in judged],
            "reports": [
                {"id": row.id, "answer": row.answer, "text": self._vault.open("report", row.report), "at": _date(row.created_at)} for row in reported
            ],
        }

    def _waiting(self, sealed: bytes) -> str:
        return load_question(self._vault.open("inbox", sealed)).text

    async def _turns_of(self, connection: AsyncConnection, me: str) -> list[dict[str, object]]:
        told = select(turns, answers, conversations.c.place).join(answers, answers.c.turn == turns.c.id)
        statement = told.join(conversations, conversations.c.conversation == turns.c.conversation).where(turns.c.person == me)
        rows = (await connection.execute(statement.order_by(turns.c.created_at, answers.c.created_at))).mappings().all()
        return [
            {
                "at": _date(row[turns.c.created_at]),
                "question": self._vault.open("question", row[turns.c.question]),
                "answer_id": row[answers.c.id],
                "answer": self._vault.open("answer", row[answers.c.answer]),
                "cards": row[answers.c.cards].split(),
                "place": self._vault.open("place", row[conversations.c.place]),
                "level": row[answers.c.level],
                "is_private": row[turns.c.is_private],
                "had_files": row[turns.c.had_files],
            }
            for row in rows
        ]

    @uncancelled
    async def forget(self, person: str) -> int:
        """Erase everything about a person at once but today's allowance; return how many turns were erased.

        What classmates had told again of this person's questions goes too, and is not counted.
        """
        me = self._pseudonym(person)
        asked = select(turns.c.id).where(turns.c.person == me)
        mine = asked.union_all(select(turns.c.id).where(turns.c.retells.in_(asked)))
        async with self._database.write() as connection:
            await connection.execute(asked.with_for_update())  # who stores a retelling of one at this moment is waited for
            my_answers = select(answers.c.id).where(answers.c.turn.in_(mine))
            for table in (feedback, reports):
                await connection.execute(delete(table).where((table.c.person == me) | table.c.answer.in_(my_answers)))
            kept = select(answers.c.shelf).where(answers.c.turn.in_(mine), answers.c.shelf.is_not(None))
            await connection.execute(delete(shelf).where(shelf.c.key.in_(kept)))
            await connection.execute(delete(answers).where(answers.c.turn.in_(mine)))
            await connection.execute(delete(turns).where(turns.c.retells.in_(asked)))
            erased = await connection.execute(delete(turns).where(turns.c.person == me))
            for table in _PERSONAL_TABLES:
                await connection.execute(delete(table).where(table.c.person == me))
            today = self._day(self._clock())
            await connection.execute(delete(allowance).where(allowance.c.person == me, allowance.c.day != today))
        with suppress(StoreAway):  # somebody asks in one of them at this moment: it stays
            await self._forget_empty_conversations()
        return int(erased.rowcount)

    async def _forget_empty_conversations(self) -> None:
        held = exists().where(turns.c.conversation == conversations.c.conversation)
        async with self._database.write() as connection:
            await connection.execute(delete(conversations).where(~held))


_PERSONAL_TABLES: Sequence[Table] = (inbox, students)


async def _must_exist(connection: AsyncConnection, answer_id: str) -> None:
    if (await connection.execute(select(answers.c.id).where(answers.c.id == answer_id))).first() is None:
        raise Unknown(name=answer_id)


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
