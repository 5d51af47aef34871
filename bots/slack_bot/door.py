"""The way to Slack's Web API: each call in its turn, refusals and silences told apart, nothing posted twice.

A call that Slack did not answer may have been done all the same. What may be repeated is; of a message that was posted it
is first looked whether it stands there.
"""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bots.slack_bot.limits import Limits
from bots.slack_bot.look import Drawing

log = structlog.get_logger()
Json = dict[str, Any]
PATIENCE = (0.3, 1.0, 3.0, 8.0)
"""Seconds between tries when Slack itself fails."""
UNCERTAIN = {"", "fatal_error", "internal_error", "request_timeout", "service_unavailable", "team_added_to_org"}
MOST_LIMITED = 5
LIMITED = {"ratelimited", "rate_limited"}
PERSON = ("U", "W")
LONGEST_PAUSE = 30.0
"""The longest that a picture or a file may be kept waiting."""
UNKNOWN = {"unknown_method", "not_allowed_token_type", "feature_not_enabled", "missing_scope", "team_not_eligible", "not_allowed", "access_denied"}
"""What Slack says of a call that this workspace or this installation does not have."""
SEEN = 500
CLOCKS_APART = 120.0
"""How far this machine's clock may be ahead of Slack's, in seconds."""


class Refused(Exception):  # Slack's answer, not a fault of ours
    """Slack says no. `error` is its word for why, `needed` the scope that is missing."""

    def __init__(self, error: str, needed: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.needed = needed


class Limited(Refused):
    """Slack says: later. `seconds` is how much."""

    def __init__(self, seconds: float) -> None:
        super().__init__("ratelimited")
        self.seconds = seconds


class Away(Exception):  # as above
    """Slack did not answer; what was asked may be done or not."""


class Unsent(Away):
    """Slack was not reached; nothing was asked."""


class Unseen(Away):
    """Whether it was done cannot be looked up here."""


@dataclass(frozen=True)
class Me:
    """Who the bot is in its workspace, and the scopes that it was given."""

    team: str
    user: str
    bot: str
    name: str
    scopes: frozenset[str] = frozenset()


class Door:
    """One workspace's Web API."""

    def __init__(self, client: AsyncWebClient, me: Me, limits: Limits | None = None) -> None:
        self.client = client
        self.me = me
        self.limits = limits or Limits()
        self.drawing = Drawing.FULL
        self.missing: set[str] = set()
        self._mine: deque[str] = deque(maxlen=SEEN)

    def has(self, method: str) -> bool:
        """Whether a method that not every workspace has worked so far."""
        return method not in self.missing

    async def call(self, method: str, *, waits: bool = True, **params: Any) -> Json:  # noqa: ANN401  # whatever the method takes
        """Call a method in its turn. Raises Refused, Away; Limited where `waits` is false."""
        if waits:
            await self.limits.turn(method)
        for _ in range(MOST_LIMITED):
            try:
                return await called(self.client, method, params)
            except Limited as limited:
                log.warning("slack_limited", method=method, seconds=limited.seconds)
                self.limits.window(method).hold(limited.seconds)
                if not waits:
                    raise
                await asyncio.sleep(limited.seconds)
            except Refused as refused:
                self._note(method, refused)
                raise
        raise Away

    def _note(self, method: str, refused: Refused) -> None:
        """Remember a method that is not there; a scope that is missing is named for whoever runs the bot."""
        if refused.error in UNKNOWN:
            self.missing.add(method)
            log.warning("slack_method_missing", method=method, error=refused.error, scope=refused.needed)

    async def surely(self, method: str, **params: Any) -> Json:  # noqa: ANN401  # as above
        """Call a method that may be repeated, until Slack answers. Raises Refused, Away."""
        for pause in PATIENCE:
            try:
                return await self.call(method, **params)
            except Away:
                await asyncio.sleep(pause)
        return await self.call(method, **params)

    async def perhaps(self, method: str, **params: Any) -> bool:  # noqa: ANN401  # as above
        """Call a method that nothing depends on, if it is there and may be called now; tell whether it was done."""
        if not self.has(method) or not self.limits.may(method):
            return False
        try:
            await self.call(method, waits=False, **params)
        except (Refused, Away) as error:
            log.info("slack_call_left_out", method=method, error=str(error))
            return False
        return True

    async def post(self, channel: str, blocks: Sequence[Json], text: str, *, thread: str = "") -> tuple[str, str]:
        """Post a message in its channel's turn, once; return its channel and `ts`. Raises Refused, Away."""
        mark, began, may_stand = secrets.token_hex(8), time.time(), False
        marked = [{**blocks[0], "block_id": mark}, *blocks[1:]]
        place: Json = {"channel": channel, "thread_ts": thread or None}
        for pause in (*PATIENCE, None):
            try:
                if may_stand and (ts := await self.find(channel, thread, began, lambda message: _is_marked(message, mark))):
                    return channel, self.remember(ts)
                may_stand = False
                await self.limits.lane(channel).turn(thread or mark)
                found = await self.call("chat.postMessage", blocks=marked, text=text, unfurl_links=False, unfurl_media=False, **place)
                return str(found["channel"]), self.remember(str(found["ts"]))
            except Unseen:
                raise
            except Away as away:
                may_stand = may_stand or not isinstance(away, Unsent)
                if pause is None:
                    raise
                await asyncio.sleep(pause)
        raise Away

    async def find(self, channel: str, thread: str, began: float, is_it: Callable[[Json], bool]) -> str:
        """Return the `ts` of a message of the bot's that may have been posted since a moment, or an empty string.

        Raises Unseen where the bot may not look, Away. A person's id names no conversation to look into: there a message twice is
        better than none.
        """
        if channel.startswith(PERSON):
            return ""
        method, place = "conversations.replies" if thread else "conversations.history", {"ts": thread} if thread else {}
        try:
            found = await self.surely(method, channel=channel, limit=200, oldest=f"{began - CLOCKS_APART:.6f}", **place)
        except Refused as refused:
            log.warning("post_not_looked_up", error=refused.error)
            raise Unseen from None
        own = (message for message in found.get("messages", ()) if message.get("bot_id") == self.me.bot and message.get("ts") not in self._mine)
        return next((str(message["ts"]) for message in own if is_it(message)), "")

    def remember(self, ts: str) -> str:
        """Remember a message of the bot's, so that it is taken for no other; return it."""
        self._mine.append(ts)
        return ts

    async def respond(self, url: str, body: Mapping[str, Any]) -> None:
        """Answer through a response_url. Raises Refused, Away."""
        for pause in (*PATIENCE[:2], None):
            try:
                async with self.session.post(url, json={"response_type": "ephemeral", **body}) as response:
                    await _read(response)
                    return
            except (aiohttp.ClientError, TimeoutError, OSError, Away):
                if pause is None:
                    raise Away from None
                await asyncio.sleep(pause)

    async def tell(self, url: str, text: str) -> None:
        """Say one sentence through a response_url, if it can be said."""
        try:
            await self.respond(url, {"text": text, "replace_original": False})
        except (Refused, Away):
            log.warning("sentence_not_shown")

    @property
    def session(self) -> aiohttp.ClientSession:
        """The client's HTTP session."""
        session = self.client.session
        assert session is not None  # noqa: S101  # every client is made with one
        return session

    async def upload(self, name: str, content: bytes, *, alt: str = "", channel: str | None = None, comment: str | None = None) -> str:
        """Upload a file, shared in a channel or nowhere yet; return its id. Raises Refused, Away."""
        file = {"filename": name, "content": content, "title": name, "alt_txt": alt or None, "channel": channel, "initial_comment": comment}
        for _ in range(MOST_LIMITED):
            try:
                found = await called(self.client, "files_upload_v2", file)
            except Limited as limited:
                if limited.seconds > LONGEST_PAUSE:
                    raise
                await asyncio.sleep(limited.seconds)
            else:
                return str(found["files"][0]["id"])
        raise Away


async def _read(response: aiohttp.ClientResponse) -> None:
    """Raise what a response_url says."""
    text = await response.text()
    if response.status >= 500:
        raise Away
    if response.status >= 400:
        raise Refused("expired_url")
    if '"ok":' in text.replace(" ", "") and '"error"' in text:
        raise Refused(text.partition('"error"')[2].strip(' :"').partition('"')[0])


async def called(client: AsyncWebClient, method: str, params: Mapping[str, Any]) -> Json:
    """Call a method once. Raises Limited, Refused, Away."""
    try:
        found = await getattr(client, method.replace(".", "_"))(**params)
    except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
        raise _translated(error) from None
    return {**found.data, "_scopes": found.headers.get("x-oauth-scopes", "")} if isinstance(found.data, dict) else {}


def _is_marked(message: Json, mark: str) -> bool:
    return any(block.get("block_id") == mark for block in message.get("blocks", ()))


def _seconds(told: str) -> float:
    """Return how long Slack says to wait; one second where it says nothing that is a time."""
    return float(told) if told.replace(".", "", 1).isdecimal() else 1.0


def _translated(error: Exception) -> Refused | Away:
    """Return what an error of the library's means."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return Unsent(type(error).__name__)
    response = error.response if isinstance(error, SlackApiError) else None
    if not isinstance(response, AsyncSlackResponse):
        return Away(type(error).__name__)
    data = response.data if isinstance(response.data, dict) else {}
    name = str(data.get("error", ""))
    if response.status_code == 429 or name in LIMITED:
        return Limited(_seconds(str(response.headers.get("Retry-After", ""))))
    if response.status_code >= 500 or name in UNCERTAIN:
        return Away(name or f"status {response.status_code}")
    return Refused(name, str(data.get("needed", "")))
