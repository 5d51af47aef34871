"""The Slack bot's life: tokens, manifest, Socket Mode that comes back, HTTP that believes nobody, a graceful end, quiet logs."""

import asyncio
import json
import os
import socket
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bots.slack_bot import SlackFace, check_token, manifest
from bots.slack_bot.door import Door, Me
from bots.slack_bot.look import section
from bots.slack_bot.manifest import scopes
from bots.slack_bot.places import Address
from core.errors import SetupError
from core.logs import setup_logging
from core.messages import Question
from core.store.leases import Left
from core.words import words_in
from tests.courses import course_of
from tests.servers.slack import BOT_USER, GENERAL, TEAM, Fault, SlackServer
from tests.servers.slack.record import description
from tests.slack_class import QUESTION, Lesson, core_of, lesson, served, settings_for
from tests.surfaces import QueuedModel

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    """An empty workspace."""
    async with SlackServer() as opened:
        yield opened


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def refused(slack: SlackServer, folder: Path, **changes: object) -> SetupError:
    """Return what the bot says when it cannot begin."""
    is_http = bool(changes.pop("is_http", False))
    async with core_of(settings_for(slack, folder, **changes)) as profond:
        with pytest.raises(SetupError) as caught:
            await asyncio.wait_for(SlackFace(profond, is_http=is_http).run(), 5)
    return caught.value


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"slack_bot_token": None}, "slack-no-token"),
        ({"slack_app_token": None}, "slack-no-app-token"),
        ({"slack_bot_token": "xoxb-wrong"}, "slack-bad-token"),
        ({"slack_app_token": "xapp-wrong"}, "slack-bad-app-token"),
        ({"slack_signing_secret": None, "is_http": True}, "slack-no-secret"),
    ],
)
async def test_a_wrong_token_is_one_sentence(slack: SlackServer, tmp_path: Path, changes: dict[str, Any], key: str) -> None:
    """What only a person can mend is said at the start, with the mend."""
    error = await refused(slack, tmp_path, **changes)

    assert key == error.key
    assert words_in("fr")(error.key, **error.details)


async def test_a_missing_scope_is_named(slack: SlackServer, tmp_path: Path) -> None:
    """The sentence names the scope, of the bot's token or of the app's."""
    slack.app.scopes -= {"users:read", "channels:history"}
    assert {"scope": "channels:history, users:read"} == (await refused(slack, tmp_path)).details
    slack.app.scopes |= {"users:read", "channels:history"}
    slack.app.app_scopes.clear()
    assert {"scope": "connections:write"} == (await refused(slack, tmp_path)).details


async def test_the_doctor_reads_the_tokens(slack: SlackServer, tmp_path: Path) -> None:
    """Good tokens are said to be good; bad ones and missing scopes are faults."""
    good = [line async for line in check_token(settings_for(slack, tmp_path))]
    bad = [line async for line in check_token(settings_for(slack, tmp_path, slack_bot_token="xoxb-wrong"))]
    slack.app.scopes.discard("commands")
    lacking = [line async for line in check_token(settings_for(slack, tmp_path))]
    away = [line async for line in check_token(settings_for(slack, tmp_path, slack_api_url="http://127.0.0.1:9/api"))]

    assert [("ok", "doctor-slack-good", {})] == good
    assert [("fault", "doctor-slack-bad", {})] == bad
    assert [("fault", "slack-scope", {"scope": "commands"})] == lacking
    assert [("fault", "doctor-slack-away", {})] == away


@pytest.mark.parametrize("is_http", [True, False])
async def test_the_manifest_installs_and_serves(slack: SlackServer, tmp_path: Path, *, is_http: bool) -> None:
    """Slack takes the manifest, and what it gives is enough for an answer."""
    settings = settings_for(slack, tmp_path)
    made = json.loads(manifest(settings, course_of(settings.course_folder).info, is_http=is_http))
    slack.install(made)
    async with core_of(settings) as profond, served(slack, profond) as opened:
        _, answer = await opened.ask()
        command = await slack.command("alice", "/cours", "convolution")
        await opened.alone(command)

    assert "Sources" in answer.shown
    assert [] == slack.errors
    assert is_http != made["settings"]["socket_mode_enabled"]
    assert all(len(command["description"]) <= 2000 for command in made["features"]["slash_commands"])


