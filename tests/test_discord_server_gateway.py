import asyncio
import importlib
import io
import json
import subprocess
import sys
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.servers.discord import DiscordServer, Message, User
from tests.servers.discord.control import ControlledServer
from tests.servers.discord.sample import Card, Direct, SampleBot, aimed, running

with warnings.catch_warnings():  # discord.py imports audioop, which Python 3.13 no longer has
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord

ROOT = Path(__file__).resolve().parents[1]
CONTRACT = ROOT.parent / "shared" / "contract"
OF_THE_LIBRARY = ("body.message_reference.", "body.attachments[0].id", "body.recipient_id")
"""discord.py sends these ids as numbers where the description asks for strings."""
CURIOUS = discord.Intents.default()
CURIOUS.message_content = True


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    """A server that is listening."""
    async with DiscordServer() as opened:
        yield opened


@pytest.fixture
async def bot(server: DiscordServer) -> AsyncIterator[SampleBot]:
    """A bot that is ready."""
    sample = SampleBot()
    async with running(server, sample):
        yield sample


@pytest.fixture
def lea(server: DiscordServer) -> User:
    """A student."""
    return server.user("Léa")


@pytest.fixture
async def direct(server: DiscordServer) -> AsyncIterator[Direct]:
    """A bare client that holds the right token."""
    async with aiohttp.ClientSession() as session:
        yield Direct(server, session)


def codes(errors: list[BaseException]) -> list[int]:
    return [error.code for error in errors if isinstance(error, discord.HTTPException)]


async def test_the_same_nonce_is_the_same_message(server: DiscordServer, bot: SampleBot) -> None:
    """A repeated send is answered with the first message, as long as its nonce is remembered."""
    channel = bot.get_channel(int(server.channel.id))
    assert isinstance(channel, discord.TextChannel)
    fault = server.fault("POST", "/messages$", status=502, after=True)
    sent = await channel.send("une fois", nonce="7")
    assert (fault.struck, server.public_texts(), sent.nonce) == (1, ["une fois"], "7")
    server.knobs.nonce_seconds = 0.0
    await channel.send("une fois", nonce="7")
    assert len(server.public_texts()) == 2


async def test_a_rate_limit_is_told_and_discord_py_waits(server: DiscordServer, bot: SampleBot, direct: Direct) -> None:
    """The sixth message in the window is a 429 with the bucket's headers; the library sends it again in time."""
    server.limits.buckets["message-create"] = (5, 0.4)
    path = f"/channels/{server.channel.id}/messages"
    assert [(await direct("POST", path, {"content": str(number)}))[0] for number in range(5)] == [200] * 5
    assert (direct.headers["X-RateLimit-Limit"], direct.headers["X-RateLimit-Remaining"]) == ("5", "0")
    status, body = await direct("POST", path, {"content": "6"})
    assert (status, body["global"], 0 < body["retry_after"] <= 0.4, "Via" in direct.headers) == (429, False, True, True)
    channel = bot.get_partial_messageable(int(server.channel.id))
    await channel.send("enfin")
    assert server.public_texts()[-1] == "enfin"
    assert server.limits.over["POST /channels/{channel_id}/messages"] >= 2


async def test_a_ban_of_cloudflare_is_not_waited_for(server: DiscordServer, bot: SampleBot) -> None:
    """A 429 without Via raises at once; a 503 raises too; a 429 with Via is waited for."""
    channel = bot.get_partial_messageable(int(server.channel.id))
    server.fault("POST", "/messages$", cloudflare=True)
    server.fault("POST", "/messages$", status=503)
    server.fault("POST", "/messages$", retry_after=0.01, count=2)
    for _ in range(2):
        with pytest.raises(discord.HTTPException):
            await channel.send("x")
    await channel.send("y")
    assert server.public_texts() == ["y"]


async def test_the_global_limit_spares_interactions(server: DiscordServer, direct: Direct) -> None:
    """Beyond its requests a second everything with the bot's token is refused, globally."""
    server.limits.a_second = 3
    answers = [await direct("GET", "/users/@me") for _ in range(4)]
    assert [status for status, _ in answers] == [200, 200, 200, 429]
    assert answers[-1][1]["global"]
    assert (await direct("POST", "/interactions/1/t/callback", {"type": 5}))[1]["code"] == 10062


