"""Killed at any moment, the next start finishes what was taken, in its place, once."""

import asyncio
from pathlib import Path

from tests.chats import CHATS
from tests.killing import Count, a_killing
from tests.servers.postgres import PostgresServer


async def test_nothing_is_lost_and_nothing_is_said_twice(tmp_path: Path, postgres_server: PostgresServer | None) -> None:
    """In both chats, on both databases: killed while some questions are only taken and some nearly done, each has one answer and cost once."""
    rounds = [a_round(bot, str(tmp_path / f"{bot}.db")) for bot in CHATS]
    if postgres_server:
        rounds.append(a_round("discord", await postgres_server.create("killed")))
    counts = await asyncio.gather(*rounds)

    assert [Count(questions=count.questions) for count in counts] == counts


async def a_round(bot: str, database: str) -> Count:
    async with a_killing(bot, database) as killing:
        return await killing.round("killed", spread=1.2)
