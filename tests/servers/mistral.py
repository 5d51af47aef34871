"""A local Mistral API: real sockets, real server-sent events, Mistral's own rules, and a script of all that goes wrong.

    async with MistralServer() as server:
        server.enqueue(FAULTS["rate-limited"], Fault("hang"))   # one per request; then `server.default`, an answer
        Settings(mistral_server_url=server.url, …)

By hand: `python -m tests.servers.mistral --port 8010 --play hang-midway` prints its address and serves until it is killed.
The shapes of the errors are those which users of api.mistral.ai have reported (codes 1300, 1500, 3000 and 3230).
"""

import argparse
import asyncio
import json
import re
import secrets
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from types import TracebackType
from typing import Any, Literal, Self

from aiohttp import web

Json = dict[str, Any]
Kind = Literal["answer", "refuse", "hang", "hang_midway", "drop", "drop_midway", "cut_midway", "garbage_midway", "error_midway"]

TEXT = """Le **surapprentissage**, c'est quand un modèle récite ses exemples au lieu d'en tirer une règle [1].

Imagine un élève qui apprend les corrigés par cœur : sur un sujet neuf, il est perdu. Le modèle aussi.

Le signe se lit sur les courbes : la perte baisse encore à l'entraînement, mais elle remonte en validation [1].

À ton avis, que ferais-tu en premier pour l'éviter ?"""
THOUGHT = "Pensée qui reste entre le modèle et lui-même."
USAGE: Json = {
    "prompt_tokens": 900,
    "completion_tokens": 120,
    "total_tokens": 1020,
    "num_cached_tokens": 512,
    "prompt_tokens_details": {"cached_tokens": 512},
}
MODELS: Mapping[str, str] = {
    "mistral-small-2603": "mistral-small-latest",
    "mistral-medium-2604": "mistral-medium-latest",
    "ministral-8b-2512": "ministral-8b-latest",
}
FIELDS = frozenset(
    "frequency_penalty guardrails max_tokens messages metadata model n parallel_tool_calls prediction presence_penalty prompt_cache_key"
    " prompt_mode random_seed reasoning_effort response_format safe_prompt stop stream temperature tool_choice tools top_p".split()
)
FOLLOWERS: Mapping[str, frozenset[str]] = {
    "": frozenset({"system", "user"}),
    "system": frozenset({"system", "user", "assistant"}),
    "user": frozenset({"user", "assistant", "system"}),
    "assistant": frozenset({"assistant", "user", "tool"}),
    "tool": frozenset({"tool", "assistant"}),
}
"""Which role may follow which; Mistral's own validator has the same table."""


@dataclass(frozen=True)
class Fault:
    """How one request is answered, well or badly.

    Attributes:
        kind: what happens; `…_midway` comes after `after` pieces of text.
        text: what the model writes, a few words a chunk.
        contents: the chunks' contents as they stand, instead of `text`: strings, or lists of typed chunks.
        after: how many pieces of text stand before a fault midway.
        delay: seconds between two chunks.
        finish_reason: how an answer ends.
        usage: the tokens that the last chunk counts.
        status: the status of a refusal; `body` and `content_type` follow from it where they are not given.
        retry_after: the header of a refusal, seconds or an HTTP date.
        headers: more headers of a refusal or of a stream.
        raw: the bytes of a garbage event.
    """

    kind: Kind = "answer"
    text: str = TEXT
    contents: Sequence[Any] = ()
    after: int = 6
    delay: float = 0.0
    finish_reason: str = "stop"
    usage: Mapping[str, Any] = field(default_factory=lambda: USAGE)
    status: int = 500
    body: str | None = None
    content_type: str | None = None
    retry_after: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b'data: {"id": "cut in the middle", "choi'

    def deltas(self) -> Iterator[Json]:
        """Yield what the chunks carry: the role first, as Mistral does, then the text."""
        yield {"role": "assistant", "content": ""}
        for content in self.contents or re.findall(r"\s*(?:\S+\s*){1,3}", self.text) or [self.text]:
            yield {"content": content}


def _error(message: str, kind: str, code: str, status: int) -> Json:
    return {"object": "error", "message": message, "type": kind, "param": None, "code": code, "raw_status_code": status}


BODIES: Mapping[int, tuple[str, str]] = {
    401: (json.dumps({"detail": "Unauthorized"}), "application/json"),
    429: (json.dumps(_error("Rate limit exceeded", "rate_limited", "1300", 429)), "application/json"),
    502: ("<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>", "text/html"),
}
"""What a refusal says when its Fault does not; any other status comes with an empty body, as a load balancer sends it."""

