"""Keeping: retention, the daily job, a live copy that can be restored, a new secret that loses nobody."""

import asyncio
import io
import os
import shutil
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.engine import URL

from core.errors import SetupError, StoreAway
from core.messages import Level
from core.store import Store, open_store
from core.store.breakers import LONGEST
from core.store.database import open_database, secrets_beside
from core.store.gates import Seat
from core.store.keeping import DAY, LOOK_SECONDS, back_up, rotate_secret
from core.store.pace import Limits
from core.store.shelf import Kept
from core.store.spending import Bill
from core.store.tables import spending
from tests.conftest import MakeSettings, OpenStore
from tests.owners import SOMEBODY, as_root, given_to, owner
from tests.samples import ANNA, BEN, Clock, a_question, an_answer, an_outcome, ask, at_statement, in_paris, pseudonym, rows
from tests.test_terminal import profond


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


async def test_a_retelling_is_no_younger_than_its_question(open_it: OpenStore, clock: Clock) -> None:
    """What a classmate had told again goes with the question that it holds."""
    async with open_it(retention_days=30) as store:
        old = await ask(store, a_question(is_exempt=True))
        clock.move(20 * DAY)
        retold = await ask(store, a_question(person=BEN, again=old, is_exempt=True))
        await store.people.report(retold, BEN, "faux")
        clock.move(11 * DAY)

        assert await store.keeping.erase_old() == 2
        assert {"turns", "answers", "reports"}.isdisjoint(await rows(store))


