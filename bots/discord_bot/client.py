"""The Discord client: it receives events and hands them on. It translates and decides nothing else."""

import asyncio
import sys
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import discord
import structlog
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bots.discord_bot import commands
from bots.discord_bot.asking import Asking
from bots.discord_bot.forms import submitted
from bots.discord_bot.pace import Brake, Pace
from bots.discord_bot.places import FAILURES, Address
from bots.discord_bot.presses import pressed
from bots.discord_bot.spots import Spot, fail, tell, words_of
from bots.discord_bot.threads import Threads
from core.errors import AlreadyTaken
from core.profond import Profond

log = structlog.get_logger()
GRACE_SECONDS = 20.0
READY_SECONDS = 0.2
"""The bot counts as online when no server was named for so long; it answers before that."""
MESSAGES = {discord.MessageType.default, discord.MessageType.reply}
WORKS = {discord.InteractionType.component: pressed, discord.InteractionType.modal_submit: submitted}
REMEMBERED = 5_000
FEW_IDENTIFIES = 20


discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # nobody speaks here: no warning that voice is not supported


class DiscordBot(discord.AutoShardedClient):
    """Serves class servers on an open core."""

    def __init__(self, profond: Profond, on_online: Callable[[int], None] = lambda _: None) -> None:
        settings = profond.settings
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=settings.discord_dms)
        intents.message_content = settings.discord_message_content
        self.brake = Brake()
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            guild_ready_timeout=READY_SECONDS,
            member_cache_flags=discord.MemberCacheFlags.none(),
            shard_count=settings.discord_shards,
            max_ratelimit_timeout=60.0,
            http_trace=self.brake.trace,
        )
        self.profond = profond
        self.lang = settings.profond_lang
        self.pace = Pace()
        self.threads = Threads(self)
        self.asking = Asking(self)
        self.tree = commands.Tree(self)
        self._on_online = on_online
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._is_leaving = False

    async def may_identify(self) -> None:
        """Wait where the day's identifies are nearly used up: Discord resets the token of a bot that goes on. Also learn the gateway's address."""
        answer = await self.http.request(Route("GET", "/gateway/bot"))
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(answer["url"])
        limit = answer["session_start_limit"]
        if limit["remaining"] < FEW_IDENTIFIES + answer["shards"]:
            wait = limit["reset_after"] / 1000
            log.warning("discord_identifies_spent", seconds=round(wait))
            await asyncio.sleep(wait)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Look at what is left before each identify but the first, which `run` looks at: the library would go on for ever."""
        await super().before_identify_hook(shard_id, initial=initial)
        if not initial:
            await self.may_identify()

    async def setup_hook(self) -> None:
        """Bring the commands up to date; events may come from now on."""
        await commands.add_all(self)
        self.asking.start(commands.sync(self), is_owed=False)

    def _schedule_event(self, *args: Any, **options: Any) -> "asyncio.Task[Any]":  # noqa: ANN401  # as the library's own
        """Keep the task of each event: the database is open until the last one is done."""
        task: asyncio.Task[Any] = super()._schedule_event(*args, **options)
        self.asking.watch(task)
        return task

    async def on_ready(self) -> None:
        """Say that the bot is online."""
        log.info("discord_ready", servers=len(self.guilds))
        self._on_online(len(self.guilds))

    async def on_error(self, event_method: str, /, *_: object, **__: object) -> None:
        """Log which event failed; what kind of error it was stands in the log, its words do not."""
        log.error("discord_event_failed", event_name=event_method, cause=type(sys.exception()).__name__)

    async def close(self) -> None:
        """Leave the gateway at once. The library calls this when a connection ends for good: what is being answered needs the rest."""
        self._is_leaving = True
        await asyncio.gather(*(shard.disconnect() for shard in self.shards.values()))

    async def leave(self) -> None:
        """Take no more, finish what is being answered, then close everything."""
        await self.close()
        await self.asking.finish(GRACE_SECONDS)
        await super().close()

    def is_served(self, channel: object, server: discord.abc.Snowflake | int | None) -> bool:
        """Whether questions are answered there."""
        settings = self.profond.settings
        if server is None:
            return settings.discord_dms
        ids = {getattr(channel, "id", 0), getattr(channel, "parent_id", 0)}
        is_open = not settings.discord_channels or bool(ids & settings.discord_channels)
        return is_open and (not settings.discord_servers or getattr(server, "id", server) in settings.discord_servers)

    def is_exempt(self, user: discord.abc.User) -> bool:
        """Whether a user has a role without limit."""
        return isinstance(user, discord.Member) and any(user.get_role(role) for role in self.profond.settings.discord_exempt_roles)

    def webhook(self, address: Address) -> discord.Webhook:
        """Return the door to an interaction's own messages."""
        data: Any = {"id": address.application, "type": 3, "token": address.token}
        return discord.Webhook.from_state(data=data, state=self._connection)

    def said(self, message: discord.Message) -> str:
        """Return what a message says, without the bot's own mention."""
        me, role = self.user.id if self.user else 0, message.guild.self_role if message.guild else None
        text = message.content
        for mine in (f"<@{me}>", f"<@!{me}>", f"<@&{role.id if role else 0}>"):
            text = text.replace(mine, " ")
        return text.strip()

    async def on_message(self, message: discord.Message) -> None:
        """Answer what is said to the bot; while Discord shuts it out, the answer waits."""
        if not message.author.bot and message.type in MESSAGES and not self._is_leaving and self._is_new(message.id):
            await self.asking.by_message(message)

    async def on_interaction(self, spot: Spot) -> None:
        """Do what a button or a form asks for; commands go through the tree."""
        work = WORKS.get(spot.type)
        if work is None or not await self.admits(spot):
            return
        try:
            await work(spot)
        except Exception as error:  # noqa: BLE001  # the adapter's boundary: every error becomes one sentence for the student
            await fail(spot, error)

    async def on_app_command_completion(self, spot: Spot, command: "app_commands.Command[Any, ..., Any] | app_commands.ContextMenu") -> None:
        """Tell a student at first contact what they must know; a question's answer comes with it."""
        if command.name not in commands.ASKING:
            await self.asking.greet(spot)

    def _is_new(self, event: int) -> bool:
        """Whether an event comes for the first time, as far as one remembers; of questions the database knows."""
        is_new = event not in self._seen
        self._seen[event] = None
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return is_new

    async def admits(self, spot: Spot) -> bool:
        """Whether the bot acts on an interaction: a new one, in a place that it serves, while Discord lets it write."""
        if self.brake.left or self._is_leaving or not self._is_new(spot.id):
            return False
        if spot.type is discord.InteractionType.autocomplete or self.is_served(spot.channel, spot.guild_id):
            return True
        try:
            await tell(spot, words_of(spot)("not-here" if spot.guild_id else "no-dm"))
        except (*FAILURES, AlreadyTaken) as error:
            log.warning("interaction_lost", cause=type(error).__name__)
        return False
