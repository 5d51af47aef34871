"""A bot's life: log in, stay connected, come back after every fall, within the number of identifies that Discord allows."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import discord
import structlog
from discord.http import Route

from bots.discord_bot.client import DiscordBot
from bots.discord_bot.places import FAILURES
from core.errors import SetupError
from core.profond import Profond
from core.settings import Settings
from core.store.leases import Left

log = structlog.get_logger()
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
CALM = 120.0
"""A connection that lasted so long begins the pauses anew."""
AGAIN_SECONDS = 0.2
PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    create_public_threads=True,
    read_message_history=True,
    attach_files=True,
)
SCOPES = ("bot", "applications.commands")


def use_api(settings: Settings) -> None:
    """Point the library at another REST base, where the settings name one."""
    if settings.discord_api_url:
        Route.BASE = settings.discord_api_url


@asynccontextmanager
async def logged_in(settings: Settings) -> AsyncIterator[discord.Client]:
    """Yield a client that may ask Discord, without a gateway. Raises SetupError."""
    use_api(settings)
    client = discord.Client(intents=discord.Intents(guilds=True))
    try:
        await client.login(token_in(settings))
        yield client
    except discord.LoginFailure:
        raise SetupError("discord-bad-token") from None
    except aiohttp.ClientConnectorCertificateError:
        raise SetupError("doctor-discord-certificate") from None
    except FAILURES:
        raise SetupError("doctor-discord-away") from None
    finally:
        await client.close()


def token_in(settings: Settings) -> str:
    """Return the bot's token. Raises SetupError."""
    if settings.discord_token is None:
        raise SetupError("discord-no-token")
    return settings.discord_token.get_secret_value()


async def invite_link(settings: Settings) -> str:
    """Return the link that invites the bot with the rights it needs and no other. Raises SetupError."""
    async with logged_in(settings) as client:
        return discord.utils.oauth_url(client.application_id or 0, permissions=PERMISSIONS, scopes=SCOPES)


class DiscordFace:
    """Discord, as the life of a bot knows a platform."""

    name = "discord"

    def __init__(
        self, profond: Profond, *, on_online: Callable[[int], None] = lambda _: None, on_away: Callable[[float], None] = lambda _: None
    ) -> None:
        self._profond = profond
        self._on_online = on_online
        self._on_away = on_away
        self._bot: DiscordBot | None = None

    async def run(self) -> None:
        """Serve Discord until cancelled. Raises SetupError for what only a person can mend."""
        use_api(self._profond.settings)
        token, pause = token_in(self._profond.settings), FIRST_PAUSE
        leaving: set[asyncio.Task[None]] = set()
        try:
            while True:
                began, self._bot = time.monotonic(), DiscordBot(self._profond, self._on_online)
                try:
                    await _live(self._bot, token)
                finally:
                    leaving.add(task := asyncio.create_task(self._bot.leave()))
                    task.add_done_callback(leaving.discard)
                pause = FIRST_PAUSE if time.monotonic() - began > CALM else min(pause * 2, LONGEST_PAUSE)
                wait = pause * random.uniform(0.75, 1.25)  # noqa: S311  # no secret depends on it
                self._on_away(wait)
                await asyncio.sleep(wait)
        finally:
            await asyncio.gather(*leaving, return_exceptions=True)

    async def finish(self, left: Left) -> None:
        """Answer a question that another process left, in its own place."""
        if self._bot:
            await self._bot.asking.recover(left)

    async def apologise(self, left: Left) -> None:
        """Say that a question was left for too long."""
        if self._bot:
            await self._bot.asking.apologise(left)

    def is_ready(self) -> bool:
        """Whether Discord is connected."""
        bot = self._bot
        return bot is not None and bot.is_ready() and not any(shard.is_closed() for shard in bot.shards.values())


async def _live(bot: DiscordBot, token: str) -> None:
    """Run one client from its login to its end; the library ends in many ways. Raises SetupError."""
    try:
        await bot.login(token)
        await bot.may_identify()
        await _connected(bot)
    except discord.LoginFailure:
        raise SetupError("discord-bad-token") from None
    except discord.PrivilegedIntentsRequired:
        raise SetupError("discord-intent") from None
    except Exception as error:  # noqa: BLE001  # the adapter's boundary: a client is made anew after each end
        log.warning("discord_fell", cause=type(error).__name__)


async def _connected(bot: DiscordBot) -> None:
    """Return when the connection ends for good. The library swallows the cancellation of one that is being made: it is told again."""
    connecting = asyncio.create_task(bot.connect())
    try:
        await asyncio.wait({connecting})
        connecting.result()
    finally:
        while not connecting.done():
            connecting.cancel()
            await asyncio.wait({connecting}, timeout=AGAIN_SECONDS)
