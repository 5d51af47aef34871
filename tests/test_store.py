"""Opening the store: where it is, the key that opens it, what is readable in its files, and how it finds its rows."""

import os
import sqlite3
import stat
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, make_url, text

from core.errors import SetupError, StoreAway
from core.store import Store, open_store
from core.store.database import database_health, key_file, read_url
from core.store.tables import HEAD, metadata, turns
from tests.conftest import MakeSettings, OpenStore
from tests.samples import ANNA, ROOM, a_question, ask, pseudonym
from tests.servers.postgres import connected

IS_POSIX = os.name == "posix"
CANARIES = ("canari-question", "canari-answer", "canari-person", "canari-room", "canari-reply", "canari-report", "canari-file", "canari-waiting")
IN_CLEAR = "canari-model"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("profond.db", "sqlite+aiosqlite:///profond.db"),
        ("/srv/my data/profond.db", "sqlite+aiosqlite:////srv/my data/profond.db"),
        ("sqlite:///x.db", "sqlite+aiosqlite:///x.db"),
        ("sqlite+aiosqlite:////srv/x.db", "sqlite+aiosqlite:////srv/x.db"),
        ("postgres://u:p%40ss@h:5433/d", "postgresql+asyncpg://u:p%40ss@h:5433/d"),
        ("postgresql://h/d", "postgresql+asyncpg://h/d"),
        ("postgresql+psycopg://h/d", "postgresql+asyncpg://h/d"),
    ],
)
def test_a_url_is_read_as_people_write_it(written: str, expected: str) -> None:
    """A path, sqlite and both names of PostgreSQL lead to the asynchronous drivers."""
    assert expected == read_url(written).render_as_string(hide_password=False)


@pytest.mark.parametrize("written", ["mysql://u@h/d", "http://example.org", "://x", "sqlite://", "sqlite:///", "nonsense://nonsense", "redis://h"])
async def test_another_database_is_refused(settings: MakeSettings, written: str) -> None:
    """What is neither a path, SQLite nor PostgreSQL is a SetupError that does not repeat the URL."""
    with pytest.raises(SetupError) as refused:
        async with open_store(settings(database_url=written)):
            pass

    assert ("setup-database-url", {}) == (refused.value.key, refused.value.details)


def test_a_port_that_is_no_number_is_refused() -> None:
    """A port with letters is a SetupError."""
    with pytest.raises(SetupError, match="setup-database-url"):
        read_url("postgresql://u:p@h:abc/d")


async def test_an_sslmode_in_the_url_is_understood(settings: MakeSettings) -> None:
    """A URL with ?sslmode=… reaches the network, where nobody answers."""
    with pytest.raises(SetupError, match="setup-postgres-away"):
        async with open_store(settings(database_url="postgres://u:p@127.0.0.1:1/d?sslmode=require")):
            pass


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ("sslmode=prefer&channel_binding=prefer", ""),
        ("sslmode=disable&connect_timeout=10&application_name=classe", "classe"),
        ("sslmode=disable&sslrootcert=ca.pem&options=-c%20application_name%3Dclasse", "classe"),
        ("pgbouncer=true&connection_limit=1&supa=base-pooler.x&target_session_attrs=read-write", ""),
    ],
)
async def test_what_hosts_add_to_a_url_is_understood(settings: MakeSettings, postgres_url: str, parameters: str, name: str) -> None:
    """Parameters of libpq have their effect where asyncpg knows them, and stop nobody where it does not."""
    async with open_store(settings(database_url=f"{postgres_url}?{parameters}")) as store, store._database.read() as connection:
        assert name == (await connection.execute(text("SHOW application_name"))).scalar()


@pytest.mark.parametrize("written", ["sqlite:///notes.db", "sqlite+aiosqlite:///notes.db", "notes.db"])
async def test_a_relative_path_starts_in_the_working_folder(settings: MakeSettings, tmp_path: Path, written: str) -> None:
    """However it is written, the file is made beside where the program runs."""
    async with open_store(settings(database_url=written)) as store:
        await ask(store)

    assert (tmp_path / "notes.db").is_file()


async def test_postgresql_that_does_not_answer_is_told(settings: MakeSettings) -> None:
    """A closed port is a SetupError with the host, and without the password."""
    with pytest.raises(SetupError) as refused:
        async with open_store(settings(database_url="postgresql://u:geheim@127.0.0.1:1/d")):
            pass

    assert ("setup-postgres-away", {"host": "127.0.0.1"}) == (refused.value.key, refused.value.details)


@pytest.mark.parametrize(("user", "database"), [("postgres", "nowhere"), ("nobody_here", "postgres")])
async def test_a_postgresql_that_refuses_is_told(settings: MakeSettings, postgres_url: str, user: str, database: str) -> None:
    """A database that was never made, and a user that nobody knows, are a SetupError."""
    url = make_url(postgres_url).set(username=user, database=database)

    with pytest.raises(SetupError, match="setup-postgres-away"):
        async with open_store(settings(database_url=url.render_as_string())):
            pass


