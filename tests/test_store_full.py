"""A disk that fills in the middle of a class: what is asked is told in one sentence, nothing is torn, and room made is used at once."""

import asyncio
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from core.errors import SetupError, StoreAway
from core.settings import Settings
from core.store import Store, open_store
from core.store.keeping import back_up
from tests.conftest import MakeSettings
from tests.samples import ANNA, BEN, ROOM, a_question, an_answer, an_outcome, ask, left, pseudonym, rows

SMALL = "700k"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own that holds less than a megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", folder], capture_output=True, check=False)  # noqa: S603, S607
    if mounted.returncode:
        pytest.skip("no right to mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S603, S607


@pytest.fixture
def on_it(settings: MakeSettings, small_disk: Path) -> Settings:
    """The settings of a database on that disk."""
    return settings(database_url=str(small_disk / "profond.db"))


def fill_up(disk: Path) -> Path:
    """Write logs until nothing more fits; return their file."""
    logs = disk / "logs"
    with logs.open("ab", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * 512):
            pass
    return logs


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", disk], check=True)  # noqa: S603, S607


def soundness(path: Path) -> str:
    with closing(sqlite3.connect(path)) as file:
        return str(file.execute("PRAGMA integrity_check").fetchone()[0])


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def until_stored(store: Store) -> dict[str, int]:
    async with asyncio.timeout(10):
        while "inbox" in (found := await rows(store)):  # noqa: ASYNC110  # nobody is told of it
            await asyncio.sleep(0.01)
    return found


async def test_a_disk_that_fills_takes_nothing_and_loses_nothing(on_it: Settings, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the disk is full what is kept can be read and nothing more is taken; with room again, what was told is stored and all goes on."""
    monkeypatch.setattr("core.store.SETTLE_SECONDS", 0.05)
    async with open_store(on_it) as store:
        answer = await ask(store, a_question(person=BEN))
        ticket, told = await store.accept(a_question(person=BEN)), an_outcome(an_answer())
        logs = fill_up(small_disk)
        for asking in (store.answered(ticket, told), store.accept(a_question()), store.people.give_feedback(answer, BEN, 1)):
            with pytest.raises(StoreAway):
                await asking
        assert (await store.past(answer, BEN)).question
        assert 1 == len(await store.recent(ROOM, pseudonym(store, BEN)))
        assert [(10, 60), (8, 58)] == [await left(store, person) for person in (ANNA, BEN)]

        logs.unlink()
        assert {"turns": 2, "answers": 2, "conversations": 1, "seen_events": 2, "allowance": 1} == await until_stored(store)
        assert (await store.past(told.answer.id, BEN)).question
        await ask(store, a_question())
    assert "ok" == soundness(small_disk / "profond.db")


async def test_a_full_disk_at_the_start_is_told(on_it: Settings, small_disk: Path) -> None:
    """A program that is started on a full disk says so, and the database is as it was."""
    async with open_store(on_it) as store:
        answer = await ask(store)
    logs = fill_up(small_disk)
    with pytest.raises(SetupError) as refused:
        async with open_store(on_it):
            pass
    assert "setup-database-full" == refused.value.key
    logs.unlink()
    async with open_store(on_it) as store:
        assert (await store.past(answer, ANNA)).question


async def test_a_key_that_does_not_fit_is_made_at_the_next_start(settings: MakeSettings, small_disk: Path, tmp_path: Path) -> None:
    """A disk that fills as the key file is made is told, and nothing of the key is left; with room again the first start succeeds."""
    path = small_disk / "profond.db"
    path.symlink_to(tmp_path / "elsewhere.db")  # the database has room, its key has none
    chosen = settings(database_url=str(path), profond_secret_key=None)
    logs = fill_up(small_disk)
    with pytest.raises(SetupError) as refused:
        async with open_store(chosen):
            pass
    assert "setup-database-full" == refused.value.key
    assert {"logs", "profond.db"} == set(names(small_disk))

    logs.unlink()
    async with open_store(chosen) as store:
        await ask(store)
    async with open_store(chosen) as store:
        assert 1 == (await rows(store))["answers"]
    assert {"profond.db", "profond.db.key"} == set(names(small_disk))


async def test_a_read_only_disk_is_told(on_it: Settings, small_disk: Path) -> None:
    """A program that is started where nothing may be written says so at once, and the database is as it was."""
    async with open_store(on_it) as store:
        answer = await ask(store)
    remount(small_disk, "ro")
    with pytest.raises(SetupError) as refused:
        async with open_store(on_it):
            pass
    assert refused.value.key in {"setup-database-readonly", "setup-database-file"}
    remount(small_disk, "rw")
    async with open_store(on_it) as store:
        assert (await store.past(answer, ANNA)).question


async def test_a_copy_onto_a_full_disk_is_told(settings: MakeSettings, small_disk: Path) -> None:
    """A backup that does not fit says so in one sentence, and leaves no half copy behind that could pass for one."""
    async with open_store(settings()):
        pass
    fill_up(small_disk)
    with pytest.raises(SetupError) as refused:
        back_up(settings(), small_disk / "copy.db")
    assert "backup-failed" == refused.value.key
    assert ["logs"] == names(small_disk)
