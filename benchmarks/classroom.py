"""What the benchmarks of a class share: processes of their own, what they use, the door to a local Discord, and what is asked."""

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp

from core.knowledge import load_course
from core.messages import Level, Zone
from core.search import SearchIndex
from core.settings import shipped_course

ROOT = Path(__file__).resolve().parents[1]
IS_LINUX = sys.platform == "linux"
UNLIMITED = {
    "MISTRAL_API_KEY": "local",
    "MISTRAL_REQUESTS_PER_SECOND": "10000",
    "MISTRAL_TOKENS_PER_MINUTE": "100000000",
    "BUDGET_MONTH_EUR": "100000",
    "CACHE_SIZE": "0",
    "ALLOWANCE_SIZE": "1000",
    "ALLOWANCE_PER_DAY": "10000",
    "PROFOND_LOG_LEVEL": "error",
}
"""Settings with which nothing stands between a class and the model."""


@asynccontextmanager
async def started(*arguments: str, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run Python in a process of its own, until the end of the block."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP", "TMP", "LANG", "VIRTUAL_ENV") if name in os.environ}
    folder = environment.pop("folder", str(ROOT))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *arguments,
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), "HOME": folder, **environment},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def first_line(process: asyncio.subprocess.Process) -> dict[str, str]:
    """Return what a server prints once it listens."""
    assert process.stdout
    line: dict[str, str] = json.loads(await process.stdout.readline())
    return line


def memory(process: asyncio.subprocess.Process, name: str) -> float | None:
    """Return a process's memory in MiB: VmRSS now, VmHWM at most."""
    if not IS_LINUX:
        return None
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text(encoding="ascii"))
    return round(int(found[1]) / 1024, 1) if found else None


def processor(process: asyncio.subprocess.Process) -> float | None:
    """Return the seconds of processor that a process has used."""
    if not IS_LINUX:
        return None
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Unanswered(Exception):
    """What was waited for did not come."""


@dataclass
class Classroom:
    """The door of a local Discord, through which students act."""

    control: str
    session: aiohttp.ClientSession

    async def do(self, verb: str, **order: object) -> dict[str, Any]:
        """Have the local Discord act as a student. Raises Unanswered."""
        async with self.session.post(f"{self.control}/{verb}", json=order) as response:
            told: dict[str, Any] = await response.json(content_type=None)
            if response.status != 200:
                raise Unanswered(str(told))
            return told

    async def state(self) -> dict[str, Any]:
        """Return what the local Discord counts."""
        async with self.session.get(f"{self.control}/state") as response:
            found: dict[str, Any] = await response.json(content_type=None)
            return found

    async def limited(self) -> int:
        """Return how many 429s Discord gave so far."""
        return sum((await self.state())["rate_limited"].values())

    async def ready(self, command: str) -> None:
        """Return once a bot is there with this command."""
        while True:
            state = await self.state()
            if state["live"] and command in state["commands"]:
                return
            await asyncio.sleep(0.05)

    async def answered_after(self, start: float) -> float:
        """Return the seconds until the bot answers a command."""
        while True:
            with suppress(Unanswered):
                await self.do("slash", user="student-0", command="usage", wait="reste", within=10)
                return time.monotonic() - start
            await asyncio.sleep(0.05)


@asynccontextmanager
async def a_classroom() -> AsyncIterator[tuple[Classroom, dict[str, str]]]:
    """Start a local Discord; yield its door, and the settings of a bot that comes in."""
    unlimited = aiohttp.TCPConnector(limit=0)
    async with (
        started("tests.servers.discord") as discord,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None), connector=unlimited) as session,
    ):
        door = await first_line(discord)
        settings = {"DISCORD_API_URL": door["api"], "GATEWAY_URL": door["gateway"], "DISCORD_TOKEN": door["token"]}
        yield Classroom(door["control"], session), settings


@cache
def distinct_questions(form: str = "C'est quoi {} ?") -> list[str]:
    """Return questions that the course answers, no two alike."""
    course = load_course(shipped_course())
    index = SearchIndex(course)
    found = [form.format(card.title) for card in course.cards]
    return [question for question in found if index.search(question).zone is Zone.SURE]


@cache
def course_words() -> list[str]:
    """Return the words of the course, as a model would write them: one that repeats itself is stopped."""
    return " ".join(card.text(Level.BEGINNER) for card in load_course(shipped_course()).cards).split()