async def test_the_wrong_secret_opens_nothing(open_it: OpenStore) -> None:
    """Another PROFOND_SECRET_KEY is refused; the right one opens the same texts afterwards."""
    async with open_it() as store:
        answer_id = await ask(store, a_question(text="une"))

    with pytest.raises(SetupError, match="setup-key-wrong"):
        async with open_it(profond_secret_key="y" * 40):
            pass
    async with open_it() as store:
        assert "une" == (await store.past(answer_id)).question


async def test_two_databases_know_a_person_by_different_names(settings: MakeSettings) -> None:
    """Pseudonyms come from the database's own random key, even where the secret is the same."""
    async with open_store(settings(database_url="a.db")) as first, open_store(settings(database_url="b.db")) as second:
        assert pseudonym(first, ANNA) != pseudonym(second, ANNA)


async def test_a_key_file_is_made_once_beside_the_database(settings: MakeSettings, tmp_path: Path) -> None:
    """Without a setting the secret is made in a file that only its owner may read, and used again at the next opening."""
    chosen = settings(profond_secret_key=None)
    path = tmp_path / "profond.db.key"
    async with open_store(chosen) as store:
        answer_id = await ask(store, a_question(text="une"))
    made = path.read_text(encoding="utf-8")

    async with open_store(chosen) as store:
        assert "une" == (await store.past(answer_id)).question

    assert path == key_file(read_url(str(tmp_path / "profond.db")))
    assert made == path.read_text(encoding="utf-8")
    assert len(made) >= 32
    if IS_POSIX:
        assert 0o600 == stat.S_IMODE(path.stat().st_mode)


async def test_a_missing_key_file_is_not_made_again(settings: MakeSettings, tmp_path: Path) -> None:
    """Where the database has its keys, a key file that is gone is named, and none is made in its place."""
    chosen = settings(profond_secret_key=None)
    async with open_store(chosen) as store:
        await ask(store)
    (tmp_path / "profond.db.key").unlink()

    with pytest.raises(SetupError) as refused:
        async with open_store(chosen):
            pass

    assert ("setup-key-file", {"file": "profond.db.key"}) == (refused.value.key, refused.value.details)
    assert not (tmp_path / "profond.db.key").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"abc\n",
        b"\xff\xfe" * 40,
    ],
)
async def test_a_key_file_that_holds_no_key_is_refused(settings: MakeSettings, tmp_path: Path, content: bytes) -> None:
    """A short or unreadable key file is a SetupError, not a secret."""
    (tmp_path / "profond.db.key").write_bytes(content)

    with pytest.raises(SetupError, match="setup-key"):
        async with open_store(settings(profond_secret_key=None)):
            pass


async def test_an_empty_key_file_is_filled_before_there_are_keys_alone(settings: MakeSettings, tmp_path: Path) -> None:
    """An empty key file beside a database without keys is one that is not made yet; beside one with keys it is a lost one."""
    chosen, path = settings(profond_secret_key=None), tmp_path / "profond.db.key"
    path.touch()
    async with open_store(chosen):
        pass
    assert len(path.read_text(encoding="utf-8")) >= 32
    if IS_POSIX:
        assert 0o600 == stat.S_IMODE(path.stat().st_mode)

    path.write_bytes(b"")
    with pytest.raises(SetupError, match="setup-key-file"):
        async with open_store(chosen):
            pass
    assert b"" == path.read_bytes()


async def test_postgresql_needs_a_secret(settings: MakeSettings, postgres_url: str) -> None:
    """There is no folder for a key file beside a PostgreSQL."""
    with pytest.raises(SetupError, match="setup-key-missing"):
        async with open_store(settings(database_url=postgres_url, profond_secret_key=None)):
            pass


async def dumped(database_url: str) -> bytes:
    """Return all that a thief of the database would hold: the SQLite files, or every value of every row of PostgreSQL."""
    if "://" not in database_url:
        folder = Path(database_url).parent
        return b"".join(path.read_bytes() for path in sorted(folder.glob("profond.db*")))
    async with connected(database_url) as connection:
        found = [await connection.fetch(f"SELECT * FROM {table}") for table in metadata.tables]  # noqa: S608  # our own names
    values = [value for table in found for row in table for value in row.values()]
    return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in values)


async def test_nothing_is_readable_in_the_files(open_it: OpenStore, database_url: str) -> None:
    """Neither words nor ids of anybody stand in clear in what lies on the disk, while it is open, after it and after forgetting."""
    person, room = "discord:canari-person", "discord:canari-room"
    asked = a_question(text="canari-question", person=person, conversation=room, event="canari-event", reply_to="canari-reply")
    dumps = []
    async with open_it() as store:
        answer_id = await ask(store, asked, parts=("canari-answer",), prompt_version=IN_CLEAR)
        await store.people.report(answer_id, person, "canari-report")
        await store.people.set_noticed(person)
        waiting = a_question(text="canari-waiting", person=person, conversation=room, files=(("canari-file.py", b"canari-file"),))
        await store.accept(waiting)
        dumps.append(await dumped(database_url))
    dumps.append(await dumped(database_url))
    async with open_it() as store:
        await store.people.forget(person)
    dumps.append(await dumped(database_url))

    assert [True, True] == [IN_CLEAR.encode() in dump for dump in dumps[:2]]
    for dump in dumps:
        assert [] == [canary for canary in (*CANARIES, "canari-event") if canary.encode() in dump]
        assert b"Y2FuYXJpLWZpbGU" not in dump


