"""What goes to the app: sent, acknowledged within three seconds, or sent again."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlencode

import aiohttp

from tests.servers.slack.sockets import Delivery, Sockets
from tests.servers.slack.state import APP, BOT_USER, TEAM, Json, Workspace
from tests.servers.slack.waiting import Bell

OK = 200
REASONS = {"timeout": "http_timeout", "error": "http_error"}
AUTHORIZATION: Json = {"enterprise_id": None, "team_id": TEAM, "user_id": BOT_USER, "is_bot": True, "is_enterprise_install": False}


class Courier:
    """Brings deliveries to the app over Socket Mode, or over HTTP once `endpoint` is set.

    Attributes:
        endpoint: where the app listens; empty means Socket Mode.
        ack_seconds: how long an acknowledgement may take.
        retry_delays: the pause before each new try of an event.
        deliveries: everything that was sent.
    """

    def __init__(self, space: Workspace, sockets: Sockets, secret: str) -> None:
        self.endpoint = ""
        self.ack_seconds = 3.0
        self.retry_delays: Sequence[float] = (1.0, 60.0, 300.0)
        self.deliveries: list[Delivery] = []
        self.sockets = sockets
        self.sockets.on_ack = self.settle
        self._space = space
        self._secret = secret
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    @property
    def _bell(self) -> Bell:
        return self._space.bell

    async def close(self) -> None:
        """Give up what is still on its way."""
        for delivery in self.deliveries:
            if delivery.timer:
                delivery.timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    def event(self, name: str, event: Json) -> Delivery:
        """Send an event; its id stays the same at every try."""
        event_id = self._space.new_id("Ev")
        payload = {
            "token": "verification",
            "team_id": TEAM,
            "context_team_id": TEAM,
            "api_app_id": APP,
            "event": {"type": name, **event},
            "type": "event_callback",
            "event_id": event_id,
            "event_time": int(time.time()),
            "authorizations": [AUTHORIZATION],
            "is_ext_shared_channel": False,
        }
        return self.send(Delivery("events_api", payload, event_id))

    def send(self, delivery: Delivery) -> Delivery:
        """Send something for the first time."""
        self.deliveries.append(delivery)
        self._try(delivery)
        return delivery

    def repeat(self, delivery: Delivery) -> Delivery:
        """Send the same thing once more, as a retry that nobody asked for."""
        attempt = max(1, sum(other.payload is delivery.payload for other in self.deliveries))
        again = Delivery(delivery.kind, delivery.payload, delivery.event_id, attempt=attempt, reason="timeout", on_answer=delivery.on_answer)
        return self.send(again)

    def settle(self, delivery: Delivery, answer: Json) -> None:
        """Take an acknowledgement."""
        if not delivery.is_settled:
            self._stop(delivery)
            delivery.acked_at, delivery.answer = time.monotonic(), answer
            if delivery.on_answer:
                delivery.on_answer(answer)
            self._bell.ring()

    def failed(self, delivery: Delivery, reason: str) -> None:
        """Try an event again later; a person who pressed or typed is told instead."""
        if delivery.is_settled:
            return
        self._stop(delivery)
        self.sockets.forget(delivery)
        delivery.reason = reason
        if delivery.kind != "events_api" or len(delivery.tries) > len(self.retry_delays):
            delivery.failure = reason
        else:
            delivery.attempt += 1
            delay = self.retry_delays[len(delivery.tries) - 1]
            delivery.timer = asyncio.get_running_loop().call_later(delay, self._try, delivery)
        self._bell.ring()

    def _try(self, delivery: Delivery) -> None:
        delivery.tries.append(time.monotonic())
        if self.endpoint:
            task = asyncio.create_task(self._post(delivery))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif self.sockets.send(delivery):
            delivery.timer = asyncio.get_running_loop().call_later(self.ack_seconds, self.failed, delivery, "timeout")
        else:
            self.failed(delivery, "connection_failed")
        self._bell.ring()

    @staticmethod
    def _stop(delivery: Delivery) -> None:
        if delivery.timer:
            delivery.timer.cancel()
            delivery.timer = None

    def sign(self, body: str, timestamp: str = "") -> dict[str, str]:
        """Return the headers that sign a body."""
        stamp = timestamp or str(int(time.time()))
        digest = hmac.new(self._secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}

    async def post(self, body: str | bytes, headers: dict[str, str]) -> tuple[int, str, dict[str, str]]:
        """Post a body to the app as it stands; return the status, the body and the headers."""
        self._session = self._session or aiohttp.ClientSession()
        async with self._session.post(self.endpoint, data=body.encode() if isinstance(body, str) else body, headers=headers) as response:
            return response.status, await response.text(), dict(response.headers)

    async def _post(self, delivery: Delivery) -> None:
        body, kind = _as_form(delivery)
        headers = {"Content-Type": kind, **self.sign(body)}
        if delivery.attempt:
            headers |= {"X-Slack-Retry-Num": str(delivery.attempt), "X-Slack-Retry-Reason": REASONS.get(delivery.reason, delivery.reason)}
        try:
            async with asyncio.timeout(self.ack_seconds):
                status, text, got = await self.post(body, headers)
        except (aiohttp.ClientError, OSError) as error:
            self.failed(delivery, "timeout" if isinstance(error, TimeoutError) else "connection_failed")
            return
        if status == OK:
            self.settle(delivery, _parsed(text))
        elif got.get("X-Slack-No-Retry") == "1":
            self._stop(delivery)
            delivery.failure = "http_error"
            self._bell.ring()
        else:
            self.failed(delivery, "error")


def _as_form(delivery: Delivery) -> tuple[str, str]:
    if delivery.kind == "events_api":
        return json.dumps(delivery.payload), "application/json"
    fields = delivery.payload if delivery.kind == "slash_commands" else {"payload": json.dumps(delivery.payload)}
    return urlencode(fields), "application/x-www-form-urlencoded"


def _parsed(text: str) -> Json:
    with suppress(ValueError):
        found = json.loads(text)
        return found if isinstance(found, dict) else {}
    return {"text": text} if text else {}
