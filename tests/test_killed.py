"""Killed at any moment, the next start finishes what was taken, in its place, once."""

import asyncio
from pathlib import Path

from tests.killing import Count, a_killing
from tests.servers.postgres import PostgresServer


async def test_nothing_is_lost_and_nothing_is_said_twice(tmp_path: Path, postgres_server: PostgresServer | None) -> None:
    """Killed while some questions are only taken, some being written and some nearly done: each has one answer and cost once, on both databases."""
    databases = [str(tmp_path / "profond.db"), *([await postgres_server.create("killed")] if postgres_server else [])]
    counts = await asyncio.gather(*map(a_round, databases))

    assert [Count(questions=count.questions) for count in counts] == counts


async def a_round(database: str) -> Count:
    async with a_killing(database) as killing:
        return await killing.round("killed", spread=1.2)
