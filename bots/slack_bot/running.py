"""A bot's life: who am I, stay connected, come back after every fall, finish what is being answered."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress

import aiohttp
import structlog
from aiohttp import web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack_bot.client import SlackBot
from bots.slack_bot.door import Away, Door, Json, Limited, Me, Refused, called
from bots.slack_bot.manifest import scopes
from bots.slack_bot.places import Address
from bots.slack_bot.speech import words_for
from bots.slack_bot.web import serving
from core.errors import SetupError
from core.profond import Profond
from core.settings import Settings
from core.store.leases import Left

log = structlog.get_logger()
CALL_SECONDS = 15.0
GRACE_SECONDS = 20.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
LOOK_SECONDS = 0.5
PING_SECONDS = 5.0
CONNECT_SECONDS = 10.0
PORT = 3000
BAD_TOKEN = {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type", "no_permission"}
Line = tuple[str, str, dict[str, str | float]]
Online = Callable[[str], None]
Offline = Callable[[float], None]


async def check_token(settings: Settings) -> AsyncIterator[Line]:
    """Yield what Slack says of the tokens: a state of the doctor's, the catalogue's key, and what fills its sentence."""
    try:
        async with opened_door(settings) as door:
            yield ("ok", "doctor-slack-good", {})
            if settings.slack_app_token:
                await _new_socket(door, settings)
    except SetupError as error:
        yield ("fault", {"slack-bad-token": "doctor-slack-bad"}.get(error.key, error.key), error.details)
    except Away as away:
        is_stranger = str(away) == aiohttp.ClientConnectorCertificateError.__name__
        yield ("fault", "doctor-slack-certificate" if is_stranger else "doctor-slack-away", {})


async def _new_socket(door: Door, settings: Settings) -> str:
    """Return the address of a new connection in Socket Mode. Raises SetupError where the app token is refused, Away."""
    if settings.slack_app_token is None:
        raise SetupError("slack-no-app-token")
    try:
        found = await _patiently(door.client, "apps.connections.open", app_token=settings.slack_app_token.get_secret_value())
    except Refused as refused:
        if refused.error == "missing_scope":
            raise SetupError("slack-app-scope", scope=refused.needed or "connections:write") from None
        if refused.error in BAD_TOKEN:
            raise SetupError("slack-bad-app-token") from None
        raise Away from None
    return str(found["url"])


async def _patiently(client: AsyncWebClient, method: str, **params: str) -> Json:
    """Call a method without which nothing begins, as late as Slack says. Raises Refused, Away."""
    while True:
        try:
            return await called(client, method, params)
        except Limited as limited:
            log.warning("slack_limited", method=method, seconds=limited.seconds)
            await asyncio.sleep(limited.seconds)


@asynccontextmanager
async def opened_door(settings: Settings) -> AsyncIterator[Door]:
    """Open the workspace's Web API. Raises SetupError for what only a person can mend, Away."""
    if settings.slack_bot_token is None:
        raise SetupError("slack-no-token")
    timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
        base = f"{settings.slack_api_url}/" if settings.slack_api_url else AsyncWebClient.BASE_URL
        client = AsyncWebClient(token=settings.slack_bot_token.get_secret_value(), base_url=base, session=session, retry_handlers=[])
        yield Door(client, await _me(client, settings))


async def _me(client: AsyncWebClient, settings: Settings) -> Me:
    """Ask Slack who the bot is and what it may do."""
    try:
        found = await _patiently(client, "auth.test")
    except Refused as refused:
        if refused.error in BAD_TOKEN:
            raise SetupError("slack-bad-token") from None
        raise SetupError("slack-refused", error=refused.error) from None
    given = frozenset(filter(None, str(found["_scopes"]).split(",")))
    missing = sorted(set(scopes(settings)) - given) if given else []
    if missing:
        raise SetupError("slack-scope", scope=", ".join(missing))
    return Me(str(found["team_id"]), str(found["user_id"]), str(found.get("bot_id", "")), str(found.get("user", "profond")), given)


