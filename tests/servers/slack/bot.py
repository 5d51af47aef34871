"""A small bot on the real slack-bolt, for trying the server."""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from tests.servers.slack.server import SlackServer
from tests.servers.slack.state import GENERAL, TEAM, Json, Message

Act = Callable[..., Coroutine[Any, Any, None]]
EVENTS = ("app_mention", "message", "app_home_opened", "agent_session_stopped", "member_joined_channel")


@dataclass
class Bot:
    """The bot; it keeps the body of every event."""

    slack: SlackServer
    app: AsyncApp
    client: AsyncWebClient
    bodies: list[Json] = field(default_factory=list)

    @property
    def events(self) -> list[Json]:
        """The events it was sent."""
        return [body["event"] for body in self.bodies if "event" in body]

    def on(self, kind: str, name: str, act: Act) -> None:
        """Register a listener by the name of Bolt's own decorator."""
        getattr(self.app, kind)(name)(act)

    def keep_all(self, kind: str, *names: str) -> None:
        """Acknowledge and keep the interactions of these names."""

        async def keep(ack: Act, body: Json) -> None:
            await ack()
            self.bodies.append(body)

        for name in names:
            self.on(kind, name, keep)

    async def keep(self, body: Json) -> None:
        """Keep what came."""
        self.bodies.append(body)

    @property
    def pressed(self) -> list[Json]:
        """The first action of every press."""
        return [body["actions"][0] for body in self.bodies if "actions" in body]

    async def posted(self, *blocks: Json, text: str = "repli", **more: Any) -> Message:  # noqa: ANN401  # what the call takes
        """Post a message in the general channel."""
        answer = await self.client.chat_postMessage(channel=GENERAL, text=text, blocks=list(blocks) or None, **more)
        message = self.slack.space.find(GENERAL, answer["ts"])
        assert message is not None
        return message

    async def stream(self, thread: str) -> Any:  # noqa: ANN401  # the library's own
        """Open a stream to alice in a thread of the general channel."""
        return await self.client.chat_stream(channel=GENERAL, thread_ts=thread, recipient_team_id=TEAM, recipient_user_id="U0ALICE001", buffer_size=1)


async def refused(call: Awaitable[Any]) -> Json:
    """Return what a call was refused with."""
    try:
        await call
    except SlackApiError as error:
        found: Json = error.response.data
        return found
    raise AssertionError("the call was not refused")


async def error_of(call: Awaitable[Any]) -> str:
    """Return the error that a call was refused with."""
    return str((await refused(call))["error"])


async def calls_of_2021(client: AsyncWebClient, root: str, reply: str) -> None:
    """Make every call that Slack's description of 2021 knows, about a thread whose reply is the bot's."""
    await client.chat_postMessage(channel=GENERAL, markdown_text="**gras**")
    await client.chat_update(channel=GENERAL, ts=reply, text="mieux")
    await client.chat_postEphemeral(channel=GENERAL, user="U0ALICE001", text="psst")
    await client.chat_getPermalink(channel=GENERAL, message_ts=reply)
    await client.reactions_add(channel=GENERAL, timestamp=root, name="eyes")
    await client.conversations_info(channel=GENERAL)
    await client.conversations_members(channel=GENERAL)
    await client.conversations_history(channel=GENERAL, limit=2)
    await client.conversations_replies(channel=GENERAL, ts=root)
    await client.conversations_open(users="U0ALICE001")
    await client.users_info(user="U0ALICE001", include_locale=True)
    await client.views_publish(user_id="U0ALICE001", view={"type": "home", "blocks": [{"type": "divider"}]})
    await client.chat_delete(channel=GENERAL, ts=reply)


@asynccontextmanager
async def open_bot(slack: SlackServer) -> AsyncIterator[Bot]:
    """Open a bot that retries what the library can retry, connected to nothing yet."""
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(token=slack.bot_token, session=session, base_url=slack.api_url)
        client.retry_handlers.clear()
        client.retry_handlers.extend([AsyncConnectionErrorRetryHandler(), AsyncRateLimitErrorRetryHandler(max_retry_count=2)])
        client.retry_handlers.append(AsyncServerErrorRetryHandler())
        bot = Bot(slack, AsyncApp(client=client, signing_secret=slack.signing_secret), client)
        for name in EVENTS:
            bot.on("event", name, bot.keep)
        yield bot


@asynccontextmanager
async def on_socket(slack: SlackServer) -> AsyncIterator[Bot]:
    """Open a bot in Socket Mode."""
    async with open_bot(slack) as bot:
        handler: Any = AsyncSocketModeHandler(bot.app, slack.app_token, ping_interval=0.2)
        await handler.connect_async()
        await slack.until(lambda: slack.sockets.connections)
        try:
            yield bot
        finally:
            await handler.close_async()


@asynccontextmanager
async def serving(slack: SlackServer, app: web.Application, path: str) -> AsyncIterator[None]:
    """Serve an application and make it the app's endpoint."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.courier.endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}{path}"
    try:
        yield
    finally:
        await runner.cleanup()


def flaky(headers: list[tuple[str | None, str | None]], failures: int) -> web.Application:
    """Return an application that fails so often, and keeps the retry headers it was sent."""

    async def fail(request: web.Request) -> web.Response:
        headers.append((request.headers.get("X-Slack-Retry-Num"), request.headers.get("X-Slack-Retry-Reason")))
        return web.Response(status=500 if len(headers) <= failures else 200)

    app = web.Application()
    app.add_routes([web.post("/", fail)])
    return app


async def fetched(url: str, token: str) -> tuple[str, bytes]:
    """Return the kind of what lies at an address, and its first bytes."""
    async with aiohttp.ClientSession() as session, session.get(url, headers={"Authorization": f"Bearer {token}"} if token else {}) as response:
        return response.content_type, (await response.read())[:4]


def disturb(slack: SlackServer, way: str) -> None:
    """Disturb every connection: politely, abruptly, with a refusal of the next one, or with garbage."""
    if way == "garbage":
        slack.sockets.garbage()
    elif way == "polite":
        slack.sockets.disconnect("refresh_requested")
    else:
        slack.sockets.refusals = int(way == "refused")
        slack.sockets.drop()


@asynccontextmanager
async def on_http(slack: SlackServer) -> AsyncIterator[Bot]:
    """Open a bot in HTTP mode."""
    async with open_bot(slack) as bot, serving(slack, bot.app.web_app(path="/slack/events"), "/slack/events"):
        yield bot
