"""The local Discord: one listening socket with REST, gateway, files and the control door."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.servers.discord.commands import CommandRoutes
from tests.servers.discord.entities import TEXT, Channel, Found, Guild, User, Value
from tests.servers.discord.gateway import Gateway
from tests.servers.discord.handles import WITHIN, NothingCameError
from tests.servers.discord.interactions import InteractionRoutes
from tests.servers.discord.limits import Fault, Limits
from tests.servers.discord.messages import MessageRoutes, Writer
from tests.servers.discord.places import PlaceRoutes
from tests.servers.discord.rest import Exchange, Rest, Route
from tests.servers.discord.students import Students
from tests.servers.discord.world import Knobs, World


class DiscordServer(Students):
    """The server, listening on 127.0.0.1 while it is open.

    Attributes:
        url: what `Route.BASE` of discord.py has to be: `http://127.0.0.1:PORT/api/v10`.
        gateway_url: the gateway, for `DiscordWebSocket.DEFAULT_GATEWAY`.
        knobs: the portal's switches and the platform's clocks; may be changed at any time.
        guild, channel: a guild with a text channel that exist from the beginning.
        gateway: the bot's connections, to be broken.
        commands: what the bot registered.
    """

    def __init__(self, port: int = 0, **knobs: Value) -> None:
        self._port = port
        self.knobs = Knobs(**knobs)
        self.world = World(self.knobs)
        self.gateway = Gateway(self.world)
        self.world.tell = self.gateway.tell
        self.rest = Rest(self.world)
        self.commands = CommandRoutes(self.world)
        self.guild = self.world.add_guild("Apprentissage profond")
        self.channel = self.guild_channel = self.world.add_channel(self.guild, "questions")
        self.url = self.gateway_url = ""

    @property
    def bot(self) -> User:
        """The bot's own user."""
        return self.world.bot

    @property
    def requests(self) -> list[Exchange]:
        """Every REST request with its answer, in the order of arrival."""
        return self.rest.requests

    @property
    def limits(self) -> Limits:
        """The rate limits, with the count of 429s by route."""
        return self.rest.limits

    @property
    def puts(self) -> int:
        """How often the bot wrote its whole list of commands."""
        return self.commands.puts

    def user(self, name: str, *permissions: str, locale: str = "fr", is_bot: bool = False) -> User:
        """Create a person; permissions by Discord's names come beside those of everyone."""
        return self.world.add_user(name, *permissions, locale=locale, is_bot=is_bot)

    def add_guild(self, name: str, *, locale: str = "fr") -> Guild:
        """Create another guild."""
        return self.world.add_guild(name, locale=locale)

    def add_channel(self, name: str, guild: Guild | None = None, kind: int = TEXT) -> Channel:
        """Create another channel."""
        return self.world.add_channel(guild or self.guild, name, kind)

    def direct(self, user: User) -> Channel:
        """Return the direct conversation of the bot with a person."""
        return self.world.direct(user)

    def fault(self, method: str = "", path: str = "", **how: Value) -> Fault:
        """Have something go wrong with the next requests of a route; see `Fault`."""
        fault = Fault(method, path, **how)
        self.rest.faults.append(fault)
        return fault

    def sent(self, method: str, path: str = "") -> list[Exchange]:
        """Return the recorded requests of a method whose path contains this."""
        return [each for each in self.requests if each.method == method and path in each.path]

    def offences(self, spec: Value) -> list[str]:
        """Judge all recorded traffic by a published description, with the help of spec_check.py."""
        return [offence for each in self.requests for offence in each.offences(spec)]

    async def until(self, found: Callable[[], Found | None], within: float = WITHIN) -> Found:
        """Return the first true value of `found()`, looked at after each change anywhere.

        Raises:
            NothingCameError: it stayed false.
        """
        try:
            return await self.world.signal.until(found, within)
        except TimeoutError:
            raise NothingCameError(f"{within} s without it") from None

    async def ready(self, shards: int = 1, within: float = WITHIN) -> None:
        """Return when this many shards are connected."""
        await self.until(lambda: len(self.gateway.live) >= shards, within)

    async def registered(self, within: float = WITHIN) -> None:
        """Return when the bot has registered commands."""
        await self.until(lambda: any(self.commands.known.values()), within)

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.add_routes([web.get("/gateway", self.gateway.connect), web.get("/gateway/", self.gateway.connect)])
        app.add_routes([web.get("/attachments/{number}/{name}", self.rest.file), *self.rest.web_routes(self._routes())])
        self._open_doors(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=512).start()
        self.world.base = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self.url = f"{self.world.base}/api/v10"
        self.gateway_url = self.world.base.replace("http", "ws", 1) + "/gateway"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Close what is open, and stop."""
        await self.gateway.close()
        await self._runner.cleanup()
        await asyncio.sleep(0)

    def _open_doors(self, app: web.Application) -> None:
        """Add more routes: the control door does."""

    def _routes(self) -> list[Route]:
        writer = Writer(self.world)
        return [
            *_command_routes(self.commands),
            *_message_routes(MessageRoutes(self.world, writer)),
            *_interaction_routes(InteractionRoutes(self.world, writer)),
            *_place_routes(PlaceRoutes(self.world, self.gateway, writer)),
        ]


def _command_routes(routes: CommandRoutes) -> list[Route]:
    found = []
    for place in ("", "/guilds/{guild_id}"):
        path, major = f"/applications/{{app_id}}{place}/commands", ("guild_id",) if place else ()
        found += [
            Route("GET", path, routes.read, "other", major),
            Route("PUT", path, routes.overwrite, "commands", major),
            Route("POST", path, routes.add, "commands", major),
            Route("DELETE", path + "/{command_id}", routes.delete, "commands", major),
        ]
    return found


def _message_routes(routes: MessageRoutes) -> list[Route]:
    path, one, major = "/channels/{channel_id}/messages", "/channels/{channel_id}/messages/{message_id}", ("channel_id",)
    return [
        Route("POST", path, routes.create, "message-create", major),
        Route("GET", path, routes.history, "history", major),
        Route("GET", one, routes.read, "message-read", major),
        Route("PATCH", one, routes.edit, "message-edit", major),
        Route("DELETE", one, routes.delete, "message-delete", major),
        Route("PUT", one + "/reactions/{emoji}/@me", routes.react, "reaction", major),
        Route("DELETE", one + "/reactions/{emoji}/@me", routes.unreact, "reaction", major),
    ]


def _interaction_routes(routes: InteractionRoutes) -> list[Route]:
    path, major = "/webhooks/{app_id}/{token}", ("token",)
    return [
        Route("POST", "/interactions/{interaction_id}/{token}/callback", routes.callback, "", is_open=True),
        Route("POST", path, routes.follow, "webhook-create", major, is_open=True),
        Route("GET", path + "/messages/{message_id}", routes.read, "webhook-read", major, is_open=True),
        Route("PATCH", path + "/messages/{message_id}", routes.edit, "webhook-edit", major, is_open=True),
        Route("DELETE", path + "/messages/{message_id}", routes.delete, "webhook-delete", major, is_open=True),
    ]


def _place_routes(routes: PlaceRoutes) -> list[Route]:
    channel, major = "/channels/{channel_id}", ("channel_id",)
    return [
        Route("GET", "/users/@me", routes.me),
        Route("POST", "/users/@me/channels", routes.open_direct, "dm-open"),
        Route("GET", "/users/{user_id}", routes.user),
        Route("GET", "/applications/@me", routes.application),
        Route("GET", "/oauth2/applications/@me", routes.application),
        Route("GET", "/gateway", routes.gateway_url),
        Route("GET", "/gateway/bot", routes.gateway_bot),
        Route("GET", "/guilds/{guild_id}", routes.guild),
        Route("GET", "/guilds/{guild_id}/members/{user_id}", routes.member),
        Route("GET", channel, routes.channel),
        Route("PATCH", channel, routes.change_channel),
        Route("DELETE", channel, routes.delete_channel),
        Route("POST", channel + "/typing", routes.type, "typing", major),
        Route("POST", channel + "/threads", routes.thread, "thread-create", major),
        Route("POST", channel + "/messages/{message_id}/threads", routes.thread_on, "thread-create", major),
        Route("PUT", channel + "/thread-members/@me", routes.join),
    ]
