"""A throw-away PostgreSQL on a free port of this machine: started from the installed programs, stopped and removed at the end."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

LINUX = Path("/usr/lib/postgresql")
TRIES = 3
MEMORY = Path("/dev/shm")  # noqa: S108  # a folder of our own is made in it
ROOM = 2_000_000_000
"""Bytes that must be free in memory to put the server there: four times as fast as a disk."""
FLAGS = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c synchronous_commit=off -c full_page_writes=off"


def programs() -> Path | None:
    """Return the folder of the newest server programs, or None where there is none."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = [path.parent for path in LINUX.glob("*/bin/initdb")]
    return max(versions, key=lambda path: float(path.parent.name), default=None)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    """A connection of PostgreSQL's own driver, closed at the end."""
    connection = await asyncpg.connect(url)  # type: ignore[no-untyped-call]  # asyncpg has no types: Any
    try:
        yield connection
    finally:
        await connection.close()


@dataclass(frozen=True)
class PostgresServer:
    """A running server; everybody on this machine is its superuser `postgres`."""

    port: int

    def url(self, name: str) -> str:
        """Return the URL of a database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    async def create(self, name: str) -> str:
        """Make an empty database and return its URL."""
        async with connected(self.url("postgres")) as connection:
            await connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    async def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        async with connected(self.url("postgres")) as connection:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def running(folder_of_programs: Path) -> Iterator[PostgresServer]:
    """Run a server in a folder of its own until the end, whatever happens."""
    is_in_memory = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    folder = Path(tempfile.mkdtemp(prefix="profond-pg-", dir=MEMORY if is_in_memory else None))
    try:
        if _is_root():
            shutil.chown(folder, "postgres")
        _run(folder, folder_of_programs / "initdb", "-D", "data", "-U", "postgres", "--auth=trust", "-E", "UTF8", "--no-locale", "--no-sync")
        server = _started(folder, folder_of_programs)
        try:
            yield server
        finally:
            _run(folder, folder_of_programs / "pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _started(folder: Path, folder_of_programs: Path) -> PostgresServer:
    """Start on a free port; another program may take it first, so try again."""
    for tries_left in reversed(range(TRIES)):
        port = _free_port()
        try:
            _run(folder, folder_of_programs / "pg_ctl", "-D", "data", "-l", "log", "-w", "-o", f"-p {port} {FLAGS}", "start")
        except subprocess.CalledProcessError:
            if not tries_left:
                raise
        else:
            return PostgresServer(port)
    raise AssertionError


def _run(folder: Path, *command: str | Path) -> None:
    """Run a server program in its folder. PostgreSQL refuses root, so root runs it as `postgres`."""
    user = "postgres" if _is_root() else None
    groups: list[str] | None = [] if _is_root() else None
    subprocess.run(  # noqa: S603  # the installed programs, with words of ours
        command, cwd=folder, user=user, group=user, extra_groups=groups, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True
    )


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
