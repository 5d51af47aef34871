"""The class server that the tests of the Discord bot share; and the bot's life in it: start, commands, invitation, doctor, places served."""

import asyncio
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

from core.model import ChatModel
from core.profond import Profond, open_profond
from core.settings import Settings
from tests.courses import course_of
from tests.servers.discord import Asked, DiscordServer, Message, User

with warnings.catch_warnings():  # discord.py imports audioop, which Python 3.13 no longer has
    warnings.simplefilter("ignore", DeprecationWarning)
    from bots.discord_bot import running
    from bots.discord_bot.client import DiscordBot

__all__ = ["LONG", "QUESTION", "TEXT", "Class", "DiscordBot", "a_class", "running", "tuned", "watched"]
LONG = 15.0
QUESTION = "C'est quoi une convolution ?"
TEXT = "Une convolution glisse un **filtre** sur l'image [1]."


@dataclass
class Class:
    """A class server with its bot."""

    discord: DiscordServer
    profond: Profond
    bots: list[DiscordBot] = field(default_factory=list)
    away: list[float] = field(default_factory=list)
    life: "asyncio.Task[None] | None" = None

    @property
    def bot(self) -> DiscordBot:
        """The newest client."""
        return self.bots[-1]

    async def settled(self) -> None:
        """Return when everything that was asked is answered and stored."""
        while tasks := self.bot.asking._tasks:
            await asyncio.wait(tasks)

    async def answered(self, user: User, question: str = QUESTION, **options: object) -> Asked:
        """Ask by command, and return the question once it is answered and stored."""
        asked = await self.discord.slash(user, "ask", {"question": question, **options})
        await asked.read("-# ")
        await self.settled()
        return asked

    async def chosen(self, user: User, message: Message, label: str) -> Asked:
        """Press a button behind "Plus…"."""
        more = await self.discord.press(user, message, "Plus…")
        await more.read("Que veux-tu")
        return await self.discord.press(user, more.messages[0], label)


@contextmanager
def watched(made: list[DiscordBot]) -> Iterator[None]:
    """Keep every client that is made, and have falls last no time."""

    def make(profond: Profond, on_online: Callable[[int], None]) -> DiscordBot:
        made.append(DiscordBot(profond, on_online))
        return made[-1]

    with (
        patch.object(running, "DiscordBot", make),
        patch.object(running, "FIRST_PAUSE", 0.02),
        patch("core.store.ACCEPT_SECONDS", LONG),  # a busy machine is no fault
        patch("bots.discord_bot.threads.LONGEST_LOOK", LONG),
        patch("core.profond.load_course", course_of),
    ):
        yield


def tuned(settings: Settings, discord: DiscordServer) -> Settings:
    """Return settings for a local Discord, with a model that is never waited for."""
    changes = {"discord_token": discord.knobs.token, "discord_api_url": discord.url, "mistral_requests_per_second": 1000.0}
    return Settings(_env_file=None, **{**settings.model_dump(exclude_unset=True), **changes})


@asynccontextmanager
async def a_class(discord: DiscordServer, settings: Settings, model: ChatModel | None = None) -> AsyncIterator[Class]:
    """Open the core, start the bot, and yield once its commands are there."""
    made: list[DiscordBot] = []
    with watched(made):
        async with open_profond(tuned(settings, discord), model) as profond:
            room = Class(discord, profond, made)
            room.life = asyncio.create_task(running.DiscordFace(profond, on_away=room.away.append).run())
            try:
                await discord.ready(within=LONG)
                await discord.registered(within=LONG)
                yield room
            finally:
                room.life.cancel()
                await asyncio.gather(room.life, return_exceptions=True)
