"""The server itself: one port for the Web API, Socket Mode, files, response_urls and the control door."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.servers.slack import agents, chat, control, conversations, files, hooks, streams, views
from tests.servers.slack.delivery import Courier
from tests.servers.slack.limits import DEFAULT_COMMANDS, DEFAULT_EVENTS, DEFAULT_SCOPES, Limits
from tests.servers.slack.record import Record
from tests.servers.slack.rules import Live, check_manifest
from tests.servers.slack.sockets import Delivery, Sockets
from tests.servers.slack.state import BOT_USER, GENERAL, KINDS, App, Channel, Json, User, Workspace
from tests.servers.slack.students import Handle, Students
from tests.servers.slack.web_api import Fault, WebApi

MODULES = (agents, chat, conversations, files, streams, views)
"""Each registers its methods when it is imported."""
MOST_BYTES = 32 * 2**20
PEOPLE = (("U0ALICE001", "alice", "fr-FR"), ("U0BOB00001", "bob", "fr-FR"), ("U0CAROL001", "carol", "en-US"))


class SlackServer(Students, Record):
    """A workspace on 127.0.0.1, open while it is entered.

    Attributes:
        url: where it listens; `api_url` is the client's base_url.
        bot_token, app_token, signing_secret: what the bot is given.
        space: what the workspace holds.
        api: the Web API; its `limits` and `fault` are for tests.
        sockets: Socket Mode; connections may be dropped, refused or sent away.
        courier: what goes to the app; `endpoint` turns to HTTP mode.
    """

    bot_token = "xoxb-1-profond"
    app_token = "xapp-1-profond"
    signing_secret = "8f742231b10e8888abcd99yyyzzz85a5"

    def __init__(self, port: int = 0) -> None:
        self.url = ""
        self.space = Workspace(App(set(DEFAULT_SCOPES), set(DEFAULT_EVENTS), set(DEFAULT_COMMANDS)))
        self.sockets = Sockets(self.space)
        self.api = WebApi(self.space, self.sockets, bot_token=self.bot_token, app_token=self.app_token)
        self.courier = Courier(self.space, self.sockets, self.signing_secret)
        self.space.emit = self.courier.event
        self.space.users[BOT_USER] = User(BOT_USER, "profond", is_bot=True)
        for user, name, locale in PEOPLE:
            self.space.users[user] = User(user, name, locale)
        self.space.channels[GENERAL] = Channel(GENERAL, "general", members={BOT_USER, *(user for user, _, _ in PEOPLE)})
        self._port = port

    @property
    def api_url(self) -> str:
        """The base_url of the Web API."""
        return f"{self.url}/api/"

    @property
    def app(self) -> App:
        """What the manifest gives the app: scopes, events, commands, shortcuts."""
        return self.space.app

    @property
    def limits(self) -> Limits:
        """The rate limits."""
        return self.api.limits

    @property
    def live_pings(self) -> list[Live]:
        """Every mention that would have reached somebody, at any state of any message of the bot."""
        return [live for live in self.api.live if live.kind != "link"]

    @property
    def live_links(self) -> list[Live]:
        """Every link that could have been clicked."""
        return [live for live in self.api.live if live.kind == "link"]

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        app = web.Application(client_max_size=MOST_BYTES)
        app.add_routes(
            [
                web.route("*", "/api/{method}", self.api.handle),
                web.get("/link/", self.sockets.handle),
                web.post("/upload/v1/{file}", self._upload),
                web.get("/files-pri/{file}/{name}", self._download),
                web.post("/hooks/{name:.+}", self._hook),
                *control.routes(self),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=1024).start()
        self.url = self.space.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Give up what is on its way, and stop."""
        await self.courier.close()
        self.sockets.drop()
        await self._runner.cleanup()

    async def _download(self, request: web.Request) -> web.StreamResponse:
        return files.download(self.space, request, is_bot=self.api.kind(request, {}) == "bot")

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        return await files.upload(self.space, request)

    async def _hook(self, request: web.Request) -> web.StreamResponse:
        return await hooks.handle(self.space, self.api, request)

    def add_user(self, name: str, locale: str = "fr-FR", channels: Sequence[str] = (GENERAL,)) -> str:
        """Let someone into the workspace and these channels; return their id."""
        user = User(self.space.new_id("U"), name, locale)
        self.space.users[user.id] = user
        for channel in channels:
            self.space.channel(channel).members.add(user.id)
        return user.id

    def add_channel(self, name: str, *, kind: str = "channel", bot: bool = True, members: Sequence[str] | None = None) -> str:
        """Make a channel (kind `group` is private); everyone is in it unless `members` says who. Return its id."""
        people = (
            [user.id for user in self.space.users.values() if not user.is_bot] if members is None else [self.space.user(who).id for who in members]
        )
        channel = Channel(self.space.new_id(KINDS[kind]), name, kind, {*people, *([BOT_USER] if bot else [])})
        self.space.channels[channel.id] = channel
        return channel.id

    def install(self, manifest: Json) -> None:
        """Install the app by its manifest; SlackError where Slack would refuse it whole."""
        self.space.app = check_manifest(manifest)

    def fault(self, method: str, fault: Fault, times: int = 1) -> None:
        """Let the next calls of a method (`*`: of any) go wrong."""
        self.api.fault(method, fault, times)

    def advance(self, seconds: float) -> None:
        """Move the time of the rules: limits, triggers, streams, response_urls."""
        self.space.clock.offset += seconds
        self.space.bell.ring()

    def redeliver(self, handle: Handle, times: int = 1) -> list[Delivery]:
        """Send again what a handle stands for, with the same event ids."""
        again = [self.courier.repeat(delivery) for _ in range(times) for delivery in list(handle.deliveries)]
        handle.deliveries.extend(again)
        return again
