"""The REST door: every request is judged, counted, carried out and recorded in one place."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from tests.servers.discord.entities import Json, Value
from tests.servers.discord.limits import Fault, Limits, Taken
from tests.servers.discord.refusals import Refused
from tests.servers.discord.world import World

JSON_TYPE = {"Content-Type": "application/json"}
"""Exactly this: with a charset beside it discord.py takes the body for a text."""


@dataclass(frozen=True)
class Upload:
    """A file of a multipart form."""

    field: str
    name: str
    content: bytes


@dataclass(eq=False)
class Call:
    """A request as the routes see it."""

    ids: Mapping[str, str]
    query: Mapping[str, str]
    body: Value
    uploads: list[Upload]

    def form(self) -> Json:
        """Return the body, which has to be an object."""
        if not isinstance(self.body, dict):
            raise Refused(50109)
        return self.body


Answer = tuple[int, Any]
Carry = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True)
class Route:
    """A method and a path template with what carries it out.

    Attributes:
        bucket: the rate limit's name; empty is never limited.
        major: the ids that have a count of their own.
        is_open: whether no token is asked: the path carries its own.
    """

    method: str
    path: str
    carry: Carry
    bucket: str = "other"
    major: tuple[str, ...] = ()
    is_open: bool = False


@dataclass(eq=False)
class Exchange:
    """One recorded request with its answer."""

    method: str
    path: str
    template: str
    query: dict[str, str]
    content_type: str
    body: Value
    at: float = field(default_factory=time.monotonic)
    files: list[str] = field(default_factory=list)
    status: int = 0
    answer: Any = None
    took: float = 0.0

    def offences(self, spec: Value) -> list[str]:
        """Judge both sides by a published description: anything with `request` and `response` as spec_check.py has them."""
        mine = spec.request(self.method, self.path, self.query, self.content_type, self.body)
        theirs = spec.response(self.method, self.path, self.status, self.answer) if self.status < 400 and self.answer is not None else []
        return [f"{self.method} {self.path} -> {self.status}: {each}" for each in [*mine, *theirs]]


class Rest:
    """The routes with all that stands before them.

    Attributes:
        requests: every exchange, in the order of arrival.
        faults: what goes wrong, first match first.
        limits: the rate limits.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.requests: list[Exchange] = []
        self.faults: list[Fault] = []
        self.limits = Limits()

    def web_routes(self, routes: Iterable[Route]) -> list[web.RouteDef]:
        """Return what aiohttp serves."""
        found = [web.route(route.method, r"/api/v{version:\d+}" + route.path, self._served(route)) for route in routes]
        return [*found, web.route("*", "/api/{rest:.*}", self._unknown)]

    async def _unknown(self, request: web.Request) -> web.Response:
        self._record(request, Call({}, {}, None, []), "?").status = 404
        return _json(404, {"message": "404: Not Found", "code": 0}, {})

    def _served(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            call = await _read(request)
            exchange = self._record(request, call, route.path)
            fault = await self._fault(request)
            if fault and not fault.is_silent:
                response = await self._struck(request, route, call, fault)
            else:
                response = await self._judged(request, route, call)
            exchange.status, exchange.took = response.status, time.monotonic() - exchange.at
            exchange.answer = json.loads(response.body) if isinstance(response.body, bytes) and response.body[:1] in b"{[" and response.body else None
            self.world.signal.notify()
            return response

        return serve

    async def _fault(self, request: web.Request) -> Fault | None:
        """Return what goes wrong with a request, once its delay is over."""
        fault = next((each for each in self.faults if each.strikes(request.method, request.path)), None)
        if fault and fault.delay:
            await asyncio.sleep(fault.delay)
        return fault

    async def file(self, request: web.Request) -> web.Response:
        """Hand out a file, as Discord's CDN does: without a token, and not for ever."""
        fault = await self._fault(request)
        if fault and fault.drop and request.transport:
            request.transport.close()
        if fault and fault.status:
            return web.Response(status=fault.status)
        file = self.world.files.get(request.match_info["number"])
        if file is None or file.filename != request.match_info["name"]:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=file.content, content_type=file.json().get("content_type", "application/octet-stream"))

    def _record(self, request: web.Request, call: Call, template: str) -> Exchange:
        exchange = Exchange(
            request.method, request.path, template, dict(request.query), request.content_type if call.body is not None else "", call.body
        )
        exchange.files = [upload.name for upload in call.uploads]
        self.requests.append(exchange)
        return exchange

    async def _struck(self, request: web.Request, route: Route, call: Call, fault: Fault) -> web.Response:
        if fault.after:
            await self._judged(request, route, call)
        if fault.drop:
            if request.transport:
                request.transport.close()
            return web.Response(status=500)
        if fault.cloudflare:
            self.limits.over[f"{route.method} {route.path}"] += 1
            return _banned()
        if fault.retry_after is not None:
            self.limits.over[f"{route.method} {route.path}"] += 1
            taken = Taken(route.bucket or "webhook-create", 5, 0, fault.retry_after, is_over=True, is_global=fault.is_global)
            return _json(429, taken.body(), taken.headers())
        return web.Response(status=fault.status, text="upstream connect error", headers={"Content-Type": "text/plain", "Via": "1.1 google"})

    async def _judged(self, request: web.Request, route: Route, call: Call) -> web.Response:
        knobs = self.world.knobs
        if self.limits.is_banned(knobs.invalid_limit):
            return _banned()
        headers = {"Via": "1.1 google"}
        try:
            self._authorize(request, route)
            taken = self._taken(route, call)
            headers = taken.headers() if taken else headers
            if taken and taken.is_over:
                self.limits.over[f"{route.method} {route.path}"] += 1
                self.limits.note_invalid(knobs.invalid_limit)
                return _json(429, taken.body(), headers)
            status, body = await route.carry(call)
        except Refused as refusal:
            if refusal.status in {401, 403}:
                self.limits.note_invalid(knobs.invalid_limit)
            return _json(refusal.status, refusal.body, headers)
        return _json(status, body, headers)

    def _authorize(self, request: web.Request, route: Route) -> None:
        if not route.is_open and request.headers.get("Authorization") != f"Bot {self.world.knobs.token}":
            raise Refused(0)

    def _taken(self, route: Route, call: Call) -> Taken | None:
        if not self.world.knobs.limited:
            return None
        if not route.is_open:
            taken = self.limits.take_global()
            if taken.is_over:
                return taken
        major = "/".join(call.ids[name] for name in route.major)
        return self.limits.take(route.bucket, major) if route.bucket else None


