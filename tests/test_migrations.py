"""The migrations make the schema that the program believes in, on both databases, whoever starts first."""

import asyncio
import sys

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, insert, inspect, text

from core.errors import SetupError
from core.store import Store
from core.store.database import _engine, _starting, read_url, schema_version
from core.store.migrate import alembic_config, newest
from core.store.tables import HEAD, metadata
from tests.conftest import OpenStore
from tests.samples import ANNA, ask, pseudonym, rows

OPENING = """
import asyncio, sys
from core.settings import Settings
from core.store import open_store

async def main() -> None:
    async with open_store(Settings(_env_file=None, database_url=sys.argv[1], profond_secret_key="x" * 40)) as store:
        print(store._database.vault.pseudonym("person", "discord:4201"))

asyncio.run(main())
"""


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def test_the_program_knows_the_newest_migration() -> None:
    """The version written in the tables is the one that Alembic finds."""
    assert HEAD == newest()


def test_the_migrations_form_one_line() -> None:
    """Alembic finds the migrations in the package, wherever the program is started."""
    assert "migrations:" == alembic_config().get_main_option("script_location")


@pytest.fixture
async def old_database(database_url: str) -> str:
    """A database as the first migration makes it, with a row in every table but the keys."""
    engine = _engine(read_url(database_url))
    try:
        async with _starting(engine) as connection:
            await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), "0001"))
            await connection.run_sync(fill)
    finally:
        await engine.dispose()
    return database_url


def fill(connection: Connection) -> None:
    """Put a row into every table: each text is the same, so that each reference finds its row."""
    old = MetaData()
    old.reflect(connection)
    for table in old.sorted_tables:
        if table.name not in {"alembic_version", "keys"}:
            connection.execute(insert(table).values({column.name: SAMPLES[column.type.python_type] for column in table.columns}))


SAMPLES: dict[type, object] = {str: "x", int: 1, float: 1.0, bool: True, bytes: b"x"}


async def test_old_databases_are_brought_up_to_date(old_database: str, open_it: OpenStore) -> None:
    """From the first migration on every row is kept, and the tables end as a new database's."""
    async with open_it() as store, store._database.read() as connection:
        assert [] == await connection.run_sync(differences)
        assert HEAD == await schema_version(connection)
        assert {"alembic_version", *metadata.tables} == await connection.run_sync(tables)
        found = await rows(store)
    assert dict.fromkeys(FIRST, 1) == {name: found.get(name) for name in FIRST}
    assert old_database


FIRST = {"students", "conversations", "turns", "answers", "feedback", "reports", "allowance", "seen_events", "inbox"}


async def test_a_new_database_has_the_tables(store: Store) -> None:
    """A new database has the tables of the code, and says that it is up to date."""
    async with store._database.read() as connection:
        assert [] == await connection.run_sync(differences)
        assert HEAD == await schema_version(connection)
        assert {"alembic_version", *metadata.tables} == await connection.run_sync(tables)


async def test_a_database_up_to_date_is_not_migrated_again(open_it: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second start does not run Alembic."""
    async with open_it():
        pass
    monkeypatch.setattr("core.store.migrate.upgrade", None)

    async with open_it() as store:
        assert {} == await rows(store)


async def test_a_newer_schema_is_left_alone(open_it: OpenStore) -> None:
    """A database of a newer program is refused with the mend, and stays as it is."""
    async with open_it() as store:
        await ask(store)
        async with store._database.write() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        before = await rows(store)

    with pytest.raises(SetupError, match="setup-schema-newer"):
        async with open_it():
            pass

    async with store._database.engine.connect() as connection:
        assert "9999" == await schema_version(connection)
        assert [] == await connection.run_sync(differences)
    assert before == await rows(store)
    await store._database.engine.dispose()


async def test_a_migration_that_fails_leaves_nothing(old_database: str, open_it: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error half-way undoes the tables made before it; the next start makes them all."""
    assert old_database

    def fail(connection: Connection) -> None:
        metadata.tables["facts"].create(connection)
        connection.execute(text("SELECT * FROM no_such_table"))

    with monkeypatch.context() as broken:
        broken.setattr("core.store.migrate.upgrade", fail)
        with pytest.raises(SetupError):
            async with open_it():
                pass

    async with open_it() as store:
        await ask(store)


async def test_four_tasks_start_on_an_empty_database(open_it: OpenStore, database_url: str) -> None:
    """Four starts at once make one schema and one pair of keys."""

    async def start() -> str:
        async with open_it() as store:
            return pseudonym(store, ANNA)

    assert 1 == len(set(await asyncio.gather(*(start() for _ in range(4)))))


async def test_two_processes_start_on_an_empty_database(database_url: str, request: pytest.FixtureRequest) -> None:
    """Two programs started at once both open the database, with the same keys."""
    pipe = asyncio.subprocess.PIPE
    started = [await asyncio.create_subprocess_exec(sys.executable, "-c", OPENING, database_url, stdout=pipe, stderr=pipe) for _ in range(2)]

    ended = [await process.communicate() for process in started]

    assert [(0, b""), (0, b"")] == [(process.returncode, errors) for process, (_, errors) in zip(started, ended, strict=True)]
    assert ended[0][0] == ended[1][0]
