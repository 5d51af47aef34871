"""The database's door: its URL, its connections, its schema and its two keys.

SQLite is opened in WAL with `synchronous=NORMAL`: a power cut may cost the last transaction, never the file. A writing
transaction says so at its start (BEGIN IMMEDIATE), since a read that becomes a write fails at once however long the
busy timeout is.
"""

import asyncio
import os
import re
import secrets
import shutil
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, event, insert, select, text, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from core.errors import SetupError, StoreAway
from core.owner import keep_owner
from core.privacy import Vault, WrongKey, new_key, unwrap, wrap
from core.settings import Settings
from core.store.tables import HEAD, keys, metadata

START_LOCK = 7_063_663
SHORTEST_SECRET = 32
LOCKED_SECONDS = 5.0
ROOM_FOR_WAL = 100_000
CONNECT_SECONDS, COMMAND_SECONDS = 5.0, 30.0
"""PostgreSQL behind a network that swallows everything: its client would wait for as long as the system does."""
log = structlog.get_logger()


Value = TypeVar("Value")
Params = ParamSpec("Params")


class _Writes(Protocol):
    _database: "Database"


Owner = TypeVar("Owner", bound=_Writes)
Method = Callable[Concatenate[Owner, Params], Coroutine[Any, Any, Value]]


def uncancelled(method: Method[Owner, Params, Value]) -> Method[Owner, Params, Value]:
    """Let a method that writes run to its end, though whoever awaits it is cancelled."""

    @wraps(method)
    async def run(self: Owner, /, *args: Params.args, **kwargs: Params.kwargs) -> Value:
        return await self._database.whole(method(self, *args, **kwargs))

    return run


def read_url(value: str) -> URL:
    """Turn what a person writes (a path, `sqlite…`, `postgres://…`) into a URL with its async driver. Raises SetupError."""
    if "://" not in value:
        return URL.create("sqlite+aiosqlite", database=value)
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise SetupError("setup-database-url") from None
    kind = url.get_backend_name()
    drivers = {"sqlite": "sqlite+aiosqlite", "postgres": "postgresql+asyncpg", "postgresql": "postgresql+asyncpg"}
    if kind not in drivers or (kind == "sqlite" and not url.database):
        raise SetupError("setup-database-url")
    return url.set(drivername=drivers[kind])


@dataclass(frozen=True)
class Database:
    """An open database.

    Attributes:
        vault: pseudonyms and encryption with this database's keys.
    """

    engine: AsyncEngine
    vault: Vault
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """SQLite has one writer; its own way to wait is to poll, which starves the unlucky. Our tasks wait in a row instead."""

    _row: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Where whatever is not urgent waits for its turn, so that who is waits for one write and not for all."""

    _running: set[asyncio.Task[Any]] = field(default_factory=set)
    _shut: asyncio.Event = field(default_factory=asyncio.Event)

    async def whole(self, writing: Coroutine[Any, Any, Value]) -> Value:
        """Run a write to its end even if the caller is cancelled: half a transaction would keep SQLite locked for all."""
        self._running.add(task := asyncio.create_task(writing))
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    def shut(self) -> None:
        """Begin no more writes: each that waits behind another program would wait as long again."""
        self._shut.set()

    async def close(self) -> None:
        """Wait for the writes that were left alone."""
        await asyncio.gather(*self._running, return_exceptions=True)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection to read from. Raises StoreAway."""
        async with _translated(), self.engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self, *, is_urgent: bool = False) -> AsyncIterator[AsyncConnection]:
        """One writing transaction, committed at the end; an urgent one goes before those that wait. Raises StoreAway."""
        has_turns = self.engine.dialect.name == "sqlite"
        async with AsyncExitStack() as stack:
            if has_turns and not is_urgent:
                await stack.enter_async_context(self._row)
            if has_turns:
                await stack.enter_async_context(self._turn)
            if self._shut.is_set():
                raise StoreAway
            await stack.enter_async_context(_translated())
            yield await stack.enter_async_context(_writing(self.engine).begin())


def _writing(engine: AsyncEngine) -> AsyncEngine:
    return engine.execution_options(is_writing=True)


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeoutError, OSError, TimeoutError) as error:
        log.warning("store_away", cause=type(getattr(error, "orig", error)).__name__)
        raise StoreAway from None


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """Open the database, bring its schema up to date and open its keys. Raises SetupError with the mend."""
    url = read_url(settings.database_url.get_secret_value())
    engine = _engine(url)
    try:
        async with _start_up(url):
            await _migrate(engine)
            vault = await _open_vault(engine, settings, url)
        database = Database(engine, vault)
        yield database
        await database.close()
    finally:
        await engine.dispose()


