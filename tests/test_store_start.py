"""What may be wrong with the database at start: each is one sentence with the mend, and nothing is changed."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import SetupError
from core.store import database, open_store
from tests.conftest import MakeSettings

HAS_MODES = os.name == "posix" and os.geteuid() != 0
READ_ONLY = "BUG: BEGIN IMMEDIATE succeeds on a read-only database, so that the start does not notice and every question is StoreAway"
OPENING = """
import asyncio, sys
from core.errors import SetupError
from core.settings import Settings
from core.store import open_store

async def main() -> None:
    try:
        async with open_store(Settings(_env_file=None, database_url=sys.argv[1], profond_secret_key="x" * 40)):
            print("opened")
    except SetupError as error:
        print(error.key)

asyncio.run(main())
"""


async def refused(settings: MakeSettings, **changes: object) -> tuple[str, dict[str, str | float]]:
    """Return the key and the details of the SetupError that opening raises."""
    with pytest.raises(SetupError) as error:
        async with open_store(settings(**changes)):
            pass
    return error.value.key, error.value.details


@pytest.fixture
async def made(settings: MakeSettings, tmp_path: Path) -> Path:
    """The file of a database that was opened once."""
    async with open_store(settings()):
        pass
    return tmp_path / "profond.db"


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a moment for a lock, not five seconds."""
    prepare = database._prepare_sqlite

    def prepare_hastily(connection: object, record: object) -> None:
        prepare(connection, record)
        connection.cursor().execute("PRAGMA busy_timeout=50")  # type: ignore[attr-defined]

    monkeypatch.setattr(database, "_prepare_sqlite", prepare_hastily)


@pytest.fixture
def _modes(tmp_path: Path) -> Iterator[None]:
    yield
    tmp_path.chmod(0o700)


def entries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def overwrite(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xa5" * (len(content) - 100))


async def test_a_missing_folder_is_told(settings: MakeSettings, tmp_path: Path) -> None:
    """A file in a folder that is not there cannot be opened; the folder is not made."""
    path = str(tmp_path / "nowhere" / "profond.db")

    assert ("setup-database-file", {"file": path}) == await refused(settings, database_url=path)
    assert not entries(tmp_path)


async def test_a_folder_is_no_database(settings: MakeSettings, tmp_path: Path) -> None:
    """A directory in place of the file cannot be opened."""
    assert ("setup-database-file", {"file": str(tmp_path)}) == await refused(settings, database_url=str(tmp_path))


@pytest.mark.parametrize("content", [b"Ceci n'est pas une base.\n" * 100, b"\0" * 5000, b"SQLite format 3\0" + b"\xff" * 4096])
async def test_a_file_that_is_no_database_is_told(settings: MakeSettings, tmp_path: Path, content: bytes) -> None:
    """A file of something else is named as broken, and not touched."""
    path = tmp_path / "profond.db"
    path.write_bytes(content)

    assert ("setup-database-broken", {"file": str(path)}) == await refused(settings)
    assert content == path.read_bytes()


async def test_a_damaged_database_is_told(settings: MakeSettings, made: Path) -> None:
    """A database whose pages were overwritten is named as broken."""
    overwrite(made)

    assert ("setup-database-broken", {"file": str(made)}) == await refused(settings)


async def test_a_database_opened_to_read_is_told(settings: MakeSettings, made: Path) -> None:
    """A database that SQLite may only read is refused at start, not at the first question."""
    url = f"sqlite:///file:{made}?mode=ro&uri=true"

    assert "setup-database-readonly" == (await refused(settings, database_url=url))[0]


@pytest.mark.skipif(not HAS_MODES, reason="root may write everywhere")
@pytest.mark.usefixtures("_modes")
@pytest.mark.parametrize("is_folder", [False, True])
async def test_a_file_or_folder_without_the_right_to_write_is_told(settings: MakeSettings, made: Path, *, is_folder: bool) -> None:
    """A read-only file, and one in a read-only folder, are told with the file's name."""
    (made.parent if is_folder else made).chmod(0o500)

    key, details = await refused(settings)

    assert key in {"setup-database-readonly", "setup-database-file"}
    assert {"file": str(made)} == details


@pytest.mark.usefixtures("_hasty")
async def test_a_locked_database_is_told(settings: MakeSettings, made: Path) -> None:
    """A database that another program writes to for longer than the busy timeout is named as locked."""
    with closing(sqlite3.connect(made, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        assert ("setup-database-locked", {"file": str(made)}) == await refused(settings)


@pytest.mark.usefixtures("_hasty")
async def test_a_full_disk_is_told(settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that may not grow is told as a full disk, and no schema is left half made."""
    prepare = database._prepare_sqlite

    def prepare_small(connection: object, record: object) -> None:
        prepare(connection, record)
        connection.cursor().execute("PRAGMA max_page_count=8")  # type: ignore[attr-defined]

    monkeypatch.setattr(database, "_prepare_sqlite", prepare_small)

    assert "setup-database-full" == (await refused(settings))[0]
    with closing(sqlite3.connect(tmp_path / "profond.db")) as file:
        assert [] == file.execute("SELECT name FROM sqlite_master").fetchall()


async def test_another_programs_tables_are_left_alone(settings: MakeSettings, tmp_path: Path) -> None:
    """A SQLite file that has a table of one of our names is refused, and none of ours is added."""
    path = tmp_path / "profond.db"
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE turns (whose TEXT)")

    assert {"file": str(path)} == (await refused(settings))[1]
    with closing(sqlite3.connect(path)) as file:
        assert [("turns",)] == file.execute("SELECT name FROM sqlite_master").fetchall()


def broken(path: Path) -> None:
    path.write_bytes(b"Ceci n'est pas une base.\n" * 100)


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE alembic_version (version_num TEXT)")
        file.execute("INSERT INTO alembic_version VALUES ('9999')")
        file.commit()


@pytest.mark.parametrize(("spoil", "key"), [(broken, "setup-database-broken"), (newer, "setup-schema-newer"), (Path.mkdir, "setup-database-file")])
def test_a_failed_start_ends_the_process(tmp_path: Path, spoil: Callable[[Path], None], key: str) -> None:
    """No thread of a database that could not be opened keeps the program from ending."""
    path = tmp_path / "profond.db"
    spoil(path)

    ended = subprocess.run([sys.executable, "-c", OPENING, str(path)], capture_output=True, text=True, timeout=20, check=False)  # noqa: S603

    assert (0, key) == (ended.returncode, ended.stdout.splitlines()[-1])
    assert "ResourceWarning" not in ended.stderr
