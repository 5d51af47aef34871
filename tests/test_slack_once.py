"""What Slack delivers twice is done once: by another name, in another order, to another process."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.servers.slack import BOT_USER, GENERAL, TEAM, Handle, SlackServer
from tests.slack_class import QUESTION, Lesson, core_of, lesson, served, settings_for

ALICE = "U0ALICE001"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Lesson]:
    """A class whose answers come from the cards."""
    async with lesson(tmp_path) as opened:
        yield opened


def of_the_bot(room: Lesson) -> list[str]:
    """Return what the bot has said, to everybody or to one."""
    return [message.shown for message in room.slack.space.log if message.user == BOT_USER]


@pytest.mark.parametrize("order", [("app_mention", "message"), ("message", "app_mention")])
async def test_a_mention_that_names_its_team_once_is_answered_once(room: Lesson, order: tuple[str, str]) -> None:
    """Slack leaves `team` out of some messages, as of those with files: the envelope names it always."""
    asked = await room.slack.say("alice", "general", QUESTION, mention=False)
    event = {"user": ALICE, "channel": GENERAL, "ts": asked.said.ts, "text": f"<@{BOT_USER}> {QUESTION}", "channel_type": "channel"}
    for name in order:
        room.slack.courier.event(name, event | ({"team": TEAM} if name == "app_mention" else {}))
    await room.slack.until(lambda: any("Sources" in said for said in of_the_bot(room)))
    await room.idle()

    assert 1 == len(of_the_bot(room))


async def test_a_mention_put_in_by_an_edit_is_left_alone(room: Lesson) -> None:
    """Slack sends a mention for an edited message too; edits are not read."""
    asked = await room.slack.say("alice", "general", QUESTION, mention=False)
    edited = {"edited": {"user": ALICE, "ts": asked.said.ts}, "text": f"<@{BOT_USER}> {QUESTION}"}
    delivery = room.slack.courier.event("app_mention", {"user": ALICE, "channel": GENERAL, "ts": asked.said.ts, "team": TEAM, **edited})
    await room.slack.until(lambda: delivery.is_settled)
    await room.idle()

    assert [] == of_the_bot(room)


async def test_orders_commands_and_presses_are_obeyed_once_by_all_processes(tmp_path: Path) -> None:
    """Nothing but the database knows, after a restart, what was obeyed, shared or refused."""
    async with SlackServer() as slack:
        settings = settings_for(slack, tmp_path)
        async with core_of(settings) as profond, served(slack, profond) as room:
            handle, _ = await room.ask()
            await room.idle()
            order = await slack.say("alice", "general", "niveau avancé", thread_ts=handle.said.ts)
            await slack.until(lambda: any("avancé" in said for said in of_the_bot(room)))
            command = await slack.command("alice", "/level", "débutant")
            await room.alone(command)
            publish = await _published(room)
            refused = await slack.say("bob", "general", "regarde", files=[("photo.exe", b"\x00\x01")])
            await room.alone(refused)
            await room.idle()
            said = of_the_bot(room)
        await slack.until(lambda: not slack.courier.sockets.connections)
        async with core_of(settings) as profond, served(slack, profond) as room:
            for done in (order, command, publish, refused):
                slack.redeliver(done, times=2)
                await done.acked()
            await room.idle()

            assert said == of_the_bot(room)


async def test_two_processes_at_once_answer_once(tmp_path: Path) -> None:
    """Slack gives one process the mention and the other the message."""
    async with lesson(tmp_path) as first:
        slack = first.slack
        async with core_of(settings_for(slack, tmp_path)) as profond, served(slack, profond) as second:
            for _ in range(3):
                handle = await slack.say("alice", "general", QUESTION)
                await handle.answer()
                order = await slack.say("alice", "general", "niveau avancé", thread_ts=handle.said.ts)
                await first.alone(order)
                slack.redeliver(order, times=3)
                await order.acked()
                await first.idle()
                await second.idle()

                assert 1 == sum("Sources" in message.shown for message in handle.messages)
                assert 1 == len([message for message in order.messages if message.recipient])


async def _published(room: Lesson) -> Handle:
    """Share a private answer with the class; return the press that did it."""
    private = await room.alone(await room.slack.command("alice", "/ask", "privé: c'est quoi le dropout ?"))
    await room.idle()
    more = await room.alone(await room.slack.press("alice", private, "Plus…"))
    await room.slack.press("alice", more, "Partager à la classe (anonyme)")
    await room.slack.until(lambda: "Publier pour la classe" in more.labels)
    publish = await room.slack.press("alice", more, "Publier pour la classe")
    await room.slack.until(lambda: "C'est publié" in more.shown)
    return publish
