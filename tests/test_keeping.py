"""Keeping: retention, the daily job, a live copy that can be restored, a new secret that loses nobody."""

import asyncio
import io
import sqlite3
from pathlib import Path

import pytest

from core.errors import SetupError
from core.messages import Level
from core.store import open_store
from core.store.database import open_database
from core.store.keeping import DAY, back_up, rotate_secret
from tests.conftest import MakeSettings, OpenStore
from tests.samples import ANNA, BEN, Clock, a_question, ask, pseudonym, rows


async def test_old_texts_go_and_young_ones_stay(open_it: OpenStore, clock: Clock) -> None:
    """After the retention a turn is gone with its answers, feedback, reports and place; levels and newer turns stay."""
    async with open_it(retention_days=30) as store:
        old = await ask(store, a_question(conversation="discord:1:old", is_exempt=True))
        await store.people.give_feedback(old, ANNA, 1)
        await store.people.report(old, ANNA, "faux")
        await store.people.set_level(ANNA, Level.ADVANCED)
        clock.move(20 * DAY)
        young = await ask(store)
        clock.move(11 * DAY)

        assert await store.keeping.erase_old() == 1
        assert {"turns": 1, "answers": 1, "conversations": 1, "students": 1} == {
            name: count
            for name, count in (await rows(store)).items()
            if name in {"turns", "answers", "conversations", "students", "feedback", "reports"}
        }
        assert (await store.past(young)).question
        assert await store.keeping.erase_old() == 0


async def test_the_daily_job_is_taken_once_a_day(open_it: OpenStore, clock: Clock) -> None:
    """Of many processes that ask at once one does the job; the next day one does it again."""
    async with open_it() as one, open_it() as other:
        for _ in range(2):
            due = await asyncio.gather(*(store.keeping.is_due() for store in (one, other) * 5))
            assert due.count(True) == 1
            clock.move(DAY)


async def test_a_copy_is_made_while_the_database_is_written(settings: MakeSettings, tmp_path: Path) -> None:
    """A backup taken in the middle of writing opens, with its key file, and holds every answer that was there before."""
    live = settings(profond_secret_key=None)
    async with open_store(live) as store:
        answer = await ask(store, a_question(text="avant la copie", is_exempt=True))
        writing = asyncio.create_task(_many(store))
        copy = await asyncio.to_thread(back_up, live, tmp_path / "copy.db")
        await writing
    async with open_store(settings(profond_secret_key=None, database_url=str(copy))) as restored:
        assert (await restored.past(answer)).question == "avant la copie"
    assert (tmp_path / "copy.db.key").stat().st_mode & 0o777 == 0o600


async def _many(store: object) -> None:
    for _ in range(20):
        await ask(store)  # type: ignore[arg-type]  # a store


@pytest.mark.parametrize(("name", "key"), [("there.db", "backup-exists"), ("no/folder/x.db", "backup-failed")])
async def test_a_copy_overwrites_nothing(settings: MakeSettings, tmp_path: Path, name: str, key: str) -> None:
    """A backup refuses a file that is there, and says when it cannot be written."""
    (tmp_path / "there.db").write_text("mine")
    async with open_store(settings()):
        with pytest.raises(SetupError) as refused:
            back_up(settings(), tmp_path / name)
    assert refused.value.key == key
    assert (tmp_path / "there.db").read_text() == "mine"


def test_there_must_be_something_to_copy(settings: MakeSettings, tmp_path: Path) -> None:
    """Without a database, and with PostgreSQL, a backup says what to do."""
    for changes, key in (({}, "backup-nothing"), ({"database_url": "postgresql://x/y"}, "backup-postgres")):
        with pytest.raises(SetupError) as refused:
            back_up(settings(**changes), tmp_path / "copy.db")
        assert refused.value.key == key


async def test_a_new_secret_loses_nobody(settings: MakeSettings, database_url: str) -> None:
    """After a rotation the new secret opens texts and finds people under the hashes they had; the old one opens nothing."""
    old, new = (settings(database_url=database_url, profond_secret_key=letter * 40) for letter in "ab")
    async with open_store(old) as store:
        answer, hash_before = await ask(store, a_question(text="gardée", is_exempt=True)), pseudonym(store, BEN)
    async with open_database(old) as database:
        await rotate_secret(database, old, "b" * 40)
    async with open_store(new) as store:
        assert ((await store.past(answer, ANNA)).question, pseudonym(store, BEN)) == ("gardée", hash_before)
    with pytest.raises(SetupError):
        async with open_store(old):
            pass


async def test_the_key_file_is_rotated_in_place(settings: MakeSettings, tmp_path: Path) -> None:
    """Without a setting the file beside the database gets a fresh secret, still 0600, and opens the database."""
    filed = settings(profond_secret_key=None)
    async with open_store(filed) as store:
        answer = await ask(store)
    before = (tmp_path / "profond.db.key").read_text()
    async with open_database(filed) as database:
        await rotate_secret(database, filed, None)
    async with open_store(filed) as store:
        await store.past(answer, ANNA)
    assert before != (tmp_path / "profond.db.key").read_text()
    assert (tmp_path / "profond.db.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("new", "key"), [(None, "rotate-needs-new"), ("short", "rotate-short")])
async def test_a_rotation_without_a_good_secret_changes_nothing(settings: MakeSettings, new: str | None, key: str) -> None:
    """A missing or short secret is refused, and the old one still opens everything."""
    async with open_database(settings()) as database:
        with pytest.raises(SetupError) as refused:
            await rotate_secret(database, settings(), new)
    assert refused.value.key == key
    async with open_store(settings()):
        pass


def test_a_torn_copy_is_found(settings: MakeSettings, tmp_path: Path) -> None:
    """A backup of a file that is no database says so in one sentence and leaves no half copy."""
    (tmp_path / "profond.db").write_text("no database at all" * 100)
    with pytest.raises(SetupError) as refused:
        back_up(settings(), tmp_path / "copy.db")
    assert refused.value.key == "backup-failed"
    with pytest.raises((sqlite3.DatabaseError, FileNotFoundError)):
        _read(tmp_path / "copy.db")


def _read(path: Path) -> None:
    if not path.exists() or not path.stat().st_size:
        raise FileNotFoundError(path)
    sqlite3.connect(io.FileIO(path).name).execute("SELECT 1 FROM turns")
