"""The local Slack holds the real slack-bolt client to the platform's rules."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.servers.slack import BOT_USER, GENERAL, TEAM, Fault, Refused, SlackError, SlackServer
from tests.servers.slack.bot import Act, Bot, calls_of_2021, disturb, error_of, fetched, flaky, on_http, on_socket, refused, serving
from tests.servers.slack.record import description
from tests.servers.slack.remote import running
from tests.servers.slack.samples import BAD_BLOCKS, BAD_TEXTS, MANIFEST, MODAL, THUMBS, actions, button, plain, section

Json = dict[str, Any]


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        yield server


@pytest.fixture
async def bot(slack: SlackServer) -> AsyncIterator[Bot]:
    async with on_socket(slack) as opened:
        yield opened


async def test_a_mention_comes_twice(slack: SlackServer, bot: Bot) -> None:
    """One mention arrives as app_mention and as message, with the same ts and different event ids."""
    handle = await slack.say("alice", GENERAL, "a < b ?")

    assert await handle.acked() < 1
    assert sorted(event["type"] for event in bot.events) == ["app_mention", "message"]
    assert {(event["ts"], event["text"]) for event in bot.events} == {(handle.said.ts, f"<@{BOT_USER}> a &lt; b ?")}
    assert len({body["event_id"] for body in bot.bodies}) == 2


async def test_what_the_bot_may_not_hear_does_not_come(slack: SlackServer, bot: Bot) -> None:
    """Without the scope or the membership no event is sent."""
    other = slack.add_channel("autre", bot=False)
    slack.app.scopes.discard("channels:history")

    assert not (await slack.say("alice", other, "bonjour")).deliveries
    assert not (await slack.say("alice", GENERAL, "bonjour", mention=False)).deliveries
    assert len((await slack.say("alice", GENERAL, "bonjour")).deliveries) == 1


async def test_every_subtype_reaches_the_bot(slack: SlackServer, bot: Bot) -> None:
    """Edits, deletes, joins, other bots, broadcasts and files come as messages with a subtype."""
    slack.app.scopes.add("channels:read")
    slack.app.events.add("member_joined_channel")
    said = (await slack.say("alice", GENERAL, "un", mention=False)).said
    acts = [
        await slack.edit("alice", said, "deux"),
        await slack.say("bob", GENERAL, "moi aussi", said.ts, mention=False, broadcast=True),
        await slack.delete_message("alice", said),
        await slack.join(slack.add_user("dan", channels=()), GENERAL),
        await slack.other_bot(GENERAL, "ding"),
        await slack.say("bob", GENERAL, "voici", mention=False, files=[("a.txt", b"x")]),
    ]
    for act in acts:
        await act.acked()

    subtypes = {event.get("subtype") for event in bot.events} - {None}
    assert subtypes == {"message_changed", "message_deleted", "thread_broadcast", "channel_join", "bot_message", "file_share"}
    assert "member_joined_channel" in {event["type"] for event in bot.events}
    with pytest.raises(Refused):
        await slack.edit("bob", said, "pas le mien")


async def test_an_unacknowledged_event_comes_again_elsewhere(slack: SlackServer) -> None:
    """Three seconds without an acknowledgement bring the event again with its id, on another connection; three retries, then no more."""
    assert slack.courier.ack_seconds == 3.0
    slack.courier.ack_seconds, slack.courier.retry_delays = 0.05, (0.0, 0.0, 0.0)
    async with aiohttp.ClientSession() as session:
        one, two = [await session.ws_connect(slack.sockets.ticket()) for _ in range(2)]
        assert [(await one.receive_json())["type"], (await two.receive_json())["num_connections"]] == ["hello", 2]
        slack.app.events.discard("app_mention")
        handle = await slack.say("alice", GENERAL, "allô ?")
        with pytest.raises(TimeoutError, match="timeout"):
            await handle.acked()
        found = [await one.receive_json() for _ in range(2)] + [await two.receive_json() for _ in range(2)]

    assert {envelope["payload"]["event_id"] for envelope in found} == {handle.deliveries[0].event_id}
    assert sorted(envelope["retry_attempt"] for envelope in found) == [0, 1, 2, 3]
    assert {envelope["retry_reason"] for envelope in found} == {"", "timeout"}


async def test_a_test_may_send_an_event_again(slack: SlackServer, bot: Bot) -> None:
    """A redelivery carries the same event id."""
    handle = await slack.dm("alice", "bonjour")
    slack.redeliver(handle, 2)
    await handle.acked()

    assert (len(bot.bodies), len({body["event_id"] for body in bot.bodies})) == (3, 1)
    assert [(event["channel_type"], "thread_ts" in event) for event in bot.events] == [("im", False)] * 3


async def test_commands(slack: SlackServer, bot: Bot) -> None:
    """A command is acknowledged with words for one person; one that nobody acknowledges fails; what does not exist is refused."""

    async def ask(ack: Act, respond: Act, body: Json) -> None:
        await ack(text="reçu")
        await respond(text=f"Pour <@{body['user_id']}>", response_type="in_channel")

    async def silent(ack: Act) -> None:
        await awaken.wait()
        await ack()

    awaken = asyncio.Event()
    bot.on("command", "/ask", ask)
    bot.on("command", "/level", silent)
    handle = await slack.command("alice", "/ask", "pourquoi ?")
    assert await handle.acked() < 1
    await handle.answer(2)
    assert {(message.shown, bool(message.recipient)) for message in handle.messages} == {("reçu", True), ("Pour <@U0ALICE001>", False)}
    slack.courier.ack_seconds = 0.1
    with pytest.raises(TimeoutError, match="timeout"):
        await (await slack.command("alice", "/level", "expert")).acked()
    awaken.set()
    for name, thread in (("/topic", None), ("/inconnu", None), ("/ask", "1790000000.000001")):
        with pytest.raises(Refused):
            await slack.command("alice", name, "cnn", thread_ts=thread)


async def test_a_response_url_works_five_times(slack: SlackServer, bot: Bot) -> None:
    """The sixth use of a response_url is refused, and so is one after thirty minutes."""
    url, late = (slack.space.new_hook(GENERAL, "U0ALICE001") for _ in range(2))
    async with aiohttp.ClientSession() as session:
        statuses = [(await session.post(url, json={"text": str(turn)})).status for turn in range(6)]
        slack.advance(1801)
        assert (await session.post(late, json={"text": "tard"})).status == 404

    assert statuses == [200] * 5 + [404]


async def test_ephemeral_messages_vanish(slack: SlackServer, bot: Bot) -> None:
    """An ephemeral message is one member's alone, cannot be retrieved or changed, and is gone after a reload."""
    slack.app.scopes.add("channels:history")
    ts = (await bot.client.chat_postEphemeral(channel=GENERAL, user="U0ALICE001", text="entre nous"))["message_ts"]
    stranger = slack.add_user("dan", channels=())

    assert [message.shown for message in slack.visible_to("alice", GENERAL)] == ["entre nous"]
    assert not slack.visible_to("bob", GENERAL)
    assert not slack.public_texts(GENERAL)
    assert not (await bot.client.conversations_history(channel=GENERAL))["messages"]
    assert await error_of(bot.client.chat_update(channel=GENERAL, ts=ts, text="non")) == "message_not_found"
    assert await error_of(bot.client.chat_postEphemeral(channel=GENERAL, user=stranger, text="?")) == "user_not_in_channel"
    await slack.reload("alice")
    assert not slack.visible_to("alice", GENERAL)


