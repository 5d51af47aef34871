"""What Slack puts off, in whatever words: it is done as soon as Slack says, and nobody sees that it was put off."""

from pathlib import Path

import pytest

from tests.servers.slack import Fault, SlackServer
from tests.slack_class import core_of, lesson, served, settings_for

METHODS = (
    "chat.postMessage",
    "chat.postEphemeral",
    "chat.startStream",
    "chat.appendStream",
    "chat.stopStream",
    "chat.update",
    "views.publish",
    "assistant.threads.setStatus",
    "agents.sessions.setStatus",
    "users.info",
    "files.getUploadURLExternal",
    "files.completeUploadExternal",
)
LATER = {"429": Fault("limited", seconds=0), "ok: false": Fault("error", error="ratelimited")}


@pytest.mark.parametrize("how", LATER)
@pytest.mark.parametrize("method", METHODS)
async def test_a_method_that_is_put_off_is_called_again(tmp_path: Path, method: str, how: str) -> None:
    """Answer, picture, refusal and home tab are whole, each once."""
    async with lesson(tmp_path) as room:
        room.slack.fault(method, LATER[how])
        handle, answer = await room.ask()
        refused = await room.slack.say("bob", "general", "regarde", files=[("photo.exe", b"\x00\x01")])
        told = await room.alone(refused)
        await room.slack.open_home("alice")
        home = await room.home("alice")
        await room.idle()

        assert [answer] == handle.messages
        assert "Sources" in answer.shown
        assert "image" in [block["type"] for block in answer.blocks]
        assert [told] == refused.messages
        assert home.blocks


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
@pytest.mark.parametrize("how", LATER)
async def test_a_start_that_is_put_off_is_waited_for(tmp_path: Path, method: str, how: str) -> None:
    """It is no wrong token, and no fall."""
    async with SlackServer() as slack, core_of(settings_for(slack, tmp_path)) as profond:
        slack.fault(method, LATER[how], times=2)
        waits: list[float] = []
        async with served(slack, profond, on_away=waits.append) as room:
            await room.ask()

    assert [] == waits


async def test_pauses_grow_while_no_connection_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that is good is no connection yet: Slack is asked less and less often."""
    monkeypatch.setattr("bots.slack_bot.running.FIRST_PAUSE", 0.01)
    async with SlackServer() as slack, core_of(settings_for(slack, tmp_path)) as profond:
        slack.fault("apps.connections.open", Fault("error", error="internal_error"), times=5)
        waits: list[float] = []
        async with served(slack, profond, on_away=waits.append):
            pass

    assert 5 == len(waits)
    assert waits[4] > 4 * waits[0]