@pytest.mark.parametrize("how", ["drop", "reconnect"])
async def test_what_was_missed_is_replayed_after_a_resume(server: DiscordServer, bot: SampleBot, lea: User, how: str) -> None:
    """After a closed connection (4000) and after op 7 the session goes on with the events that it missed."""
    await getattr(server.gateway, how)()
    said = await server.say(lea, text="pendant la coupure", mention=True)
    await bot.until(lambda: [str(message.id) for message in bot.heard] == [said.id])
    await server.until(lambda: server.gateway.resumes)
    assert (server.gateway.identifies, server.gateway.resumes) == (1, 1)


@pytest.mark.parametrize("resumable", [True, False])
async def test_an_invalid_session_is_begun_anew(server: DiscordServer, bot: SampleBot, lea: User, *, resumable: bool) -> None:
    """Op 9 leads to a resume or to a new identification, which the day's budget counts."""
    await server.gateway.invalidate(resumable=resumable)
    await server.until(lambda: server.gateway.resumes + server.gateway.identifies == 2)
    assert (server.gateway.resumes, server.knobs.session_starts) == ((1, 999) if resumable else (0, 998))
    asked = await server.slash(lea, "ask", {"question": "?"})
    await asked.final()
    assert bot.errors == []


async def test_an_event_can_be_delivered_again(server: DiscordServer, bot: SampleBot, lea: User) -> None:
    """A redelivered interaction reaches the bot as often as it is sent, and is acknowledged once."""
    asked = await server.slash(lea, "ask", {"question": "?"})
    await asked.final()
    session = server.gateway.live[0]
    place = next(number for number, event in enumerate(reversed(session.sent), 1) if event["t"] == "INTERACTION_CREATE")
    await server.gateway.again(last=place, times=3)
    await bot.until(lambda: len(bot.errors) == 3)
    assert (codes(bot.errors), len(asked.messages)) == ([40060] * 3, 1)


async def test_a_malformed_event_ends_the_client(server: DiscordServer) -> None:
    """The library has no defence against an event without its fields."""
    async with running(server, SampleBot()) as life:
        await server.gateway.malformed()
        with pytest.raises(KeyError):
            await life


async def test_a_bot_that_hears_no_heartbeat_resumes(server: DiscordServer) -> None:
    """A connection on which the signs of life stay unanswered is given up and resumed."""
    server.knobs.heartbeat_seconds, server.gateway.deaf = 0.05, True
    async with running(server, SampleBot(heartbeat_timeout=0.3)):
        await server.until(lambda: server.gateway.resumes)


async def test_a_wrong_token_and_a_closed_intent_end_the_start(server: DiscordServer) -> None:
    """The library raises LoginFailure and PrivilegedIntentsRequired, as with the real Discord."""
    with aimed(server):
        async with SampleBot() as lost:
            with pytest.raises(discord.LoginFailure):
                await lost.start("wrong")
        async with SampleBot(intents=CURIOUS) as refused:
            with pytest.raises(discord.PrivilegedIntentsRequired):
                await refused.start(server.knobs.token)
    assert server.gateway.closed == [4014]


async def test_shards_share_the_guilds(server: DiscordServer, lea: User) -> None:
    """Two shards identify; each event goes to the one that its guild belongs to."""
    server.knobs.shards = 2
    bot = SampleBot()
    async with running(server, bot):
        await server.ready(2)
        assert sorted(session.shard for session in server.gateway.live) == [(0, 2), (1, 2)]
        await (await server.slash(lea, "ask", {"question": "?"})).final()
        await (await server.slash(lea, "ask", {"question": "?"}, channel=server.direct(lea))).final()


@pytest.mark.parametrize("allowed", [True, False])
async def test_content_needs_its_intent(server: DiscordServer, lea: User, *, allowed: bool) -> None:
    """Without the intent a bot reads mentions, replies that ping it, and direct messages, and nothing else."""
    server.knobs.message_content = allowed
    bot = SampleBot(**{"intents": CURIOUS} if allowed else {})
    async with running(server, bot):
        own = await bot.get_partial_messageable(int(server.channel.id)).send("de moi")
        mine = server.channel.messages[str(own.id)]
        await server.say(lea, text="libre", files=[("a.txt", b"a")])
        await server.say(lea, text="nommé", mention=True)
        await server.say(lea, text="répondu", reply_to=mine)
        await server.say(lea, text="muet", reply_to=mine, ping=False)
        await server.say(lea, server.direct(lea), "direct")
        await bot.until(lambda: len(bot.heard) == 6)
        seen = [message.clean_content.replace("@profond ", "") for message in bot.heard]
        assert seen == ["de moi", "libre" if allowed else "", "nommé", "répondu", "muet" if allowed else "", "direct"]
        assert len(bot.heard[1].attachments) == int(allowed)