def test_the_manifest_asks_for_no_more_than_is_used(tmp_path: Path) -> None:
    """Without thread replies the bot reads no channel's history."""
    quiet = settings_for(SlackServer(), tmp_path, slack_thread_replies=False, slack_api_url=None)
    made = json.loads(manifest(quiet, course_of(quiet.course_folder).info))
    events = made["settings"]["event_subscriptions"]["bot_events"]

    assert not {"channels:history", "groups:history"} & set(scopes(quiet))
    assert ["agent_session_stopped", "app_home_opened", "app_mention", "message.im"] == events
    assert "/topic" not in {command["command"] for command in made["features"]["slash_commands"]}


@pytest.mark.parametrize("how", ["drop", "warning", "refresh_requested", "link_disabled"])
async def test_a_lost_connection_comes_back(tmp_path: Path, how: str) -> None:
    """After an abrupt end as after a polite one the bot is soon there again, and answers once."""
    async with lesson(tmp_path) as room:
        opened = room.slack.sockets.opened
        if how == "drop":
            room.slack.sockets.drop()
        else:
            room.slack.sockets.disconnect(how)
        await room.slack.until(lambda: room.slack.sockets.opened > opened and room.slack.sockets.connections, within=4)
        handle, _ = await room.ask()
        await room.idle()

        assert 1 == len(handle.messages)
        assert room.face.is_ready()


