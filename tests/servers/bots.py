"""A bot as an operator runs it: a process of its own."""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OF_THE_MACHINE = ("PATH", "SYSTEMROOT", "TEMP", "TMP")


@asynccontextmanager
async def running(name: str, settings: Mapping[str, str]) -> AsyncIterator[None]:
    """Run `profond NAME` in a process of its own and an empty folder, until the end of the block."""
    kept = {each: os.environ[each] for each in OF_THE_MACHINE if each in os.environ}
    quiet = asyncio.subprocess.DEVNULL
    with tempfile.TemporaryDirectory() as folder:
        variables = {**kept, **settings, "PYTHONPATH": str(ROOT), "HOME": folder}
        command = (sys.executable, "-W", "ignore", "-m", "bots", name)
        process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=variables, stdout=quiet, stderr=quiet)
        try:
            yield
        finally:
            process.terminate()
            await process.wait()