CHUNKS: Sequence[Any] = (
    [{"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}], "closed": True}],
    [{"type": "text", "text": "Le surapprentissage, c'est quand le modèle récite ses exemples "}, {"type": "reference", "reference_ids": [1]}],
    [{"type": "text", "text": ". "}],
    "À ton avis, comment l'éviter ?",
)
FAULTS: Mapping[str, Fault] = {
    "answer": Fault(),
    "chunks": Fault(contents=CHUNKS),
    "length": Fault(text=TEXT[:150], finish_reason="length"),
    "empty": Fault(text=""),
    "blank": Fault(text=" \n\n \t\n"),
    "rate-limited": Fault("refuse", status=429),
    "rate-limited-a-second": Fault("refuse", status=429, retry_after="1"),
    "rate-limited-a-day": Fault("refuse", status=429, retry_after="86400"),
    "rate-limited-till-2099": Fault("refuse", status=429, retry_after="Thu, 31 Dec 2099 23:59:59 GMT"),
    "unauthorized": Fault("refuse", status=401),
    "broken": Fault("refuse", status=500),
    "bad-gateway": Fault("refuse", status=502),
    "unavailable": Fault("refuse", status=503),
    "hang": Fault("hang"),
    "drop": Fault("drop"),
    "hang-midway": Fault("hang_midway"),
    "drop-midway": Fault("drop_midway"),
    "cut-midway": Fault("cut_midway"),
    "garbage-midway": Fault("garbage_midway"),
    "error-midway": Fault("error_midway"),
}
"""Every behaviour by name, for tests and for `--play`."""


class MistralServer:
    """The server, listening on 127.0.0.1 while it is open.

    Attributes:
        url: where it listens.
        default: what is played when the script is empty.
        key: the only key that is accepted; empty accepts any.
        requests: the body of every request to the chat, as it came.
        chunks: every chunk that was sent.
        aborts: how many requests the client gave up; `aborted` is set at each.
        arrived: set when a request to the chat comes.
        idle: set while no request to the chat is open.
    """

    def __init__(self, port: int = 0, *, default: Fault = FAULTS["answer"], key: str = "") -> None:
        self.url = ""
        self._first = (default, key)
        self._port = port
        self._open = 0
        self._closing = asyncio.Event()
        self.idle = asyncio.Event()
        self.idle.set()
        self.reset()

    def reset(self) -> None:
        """Forget everything that was asked and what was still to be played."""
        self.default, self.key = self._first
        self.requests: list[Any] = []
        self.chunks: list[Json] = []
        self.aborts = 0
        self.aborted = asyncio.Event()
        self.arrived = asyncio.Event()
        self._script: deque[Fault] = deque()

    def enqueue(self, *faults: Fault) -> None:
        """Play these next, one per request."""
        self._script.extend(faults)

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        app = web.Application()
        app.add_routes([web.post("/v1/chat/completions", self._chat), web.get("/v1/models", self._models)])
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Let go of whoever hangs, and stop."""
        self._closing.set()
        await self._runner.cleanup()

    async def hang_up(self) -> None:
        """Close every connection, as a server does with those that are idle; it goes on listening."""
        if self._runner.server:
            self._runner.server.pre_shutdown()
            await self._runner.server.shutdown(1.0)

    async def _models(self, request: web.Request) -> web.StreamResponse:
        data = [_model_card(name, alias) for name, alias in MODELS.items()]
        return self._without_key(request) or web.json_response({"object": "list", "data": data})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await request.json()
        except ValueError:
            return _invalid([_offence(["body", 0], "JSON decode error", "json_invalid")])
        self.requests.append(body)
        self.arrived.set()
        refusal = self._without_key(request) or _refusal(body)
        if refusal:
            return refusal
        fault = self._script.popleft() if self._script else self.default
        with self._counted():
            return await self._play(request, fault, body["model"])

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Count a request while it is open, and whether the client gave it up."""
        self._open += 1
        self.idle.clear()
        try:
            yield
        except (asyncio.CancelledError, ConnectionError):
            self.aborts += 1
            self.aborted.set()
            raise
        finally:
            self._open -= 1
            if not self._open:
                self.idle.set()

    def _without_key(self, request: web.Request) -> web.Response | None:
        found = re.fullmatch(r"Bearer (\S+)", request.headers.get("Authorization", ""))
        is_known = found is not None and self.key in {"", found[1]}
        return None if is_known else _refused(FAULTS["unauthorized"])

    async def _play(self, request: web.Request, fault: Fault, model: str) -> web.StreamResponse:
        if fault.kind == "refuse":
            return _refused(fault)
        if fault.kind == "hang":
            await self._closing.wait()
        if fault.kind in {"hang", "drop"}:
            _drop(request)
            return web.Response()
        return await self._stream(request, fault, model)

    async def _stream(self, request: web.Request, fault: Fault, model: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8", **fault.headers})
        await response.prepare(request)
        blank = {"id": secrets.token_hex(16), "object": "chat.completion.chunk", "created": int(time.time()), "model": model}
        for place, delta in enumerate(fault.deltas()):
            if place > fault.after and fault.kind != "answer":
                break
            await self._send(response, {**blank, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
            await self._pause(fault.delay)
        if fault.kind == "answer":
            choice = {"index": 0, "delta": {"content": ""}, "finish_reason": fault.finish_reason}
            await self._send(response, {**blank, "choices": [choice], "usage": {**fault.usage}})
            await response.write(b"data: [DONE]\n\n")
        else:
            await self._fail(request, response, fault)
        return response

    async def _fail(self, request: web.Request, response: web.StreamResponse, fault: Fault) -> None:
        """Break a stream that has begun."""
        if fault.kind == "garbage_midway":
            await response.write(fault.raw + b"\n\n")
        if fault.kind == "error_midway":
            error = _error("Internal server error", "internal_server_error", "3000", 500)
            await response.write(f"data: {json.dumps(error)}\n\n".encode())
        if fault.kind == "drop_midway":
            _drop(request)
        elif fault.kind != "cut_midway":
            await self._closing.wait()

    async def _send(self, response: web.StreamResponse, chunk: Json) -> None:
        self.chunks.append(chunk)
        await response.write(f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode())

    async def _pause(self, seconds: float) -> None:
        if seconds:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), seconds)


def _drop(request: web.Request) -> None:
    if request.transport:
        request.transport.close()


def _refused(fault: Fault) -> web.Response:
    body, content_type = BODIES.get(fault.status, ("", "text/plain"))
    headers = {"Content-Type": fault.content_type or content_type, **fault.headers}
    if fault.retry_after is not None:
        headers["Retry-After"] = fault.retry_after
    return web.Response(status=fault.status, text=body if fault.body is None else fault.body, headers=headers)


def _refusal(body: object) -> web.Response | None:
    """Return what Mistral answers to a request that breaks its rules."""
    offences = list(_offences(body)) if isinstance(body, dict) else [_offence(["body"], "Input should be a valid dictionary", "model_type", body)]
    if offences:
        return _invalid(offences)
    assert isinstance(body, dict)  # for the type checker: anything else is an offence
    if body["model"] not in {*MODELS, *MODELS.values()}:
        return web.json_response(_error(f"Invalid model: {body['model']}", "invalid_model", "1500", 400), status=HTTPStatus.BAD_REQUEST)
    disorder = _disorder([message["role"] for message in body["messages"]])
    if disorder:
        return web.json_response(_error(disorder, "invalid_request_message_order", "3230", 400), status=HTTPStatus.BAD_REQUEST)
    return None


def _offence(place: Sequence[str | int], message: str, kind: str, given: object = None) -> Json:
    return {"type": kind, "loc": list(place), "msg": message, "input": given}


def _invalid(offences: Sequence[Json]) -> web.Response:
    return web.json_response({"detail": list(offences)}, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _offences(body: Json) -> Iterator[Json]:
    for name in sorted(set(body) - FIELDS):
        yield _offence(["body", name], "Extra inputs are not permitted", "extra_forbidden", body[name])
    for name in ("model", "messages"):
        if name not in body:
            yield _offence(["body", name], "Field required", "missing", body)
    if body.get("stream") is not True:
        yield _offence(["body", "stream"], "Input should be true: this server only streams", "literal_error", body.get("stream"))
    messages = body.get("messages", ["absent"])
    if not isinstance(messages, list) or not messages:
        yield _offence(["body", "messages"], "List should have at least 1 item", "too_short", messages)
    elif "messages" in body:
        yield from _messages_offences(messages)


def _messages_offences(messages: Sequence[Any]) -> Iterator[Json]:
    for place, message in enumerate(messages):
        where: list[str | int] = ["body", "messages", place]
        if not isinstance(message, dict) or message.get("role") not in {"system", "user", "assistant", "tool"}:
            yield _offence(where, "Input tag does not match any of the expected tags", "union_tag_invalid", message)
        elif not message.get("content") or not str(message["content"]).strip():
            yield _offence([*where, message["role"], "content"], "String should have at least 1 character", "string_too_short", message)


def _disorder(roles: Sequence[str]) -> str:
    """Return what is wrong with the order of the roles, or nothing."""
    for before, role in zip(["", *roles], roles, strict=False):
        if role not in FOLLOWERS[before]:
            return f"Unexpected role '{role}' after role '{before}'" if before else f"Unexpected first role '{role}'"
    return "" if roles[-1] in {"user", "tool"} else f"Expected last role User or Tool (or Assistant with prefix True) for serving but got {roles[-1]}"


def _model_card(name: str, alias: str) -> Json:
    return {
        "id": name,
        "object": "model",
        "created": 1_772_323_200,
        "owned_by": "mistralai",
        "capabilities": {"completion_chat": True, "function_calling": True, "completion_fim": False, "fine_tuning": False, "vision": True},
        "name": name,
        "description": "A model of the local server.",
        "max_context_length": 262_144,
        "aliases": [alias],
        "deprecation": None,
        "deprecation_replacement_model": None,
        "default_model_temperature": 0.3,
        "type": "base",
    }


async def serve(port: int, default: Fault) -> None:
    """Serve until it is killed."""
    async with MistralServer(port, default=default) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Run the server by hand."""
    parser = argparse.ArgumentParser(description="A local Mistral API for trying Profond without a key.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--play", choices=FAULTS, default="answer", help="what every request gets")
    parser.add_argument("--delay", type=float, default=0.03, help="seconds between two chunks")
    options = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(options.port, replace(FAULTS[options.play], delay=options.delay)))


if __name__ == "__main__":
    main()
