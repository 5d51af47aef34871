"""The door of the Web API: faults, token, arguments, limits and scopes, in Slack's order; and a record of every call."""

import asyncio
import inspect
import json
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web

from tests.servers.slack.calls import METHODS, NEEDS, Call, missing_scope
from tests.servers.slack.limits import SCOPES, Limits
from tests.servers.slack.rules import Live, lives
from tests.servers.slack.sockets import Sockets
from tests.servers.slack.state import Json, Message, SlackError, Workspace

OK = 200
TOO_MANY = 429
AS_JSON = frozenset({"blocks", "attachments", "view", "chunks", "prompts", "files", "metadata", "loading_messages"})


@dataclass(frozen=True)
class Fault:
    """What happens to a call instead of its answer, or before it.

    Attributes:
        kind: status (an HTTP error), error (`ok: false`), limited (429), delay (then the true answer), drop (nothing is done), drop_after (it is
            done, and the answer is lost) or html (a page with status 200).
    """

    kind: Literal["status", "error", "limited", "delay", "drop", "drop_after", "html"] = "status"
    status: int = 503
    error: str = "fatal_error"
    seconds: float = 1.0


@dataclass
class Request:
    """One call as it came and was answered; `kind` is the token's: bot, app, none or unknown."""

    method: str
    params: Json
    kind: str
    at: float
    status: int = 0
    response: Json = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def error(self) -> str:
        """The error it was answered with, or nothing."""
        return "" if self.response.get("ok") else str(self.response.get("error", f"http {self.status}"))


class WebApi:
    """Answers every method.

    Attributes:
        requests: every call, in the order it came.
        live: every ping and link that would have been live, at every state of every message.
    """

    def __init__(self, space: Workspace, sockets: Sockets, *, bot_token: str, app_token: str) -> None:
        self.requests: list[Request] = []
        self.live: list[Live] = []
        self.limits = Limits(space.clock)
        self._space = space
        self._sockets = sockets
        self._tokens = {bot_token: "bot", app_token: "app", "": "none"}
        self._noted: set[tuple[str, ...]] = set()
        self._faults: dict[str, deque[Fault]] = {}

    def fault(self, method: str, fault: Fault, times: int = 1) -> None:
        """Let the next calls of a method (`*`: of any) go wrong."""
        self._faults.setdefault(method, deque()).extend([fault] * times)

    def note(self, message: Message, link_names: bool = False) -> None:
        """Note what would be live in a message."""
        for live in lives(message, link_names=link_names):
            key = (live.kind, live.target, live.label, live.channel, live.ts)
            if key not in self._noted:
                self._noted.add(key)
                self.live.append(live)

    def kind(self, request: web.Request, params: Mapping[str, object]) -> str:
        """Return whose token a request carries."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or str(params.get("token") or "")
        return self._tokens.get(token, "unknown")

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call and record it."""
        params = await _params(request)
        record = Request(request.match_info["method"], params, self.kind(request, params), time.monotonic())
        params.pop("token", None)
        self.requests.append(record)
        response = await self._answer(request, record)
        record.status, record.seconds = response.status, time.monotonic() - record.at
        self._space.bell.ring()
        return response

    async def _answer(self, request: web.Request, record: Request) -> web.StreamResponse:
        fault = self._next_fault(record.method)
        if fault and fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        elif fault and fault.kind == "drop_after":
            record.response = (await self._done(record))[1]
            return _dropped(request)
        elif fault:
            return _broken(request, record, fault)
        wait, record.response = await self._done(record)
        headers = {"Retry-After": str(wait)} if wait else {"X-OAuth-Scopes": ",".join(sorted(self._space.app.scopes))}
        return web.json_response(record.response, status=TOO_MANY if wait else OK, headers=headers)

    def _next_fault(self, method: str) -> Fault | None:
        waiting = self._faults.get(method) or self._faults.get("*")
        return waiting.popleft() if waiting else None

    async def _done(self, record: Request) -> tuple[int, Json]:
        """Return the wait that is asked for, or 0, and the body."""
        try:
            if record.method == "apps.connections.open":
                self._check_app_token(record)
            else:
                self._check(record)
            wait = self.limits.take(record.method, str(record.params.get("channel", "")))
            if wait:
                return wait, {"ok": False, "error": "ratelimited"}
            if record.method == "apps.connections.open":
                return 0, {"ok": True, "url": self._sockets.ticket()}
            found = METHODS[record.method](Call(record.method, self._space, record.params, self.note))
            return 0, await found if inspect.isawaitable(found) else found
        except SlackError as error:
            return 0, error.body

    def _check(self, record: Request) -> None:
        """Refuse a call whose method, token, scope or arguments are wrong."""
        if record.method not in METHODS:
            raise SlackError("unknown_method", req_method=record.method)
        if record.kind != "bot":
            raise SlackError({"none": "not_authed", "app": "not_allowed_token_type"}.get(record.kind, "invalid_auth"))
        needed = SCOPES.get(record.method, "")
        if needed and not set(needed.split("|")) & self._space.app.scopes:
            raise missing_scope(needed.split("|"), self._space.app.scopes)
        missing = [name for name in NEEDS[record.method] if record.params.get(name) in (None, "")]
        if missing:
            found = [f"[ERROR] missing required field: {name}" for name in missing]
            raise SlackError("invalid_arguments", response_metadata={"messages": found})

    def _check_app_token(self, record: Request) -> None:
        if record.kind != "app":
            raise SlackError({"none": "not_authed", "bot": "not_allowed_token_type"}.get(record.kind, "invalid_auth"))
        if "connections:write" not in self._space.app.app_scopes:
            raise missing_scope(["connections:write"], self._space.app.app_scopes)


async def _params(request: web.Request) -> Json:
    """Return every argument, wherever it stood; what Slack takes as JSON in a string is read."""
    found: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = await request.json()
        except ValueError:
            body = {}
        found |= body if isinstance(body, dict) else {}
    else:
        found |= {name: value if isinstance(value, str) else "(file)" for name, value in (await request.post()).items()}
    return {name: _read(value) if name in AS_JSON else value for name, value in found.items()}


def _read(value: object) -> object:
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _dropped(request: web.Request) -> web.Response:
    if request.transport:
        request.transport.close()
    return web.Response()


def _broken(request: web.Request, record: Request, fault: Fault) -> web.Response:
    if fault.kind == "drop":
        return _dropped(request)
    if fault.kind == "html":
        return web.Response(text="<!DOCTYPE html><html><body>Slack is down</body></html>", content_type="text/html")
    if fault.kind == "status":
        return web.Response(status=fault.status, text="upstream connect error")
    record.response = {"ok": False, "error": "ratelimited" if fault.kind == "limited" else fault.error}
    if fault.kind == "limited":
        return web.json_response(record.response, status=TOO_MANY, headers={"Retry-After": str(int(fault.seconds))})
    return web.json_response(record.response)