async def test_a_hundred_students_at_once(server: DiscordServer, bot: SampleBot) -> None:
    """A hundred interactions are acknowledged and answered in far less than three seconds."""
    students = [server.user(f"Élève {number}") for number in range(100)]
    began = time.perf_counter()
    asked = [await server.slash(student, "ask", {"question": str(number)}) for number, student in enumerate(students)]
    messages: list[Message] = await asyncio.gather(*(each.final() for each in asked))
    assert time.perf_counter() - began < 2.5
    assert [message.text for message in messages] == [f"Réponse à {number}" for number in range(100)]
    assert (bot.errors, sum(server.limits.over.values())) == ([], 0)


async def test_a_refused_connection_is_refused_once(server: DiscordServer, direct: Direct) -> None:
    """The next connection is answered with 503, or closed before a word; the one after is served."""
    server.gateway.refuse("status", "kill")
    address = f"{server.gateway_url}?v=10&encoding=json"
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await direct.session.ws_connect(address)
    async with direct.session.ws_connect(address) as socket:
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSED
    async with direct.session.ws_connect(address) as socket:
        assert (await socket.receive_json())["op"] == 10
        await socket.send_json({"op": 8, "d": {}})
        assert (await socket.receive()).data == 4003


@pytest.mark.skipif(not CONTRACT.is_dir(), reason="the published descriptions are not here")
async def test_all_traffic_is_as_published(server: DiscordServer, bot: SampleBot, lea: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the library sends and what this server answers pass Discord's own description."""
    monkeypatch.syspath_prepend(str(CONTRACT))
    spec = importlib.import_module("spec_check").Spec.load("discord_openapi_v10.json", prefix="/api/v10")
    bot.hear = lambda message: message.reply(view=Card("oui"))
    message = await (await server.slash(lea, "ask", {"question": "?"})).final()
    await (await server.press(lea, message, "up")).read()
    await server.autocomplete(lea, "ask", "topic", "c")
    await (await server.say(lea, text="?", mention=True)).read()
    channel = bot.get_partial_messageable(int(server.channel.id))
    sent = await channel.send(file=discord.File(io.BytesIO(b"x"), "x.txt"))
    await sent.edit(content="y")
    await channel.fetch_message(sent.id)
    await sent.delete()
    async with channel.typing():
        await (await bot.fetch_user(int(lea.id))).send("z")
    assert [offence for offence in server.offences(spec) if not any(each in offence for each in OF_THE_LIBRARY)] == []


async def test_another_process_acts_through_the_control_door() -> None:
    """Orders over HTTP do what the methods do, and wait as they are told."""
    async with ControlledServer() as server, aiohttp.ClientSession() as session, running(server, SampleBot()):

        async def order(verb: str, **body: object) -> tuple[int, dict[str, Any]]:
            async with session.post(f"{server.world.base}/control/{verb}", json=body) as response:
                return response.status, await response.json()

        _, told = await order("slash", user="Léa", command="ask", options={"question": "?"}, wait="final")
        assert (told["text"], told["acked"], told["states"], told["is_final"]) == ("Réponse à ?", "deferred", 3, True)
        assert 0 < told["acked_after"] < told["last_after"] < 3
        assert (await order("press", user="Léa", id=told["id"], button="up", wait="noté"))[1]["ephemeral"]
        assert (await order("say", user="Léa", text="bonjour", direct=True))[0] == 200
        assert (await order("slash", user="Léa", command="nothing"))[0] == 409
        assert (await order("dance"))[0] == 404
        async with session.get(f"{server.world.base}/control/state") as response:
            state = await response.json()
        assert (state["live"], state["users"], state["commands"]) == (1, 1, ["ask", "Expliquer"])


@pytest.fixture
def standalone() -> Iterator[dict[str, str]]:
    """What the server prints as a process of its own."""
    command = [sys.executable, "-m", "tests.servers.discord", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # ours
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


async def test_it_runs_alone(standalone: dict[str, str]) -> None:
    """One line of JSON says where it listens."""
    async with aiohttp.ClientSession() as session:
        async with session.get(standalone["api"] + "/gateway/bot", headers={"Authorization": f"Bot {standalone['token']}"}) as response:
            assert (await response.json())["url"] == standalone["gateway"]
        async with session.get(standalone["control"] + "/state") as response:
            assert (await response.json())["live"] == 0