async def test_slack_away_at_the_start_is_waited_for(slack: SlackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bot tries again until Slack is there."""
    monkeypatch.setattr("bots.slack_bot.running.FIRST_PAUSE", 0.01)
    slack.fault("auth.test", Fault("status"), times=2)
    slack.fault("apps.connections.open", Fault("drop"), times=2)
    slack.sockets.refusals = 1
    monkeypatch.setattr("bots.slack_bot.running.CONNECT_SECONDS", 0.2)
    waits: list[float] = []
    async with core_of(settings_for(slack, tmp_path)) as profond, served(slack, profond, on_away=waits.append) as opened:
        await opened.ask()

    assert 5 == len(waits)


async def test_what_was_never_sent_is_posted_again() -> None:
    """Where Slack was not reached nothing can stand: the bot needs no scope to look, and loses nothing."""
    failed, trace, server = asyncio.Event(), aiohttp.TraceConfig(), SlackServer(free_port())
    server.app.scopes -= {"channels:history"}

    async def fail(*_: object) -> None:
        failed.set()

    trace.on_request_exception.append(fail)
    async with aiohttp.ClientSession(trace_configs=[trace]) as session:
        client = AsyncWebClient(token=server.bot_token, base_url=f"http://127.0.0.1:{server._port}/api/", session=session, retry_handlers=[])
        posting = asyncio.create_task(Door(client, Me(TEAM, BOT_USER, "", "")).post(GENERAL, [section("a")], "a"))
        await failed.wait()
        async with server as slack:
            _, ts = await posting

            assert [ts] == [message.ts for message in slack.messages(GENERAL)]


async def test_garbage_on_the_wire_is_survived(tmp_path: Path) -> None:
    """What is no envelope, or an event of an unknown shape, breaks nothing."""
    async with lesson(tmp_path) as room:
        room.slack.sockets.garbage("{not json")
        room.slack.sockets.garbage("[]")
        room.slack.courier.event("message", {"channel": 5})
        room.slack.courier.event("unheard_of", {"x": [1]})
        await room.ask()


async def test_a_graceful_stop_finishes_what_is_being_answered(slack: SlackServer, tmp_path: Path) -> None:
    """The connection closes first; then the answer under way is finished."""
    model = QueuedModel("Une convolution glisse un filtre [1].", is_held=True)
    async with core_of(settings_for(slack, tmp_path), model) as profond:
        async with served(slack, profond):
            handle = await slack.say("alice", "general", QUESTION)
            await handle.acked()
            asyncio.get_running_loop().call_later(0.2, model.let_go)
        answer = await handle.answer()

    assert "glisse un filtre" in answer.shown
    assert "Sources" in answer.shown


async def test_what_a_crash_left_is_finished_in_its_place(tmp_path: Path) -> None:
    """Another process answers at the address that was kept: below the question, or to the student alone."""
    async with lesson(tmp_path) as room:
        said = await room.slack.say("alice", "general", QUESTION, mention=False)
        asked_at = time.time()
        address = Address(kind="thread", team=TEAM, channel=GENERAL, user="U0ALICE001", thread_ts=said.said.ts, asked_at=asked_at)
        await room.face.finish(await left(room, address))
        await said.answer()
        alone = Address(kind="alone", team=TEAM, channel=GENERAL, user="U0BOB00001", is_private=True, asked_at=asked_at)
        await room.face.finish(await left(room, alone))
        rootless = Address(kind="thread", team=TEAM, channel=GENERAL, user="U0CAROL001", asked_at=asked_at)
        await room.face.finish(await left(room, rootless))
        await room.face.apologise(await left(room, alone))
        mine = [message for message in room.slack.visible_to("bob", GENERAL) if message.recipient]

        assert "convolution" in mine[0].shown
        assert "Désolé" in mine[-1].shown
        assert any("Carol asks" in message.shown for message in room.slack.messages(GENERAL))


async def test_a_message_that_a_dead_process_began_is_finished(tmp_path: Path) -> None:
    """Whoever takes over goes on in the message that was growing, and posts no second one."""
    async with lesson(tmp_path) as room:
        said = await room.slack.say("alice", "general", QUESTION, mention=False)
        place: dict[str, Any] = {"channel": GENERAL, "thread_ts": said.said.ts}
        begun = await room.bot.door.call(
            "chat.startStream", markdown_text="Une conv", recipient_team_id=TEAM, recipient_user_id="U0ALICE001", **place
        )
        address = Address(kind="thread", team=TEAM, channel=GENERAL, user="U0ALICE001", asked_at=time.time())
        found = replace(await left(room, address), placeholder=json.dumps([GENERAL, said.said.ts, begun["ts"]]))
        await room.face.finish(found)
        answer = await said.answer()

        assert [answer] == said.messages
        assert "Sources" in answer.shown
        assert "Une conv\n" not in answer.shown


async def left(room: Lesson, address: Address) -> Left:
    """Return a question that was taken and not answered."""
    event = f"slack:left:{time.monotonic_ns()}"
    asked = Question(
        text=QUESTION, person=f"slack:{TEAM}:{address.user}", conversation=event, event=event, reply_to=address.dump(), is_private=address.is_private
    )
    return Left(ticket=await room.profond.assistant.take(asked), placeholder="", age=5.0)


@pytest.fixture
async def by_http(slack: SlackServer, tmp_path: Path) -> AsyncIterator[Lesson]:
    """A bot that Slack reaches over HTTP."""
    port = free_port()
    async with core_of(settings_for(slack, tmp_path, port=port, slack_app_token=None)) as profond, served(slack, profond, is_http=True) as opened:
        slack.courier.endpoint = f"http://127.0.0.1:{port}/slack/events"
        yield opened


async def test_http_serves_the_same_listeners(by_http: Lesson) -> None:
    """Mentions, commands and presses work as in Socket Mode."""
    handle, answer = await by_http.ask()
    await by_http.idle()
    by_http.slack.redeliver(handle)
    told = await by_http.alone(await by_http.slack.command("alice", "/level", "avancé"))
    press = await by_http.slack.press("alice", answer, "Plus simple")
    await by_http.slack.until(lambda: sum(not message.recipient for message in handle.messages) == 2)
    await by_http.idle()

    assert "avancé" in told.shown
    assert 0 < await press.acked() < 1
    assert by_http.face.is_ready()


@pytest.mark.parametrize("stamp", ["garbage", "", "１２３", "-5", "1e9", "9" * 400])
async def test_a_garbage_timestamp_gets_401(by_http: Lesson, stamp: str) -> None:
    """A request whose timestamp is no time is refused, not failed."""
    slack, body = by_http.slack, json.dumps({"type": "event_callback"})
    headers = slack.courier.sign(body) | {"X-Slack-Request-Timestamp": stamp, "Content-Type": "application/json"}
    if stamp == "１２３":
        headers["X-Slack-Request-Timestamp"] = stamp.encode().decode("latin-1")

    assert 401 == (await slack.courier.post(body, headers))[0]


async def test_only_slacks_own_requests_are_read(by_http: Lesson) -> None:
    """A wrong signature and an old one get 401, a body beyond all measure 413; Slack's check of the address is answered."""
    courier, body = by_http.slack.courier, json.dumps({"type": "url_verification", "challenge": "abc"})
    wrong = courier.sign(body) | {"X-Slack-Signature": "v0=" + "0" * 64}
    old = courier.sign(body, str(int(time.time()) - 600))
    big = "x" * 1_020_000

    assert 401 == (await courier.post(body, wrong))[0]
    assert 401 == (await courier.post(body, old))[0]
    assert 413 == (await courier.post(big, courier.sign(big)))[0]
    status, text, _ = await courier.post(body, courier.sign(body) | {"Content-Type": "application/json"})
    assert (200, True) == (status, "abc" in text)


@pytest.mark.parametrize("body", ["{", "", "[]", "payload=%7B", "payload=1"])
async def test_no_body_and_no_header_makes_the_server_fail(by_http: Lesson, body: str) -> None:
    """What nobody signed is refused before it is read, whatever it holds; what is signed and no request is told so."""
    courier, kind = by_http.slack.courier, {"Content-Type": "application/x-www-form-urlencoded" if "=" in body else "application/json"}
    signed = courier.sign(body) | kind

    assert 401 == (await courier.post(body, kind))[0]
    assert 401 == (await courier.post(body, signed | {"X-Slack-Signature": "v0=é"}))[0]
    assert 401 == (await courier.post(body, {"X-Slack-Request-Timestamp": signed["X-Slack-Request-Timestamp"]} | kind))[0]
    assert (await courier.post(body, signed))[0] in {200, 400}
    assert 401 == (await courier.post(body, kind | {"Content-Type": "application/json; charset=zorglub"}))[0]
    assert (await courier.post(body, signed | {"Content-Type": "application/json; charset=zorglub"}))[0] in {200, 400}


NO_REQUEST = {
    "deep": "[" * 100_000,
    "deep in a form": f"payload={'[' * 100_000}",
    "list": "[]",
    "null": "null",
    "no event": '{"type": "event_callback", "team_id": "T", "event": null}',
    "event in a list": '{"type": "event_callback", "team_id": "T", "event": ["message"]}',
    "no user": '{"type": "event_callback", "user": 5}',
    "no authorizations": '{"type": "event_callback", "authorizations": 5}',
}


@pytest.mark.parametrize("body", NO_REQUEST.values(), ids=NO_REQUEST)
async def test_a_signed_body_that_is_no_request_gets_400(by_http: Lesson, caplog: pytest.LogCaptureFixture, body: str) -> None:
    """Whatever shape it has, it is refused, and one line of the log says so."""
    courier, kind = by_http.slack.courier, {"Content-Type": "application/x-www-form-urlencoded" if "=" in body else "application/json"}
    with capture_logs() as logs:
        status, _, _ = await courier.post(body, courier.sign(body) | kind)

    assert (400, [("request_not_read", "warning")]) == (status, [(entry["event"], entry["log_level"]) for entry in logs])
    assert [] == caplog.records


@pytest.mark.parametrize("more", [{}, {"Content-Encoding": "gzip"}])
async def test_a_strangers_bytes_are_refused(by_http: Lesson, caplog: pytest.LogCaptureFixture, more: dict[str, str]) -> None:
    """What is no text, nor packed as it says, gets 401, and nothing fails over it."""
    courier, signed = by_http.slack.courier, {"X-Slack-Request-Timestamp": str(int(time.time())), "X-Slack-Signature": "v0=abc"}

    assert 401 == (await courier.post(b"\xff\xfe", signed | more))[0]
    assert [] == caplog.records


async def test_slacks_check_of_the_certificate_is_answered(by_http: Lesson) -> None:
    """`ssl_check` orders nothing, signed or not."""
    kind = {"Content-Type": "application/x-www-form-urlencoded"}

    assert 200 == (await by_http.slack.courier.post("ssl_check=1&token=abc", kind))[0]


async def test_a_taken_port_is_one_sentence(slack: SlackServer, tmp_path: Path) -> None:
    """PORT is named."""
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))  # noqa: S104  # as the bot does
        other.listen()
        error = await refused(slack, tmp_path, is_http=True, port=other.getsockname()[1])

    assert "slack-port" == error.key


