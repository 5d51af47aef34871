"""HTTP mode: Slack's events as signed requests, read no further than they can be true."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp

from core.errors import SetupError

log = structlog.get_logger()
PATH = "/slack/events"
LONGEST_STAMP = 12
MAX_BODY = 1_000_000
"""Slack's own requests are far smaller; a body beyond it gets 413 before it is read whole."""


@asynccontextmanager
async def serving(app: AsyncApp, port: int, routes: Iterable[web.RouteDef] = ()) -> AsyncIterator[None]:
    """Listen for Slack's requests while the block runs. Raises SetupError where the port is taken."""

    async def events(request: web.Request) -> web.StreamResponse:
        stamp = request.headers.get("X-Slack-Request-Timestamp", "")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= LONGEST_STAMP):
            return web.json_response({"error": "invalid request"}, status=401)
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    made = web.Application(client_max_size=MAX_BODY)
    made.add_routes([web.post(PATH, events), *routes])
    runner = web.AppRunner(made, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, port=port, backlog=1024).start()
        except OSError:
            raise SetupError("slack-port", port=port) from None
        yield
    finally:
        await runner.cleanup()
