"""A student's file is fetched from Slack's own hosts, with the token, and no further than it may be read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack_bot import attachments
from bots.slack_bot.door import Door, Me
from core.errors import FileRefused
from core.files import most_bytes

TOKEN = "xoxb-1-of-a-test"  # nobody's


class Host:
    """A web host that keeps whom it was shown the token by."""

    def __init__(self) -> None:
        self.url = ""
        self.tokens: list[str] = []
        self.sent = 0

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.tokens.append(request.headers.get("Authorization", ""))
        name = request.match_info["name"]
        if name == "moved.py":
            raise web.HTTPFound(request.query["to"])
        if name == "login.py":
            return web.Response(text="<html>", content_type="text/html")
        if name == "endless.py":
            return await self._endless(request)
        return web.Response(body=b"x = 1")

    async def _endless(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while self.sent < 100 * most_bytes("endless.py"):
            await response.write(b"a" * 65_536)
            self.sent += 65_536
        return response


@asynccontextmanager
async def host() -> AsyncIterator[Host]:
    made, app = Host(), web.Application()
    app.add_routes([web.get("/{name}", made.serve)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()


@asynccontextmanager
async def door_to(slack: Host) -> AsyncIterator[Door]:
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(token=TOKEN, base_url=f"{slack.url}/api/", session=session)
        yield Door(client, Me("T1", "U1", "B1", "profond"))


def file_at(url: str, **more: object) -> dict[str, object]:
    return {"name": url.split("?", maxsplit=1)[0].rpartition("/")[2], "size": 5, "url_private_download": url, **more}


async def test_a_file_comes_with_the_token() -> None:
    """Slack gives it to nobody else."""
    async with host() as slack, door_to(slack) as door:
        found = await attachments.read(door, [file_at(f"{slack.url}/train.py")])

    assert (("train.py", b"x = 1"),) == found
    assert [f"Bearer {TOKEN}"] == slack.tokens


@pytest.mark.parametrize("own", [True, False])
async def test_the_token_follows_no_redirection(*, own: bool) -> None:
    """Where Slack sends on to, Slack's own host or another, is not asked."""
    async with host() as slack, host() as other, door_to(slack) as door:
        to = f"{(slack if own else other).url}/train.py"
        with pytest.raises(FileRefused):
            await attachments.read(door, [file_at(f"{slack.url}/moved.py?to={to}")])

    assert 1 == len(slack.tokens)
    assert [] == other.tokens


@pytest.mark.parametrize("more", [{}, {"is_external": True}])
async def test_another_host_is_never_asked(more: dict[str, object]) -> None:
    """Whoever names the address of a file gets no token by it."""
    async with host() as slack, host() as other, door_to(slack) as door:
        address = slack.url if more else other.url
        for url in (f"{address}/train.py", other.url.replace("http://", f"http://{slack.url[7:]}@") + "/train.py", "file:///etc/passwd", ""):
            with pytest.raises(FileRefused):
                await attachments.read(door, [file_at(url, **more)])

    assert [] == other.tokens


@pytest.mark.parametrize("name", ["login.py", "endless.py"])
async def test_what_is_no_such_file_is_refused_early(name: str) -> None:
    """A login page in its place, or more than was announced, is read no further than it must."""
    async with host() as slack, door_to(slack) as door:
        with pytest.raises(FileRefused):
            await attachments.read(door, [file_at(f"{slack.url}/{name}")])

        assert slack.sent < 50 * most_bytes("endless.py")
