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
async def running(name: str, settings: Mapping[str, str], errors: Path | None = None) -> AsyncIterator[None]:
    """Run `profond NAME` in a process of its own and an empty folder, until the end of the block; `errors` keeps its error stream."""
    kept = {each: os.environ[each] for each in OF_THE_MACHINE if each in os.environ}
    with tempfile.TemporaryDirectory() as folder, (errors or Path(os.devnull)).open("wb") as written:
        variables = {**kept, **settings, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "HOME": folder}
        command = (sys.executable, "-W", "ignore", "-m", "bots", name)
        process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=variables, stdout=asyncio.subprocess.DEVNULL, stderr=written)
        try:
            yield
        finally:
            process.terminate()
            await process.wait()
