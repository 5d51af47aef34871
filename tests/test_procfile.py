"""The Procfile starts as it stands: the schema is made, and each worker answers a question on its platform."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.servers.discord import DiscordServer
from tests.servers.slack import GENERAL, SlackServer

ROOT = Path(__file__).resolve().parents[1]
WITHIN = 60.0
QUESTION = "C'est quoi une convolution ?"


def environment(database_url: str, discord: DiscordServer, slack: SlackServer) -> Mapping[str, str]:
    """Return what an operator would set."""
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
        "DATABASE_URL": database_url,
        "PROFOND_SECRET_KEY": "p" * 40,
        "DISCORD_TOKEN": discord.knobs.token,
        "DISCORD_API_URL": discord.url,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.api_url.rstrip("/"),
    }


@asynccontextmanager
async def honcho(variables: Mapping[str, str], name: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run one line of the Procfile; what is left of it at the end is told to stop."""
    command = ("-m", "honcho", "-f", str(ROOT / "Procfile"), "-d", str(Path.cwd()), "start", "--no-prefix", name)
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(sys.executable, *command, env=dict(variables), stdout=quiet, stderr=quiet)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), WITHIN)


async def test_the_procfile_serves_both_platforms(database_url: str) -> None:
    """`release` ends well; `discord` and `slack` run side by side on one database until both have answered."""
    async with DiscordServer() as discord, SlackServer() as slack:
        variables = environment(database_url, discord, slack)
        async with honcho(variables, "release") as release:
            assert await asyncio.wait_for(release.wait(), WITHIN) == 0
        async with honcho(variables, "discord"), honcho(variables, "slack"):
            await asyncio.gather(_on_discord(discord), _on_slack(slack))


async def _on_discord(discord: DiscordServer) -> None:
    await discord.ready(within=WITHIN)
    await discord.registered(within=WITHIN)
    asked = await discord.slash(discord.user("Léa"), "ask", {"question": QUESTION})
    await asked.until(lambda shown: "convolution" in shown.text.lower() and "Sources" in shown.text, within=WITHIN)


async def _on_slack(slack: SlackServer) -> None:
    await slack.until(lambda: slack.sockets.connections, within=WITHIN)
    asked = await slack.say("alice", GENERAL, QUESTION)
    answer = await asked.answer(within=WITHIN)
    assert "convolution" in answer.shown.lower()