async def test_old_texts_go_a_few_at_a_time(open_it: OpenStore, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are old, no transaction erases more than a few turns, and all of them go."""
    monkeypatch.setattr("core.store.keeping.AT_ONCE", 3)
    async with open_it() as store:
        for _ in range(7):
            await ask(store)
        clock.move(31 * DAY)
        with at_statement(store, 0, lambda: None) as asked:
            assert 7 == await store.keeping.erase_old()
        assert 3 + 2 == asked.count("COMMIT")
        assert {} == await rows(store)


@pytest.mark.parametrize(
    ("year_end", "today", "kept"),
    [
        ("08-31", "2026-08-31", ["2025-09-01", "2026-06-30", "2026-08-31"]),
        ("08-31", "2026-09-01", []),
        ("07-04", "2026-07-20", []),
        ("07-04", "2026-08-02", []),
    ],
)
async def test_costs_go_when_the_school_year_is_over(open_it: OpenStore, clock: Clock, year_end: str, today: str, kept: list[str]) -> None:
    """The costs of a school year stay until it has ended; those of the running month always stay, since its budget counts them."""
    days = ["2025-08-31", "2025-09-01", "2026-06-30", "2026-08-31"]
    async with open_it(school_year_end=year_end, retention_days=400) as store:
        for day in sorted({*days, today}):
            clock.now = in_paris(f"{day} 12:00")
            await store.answered(await store.accept(a_question(is_exempt=True)), replace(an_outcome(an_answer()), bill=Bill()))
        clock.now = in_paris(f"{today} 18:00")
        await store.keeping.erase_old()

        assert sorted({*kept, today}) == [day for day in await days_with_costs(store) if day <= today]


async def days_with_costs(store: Store) -> list[str]:
    async with store._database.read() as connection:
        return list((await connection.execute(select(spending.c.day).order_by(spending.c.day))).scalars())


async def test_what_nobody_comes_by_to_erase_is_swept(open_it: OpenStore, clock: Clock) -> None:
    """A place in the queue and an answer kept for others go after their time, though nobody asks any more."""
    limits, seat = Limits(1, 1_000_000), Seat(id="0" * 32, person="1" * 32, model="small", tokens=9)
    async with open_it(cache_seconds=1000) as store:
        await store.shelf.put("a", Kept("text", "small", 1), "course 1")
        await store.gates.enter("g", seat, limits, ())
        await store.keeping.sweep()
        assert {"queue": 1, "gates": 1, "shelf": 1} == await rows(store)
        clock.move(100)
        await store.keeping.sweep()
        assert {"gates": 1, "shelf": 1} == await rows(store)
        clock.move(900)
        await store.keeping.sweep()
        assert {"gates": 1} == await rows(store)


async def test_a_breaker_that_nobody_tried_for_a_day_is_swept(open_it: OpenStore, clock: Clock) -> None:
    """A model that failed and is asked no more, since the settings name another, is not told as failing for good."""
    seat = Seat(id="0" * 32, person="1" * 32, model="gone", tokens=9)
    async with open_it() as store:
        await store.gates.failed("g", seat, clock.now, is_final=True)
        clock.move(DAY)
        await store.keeping.sweep()
        assert {"gates": 1, "breakers": 1} == await rows(store)
        clock.move(LONGEST)
        await store.keeping.sweep()
        assert {"gates": 1} == await rows(store)


async def test_the_daily_job_is_done_once_a_day(open_it: OpenStore, clock: Clock) -> None:
    """Of many processes that look at once one does the job; on the next day, from midnight on, one does it again."""
    async with open_it() as one, open_it() as other:
        for moment in ("2026-11-23 12:00", "2026-11-24 00:00", "2026-11-25 23:59", "2026-11-26 00:01"):
            clock.now = in_paris(moment)
            done = await asyncio.gather(*(store.keeping.do_job() for store in (one, other) * 5))
            assert [0] == [erased for erased in done if erased is not None]
        clock.now = in_paris("2026-11-26 23:59")
        assert await one.keeping.do_job() is None


async def test_a_daily_job_that_was_cut_off_is_done_all_the_same(open_it: OpenStore, clock: Clock) -> None:
    """Where the database goes away in the middle of the job, whoever looks ten minutes later does it, and nobody before."""

    def go_away() -> None:
        raise OSError

    async with open_it() as one, open_it() as other:
        await ask(one)
        clock.move(31 * DAY)
        with at_statement(one, 3, go_away), pytest.raises(StoreAway):
            await one.keeping.do_job()
        assert await other.keeping.do_job() is None
        clock.move(LOOK_SECONDS)
        assert await other.keeping.do_job() == 1


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


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["Cours #2", "100 %25 réseaux", "quoi ?" if sys.platform != "win32" else "quoi"])
async def test_a_copy_is_made_wherever_the_database_lies(settings: MakeSettings, tmp_path: Path, name: str) -> None:
    """Marks that mean something in an address stand in a path as they are; nothing is made beside the database."""
    (tmp_path / name).mkdir()
    live = settings(database_url=str(tmp_path / name / "profond.db"))
    async with open_store(live) as store:
        answer = await ask(store, a_question(text="avant la copie", is_exempt=True))
    copy = back_up(live, tmp_path / "copy.db")
    async with open_store(settings(database_url=str(copy))) as restored:
        assert (await restored.past(answer)).question == "avant la copie"
    assert {name, "copy.db"} == names(tmp_path)


def test_what_is_no_database_of_ours_is_not_copied(settings: MakeSettings, tmp_path: Path) -> None:
    """An empty file, or another program's database, is no copy that could be restored."""
    (tmp_path / "profond.db").touch()
    with pytest.raises(SetupError) as refused:
        back_up(settings(), tmp_path / "copy.db")

    assert refused.value.key == "setup-database-broken"
    assert {"profond.db"} == names(tmp_path)


async def test_a_copy_has_the_key_file_that_opens_it(settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of a database whose rotation was interrupted opens with the key file beside it."""
    filed = settings(profond_secret_key=None)
    async with open_database(filed) as database:
        with monkeypatch.context() as dying:
            dying.setattr("pathlib.Path.replace", die)
            with pytest.raises(KeyboardInterrupt):
                await rotate_secret(database, filed, None)
        back_up(filed, tmp_path / "copy.db")
    async with open_store(settings(profond_secret_key=None, database_url=str(tmp_path / "copy.db"))):
        pass


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_copy_opens_where_the_secret_changes_meanwhile(
    settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_first: bool
) -> None:
    """A copy opens with the key file beside it, whether a rotation comes just before the pages are read or just after."""
    filed, looks = settings(profond_secret_key=None), iter((is_first, not is_first))
    async with open_database(filed) as database:
        loop = asyncio.get_running_loop()

        def look(url: URL) -> list[str]:
            found = secrets_beside(url)
            if next(looks):
                asyncio.run_coroutine_threadsafe(rotate_secret(database, filed, None), loop).result()
            return found if is_first else secrets_beside(url)

        monkeypatch.setattr("core.store.keeping.secrets_beside", look)
        await asyncio.to_thread(back_up, filed, tmp_path / "copy.db")
    async with open_store(settings(profond_secret_key=None, database_url=str(tmp_path / "copy.db"))):
        pass


def die(*_: object) -> None:
    """End as a program that is killed does."""
    raise KeyboardInterrupt


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


@as_root
async def test_the_key_file_stays_the_bots_own(settings: MakeSettings, tmp_path: Path) -> None:
    """Rotated by root, in the folder of the user that the bot runs as, the key file is still that user's; no link is followed."""
    filed, bystander = settings(profond_secret_key=None), tmp_path / "bystander"
    async with open_store(filed):
        pass
    given_to(SOMEBODY, tmp_path / "profond.db.key")
    bystander.write_text("mine")
    (tmp_path / "profond.db.key.new").symlink_to(bystander)
    async with open_database(filed) as database:
        await rotate_secret(database, filed, None)

    assert (SOMEBODY, "mine") == (owner(tmp_path / "profond.db.key"), bystander.read_text())


@pytest.mark.parametrize("moment", ["before the database knows it", "before the file is in place"])
async def test_an_interrupted_rotation_loses_nobody(settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    """Killed in the middle of a rotation, the next start opens the database with whichever of the two files fits."""
    filed = settings(profond_secret_key=None)
    async with open_store(filed) as store:
        answer = await ask(store)
    before = (tmp_path / "profond.db.key").read_text()
    with monkeypatch.context() as dying:
        dying.setattr("pathlib.Path.replace" if "file" in moment else "core.store.keeping.wrap", die)
        async with open_database(filed) as database:
            with pytest.raises(KeyboardInterrupt):
                await rotate_secret(database, filed, None)
    async with open_store(filed) as store:
        await store.past(answer, ANNA)

    assert ("file" in moment) == (before != (tmp_path / "profond.db.key").read_text())
    async with open_store(filed) as store:
        await store.past(answer, ANNA)


async def test_two_rotations_at_once_lose_nobody(settings: MakeSettings) -> None:
    """Several who change the key file at the same moment do so one after the other, and the last one's file opens the database."""
    filed = settings(profond_secret_key=None)
    async with open_store(filed) as store:
        answer = await ask(store)
    async with open_database(filed) as one, open_database(filed) as other:
        await asyncio.gather(*(rotate_secret(database, filed, None) for database in (one, other) * 2))
    async with open_store(filed) as store:
        await store.past(answer, ANNA)


async def test_of_two_new_secrets_at_once_one_is_taken(settings: MakeSettings, database_url: str) -> None:
    """Of two who change the setting's secret at the same moment one is refused, and the other one's opens the database."""
    old, *new = (settings(database_url=database_url, profond_secret_key=letter * 40) for letter in "abc")
    async with open_database(old) as one, open_database(old) as other:
        rotations = [rotate_secret(database, old, letter * 40) for database, letter in ((one, "b"), (other, "c"))]
        refused = await asyncio.gather(*rotations, return_exceptions=True)
    assert ["setup-key-wrong"] == [error.key for error in refused if isinstance(error, SetupError)]
    async with open_store(new[refused.index(None)]):
        pass


async def test_a_power_cut_after_a_rotation_loses_nobody(settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a key file has taken the old one's place, what it opens is on the disk, though somebody else keeps the database open."""
    filed = settings(profond_secret_key=None)
    async with open_store(filed) as store:
        answer = await ask(store)
        async with open_database(filed) as database:
            disk = _disk(tmp_path, monkeypatch)
            await rotate_secret(database, filed, None)
            monkeypatch.undo()
    assert (disk / "profond.db.key").read_text() == (tmp_path / "profond.db.key").read_text()
    async with open_store(settings(profond_secret_key=None, database_url=str(disk / "profond.db"))) as store:
        await store.past(answer, ANNA)


def _disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that holds what a power cut would leave of a database: its files as they were last synced, renamed at once."""
    disk, sync, rename = folder / "disk", os.fsync, Path.replace
    disk.mkdir()
    for path in folder.glob("profond.db*"):
        shutil.copy(path, disk)

    def on_sync(descriptor: int) -> None:
        sync(descriptor)
        for path in folder.glob("profond.db*"):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                shutil.copy(path, disk)

    def on_rename(path: Path, target: Path) -> Path:
        (disk / path.name).touch()
        rename(disk / path.name, disk / target.name)
        return rename(path, target)

    monkeypatch.setattr("os.fsync", on_sync)
    monkeypatch.setattr("pathlib.Path.replace", on_rename)
    return disk


async def test_a_secret_aside_that_does_not_fit_opens_nothing(settings: MakeSettings, tmp_path: Path) -> None:
    """A wrong key file is told as such, whatever lies beside it, and neither file is touched."""
    filed = settings(profond_secret_key=None)
    async with open_store(filed):
        pass
    for name in ("profond.db.key", "profond.db.key.new"):
        (tmp_path / name).write_text(name * 3)
    with pytest.raises(SetupError) as refused:
        async with open_store(filed):
            pass
    assert refused.value.key == "setup-key-wrong"
    assert ["profond.db.key" * 3, "profond.db.key.new" * 3] == [(tmp_path / f"profond.db.key{end}").read_text() for end in ("", ".new")]


@pytest.mark.parametrize("person", ["4201", "Discord:4201", "@lea", "slack:U1", "discord:4201 "])
def test_who_cannot_be_anybody_is_not_erased(tmp_path: Path, person: str) -> None:
    """What names no account is refused with the form that does: nobody is told of an erasure that never was."""
    done = profond(tmp_path, "erase", person)

    assert (1, "", 1) == (done.returncode, done.stdout, len(done.stderr.splitlines()))
    assert "discord:NUMÉRO" in done.stderr


async def test_an_erasure_says_whether_there_was_anything(settings: MakeSettings, tmp_path: Path) -> None:
    """Somebody who asked, or only chose a level, is erased; under another's id nothing is kept, and that is said."""
    async with open_store(settings(profond_secret_key=None)) as store:
        await ask(store, a_question(is_exempt=True))
        await store.people.set_level(BEN, Level.ADVANCED)
    told = [(await asyncio.to_thread(profond, tmp_path, "erase", person)).stdout for person in (ANNA, BEN, BEN, "slack:T1:U1")]

    assert [f"C'est effacé\u00a0: 1 question(s) de {ANNA}.", f"C'est effacé\u00a0: 0 question(s) de {BEN}."] == [line.strip() for line in told[:2]]
    assert all("Rien n'est gardé sous" in line for line in told[2:])


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
