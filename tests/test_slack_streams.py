"""Answers that grow in Slack: native streams within the workspace's limits, whole answers beyond them, nothing lost or doubled."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import pytest

from bots.slack_bot.limits import BURST, MOST, OTHERS, SECONDS, Lane, Limits
from core.errors import StoreAway
from core.markup import plain
from core.messages import ChatMessage, Completion, Level, Ticket
from core.settings import shipped_course
from core.store import Outcome
from tests.courses import course_of
from tests.servers.slack import BOT_USER, GENERAL, Fault, Handle, Message
from tests.slack_class import QUESTION, Lesson, core_of, lesson, served, settings_for
from tests.surfaces import QueuedModel

PIECES = ("Une convolution glisse un filtre. ", "Elle calcule une somme pondérée. ", "Le padding ajoute des bords. ", "Voilà [1]. ")
WHOLE = " ".join(piece.strip() for piece in PIECES)


class SteppedModel:
    """Writes one more piece each time it is let to."""

    name = "stepped"

    def __init__(self, pieces: Sequence[str] = PIECES) -> None:
        self.pieces = pieces
        self.steps: asyncio.Queue[None] = asyncio.Queue()
        self.closed = asyncio.Event()

    def step(self, times: int = 1) -> None:
        for _ in range(times):
            self.steps.put_nowait(None)

    async def stream(self, messages: Sequence[ChatMessage]) -> AsyncGenerator[str | Completion, None]:
        try:
            for piece in self.pieces:
                await self.steps.get()
                yield piece
            yield Completion(model="stepped-1")
        finally:
            self.closed.set()


@pytest.fixture
def model() -> SteppedModel:
    return SteppedModel()


@pytest.fixture
async def room(tmp_path: Path, model: SteppedModel, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lesson]:
    """A class whose model writes step by step; texts are sent as soon as they may be."""
    monkeypatch.setattr("bots.slack_bot.limits.PACE", 0.0)
    monkeypatch.setitem(MOST, "chat.appendStream", 10**6)
    async with lesson(tmp_path, model=model) as opened:
        yield opened


def body(message: Message) -> str:
    """Return what an answer says, without what stands under it."""
    return message.shown.split("\nSources")[0].split("\nUn filtre 3 × 3")[0]


async def test_a_stream_only_grows(room: Lesson, model: SteppedModel) -> None:
    """Text appears while the model writes, in one message, each state beginning with the one before."""
    await room.slack.say("alice", "general", QUESTION)
    model.step()
    message = await room.found("glisse un")
    assert message.is_streaming
    model.step()
    await room.found("somme")
    model.step(2)
    await room.slack.until(lambda: not message.is_streaming)
    await room.idle()
    states = [state.shown for state in message.states]

    assert all(after.startswith(before) for before, after in pairwise(states[:-1]))
    assert WHOLE == body(message).strip()
    assert "Sources" in message.shown
    assert [] == room.slack.errors
    assert [] == room.slack.calls("chat.update")


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        ("chat.appendStream", Fault("error", error="message_not_in_streaming_state")),
        ("chat.appendStream", Fault("drop_after")),
        ("chat.appendStream", Fault("drop")),
        ("chat.appendStream", Fault("status", status=503)),
        ("chat.appendStream", Fault("limited", seconds=0)),
        ("chat.startStream", Fault("drop_after")),
        ("chat.startStream", Fault("drop")),
        ("chat.startStream", Fault("error", error="feature_not_enabled")),
        ("chat.startStream", Fault("limited", seconds=1)),
        ("chat.stopStream", Fault("drop_after")),
        ("chat.stopStream", Fault("drop")),
        ("chat.stopStream", Fault("error", error="message_not_in_streaming_state")),
        ("chat.stopStream", Fault("limited", seconds=0)),
        ("chat.stopStream", Fault("html")),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.kind}-{value.error}",
)
async def test_a_stream_that_breaks_loses_and_doubles_nothing(room: Lesson, model: SteppedModel, method: str, fault: Fault) -> None:
    """Whatever happens to a stream, one message shows the whole answer once, with its buttons."""
    room.slack.fault(method, fault)
    handle = await room.slack.say("alice", "general", QUESTION)
    model.step()
    await room.found("glisse un")
    model.step(3)
    await room.slack.until(lambda: any("Sources" in one.shown and not one.is_streaming for one in handle.messages))
    await room.idle()

    assert 1 == len(handle.messages)
    assert WHOLE == body(handle.messages[0]).strip()
    assert {"👍", "👎"} <= set(handle.messages[0].labels)


async def test_a_stream_that_dies_of_age_goes_on_as_edits(room: Lesson, model: SteppedModel) -> None:
    """Slack ends a stream after five minutes; the rest of the answer comes all the same, in the same message."""
    handle = await room.slack.say("alice", "general", QUESTION)
    model.step()
    message = await room.found("glisse un")
    room.slack.advance(301)
    model.step(3)
    await room.slack.until(lambda: "Sources" in message.shown)
    await room.idle()

    assert [message] == handle.messages
    assert WHOLE == body(message).strip()


async def test_a_stream_is_left_before_it_dies(room: Lesson, model: SteppedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """After four minutes the bot itself ends the stream and edits."""
    handle = await room.slack.say("alice", "general", QUESTION)
    model.step()
    message = await room.found("glisse un")
    monkeypatch.setattr("bots.slack_bot.stream.LONGEST", 0.0)
    model.step()
    await room.slack.until(lambda: room.slack.calls("chat.stopStream"))
    model.step(2)
    await room.slack.until(lambda: "Sources" in message.shown)
    await room.idle()

    assert [message] == handle.messages
    assert WHOLE == body(message).strip()


async def test_the_native_stop_stops_the_model(room: Lesson, model: SteppedModel) -> None:
    """Slack's own button ends the model's stream; what was written stays and one sentence says so."""
    handle = await room.slack.dm("alice", QUESTION)
    model.step()
    channel = handle.said.channel
    message = await room.found("glisse", channel)
    await room.slack.until(lambda: room.slack.space.sessions.get((channel, handle.said.ts), {}).get("status") == "processing")
    await room.slack.stop("alice", message)
    await asyncio.wait_for(model.closed.wait(), 5)
    await room.slack.until(lambda: "arrêtée" in message.shown)
    await room.idle()

    assert [message] == handle.messages
    assert 1 == message.shown.count("glisse un")


async def test_the_native_stop_stays_while_anything_is_written(room: Lesson, model: SteppedModel) -> None:
    """A second question of a thread can be stopped as the first could: the end of one answer takes no other's button away."""
    handle = await room.slack.dm("alice", QUESTION)
    model.step()
    first = await room.found("glisse un", handle.said.channel)
    await (await room.slack.dm("alice", "C'est quoi le dropout ?", thread_ts=handle.said.ts)).acked()
    model.step(4)
    await room.slack.until(lambda: not first.is_streaming and any(one.is_streaming for one in room.slack.thread(handle.said)))
    await room.slack.stop("alice", handle.said)
    await room.slack.until(lambda: "arrêtée" in room.slack.thread(handle.said)[-1].shown)
    await room.idle()

    assert "active" == room.slack.space.sessions[handle.said.channel, handle.said.ts]["status"]