async def test_modals(slack: SlackServer, bot: Bot) -> None:
    """A modal opens on a press; a submission may find errors, and ends the modal otherwise."""

    async def open_it(ack: Act, body: Json, client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    async def submitted(ack: Act, view: Json) -> None:
        text = view["state"]["values"]["why"]["text"]["value"]
        await (ack(response_action="errors", errors={"why": "Trop court"}) if len(text) < 5 else ack())

    bot.on("action", "go", open_it)
    bot.on("view", "report", submitted)
    message = await bot.posted(actions(button("go")))
    await slack.press("alice", message, "go")
    modal = await slack.until(lambda: slack.modal("alice"))
    assert modal is not None
    with pytest.raises(Refused, match="filled in"):
        await slack.submit_view("alice", modal)
    short = await slack.submit_view("alice", modal, {"Pourquoi ?": "bof"})
    await short.acked()
    assert short.errors == {"why": "Trop court"}
    await (await slack.submit_view("alice", modal, {"why": "La carte se trompe."})).acked()
    assert slack.modal("alice") is None


async def test_triggers_and_views(slack: SlackServer, bot: Bot) -> None:
    """A trigger opens one modal within three seconds, and a view that breaks a rule is refused with the place of the offence."""
    bot.keep_all("action", "go")
    message = await bot.posted(actions(button("go")))
    for _ in range(2):
        await (await slack.press("bob", message, "go")).acked()
    await slack.until(lambda: len(bot.pressed) == 2)
    used, late = (body["trigger_id"] for body in bot.bodies if "actions" in body)
    await bot.client.views_open(trigger_id=used, view=MODAL)
    assert await error_of(bot.client.views_push(trigger_id=used, view=MODAL)) == "exchanged_trigger_id"
    found = await refused(bot.client.views_push(trigger_id=late, view=MODAL | {"title": plain("Un titre bien trop long ici")}))
    assert found["response_metadata"]["messages"][-1] == "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"
    slack.advance(3.1)
    assert await error_of(bot.client.views_push(trigger_id=late, view=MODAL)) == "expired_trigger_id"


async def test_the_home_tab_and_shortcuts(slack: SlackServer, bot: Bot) -> None:
    """A home tab is published for one person, whose buttons and shortcuts reach the bot."""
    bot.keep_all("action", "forget")
    bot.keep_all("shortcut", "explain")
    await (await slack.open_home("alice")).acked()
    await bot.client.views_publish(user_id="U0ALICE001", view={"type": "home", "blocks": [section(), actions(button("forget"))]})
    home = slack.home("alice")
    assert home is not None
    await (await slack.press("alice", home, "forget")).acked()
    with pytest.raises(Refused):
        await slack.press("bob", home, "forget")
    said = (await slack.say("bob", GENERAL, "le gradient", mention=False)).said
    await (await slack.shortcut("alice", "explain", said)).acked()

    assert [body["type"] for body in bot.bodies if "event" not in body] == ["block_actions", "message_action"]
    assert [event["tab"] for event in bot.events if event["type"] == "app_home_opened"] == ["home"]


async def test_feedback_buttons(slack: SlackServer, bot: Bot) -> None:
    """A thumb brings the value of the button that was pressed."""
    bot.keep_all("action", "thumbs")
    message = await bot.posted(section(), {"type": "context_actions", "elements": [THUMBS]})
    await (await slack.feedback("alice", message, positive=True)).acked()
    await (await slack.feedback("bob", message, positive=False)).acked()

    assert [action["value"] for action in bot.pressed] == ["up", "down"]
    assert message.labels == ["Utile", "Pas utile"]


async def test_a_stream_grows_and_stops(slack: SlackServer, bot: Bot) -> None:
    """A stream shows every stage, takes blocks at its end and nothing after it."""
    root = await bot.posted()
    stream = await bot.stream(root.ts)
    await stream.append(markdown_text="Un ")
    await stream.append(markdown_text="deux ")
    message = slack.thread(root)[-1]
    assert message.is_streaming
    await stream.stop(markdown_text="trois", blocks=[actions(button("suite"))])

    assert [state.shown for state in message.states][:2] == ["Un ", "Un deux "]
    assert (message.shown, message.labels) == ("Un deux trois", ["suite"])
    assert "Un deux " in slack.public_texts(GENERAL)
    late = bot.client.chat_appendStream(channel=GENERAL, ts=message.ts, markdown_text="quatre")
    assert await error_of(late) == "message_not_in_streaming_state"


async def test_a_stream_dies_and_has_one_writer(slack: SlackServer, bot: Bot) -> None:
    """Five minutes end a stream, which an update may then complete; two writes at once conflict; too much text is refused."""
    root = await bot.posted()
    started = await bot.client.chat_startStream(channel=GENERAL, thread_ts=root.ts, recipient_team_id=TEAM, recipient_user_id="U0ALICE001")
    place = {"channel": GENERAL, "ts": started["ts"]}
    slack.space.streams.write_seconds = 1.0  # long enough for both to be under way, on a busy machine too
    writes = await asyncio.gather(*(bot.client.chat_appendStream(**place, markdown_text=text) for text in "ab"), return_exceptions=True)
    assert sorted(type(write).__name__ for write in writes) == ["AsyncSlackResponse", "SlackApiError"]
    assert ("chat.appendStream", "streaming_state_conflict") in slack.errors
    assert await error_of(bot.client.chat_appendStream(**place, markdown_text="c" * 12_000)) == "msg_too_long"
    assert await error_of(bot.client.chat_update(**place, text="trop tôt")) == "streaming_state_conflict"
    slack.advance(301)
    assert await error_of(bot.client.chat_appendStream(**place, markdown_text="c")) == "message_not_in_streaming_state"
    await bot.client.chat_update(**place, text="la fin")
    assert slack.thread(root)[-1].shown == "la fin"
    assert await error_of(bot.client.chat_startStream(channel=GENERAL, thread_ts=root.ts)) == "missing_recipient_user_id"


async def test_stop_ends_the_streams_of_a_session(slack: SlackServer, bot: Bot) -> None:
    """Stop is there while a session is processing; it ends the streams and tells the bot which."""
    root = (await slack.dm("alice", "bonjour")).said
    with pytest.raises(Refused, match="no Stop"):
        await slack.stop("alice", root)
    place: Json = {"channel_id": root.channel, "thread_ts": root.ts}
    await bot.client.agents_sessions_setStatus(**place, status="processing")
    await bot.client.assistant_threads_setSuggestedPrompts(**place, prompts=[{"title": "Un", "message": "Un ?"}])
    assert not slack.space.prompts, "with a thread it fails silently"
    await bot.client.assistant_threads_setStatus(**place, status="cherche…")
    assert slack.status(root) == "cherche…"
    started = await bot.client.chat_startStream(channel=root.channel, thread_ts=root.ts, markdown_text="Je")
    assert not slack.status(root), "a reply clears it"
    await (await slack.stop("alice", root)).acked()

    stopped = next(event for event in bot.events if event["type"] == "agent_session_stopped")
    assert stopped["streaming_message_ts"] == [started["ts"]]
    late = bot.client.chat_appendStream(channel=root.channel, ts=started["ts"], markdown_text=" dis")
    assert await error_of(late) == "stopped_by_user"


async def test_the_tiers(slack: SlackServer, bot: Bot) -> None:
    """Too many calls get 429 with Retry-After, which the library's own handler waits for; others see the error."""
    message = await bot.posted()
    slack.limits.tiers["chat.update"], slack.limits.seconds = 2, 0.5
    start = time.monotonic()
    for turn in range(3):
        await bot.client.chat_update(channel=GENERAL, ts=message.ts, text=str(turn))

    assert time.monotonic() - start >= 1.0
    assert (slack.counts["chat.update"].calls, slack.counts["chat.update"].limited) == (4, 1)
    assert message.shown == "2"
    assert slack.limits.tiers["chat.startStream"] == slack.limits.tiers["chat.stopStream"] == 20
    bot.client.retry_handlers.clear()
    results = await asyncio.gather(*(bot.client.chat_postMessage(channel=GENERAL, text="!") for _ in range(6)), return_exceptions=True)
    limited = [result.response for result in results if isinstance(result, SlackApiError)]
    assert {(found.status_code, found["error"], found.headers["Retry-After"]) for found in limited} == {(429, "ratelimited", "1")}
    assert len(results) - len(limited) == slack.limits.channel_burst


@pytest.mark.parametrize("name", BAD_BLOCKS)
async def test_blocks_over_the_limits_are_refused(slack: SlackServer, bot: Bot, name: str) -> None:
    """Blocks that break a rule are refused with the place of the offence."""
    blocks, offence = BAD_BLOCKS[name]

    found = await refused(bot.client.chat_postMessage(channel=GENERAL, text="repli", blocks=blocks))

    assert found["error"] == "invalid_blocks"
    assert f"[ERROR] {offence}" in found["response_metadata"]["messages"]


@pytest.mark.parametrize("name", BAD_TEXTS)
async def test_texts_over_the_limits_are_refused(slack: SlackServer, bot: Bot, name: str) -> None:
    """40,000 characters of text, 12,000 of Markdown in all, no text at all or two kinds of it are refused."""
    error, params = BAD_TEXTS[name]

    assert await error_of(bot.client.api_call("chat.postMessage", json={"channel": GENERAL, **params})) == error


async def test_an_update_keeps_the_blocks(slack: SlackServer, bot: Bot) -> None:
    """An update takes 4,000 characters and leaves the blocks unless others are given."""
    message = await bot.posted({"type": "markdown", "text": "a" * 12_000})
    place: Json = {"channel": GENERAL, "ts": message.ts}
    assert await error_of(bot.client.chat_update(**place, text="a" * 4001)) == "msg_too_long"
    await bot.client.chat_update(**place, text="court")
    assert message.blocks
    await bot.client.chat_update(**place, text="court", blocks=[])
    assert message.shown == "court"


async def test_scopes_and_membership(slack: SlackServer, bot: Bot) -> None:
    """A call without its scope names the scope; a foreign channel is closed, a private one unknown; wrong tokens are told apart."""
    public, private = slack.add_channel("public", bot=False), slack.add_channel("prof", kind="group", bot=False)
    assert await error_of(bot.client.chat_postMessage(channel=public, text="?")) == "not_in_channel"
    assert await error_of(bot.client.chat_postMessage(channel=private, text="?")) == "channel_not_found"
    found = await refused(bot.client.conversations_open(users="U0ALICE001"))
    assert (found["error"], found["needed"]) == ("missing_scope", "im:write")
    slack.app.scopes.discard("chat:write")
    assert (await refused(bot.client.chat_postMessage(channel=GENERAL, text="?")))["needed"] == "chat:write"
    assert "files:read" in (await bot.client.auth_test()).headers["X-OAuth-Scopes"].split(",")
    assert (await bot.client.users_info(user="U0CAROL001", include_locale=True))["user"]["locale"] == "en-US"
    assert await error_of(bot.client.auth_test(token="xoxb-wrong")) == "invalid_auth"
    assert await error_of(bot.client.apps_connections_open(app_token=slack.bot_token)) == "not_allowed_token_type"
    slack.app.app_scopes.clear()
    assert (await refused(bot.client.apps_connections_open(app_token=slack.app_token)))["needed"] == "connections:write"


@pytest.mark.parametrize("way", ["polite", "abrupt", "refused", "garbage"])
async def test_the_client_comes_back(slack: SlackServer, bot: Bot, way: str) -> None:
    """After a disconnect message, a cut wire, a refused connection or garbage the next event still arrives."""
    slack.courier.retry_delays = (0.3,) * 8
    first = slack.sockets.opened
    disturb(slack, way)
    handle = await slack.dm("alice", "encore là ?")

    assert await handle.acked(6) < 6
    assert (slack.sockets.opened, slack.sockets.refusals) == (first + (way != "garbage"), 0)
    assert await slack.until(lambda: len(slack.sockets.connections) == 1)


async def test_ten_connections_at_most(slack: SlackServer) -> None:
    """The eleventh connection is sent away, and a ticket works once."""
    async with aiohttp.ClientSession() as session:
        sockets = [await session.ws_connect(slack.sockets.ticket()) for _ in range(11)]
        greetings = [await socket.receive_json() for socket in sockets]
        ticket = slack.sockets.ticket()
        sockets.append(await session.ws_connect(ticket))
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(ticket)
        for socket in sockets:
            await socket.close()

    assert [greeting["type"] for greeting in greetings] == ["hello"] * 10 + ["disconnect"]
    assert greetings[-1]["reason"] == "too_many_websockets"


async def test_http_mode(slack: SlackServer) -> None:
    """Signed events, commands and interactions reach the bot over HTTP; a wrong or old signature gets 401."""
    async with on_http(slack) as bot:

        async def ask(ack: Act) -> None:
            await ack("reçu")

        bot.on("command", "/ask", ask)
        await (await slack.say("alice", GENERAL, "bonjour")).acked()
        assert (await (await slack.command("alice", "/ask", "é & co")).answer()).shown == "reçu"
        body = json.dumps({"type": "url_verification", "challenge": "c3po", "token": "t"})
        kind = {"Content-Type": "application/json"}
        status, text, _ = await slack.courier.post(body, kind | slack.courier.sign(body))
        assert (status, json.loads(text)["challenge"]) == (200, "c3po")
        for wrong in (slack.courier.sign(body + " "), slack.courier.sign(body, str(int(time.time()) - 301))):
            assert (await slack.courier.post(body, kind | wrong))[0] == 401

    assert len(bot.events) == 2


async def test_http_retries_carry_their_headers(slack: SlackServer) -> None:
    """An event answered with an error is posted again with its number and reason."""
    headers: list[tuple[str | None, str | None]] = []
    slack.courier.retry_delays = (0.0, 0.0)
    async with serving(slack, flaky(headers, 2), "/"):
        await (await slack.dm("alice", "bonjour")).acked()

    assert headers == [(None, None), ("1", "http_error"), ("2", "http_error")]


async def test_files_out_and_in(slack: SlackServer, bot: Bot) -> None:
    """The bot's upload is shared in the thread and may stand in an image block; a student's file needs the token and the scope."""
    said = (await slack.say("alice", GENERAL, "regarde", files=[("cours.pdf", b"%PDF")])).said
    sent = await bot.client.files_upload_v2(channel=GENERAL, thread_ts=said.ts, filename="figure.png", content=b"\x89PNG", title="La figure")
    figure = slack.space.files[sent["file"]["id"]]
    assert (figure.content, [file.name for file in slack.thread(said)[-1].files]) == (b"\x89PNG", ["figure.png"])
    await bot.posted({"type": "image", "slack_file": {"id": figure.id}, "alt_text": "une courbe"})
    await slack.until(lambda: any(event.get("files") for event in bot.events))
    url = next(event["files"][0]["url_private_download"] for event in bot.events if event.get("files"))

    assert await fetched(url, slack.bot_token) == ("application/pdf", b"%PDF")
    assert await fetched(url, "") == ("text/html", b"<!DO")
    slack.app.scopes.discard("files:read")
    assert await fetched(url, slack.bot_token) == ("text/html", b"<!DO")


async def test_live_pings_and_links(slack: SlackServer, bot: Bot) -> None:
    """Mentions in text, blocks and streams are noted as live; escaped ones, names in Markdown and plain text are not."""
    await bot.posted(text="<!channel> &lt;!here&gt; @everyone <javascript:x|clic>")
    await bot.posted(section("<@U0BOB00001>"), {"type": "header", "text": plain("<!here>")})
    await bot.client.chat_postMessage(channel=GENERAL, markdown_text="@channel [lien](https://x.fr) <!subteam^S012>")
    await bot.client.chat_postMessage(channel=GENERAL, text="@here", link_names=True)

    assert [live.target for live in slack.live_pings] == ["channel", "U0BOB00001", "S012", "here"]
    assert [(live.target, live.label) for live in slack.live_links] == [("javascript:x", "clic"), ("https://x.fr", "lien")]


async def test_public_texts_forget_nothing(slack: SlackServer, bot: Bot) -> None:
    """What a channel showed before an edit or a deletion stays on record."""
    message = await bot.posted(text="brouillon")
    await bot.client.chat_update(channel=GENERAL, ts=message.ts, text="propre")
    await bot.client.chat_delete(channel=GENERAL, ts=message.ts)

    assert slack.public_texts(GENERAL) == ["brouillon", "propre"]
    assert not slack.visible_to("alice", GENERAL)


async def test_faults(slack: SlackServer, bot: Bot) -> None:
    """A method fails as often as it is told to: the library's handlers go on after 503, 429 and a cut; an error is an error."""
    for fault in (Fault("status"), Fault("limited", seconds=0), Fault("drop")):
        slack.fault("chat.postMessage", fault)
        await bot.posted()
    slack.fault("*", Fault("error", error="internal_error"))
    assert await error_of(bot.client.auth_test()) == "internal_error"
    slack.fault("auth.test", Fault("delay", seconds=0.1))
    start = time.monotonic()
    assert (await bot.client.auth_test())["team_id"] == TEAM
    assert time.monotonic() - start >= 0.1


def test_a_manifest_with_a_reserved_command_is_refused_whole() -> None:
    """`/topic` refuses the manifest; one without it sets scopes, events, commands and shortcuts."""
    slack = SlackServer()
    with pytest.raises(SlackError, match="invalid_manifest"):
        slack.install(MANIFEST | {"features": {"slash_commands": [{"command": "/cours"}, {"command": "/topic"}]}})
    slack.install(MANIFEST)

    assert (slack.app.scopes, slack.app.commands, slack.app.shortcuts) == ({"chat:write"}, {"/cours"}, {"explain"})


async def test_the_calls_agree_with_the_description_of_2021(slack: SlackServer, bot: Bot) -> None:
    """What the library sends and this server answers is what Slack described, as far as it then did."""
    spec = description()
    if spec is None:
        pytest.skip("the contract is not at hand")
    slack.app.scopes |= {"channels:read", "im:write", "reactions:write"}
    slack.limits.is_off = True
    said = (await slack.say("alice", GENERAL, "bonjour")).said
    reply = await bot.posted(section(), thread_ts=said.ts)
    await calls_of_2021(bot.client, said.ts, reply.ts)

    assert slack.offences(spec) == []


async def test_a_hundred_students_in_a_second(slack: SlackServer, bot: Bot) -> None:
    """A hundred mentions at once are all acknowledged within a second or so."""
    people = [slack.add_user(f"etudiant{place}") for place in range(100)]
    start = time.monotonic()
    handles = [await slack.say(person, GENERAL, "une question") for person in people]
    slowest = max([await handle.acked() for handle in handles])

    assert slowest < 2
    assert time.monotonic() - start < 3
    assert len(bot.events) == 200


async def test_the_server_stands_alone() -> None:
    """Run by hand it prints where it is, and another process acts through the control door."""
    async with running(2) as remote:
        client = AsyncWebClient(token=remote.where["bot_token"], session=remote.session, base_url=remote.where["api_url"])
        said = await remote.act("say", user="etudiant001", channel="general", text="bonjour")
        await client.chat_postMessage(channel=said["channel"], thread_ts=said["ts"], text="réponse")

        assert (await remote.act("answer", id=said["id"]))["shown"] == "réponse"
        assert "error" in await remote.act("command", user="alice", name="/topic")
        assert [message["shown"] for message in (await remote.state(since=1))["messages"]] == ["réponse"]
