"""The server in a process of its own, acted on through its control door: for benchmarks, whose bot is then measured alone."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.servers.slack.state import Json

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Remote:
    """A server elsewhere; `where` is what it printed: URLs, tokens, users and channels."""

    where: Json
    session: aiohttp.ClientSession

    async def act(self, verb: str, **asked: object) -> Json:
        """Do what the verb of the control door says; a refusal is `{"error": …}`."""
        async with self.session.post(f"{self.where['control']}/{verb}", json=asked) as response:
            found: Json = await response.json()
            return found

    async def state(self, since: int = 0) -> Json:
        """Return what the workspace holds, without the first messages."""
        async with self.session.get(f"{self.where['control']}/state?since={since}") as response:
            found: Json = await response.json()
            return found


@asynccontextmanager
async def running(students: int = 0, *options: str) -> AsyncIterator[Remote]:
    """Run the server in another process."""
    command = (sys.executable, "-m", "tests.servers.slack", "--students", str(students), *options)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with aiohttp.ClientSession() as session:
            yield Remote(json.loads(await process.stdout.readline()), session)
    finally:
        process.terminate()
        await process.wait()