async def test_one_of_two_first_answers_brings_the_notice(room: Lesson, model: SteppedModel) -> None:
    """Who asks twice before the first answer ends is told once what they talk to."""
    asked = [await room.slack.say("alice", "general", text) for text in (QUESTION, "C'est quoi le dropout ?")]
    await room.slack.until(lambda: all((GENERAL, handle.said.ts) in room.slack.space.sessions for handle in asked))
    model.step(2 * len(PIECES))
    answers = [await handle.answer() for handle in asked]

    assert 1 == sum("Je suis une machine" in answer.shown for answer in answers)


async def test_an_answer_that_fails_leaves_nothing_behind(room: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be answered keeps neither its place among the streams nor its session."""

    async def away(*_: object, **__: object) -> None:
        raise StoreAway

    monkeypatch.setattr(room.profond.store, "recent", away)
    handle = await room.slack.dm("alice", QUESTION)
    await room.slack.until(lambda: any("Ma mémoire" in one.shown for one in handle.messages))
    await room.idle()

    assert 0 == room.bot.door.limits.streams
    assert "active" == room.slack.space.sessions[handle.said.channel, handle.said.ts]["status"]


@pytest.mark.parametrize("said", ["stop", "Stop.", "stop!", "STOP\u00a0!", "stop ?"])
async def test_stop_is_also_a_word(room: Lesson, model: SteppedModel, said: str) -> None:
    """`stop` said in the thread does the same, for the asker's answer only."""
    handle = await room.slack.say("alice", "general", QUESTION)
    model.step()
    message = await room.found("glisse un")
    refused = await room.alone(await room.slack.say("bob", "general", said, thread_ts=handle.said.ts))
    await room.slack.say("alice", "general", said, thread_ts=handle.said.ts, mention=False)
    await room.slack.until(lambda: "arrêtée" in message.shown)
    await room.idle()

    assert "déjà terminée" in refused.shown


@pytest.mark.parametrize(("asked", "by"), [("mention", "button"), ("command", "word")])
async def test_stop_is_heard_by_any_process(room: Lesson, model: SteppedModel, tmp_path: Path, by: str, asked: str) -> None:
    """Whoever hears that a first answer is to stop, the process that writes it stops."""
    asking = room.slack.command("alice", "/ask", QUESTION) if asked == "command" else room.slack.say("alice", "general", QUESTION)
    await (await asking).acked()
    model.step()
    message = await room.found("glisse un")
    async with core_of(settings_for(room.slack, tmp_path)) as profond, served(room.slack, profond):
        room.slack.courier.sockets.connections[0].is_leaving = True
        if by == "word":
            await room.slack.say("alice", "general", "stop", thread_ts=message.thread_ts, mention=False)
        else:
            await room.slack.until(lambda: room.slack.space.sessions.get((GENERAL, message.thread_ts), {}).get("status") == "processing")
            await room.slack.stop("alice", message)
        await asyncio.wait_for(model.closed.wait(), 10)
        await room.slack.until(lambda: "arrêtée" in message.shown)
        await room.idle()


async def test_beyond_the_streams_answers_come_whole(room: Lesson, model: SteppedModel) -> None:
    """Where no stream may begin, a status shows and the answer is posted once."""
    while room.bot.door.limits.seat():
        pass
    handle = await room.slack.say("alice", "general", QUESTION)
    model.step(4)
    answer = await handle.answer()
    await room.idle()

    assert WHOLE == body(answer).strip()
    assert 1 == len(answer.states)
    assert [] == room.slack.calls("chat.startStream")
    assert "Je cherche dans le cours…" in [text for _, _, text in room.slack.space.statuses]


@pytest.mark.parametrize("error", ["", "ratelimited", "unknown_method"])
async def test_a_process_that_ends_while_an_answer_grows_leaves_one_message(
    room: Lesson, model: SteppedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    """The next process goes on in the message that grows, be it a stream, edited after a refusal, or edited from the start."""
    monkeypatch.setattr("bots.slack_bot.reply.EDIT_SECONDS", 0.0)
    monkeypatch.setattr("bots.slack_bot.running.GRACE_SECONDS", 0.0)
    if error == "unknown_method":
        room.bot.door.missing.add("chat.startStream")
    elif error:
        room.slack.fault("chat.startStream", Fault("error", error=error))
    handle = await room.slack.say("alice", "general", QUESTION)
    for shown in ("glisse un", "somme"):
        model.step()
        await room.found(shown)
    await room.bot.finish(0.0)
    answer = await _taken_over(room, tmp_path, handle)

    assert [answer] == handle.messages
    assert "Sources" in answer.shown


async def test_a_process_that_ends_before_an_answer_is_stored_leaves_one_message(room: Lesson, model: SteppedModel, tmp_path: Path) -> None:
    """What stands whole is replaced, not repeated."""
    ended = asyncio.Event()

    async def end(ticket: Ticket, _: Outcome) -> None:
        await room.profond.store.leases.leave(ticket)
        ended.set()
        await asyncio.Event().wait()

    while room.bot.door.limits.seat():
        pass
    with patch.object(room.profond.store, "answered", end):
        handle = await room.slack.say("alice", "general", QUESTION)
        model.step(4)
        await ended.wait()
        answer = await _taken_over(room, tmp_path, handle)
        await room.bot.finish(0.0)

    assert [answer] == handle.messages


async def _taken_over(room: Lesson, folder: Path, handle: Handle) -> Message:
    """Let another process finish what was left; return the answer."""
    async with core_of(settings_for(room.slack, folder)) as profond, served(room.slack, profond) as other:
        for left in await profond.store.leases.take_over("slack"):
            await other.face.finish(left)
    return handle.messages[-1]


@pytest.mark.parametrize("kind", ["drop_after", "drop", "status", "html"])
async def test_a_post_whose_answer_is_lost_is_not_doubled(room: Lesson, model: SteppedModel, kind: str) -> None:
    """Before it posts again the bot looks whether the message stands there."""
    while room.bot.door.limits.seat():
        pass
    room.slack.fault("chat.postMessage", Fault(kind))  # type: ignore[arg-type]  # one of the kinds
    handle = await room.slack.say("alice", "general", QUESTION)
    model.step(4)
    await handle.answer()
    await room.idle()

    assert 1 == len(handle.messages)


async def test_a_lost_post_is_found_in_a_long_thread(room: Lesson, model: SteppedModel) -> None:
    """It is looked for among what was posted since, not among a thread's first hundred messages."""
    while room.bot.door.limits.seat():
        pass
    handle = await room.slack.say("alice", "general", QUESTION, mention=False)
    for number in range(220):
        room.slack.space.keep(Message(GENERAL, f"{float(handle.said.ts) - 1000 + number:.6f}", "U0BOB00001", thread_ts=handle.said.ts))
    room.slack.fault("chat.postMessage", Fault("drop_after"))
    asked = await room.slack.say("alice", "general", QUESTION, thread_ts=handle.said.ts)
    model.step(4)
    await asked.answer()
    await room.idle()

    assert 1 == len([message for message in room.slack.thread(handle.said) if message.user == BOT_USER])


@pytest.mark.parametrize("streams", [True, False])
async def test_what_cannot_be_looked_up_is_not_posted_again(tmp_path: Path, *, streams: bool) -> None:
    """Without the scope to look, an answer that may stand in its thread comes once more to the student alone at most."""
    async with lesson(tmp_path, slack_thread_replies=False) as room:
        room.slack.app.scopes -= {"channels:history", "groups:history"}
        while not streams and room.bot.door.limits.seat():
            pass
        room.slack.fault("chat.startStream" if streams else "chat.postMessage", Fault("drop_after"))
        room.bot.door.limits.lane(GENERAL).hold(2.0 if streams else 0.0)
        handle = await room.slack.say("alice", "general", QUESTION)
        direct = room.slack.space.im("U0ALICE001").id
        await room.slack.until(lambda: [one for one in room.slack.messages(direct) if "Sources" in one.shown])
        await room.idle()

        assert 1 == len(handle.messages)


async def test_an_ask_whose_post_is_lost_is_not_doubled(room: Lesson, model: SteppedModel) -> None:
    """The same holds for the question that a command posts."""
    room.slack.fault("chat.postMessage", Fault("drop_after"))
    model.step(4)
    await room.slack.command("alice", "/ask", QUESTION)
    await room.slack.until(lambda: any("Sources" in message.shown for message in room.slack.messages("general")))
    await room.idle()

    assert 2 == len(room.slack.messages("general"))


async def test_a_long_answer_takes_several_messages(tmp_path: Path) -> None:
    """No message passes Slack's lengths; nothing is lost or doubled where one ends and the next begins."""
    cards = course_of(shipped_course()).cards[:60]
    marks = [f"repère{number}" for number in range(len(cards))]
    text = "\n\n".join(f"Voici le {mark}. {plain(card.text(Level.BEGINNER))}" for mark, card in zip(marks, cards, strict=True))
    async with lesson(tmp_path, model=QueuedModel(text)) as room:
        handle = await room.slack.say("alice", "general", QUESTION)
        await room.slack.until(lambda: any("Sources" in one.shown and not one.is_streaming for one in handle.messages), within=10)
        await room.idle()
        found = re.findall(r"repère\d+", " ".join(body(message) for message in handle.messages))

        assert 3 <= len(handle.messages)
        assert marks == found
        assert [] == room.slack.errors


async def test_being_limited_is_never_shown(room: Lesson, model: SteppedModel) -> None:
    """A 429 is waited out as told."""
    while room.bot.door.limits.seat():
        pass
    room.slack.fault("chat.postMessage", Fault("limited", seconds=0), times=2)
    handle = await room.slack.say("alice", "general", QUESTION)
    model.step(4)
    answer = await handle.answer()

    assert WHOLE == body(answer).strip()


async def test_many_at_once_meet_no_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More askers than streams: all are answered whole and once, and Slack refuses nothing."""
    monkeypatch.setattr("bots.slack_bot.limits.RATE", 20.0)
    monkeypatch.setitem(MOST, "chat.startStream", 4)
    monkeypatch.setitem(MOST, "chat.stopStream", 4)
    async with lesson(tmp_path) as room:
        room.slack.limits.channel_rate = 20.0
        room.slack.limits.tiers |= {"chat.startStream": 4, "chat.stopStream": 4}
        people = [room.slack.add_user(f"etudiant{number}") for number in range(12)]
        handles = await asyncio.gather(*(room.slack.say(person, "general", QUESTION) for person in people))
        for handle in handles:
            await handle.answer()
        await room.idle()

        assert [1] * 12 == [len(handle.messages) for handle in handles]
        assert all("Sources" in handle.messages[0].shown for handle in handles)
        assert 0 == sum(count.limited for count in room.slack.counts.values())


async def test_asking_by_command_tells_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose question waits for its place in the channel is told so in the acknowledgement."""
    monkeypatch.setattr("bots.slack_bot.limits.RATE", 20.0)
    monkeypatch.setattr("bots.slack_bot.asking.WORTH_TELLING", 0.01)
    async with lesson(tmp_path) as room:
        room.slack.limits.channel_rate = 20.0
        handles = [await room.slack.command("alice", "/ask", QUESTION) for _ in range(BURST + 4)]
        for handle in handles:
            await handle.acked()
        told = [message.shown for message in room.slack.visible_to("alice", "general") if message.recipient]

        assert [text for text in told if "Ta question arrive dans le salon\u00a0: tu es" in text]


class Hands:
    """A clock that only the test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_limits_count_a_minute() -> None:
    """A method is called so often in any minute, and no more."""
    clock = Hands()
    limits = Limits(clock)
    first = [limits.may("chat.update") for _ in range(MOST["chat.update"] + 1)]
    clock.now = SECONDS + 0.1

    assert [True] * MOST["chat.update"] + [False] == first
    assert limits.may("chat.update")


def test_a_stream_is_begun_only_if_it_can_be_stopped() -> None:
    """Open streams and recent stops share the stops of a minute."""
    clock = Hands()
    limits = Limits(clock)
    seats = [limits.seat() for _ in range(MOST["chat.startStream"] + 1)]
    clock.now = SECONDS + 0.1
    assert not limits.seat()
    limits.leave()

    assert [True] * MOST["chat.startStream"] + [False] == seats
    assert limits.seat()


def test_a_session_is_begun_only_if_it_can_be_ended() -> None:
    """However many begin in a minute, each of them may still be ended in it."""
    limits, method = Limits(Hands()), "agents.sessions.setStatus"
    begun = [limits.begin_session() and limits.may(method) for _ in range(OTHERS)]
    limits.sessions = 0

    assert OTHERS // 2 == sum(begun)
    assert all(limits.may(method) for _ in range(sum(begun)))


async def test_a_lane_is_fair(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who posts many messages does not keep the others waiting."""
    monkeypatch.setattr("bots.slack_bot.limits.RATE", 1000.0)
    lane, order = Lane(lambda: asyncio.get_running_loop().time()), []

    async def post(who: str) -> None:
        await lane.turn(who)
        order.append(who)

    await asyncio.gather(*(post(who) for who in ["a"] * 5 + ["b"] * 2))

    assert ["a", "b", "a", "b", "a", "a", "a"] == order