async def test_forgotten_rows_leave_the_file(settings: MakeSettings, tmp_path: Path) -> None:
    """What SQLite erases is overwritten: not even the ciphertext of a forgotten question is left."""
    async with open_store(settings()) as store:
        await ask(store)
        async with store._database.read() as connection:
            sealed = (await connection.execute(text("SELECT question FROM turns"))).scalar_one()
    before = (tmp_path / "profond.db").read_bytes()
    async with open_store(settings()) as store:
        await store.people.forget(ANNA)

    assert (True, False) == (sealed in before, sealed in (tmp_path / "profond.db").read_bytes())


async def plans(store: Store, asking: Any) -> list[str]:  # noqa: ANN401  # whatever can be awaited
    """Return how the database would run each statement that `asking` sends."""
    sent: list[tuple[str, Any]] = []

    def remember(_connection: object, _cursor: object, statement: str, parameters: Sequence[Any], *_: object) -> None:
        sent.append((statement, parameters))

    engine = store._database.engine
    event.listen(engine.sync_engine, "before_cursor_execute", remember)
    await asking
    event.remove(engine.sync_engine, "before_cursor_execute", remember)
    found = []
    async with engine.connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if not is_sqlite:
            await connection.execute(text("SET enable_seqscan = off"))
        for statement, parameters in sent:
            if statement.split()[0] in {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}:
                rows = await connection.exec_driver_sql(f"EXPLAIN {'QUERY PLAN' if is_sqlite else ''} {statement}", parameters)
                found += [str(row[-1]) for row in rows]
    return found


async def test_no_question_reads_a_whole_table(store: Store) -> None:
    """Taking, remembering, looking back and the usage find their rows by index, however long the history is."""
    answer_id = await ask(store, a_question())
    ticket = await store.accept(a_question())
    me = pseudonym(store, ANNA)

    asked = {
        "take": await plans(store, store.accept(a_question())),
        "answered": await plans(store, store.release(ticket)),
        "recent": await plans(store, store.recent(ROOM, me)),
        "past": await plans(store, store.past(answer_id, ANNA)),
        "usage": await plans(store, store.usage(ANNA)),
        "level": await plans(store, store.people.level(ANNA)),
        "my_data": await plans(store, store.people.my_data(ANNA)),
        "feedback": await plans(store, store.people.give_feedback(answer_id, ANNA, 1)),
    }

    for name, plan in asked.items():
        assert [] == [line for line in plan if line.startswith("SCAN ") or "Seq Scan" in line], name
    for name in ("recent", "past", "usage"):
        assert [line for line in asked[name] if "USING INDEX" in line or "Index" in line or "Bitmap" in line], name
    assert [line for line in asked["recent"] if "ix_turns_conversation" in line]


async def test_the_doctor_knows_the_database(settings: MakeSettings, database_url: str) -> None:
    """The health of a database is its kind, its schema's version and whether it is sound."""
    health = await database_health(settings(database_url=database_url))

    assert ("PostgreSQL" if "://" in database_url else "SQLite", HEAD, True) == (health.kind, health.version, health.is_sound)


async def test_the_doctor_finds_an_index_that_lacks_rows(settings: MakeSettings, tmp_path: Path) -> None:
    """A database in which a row is missing from an index is not sound, though each of its pages is."""
    async with open_store(settings()) as store:
        await ask(store)
    with closing(sqlite3.connect(tmp_path / "profond.db")) as file, file:
        file.execute("PRAGMA writable_schema = ON")
        file.execute("UPDATE sqlite_master SET sql = replace(sql, '(person', '(conversation') WHERE name = 'ix_turns_person'")

    assert not (await database_health(settings())).is_sound


async def test_sqlite_is_opened_for_a_crowd(settings: MakeSettings, tmp_path: Path) -> None:
    """The file is in WAL, every connection checks foreign keys, waits for the lock and erases for good."""
    async with open_store(settings()) as store, store._database.read() as connection:
        found = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar() for name in ("foreign_keys", "busy_timeout", "synchronous", "secure_delete")
        ]

    with closing(sqlite3.connect(tmp_path / "profond.db")) as file:
        assert "wal" == file.execute("PRAGMA journal_mode").fetchone()[0]
    assert [1, 5000, 1, 1] == found


async def test_a_turn_needs_its_conversation(store: Store) -> None:
    """The database itself refuses a turn in no conversation, on SQLite too."""
    row = {"id": "t", "conversation": "none", "person": "p", "question": b"", "is_private": False, "created_at": 0.0}

    with pytest.raises(StoreAway):
        async with store._database.write() as connection:
            await connection.execute(turns.insert().values(**row))