@pytest.mark.usefixtures("logs_as_before")
async def test_logs_hold_no_words_names_or_tokens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ids and kinds only, also when things go wrong."""
    async with lesson(tmp_path, profond_log_level="debug") as room:
        setup_logging(room.profond.settings)
        room.slack.fault("chat.stopStream", Fault("html"))
        room.slack.fault("users.info", Fault("status"))
        await room.ask(text=f"{QUESTION} mot-de-passe-zorglub")
        await room.ask(text=QUESTION)
        room.slack.courier.event("message", {"channel": GENERAL, "ts": None, "text": "zorglub", "user": "U0ALICE001", "channel_type": "channel"})
        await room.slack.command("alice", "/ask", "privé: zorglub ?")
        await room.idle()
        told = capsys.readouterr()

        assert "question_answered" in told.err
        for secret in ("zorglub", "convolution ?", "Alice", "alice", room.slack.bot_token, room.slack.app_token, "hooks/", "U0ALICE001"):
            assert secret not in told.err + told.out


async def test_what_is_called_is_what_slack_describes(tmp_path: Path) -> None:
    """Slack's own description of its methods finds no fault with the calls that it knows."""
    found = description()
    if found is None:
        pytest.skip("the description is not at hand")
    async with lesson(tmp_path) as room:
        while room.bot.door.limits.seat():
            pass
        handle, answer = await room.ask()
        await room.slack.dm("alice", QUESTION)
        await room.slack.command("alice", "/ask", QUESTION)
        await room.slack.open_home("alice")
        await room.slack.press("alice", answer, "Plus…")
        await room.slack.say("alice", "general", "aide", thread_ts=handle.said.ts)
        await room.idle()

        assert [] == room.slack.offences(found)