class SlackFace:
    """Slack, as the life of a bot knows a platform."""

    name = "slack"

    def __init__(
        self,
        profond: Profond,
        *,
        is_http: bool = False,
        on_online: Online = lambda _: None,
        on_away: Offline = lambda _: None,
        routes: Iterable[web.RouteDef] = (),
    ) -> None:
        self._profond = profond
        self._settings = profond.settings
        self._is_http = is_http
        self._on_online = on_online
        self._on_away = on_away
        self.routes = tuple(routes)
        self._bot: SlackBot | None = None
        self._socket: AsyncSocketModeHandler | None = None
        self._online = asyncio.Event()
        self._was_online = False

    async def run(self) -> None:
        """Serve until cancelled. Raises SetupError for what only a person can mend."""
        _must_be_set(self._settings, is_http=self._is_http)
        pause = FIRST_PAUSE
        while True:
            try:
                async with opened_door(self._settings) as door:
                    await self._live(SlackBot(self._profond, door))
            except SetupError:
                raise
            except Exception as error:  # noqa: BLE001  # the library and the network end in many ways: a bot is made anew after each
                log.warning("slack_fell", cause=type(error).__name__)
            pause = FIRST_PAUSE if self._was_online else pause
            wait = pause * random.uniform(0.75, 1.25)  # noqa: S311  # no secret depends on it
            pause, self._was_online = min(pause * 2, LONGEST_PAUSE), False
            self._on_away(wait)
            await asyncio.sleep(wait)

    async def _live(self, bot: SlackBot) -> None:
        """Run one bot; what is being answered is finished, behind closed doors."""
        self._bot = bot
        try:
            async with self._connected(bot):
                self._was_online = True
                self._online.set()
                self._on_online(bot.me.name)
                await (asyncio.Event().wait() if self._is_http else self._watch(bot.door))
        finally:
            self._online.clear()
            await asyncio.shield(bot.finish(GRACE_SECONDS))
            self._bot = None

    @asynccontextmanager
    async def _connected(self, bot: SlackBot) -> AsyncIterator[None]:
        if self._is_http:
            secret = self._settings.slack_signing_secret
            async with serving(bot.app, secret.get_secret_value() if secret else "", self._settings.port or PORT, self.routes):
                yield
            return
        token = self._settings.slack_app_token
        socket = AsyncSocketModeHandler(bot.app, token.get_secret_value() if token else "", ping_interval=PING_SECONDS)
        try:
            await self._connect(socket.client, bot.door)
            self._socket = socket
            yield
        finally:
            self._socket = None
            await _closed(socket)

    async def _connect(self, client: SocketModeClient, door: Door) -> None:
        """Open a connection, once: the library would try the same address again and again. Raises SetupError, Away."""
        async with client.connect_operation_lock:
            if client.current_session is not None and not client.current_session.closed:
                return
            client.wss_uri = await _new_socket(door, self._settings)
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await client.connect()  # type: ignore[no-untyped-call]  # the library's
            except TimeoutError:
                raise Away from None

    async def _watch(self, door: Door) -> None:
        """Make a connection anew as soon as it breaks, not at the library's next look; what is being answered goes on meanwhile."""
        pause = FIRST_PAUSE
        while self._socket is not None:
            await asyncio.sleep(LOOK_SECONDS)
            if self._is_open():
                pause = FIRST_PAUSE
                continue
            try:
                await self._connect(self._socket.client, door)
            except Away:
                wait, pause = pause * random.uniform(0.75, 1.25), min(pause * 2, LONGEST_PAUSE)  # noqa: S311  # no secret depends on it
                self._on_away(wait)
                await asyncio.sleep(wait)

    def _is_open(self) -> bool:
        session = self._socket.client.current_session if self._socket else None
        return session is not None and not session.closed

    async def finish(self, left: Left) -> None:
        """Answer a question that another process left, in its own place."""
        await self._online.wait()
        if self._bot:
            await self._bot.asking.answer(left.ticket, left.placeholder)

    async def apologise(self, left: Left) -> None:
        """Say that a question was left for too long."""
        await self._online.wait()
        question = left.ticket.question
        if self._bot:
            await self._bot.asking.tell(Address.load(question.reply_to), words_for(question.lang)("error-too-late"))

    def is_ready(self) -> bool:
        """Whether Slack is connected."""
        return self._online.is_set() and (self._is_http or self._is_open())


async def run_slack(profond: Profond, *, is_http: bool = False, on_online: Online = lambda _: None, on_away: Offline = lambda _: None) -> None:
    """Serve Slack until cancelled. Raises SetupError for what only a person can mend."""
    await SlackFace(profond, is_http=is_http, on_online=on_online, on_away=on_away).run()


def _must_be_set(settings: Settings, *, is_http: bool) -> None:
    """Refuse to begin without what this way of serving needs. Raises SetupError."""
    if settings.slack_bot_token is None:
        raise SetupError("slack-no-token")
    if is_http and settings.slack_signing_secret is None:
        raise SetupError("slack-no-secret")
    if not is_http and settings.slack_app_token is None:
        raise SetupError("slack-no-app-token")


async def _closed(socket: AsyncSocketModeHandler) -> None:
    """Close a connection and wait for the library's own tasks, which it cancels and forgets."""
    client = socket.client
    tasks = [task for task in (client.message_processor, client.current_session_monitor, client.message_receiver) if task is not None]
    with suppress(aiohttp.ClientError, OSError):
        await socket.close_async()  # type: ignore[no-untyped-call]  # the library's
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