def _banned() -> web.Response:
    """Return what Cloudflare answers to those it shuts out: no Via, no JSON."""
    return web.Response(status=429, text="error code: 1015", headers={"Content-Type": "text/plain", "Retry-After": "3600"})


def _json(status: int, body: Value, headers: Mapping[str, str]) -> web.Response:
    if body is None:
        return web.Response(status=status, headers=headers)
    return web.Response(status=status, body=json.dumps(body, ensure_ascii=False).encode(), headers={**headers, **JSON_TYPE})


async def _read(request: web.Request) -> Call:
    """Read the request: JSON, a form with files, or nothing."""
    ids = {name: value for name, value in request.match_info.items() if name != "version"}
    if request.content_type == "multipart/form-data":
        body, uploads = await _read_parts(request)
        return Call(ids, request.query, body, uploads)
    text = await request.text() if request.can_read_body else ""
    try:
        return Call(ids, request.query, json.loads(text) if text else None, [])
    except ValueError:
        return Call(ids, request.query, text, [])


async def _read_parts(request: web.Request) -> tuple[Any, list[Upload]]:
    body: Value = None
    uploads: list[Upload] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read())
        if part.name == "payload_json":
            body = json.loads(content)
        else:
            uploads.append(Upload(part.name or "", part.filename or "file", content))
    return body, uploads