def _engine(url: URL) -> AsyncEngine:
    if url.get_backend_name() != "sqlite":
        arguments = {"dsn": _libpq_part(url), "timeout": CONNECT_SECONDS, "command_timeout": COMMAND_SECONDS}
        own = url.set(query={name: value for name, value in url.query.items() if name in _READ_BY_SQLALCHEMY})
        try:
            return create_async_engine(own, pool_pre_ping=True, connect_args=arguments)
        except (ModuleNotFoundError, NoSuchModuleError):
            raise SetupError("setup-postgres-extra") from None
    engine = create_async_engine(url)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


_READ_BY_SQLALCHEMY = frozenset({"host", "port", "ssl", "prepared_statement_cache_size"})
_READ_BY_ASYNCPG = re.compile(
    "ssl(mode|cert|key|rootcert|crl|password|negotiation)|ssl_m(in|ax)_protocol_version|target_session_attrs|application_name|options|passfile"
)


def _libpq_part(url: URL) -> str:
    """Return what asyncpg reads of the parameters that hosts hand out for libpq: to others (`channel_binding`, `pgbouncer`) servers object."""
    query = {name: value for name, value in url.query.items() if _READ_BY_ASYNCPG.fullmatch(name)}
    return URL.create("postgresql", query=query).render_as_string()


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401  # the driver's own
    connection.isolation_level = None  # transactions are begun by `_begin_sqlite`, not by the driver
    cursor = connection.cursor()
    for pragma in ("busy_timeout=5000", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    _turn_on_wal(cursor)
    cursor.close()


def _turn_on_wal(cursor: Any) -> None:  # noqa: ANN401  # the driver's own
    """Turn on WAL; of several who open a new file at once one may, and SQLite refuses the others at once, whatever the busy timeout is."""
    end = time.monotonic() + LOCKED_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    """Begin by the driver's own call: by SQLAlchemy's it goes to the driver's thread and back three times, not once."""
    how = "BEGIN IMMEDIATE" if connection.get_execution_options().get("is_writing") else "BEGIN"
    driver: Any = connection.connection.dbapi_connection
    try:
        driver.run_async(lambda sqlite: sqlite.execute(how))
    except (sqlite3.Error, ValueError) as error:  # a closed connection is a ValueError to the driver
        raise OperationalError(how, None, error) from error


@asynccontextmanager
async def _start_up(url: URL) -> AsyncIterator[None]:
    """Turn what a database says at start-up into one sentence with the mend."""
    is_sqlite = url.get_backend_name() == "sqlite"
    try:
        yield
    except (DBAPIError, OSError, TimeoutError) as error:
        await asyncio.to_thread(_end_of_workers)
        cause = str(getattr(error, "orig", "")).lower()
        log.debug("database_failed", cause=type(getattr(error, "orig", error)).__name__)
        if not is_sqlite:
            raise SetupError("setup-postgres-away", host=url.host or "localhost") from None
        found = next((key for sign, key in _SQLITE_SIGNS.items() if sign in cause), None)
        raise SetupError(found or await asyncio.to_thread(_full_or_not, url), file=url.database or "") from None


def _full_or_not(url: URL) -> str:
    """Return what is wrong where SQLite only says that the disk failed it: its shared memory finds no room, or something else."""
    with suppress(OSError):
        if shutil.disk_usage(Path(url.database or "").parent).free < ROOM_FOR_WAL:
            return "setup-database-full"
    return "setup-database-file"


def _end_of_workers() -> None:
    """Wait for the driver's threads: one that a failed opening left must not report to a loop that is closed by then."""
    for thread in threading.enumerate():
        if "_connection_worker" in thread.name:
            thread.join(timeout=1.0)


_SQLITE_SIGNS = {
    "readonly": "setup-database-readonly",
    "read-only": "setup-database-readonly",
    "locked": "setup-database-locked",
    "full": "setup-database-full",
    "not a database": "setup-database-broken",
    "malformed": "setup-database-broken",
}


async def schema_version(connection: AsyncConnection) -> str | None:
    """Return the schema's version, or None where there is no schema yet."""

    def read(sync: Connection) -> str | None:
        if not sync.dialect.has_table(sync, "alembic_version"):
            return None
        return sync.execute(text("SELECT version_num FROM alembic_version")).scalar()

    return await connection.run_sync(read)


async def _migrate(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        if await schema_version(connection) == HEAD:
            return
    async with _starting(engine) as connection:
        version = await schema_version(connection)
        if version is None:
            await connection.run_sync(_make)
        elif version != HEAD:
            from core.store.migrate import upgrade  # noqa: PLC0415  # Alembic is slow to import and rarely needed

            await connection.run_sync(upgrade)


def _make(connection: Connection) -> None:
    """Make a new database's tables as they are now, without walking through the history; a test holds both ways equal."""
    metadata.create_all(connection, checkfirst=False)  # another program's table of the same name is a fault
    name = "version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)"
    connection.execute(text(f"CREATE TABLE alembic_version ({name})"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": HEAD})


@asynccontextmanager
async def _starting(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A writing transaction of the start-up: of several processes that start at once, one goes first."""
    async with _writing(engine).begin() as connection:
        if engine.dialect.name == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": START_LOCK})
        yield connection


async def _open_vault(engine: AsyncEngine, settings: Settings, url: URL) -> Vault:
    async with _starting(engine) as connection:
        await connection.execute(update(keys).values(wrapped=keys.c.wrapped))  # a read-only file says so now, not at the first question
        wrapped = await wrapped_keys(connection)
        secret = await asyncio.to_thread(fitting_secret, settings, url, wrapped)
        if not wrapped:
            wrapped = {name: wrap(secret, name, new_key()) for name in ("pseudonyms", "texts")}
            await connection.execute(insert(keys), [{"name": name, "wrapped": key} for name, key in wrapped.items()])
    return Vault(**{name: unwrap(secret, name, key) for name, key in wrapped.items()})


async def wrapped_keys(connection: AsyncConnection) -> dict[str, bytes]:
    """Return the keys as the database holds them, and hold back whoever would wrap them anew meanwhile."""
    rows = await connection.execute(select(keys).order_by(keys.c.name).with_for_update())
    return {row.name: row.wrapped for row in rows}


def fitting(found: Iterable[str], wrapped: Mapping[str, bytes]) -> str | None:
    """Return the first secret that opens all keys."""
    for secret in found:
        with suppress(WrongKey):
            for name, key in wrapped.items():
                unwrap(secret, name, key)
            return secret
    return None


def fitting_secret(settings: Settings, url: URL, wrapped: Mapping[str, bytes]) -> str:
    """Return the secret that opens the keys; one that a rotation left aside is put in place. Call it while nobody else writes. Raises SetupError."""
    secret = read_secret(settings, url, may_make=not wrapped)
    if fitting([secret], wrapped):
        return secret
    aside = None if settings.profond_secret_key else fitting(secrets_beside(url), wrapped)
    if aside is None:
        raise SetupError("setup-key-wrong")
    sync_writes(url)  # the secret before is gone after the next line
    new_key_file(url).replace(key_file(url))
    return aside


def secrets_beside(url: URL) -> list[str]:
    """Return the secrets in the key files beside a SQLite file: the one in use, and one that a rotation has left aside."""
    found = []
    for path in (key_file(url), new_key_file(url)):
        with suppress(OSError, UnicodeDecodeError):
            found.append(path.read_text(encoding="utf-8").strip())
    return found


def sync_writes(url: URL) -> None:
    """Have what a SQLite file was told on the disk itself: with `synchronous=NORMAL` a commit alone is not."""
    with suppress(FileNotFoundError):  # SQLite keeps no lock on this file that closing it would break
        sync(Path(f"{url.database}-wal"))


def sync(path: Path) -> None:
    """Have a file, and its name in its folder, on the disk itself, where no power cut undoes it."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    if os.name == "posix":  # Windows opens no folders
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def read_secret(settings: Settings, url: URL, *, may_make: bool) -> str:
    """Return the secret: the setting, else the file beside the SQLite file, made once."""
    if settings.profond_secret_key:
        return settings.profond_secret_key.get_secret_value()
    if url.get_backend_name() != "sqlite":
        raise SetupError("setup-key-missing")
    path = key_file(url)
    if may_make and not (path.exists() and path.stat().st_size):  # an empty file is what a disk that was full left
        write_secret(new_key_file(url), secrets.token_urlsafe(48), path)
        new_key_file(url).replace(path)
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        secret = ""
    if len(secret) < SHORTEST_SECRET:
        raise SetupError("setup-key-file", file=path.name)
    return secret


def write_secret(path: Path, secret: str, takes: Path) -> None:
    """Write a secret, down to the disk, as its owner's alone whose file it will take the place of; one that could not be written leaves no file."""
    path.unlink(missing_ok=True)  # what was interrupted, or a link to somewhere else
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(secret)
            keep_owner(file.fileno(), takes)
        sync(path)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def key_file(url: URL) -> Path:
    """Return where the secret of a SQLite file is kept when no setting holds it."""
    return Path(f"{url.database}.key")


def new_key_file(url: URL) -> Path:
    """Return where a new secret is written before the database knows it."""
    return Path(f"{url.database}.key.new")


@dataclass(frozen=True)
class Health:
    """What the doctor wants to know of a database."""

    kind: str
    version: str
    is_sound: bool


async def database_health(settings: Settings) -> Health:
    """Open the database, bring it up to date and look whether it is sound. Raises SetupError."""
    async with open_database(settings) as database, database.read() as connection:
        version = await schema_version(connection) or ""
        if database.engine.dialect.name != "sqlite":
            return Health("PostgreSQL", version, is_sound=True)
        found = (await connection.execute(text("PRAGMA integrity_check"))).scalar()
        return Health("SQLite", version, is_sound=found == "ok")
