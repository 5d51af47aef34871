"""Answers kept for whoever asks the same question again. Texts are encrypted; the question is only known as a keyed hash.

The key holds the course's and the prompt's version and the model that was named, so that a new one finds nothing; what belongs to
an old course or prompt is thrown away when the next answer is put here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ScalarSelect, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.settings import Settings
from core.store.allowance import upsert
from core.store.database import Database, uncancelled
from core.store.tables import answers, shelf


@dataclass(frozen=True)
class Kept:
    """A whole answer of the model's, and what it cost."""

    text: str
    model: str
    micros: int


class Shelf:
    """The answers that are kept."""

    def __init__(self, database: Database, settings: Settings, clock: Callable[[], float]) -> None:
        self._database = database
        self._seconds = settings.cache_seconds
        self._size = settings.cache_size if settings.cache_seconds else 0
        self._clock = clock

    def key(self, question: str) -> str:
        """Return the keyed hash under which an answer is kept."""
        return self._database.vault.pseudonym("shelf", question)

    async def get(self, key: str) -> Kept | None:
        """Return the answer kept under a key, if it is still good."""
        if not self._size:
            return None
        statement = select(shelf).where(shelf.c.key == key, shelf.c.created_at > self._clock() - self._seconds)
        async with self._database.read() as connection:
            row = (await connection.execute(statement)).first()
        return Kept(self._database.vault.open("shelf", row.answer), row.model, row.cost_micros) if row else None

    @uncancelled
    async def put(self, key: str, kept: Kept, edition: str) -> None:
        """Keep an answer; throw away what is too old, of another edition, or over the size."""
        if not self._size:
            return
        now = self._clock()
        values = {"answer": self._database.vault.seal("shelf", kept.text), "model": kept.model, "cost_micros": kept.micros}
        values |= {"edition": edition, "created_at": now}
        beyond = select(shelf.c.key).order_by(shelf.c.created_at.desc(), shelf.c.key).offset(self._size).scalar_subquery()
        async with self._database.write() as connection:
            made = upsert(connection)(shelf).values(key=key, **values)
            await connection.execute(made.on_conflict_do_update(index_elements=["key"], set_=values))
            is_stale = (shelf.c.created_at <= now - self._seconds) | (shelf.c.edition != edition)
            await connection.execute(delete(shelf).where(is_stale))
            await connection.execute(delete(shelf).where(shelf.c.key.in_(beyond)))


async def take_off(connection: AsyncConnection, answer_id: str) -> None:
    """Keep an answer that was complained about for nobody else."""
    await throw_away(connection, select(answers.c.shelf).where(answers.c.id == answer_id).scalar_subquery())


async def throw_away(connection: AsyncConnection, key: str | ScalarSelect[str | None]) -> None:
    """Keep what stands under a key for nobody else."""
    await connection.execute(delete(shelf).where(shelf.c.key == key))