async def test_an_oauth_environment_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SLACK_CLIENT_ID and SLACK_CLIENT_SECRET would switch Bolt to another way of authorizing; the bot answers all the same."""
    monkeypatch.setenv("SLACK_CLIENT_ID", "1.2")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "secret")
    async with lesson(tmp_path) as room:
        _, answer = await room.ask()

        assert "Sources" in answer.shown
        assert BOT_USER == answer.user


async def run_profond(slack: SlackServer, folder: Path, **changes: str) -> asyncio.subprocess.Process:
    """Start `profond slack` as its user does."""
    tokens = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token, "SLACK_API_URL": slack.api_url}
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "SYSTEMROOT", "TEMP", "TMP", "LANG"}}
    environment = kept | {"PYTHONPATH": str(ROOT), "HOME": str(folder)} | tokens | changes
    command = (sys.executable, "-m", "bots", "slack")
    return await asyncio.create_subprocess_exec(*command, cwd=folder, env=environment, stdout=PIPE, stderr=PIPE)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to catch")
async def test_the_program_serves_until_it_is_told_to_end(slack: SlackServer, tmp_path: Path) -> None:
    """`profond slack` says that it is online, answers, and ends with 0 when it is told to."""
    process = await run_profond(slack, tmp_path)
    assert process.stdout is not None
    online = (await asyncio.wait_for(process.stdout.readline(), 60)).decode()
    answer = await (await slack.say("alice", "general", QUESTION)).answer()
    process.terminate()
    code = await asyncio.wait_for(process.wait(), 30)
    await process.communicate()

    assert "en ligne sur Slack" in online
    assert "Sources" in answer.shown
    assert 0 == code


async def test_the_program_says_one_sentence_and_ends(slack: SlackServer, tmp_path: Path) -> None:
    """A wrong token is one sentence on the error stream and exit code 1."""
    process = await run_profond(slack, tmp_path, SLACK_BOT_TOKEN="xoxb-wrong")
    _, said = await asyncio.wait_for(process.communicate(), 60)

    assert 1 == process.returncode
    assert "Slack refuse le jeton SLACK_BOT_TOKEN" in said.decode()
    assert 1 == len(said.decode().strip().splitlines())
