"""What every test has: no leaked task, a clean environment, an empty folder; and what those of the store, of the core and of Discord share."""

import asyncio
import logging
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
import structlog
from _pytest.terminal import TerminalReporter

from core.model import ChatModel
from core.profond import Profond, open_profond
from core.settings import WATCHED, Settings
from core.store import Store
from tests.courses import course_of, index_of
from tests.discord_class import Class, a_class
from tests.samples import Clock, opened_store
from tests.servers import postgres
from tests.servers.discord import DiscordServer, User

MakeSettings = Callable[..., Settings]
OpenStore = Callable[..., AbstractAsyncContextManager[Store]]
Opener = Callable[..., AbstractAsyncContextManager[Profond]]

GRACE_SECONDS = 0.5
"""A server's task may need a turn of the loop to see that its client has gone."""
NOT_FOUND = "PostgreSQL: not found"
LONGEST = ("test_four_processes", "test_killed", "test_redteam", "test_documents_run")
"""Tests that begin first, so that nobody waits for the last of them."""
LATE = ("test_store_late", "test_documents")
"""Tests that need the store's half second, or set their own."""
OURS = (*WATCHED, "DATABASE_URL", "EXEMPT_IDS")


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Say once how many tests had no PostgreSQL."""
    skipped = sum(NOT_FOUND in str(report.longrepr) for report in terminalreporter.stats.get("skipped", []))
    if skipped:
        terminalreporter.write_line(f"{NOT_FOUND}, {skipped} tests skipped")


@pytest.fixture(autouse=True)
async def _no_leaked_task() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left = {task for task in asyncio.all_tasks() - before if task is not asyncio.current_task()}
    if left:
        _, leaked = await asyncio.wait(left, timeout=GRACE_SECONDS)
        for task in leaked:
            task.cancel()
        await asyncio.gather(*leaked, return_exceptions=True)
        assert set() == leaked, "the test leaks tasks"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.upper().startswith(OURS):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _patient_store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no fault: only the tests of lateness have the half second that a student has."""
    if not request.node.path.name.startswith(LATE):
        monkeypatch.setattr("core.store.ACCEPT_SECONDS", 30.0)


@pytest.fixture(scope="session", autouse=True)
def _one_index() -> Iterator[None]:
    """A second of work each time: a course is indexed once for all tests."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("core.profond", "core.trial"):
            patched.setattr(f"{name}.SearchIndex", index_of)
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.PostgresServer | None]:
    """One throw-away server for the whole session; None where its programs are missing."""
    folder = postgres.programs()
    if folder is None:
        yield None
        return
    with postgres.running(folder) as server:
        yield server


@pytest.fixture
async def postgres_url(postgres_server: postgres.PostgresServer | None) -> AsyncIterator[str]:
    """The URL of a fresh PostgreSQL database."""
    if postgres_server is None:
        pytest.skip(NOT_FOUND)
    name = f"t{secrets.token_hex(6)}"
    yield await postgres_server.create(name)
    await postgres_server.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database: the test runs once on SQLite and once on a real PostgreSQL."""
    return str(tmp_path / "profond.db") if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def settings(tmp_path: Path) -> MakeSettings:
    """Make settings that no environment touches; the database is a SQLite file unless it is given."""

    def make(**changes: object) -> Settings:
        values = {"database_url": str(tmp_path / "profond.db"), "profond_secret_key": "x" * 40} | changes
        return Settings(_env_file=None, **values)  # type: ignore[arg-type]  # fields by name

    return make


@pytest.fixture
def clock() -> Clock:
    """A clock that only the test moves."""
    return Clock()


@pytest.fixture
def open_it(settings: MakeSettings, clock: Clock, database_url: str) -> OpenStore:
    """Open the test's database, as often as wanted, with the test's clock and other settings."""

    def opening(**changes: object) -> AbstractAsyncContextManager[Store]:
        return opened_store(settings(**{"database_url": database_url} | changes), clock)

    return opening


@pytest.fixture
async def store(open_it: OpenStore) -> AsyncIterator[Store]:
    """An open store: three questions in a row, one back every 100 s, five a day."""
    async with open_it(allowance_size=3, allowance_refill_seconds=100, allowance_per_day=5) as opened:
        yield opened


@pytest.fixture
def opened(settings: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> Opener:
    """Open the core on one database, with a model that is never waited for; a course is read once for all tests."""
    monkeypatch.setattr("core.profond.load_course", course_of)

    @asynccontextmanager
    async def open_it(model: ChatModel | None = None, **changes: object) -> AsyncIterator[Profond]:
        async with open_profond(settings(**{"mistral_requests_per_second": 1000.0} | changes), model) as profond:
            yield profond

    return open_it


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    """A Discord without a bot yet."""
    async with DiscordServer() as server:
        yield server


@pytest.fixture
def lea(discord: DiscordServer) -> User:
    """A student."""
    return discord.user("Léa")


@pytest.fixture
def model() -> ChatModel | None:
    """No model: the cards answer; a module that wants one says so."""
    return None


@pytest.fixture
async def room(discord: DiscordServer, settings: MakeSettings, model: ChatModel | None) -> AsyncIterator[Class]:
    """A class server with its bot."""
    async with a_class(discord, settings(), model) as opened:
        yield opened


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: many tests wait for a program that starts."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=lambda item: not item.path.name.startswith(LONGEST))


@pytest.fixture
def logs_as_before() -> Iterator[None]:
    """What is set up for logs by a test is gone behind it: it writes to a stream that pytest closes."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
