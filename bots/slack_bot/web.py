"""HTTP mode: Slack's events as signed requests, read no further than they can be true."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier

from core.errors import SetupError

log = structlog.get_logger()
PATH = "/slack/events"
LONGEST_STAMP = 12
MAX_BODY = 1_000_000
"""Slack's own requests are far smaller; a body beyond it gets 413 before it is read whole."""


@asynccontextmanager
async def serving(app: AsyncApp, secret: str, port: int, routes: Iterable[web.RouteDef] = ()) -> AsyncIterator[None]:
    """Listen for Slack's requests while the block runs. Raises SetupError where the port is taken."""

    async def events(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if b"ssl_check=1" in body.split(b"&"):
            return web.Response()
        if not _is_signed(SignatureVerifier(secret), request.headers, body):
            return web.json_response({"error": "invalid request"}, status=401)
        try:
            return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))
        except Exception as error:  # noqa: BLE001  # the library fails in as many ways as there are bodies that are no request of Slack's
            log.warning("request_not_read", cause=type(error).__name__)
            return web.json_response({"error": "unreadable"}, status=400)

    made = web.Application(client_max_size=MAX_BODY)
    made.add_routes([web.post(PATH, events), *routes])
    runner = web.AppRunner(made, access_log=None, auto_decompress=False)  # what is signed is what was sent, and Slack packs nothing
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, port=port, backlog=1024).start()
        except OSError:
            raise SetupError("slack-port", port=port) from None
        yield
    finally:
        await runner.cleanup()


def _is_signed(verifier: SignatureVerifier, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a body is Slack's and of now; the library would fail over a time, a signature or a text that is none."""
    stamp, signature = headers.get("X-Slack-Request-Timestamp", ""), headers.get("X-Slack-Signature", "")
    is_time = stamp.isascii() and stamp.isdigit() and len(stamp) <= LONGEST_STAMP
    try:
        return is_time and signature.isascii() and verifier.is_valid(body, stamp, signature)
    except UnicodeDecodeError:
        return False
