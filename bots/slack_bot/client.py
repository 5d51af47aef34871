"""The Bolt app: it receives events and hands them on. It translates and decides nothing else."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack_bot import commands, forms, heard, home, presses
from bots.slack_bot.asking import NOTHING, Asking, Then, Work
from bots.slack_bot.door import Door
from bots.slack_bot.figures import Figures
from bots.slack_bot.people import People
from bots.slack_bot.sessions import Sessions
from bots.slack_bot.speech import words_for
from core.errors import StoreAway
from core.profond import Profond

log = structlog.get_logger()
READ_SECONDS = 2.0
"""The longest that reading an event may take before its acknowledgement, of the three seconds that Slack gives."""
CALM_SECONDS = 1.0
AGAIN = Work()
"""What could not be read now and is to come again."""
Body = dict[str, Any]
Read = Callable[["SlackBot", Body], Awaitable[Work]]


class SlackBot:
    """Serves one workspace on an open core."""

    def __init__(self, profond: Profond, door: Door) -> None:
        self.profond = profond
        self.settings = profond.settings
        self.door = door
        self.me = door.me
        self.people = People(door)
        self.figures = Figures(door, profond.store)
        self.sessions = Sessions(door)
        self.asking = Asking(self)
        self._readings = 0
        self._is_calm = asyncio.Event()
        self._is_calm.set()
        self.app = self._app()

    def _app(self) -> AsyncApp:
        """Return Bolt's app. It is given who the bot is: else it would ask Slack at each of the first events."""
        secret, me, token = self.settings.slack_signing_secret, self.me, self.door.client.token

        async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
            return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=token, bot_id=me.bot, bot_user_id=me.user)

        quiet = logging.getLogger("slack_bolt")
        app = AsyncApp(
            logger=quiet,
            name="profond",
            client=AsyncWebClient(session=self.door.client.session, base_url=self.door.client.base_url, retry_handlers=[]),
            authorize=authorize,
            signing_secret=secret.get_secret_value() if secret else "",
            attaching_conversation_kwargs_enabled=False,
            attaching_function_token_enabled=False,
        )
        app.use(self._receive)
        app.error(self._unread)
        return app

    async def _receive(self, body: Body) -> BoltResponse:
        """Read an event, take what it asks and acknowledge it here: Bolt's listeners would only wait in between."""
        with self._reading():
            work = await self._work(body)
        if work is AGAIN:
            return BoltResponse(status=503)
        if work.then:
            self.asking.start(self._behind(work.then, work.event))
        return BoltResponse(status=200, body=work.reply or "")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Count an event while it is being read."""
        self._readings += 1
        self._is_calm.clear()
        try:
            yield
        finally:
            self._readings -= 1
            if not self._readings:
                self._is_calm.set()

    async def _behind(self, then: Then, event: str) -> None:
        """Do something, once, when whoever asked at the same moment has an acknowledgement too."""
        await _at_most(self._is_calm.wait(), CALM_SECONDS)
        if await self.asking.is_first(event):
            await then()

    async def _work(self, body: Body) -> Work:
        kind = str(body.get("type") or ("command" if "command" in body else ""))
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await READS.get(kind, _nothing)(self, body)
        except (TimeoutError, StoreAway):
            log.warning("event_not_taken", kind=kind)
            return self._sorry(body, "error-store-away")
        except Exception:  # the adapter's boundary: an event that cannot be read is acknowledged, or it comes again and again
            log.exception("event_not_read", kind=kind)
            return self._sorry(body, "error-unexpected")

    def _sorry(self, body: Body, key: str) -> Work:
        """Tell who typed or pressed that nothing was done; an event is not acknowledged, so that Slack brings it again."""
        url, user = body.get("response_url"), body.get("user_id") or (body.get("user") or {}).get("id", "")
        if not url:
            return AGAIN if body.get("type") == "event_callback" and key == "error-store-away" else NOTHING
        return Work(lambda: self.door.tell(str(url), words_for(self.people.known(user).lang)(key)))

    async def finish(self, seconds: float) -> None:
        """Let end what is being read and answered; pictures are given up."""
        await _at_most(self._is_calm.wait(), READ_SECONDS)
        await self.asking.finish(seconds)
        await self.figures.finish()

    async def _unread(self, error: Exception) -> BoltResponse:
        """Refuse what the library fails to read before it comes here."""
        log.warning("request_not_read", cause=type(error).__name__)
        return BoltResponse(status=400)


async def _at_most(waiting: Awaitable[object], seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await waiting


async def _nothing(_: SlackBot, __: Body) -> Work:
    return NOTHING


async def _event(bot: SlackBot, body: Body) -> Work:
    event, team = body["event"], str(body["team_id"])
    kind = event.get("type")
    if kind in {"message", "app_mention"}:
        return await heard.heard(bot, event, team)
    if kind == "app_home_opened":
        return Work(lambda: home.opened(bot, event, team))
    if kind == "agent_session_stopped":
        return await heard.stopped(bot, event, team)
    return NOTHING


READS: dict[str, Read] = {
    "event_callback": _event,
    "command": commands.commanded,
    "block_actions": presses.pressed,
    "message_action": commands.shortcut,
    "view_submission": forms.submitted,
}
