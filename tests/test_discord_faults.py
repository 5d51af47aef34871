"""What goes wrong at Discord's side: each fault is survived, the student is told, nothing is answered twice."""

import asyncio
import os
import time
from pathlib import Path
from unittest.mock import patch

import pytest

from core.profond import open_profond
from tests.conftest import MakeSettings
from tests.courses import NETWORKS
from tests.discord_class import LONG, QUESTION, TEXT, Class, DiscordBot, a_class, running, tuned, watched
from tests.programs import Done, ended
from tests.samples import rows
from tests.servers.discord import DiscordServer, Message, User
from tests.surfaces import QueuedModel

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def model() -> QueuedModel:
    """A model that stops after a word until it is let go."""
    return QueuedModel(*[TEXT] * 5, is_held=True)


def posts(discord: DiscordServer) -> list[str]:
    """Return what the bot shows in the channel."""
    return [message.text for message in _public(discord)]


async def test_events_that_come_again_are_answered_once(room: Class, discord: DiscordServer, lea: User, model: QueuedModel) -> None:
    """A redelivered command, message and press change nothing the second time, nor does a message that asks nothing."""
    model.let_go()
    empty = await discord.say(lea, text="", mention=True)
    await empty.read("pas de question")
    asked = await room.answered(lea)
    await discord.gateway.again(last=6, times=20)
    said = await discord.say(lea, text="c'est quoi le pooling ?", mention=True)
    await said.read("Sources")
    await discord.gateway.again(last=6, times=20)
    more = await discord.press(lea, asked.messages[0], "Plus simple")
    await more.read("Sources")
    await discord.gateway.again(last=6, times=20)
    await room.settled()
    last = await discord.slash(lea, "usage")
    await last.read()
    await room.settled()
    assert len(model.asked) == 3
    assert len(posts(discord)) == 4


@pytest.mark.parametrize("how", ["drop", "cut", "reconnect"])
async def test_a_lost_connection_is_resumed_and_nothing_is_lost(room: Class, discord: DiscordServer, lea: User, model: QueuedModel, how: str) -> None:
    """What was asked while it was away is replayed and answered once, and what was being written is finished."""
    first = await discord.slash(lea, "ask", {"question": QUESTION})
    await first.read("Une")
    with patch("discord.backoff.ExponentialBackoff.delay", return_value=0.02):
        broken = getattr(discord.gateway, how)()
        if broken:
            await broken
        second = await discord.slash(lea, "ask", {"question": "c'est quoi le pooling ?"})
        model.let_go()
        await first.read("Sources")
        await second.read("Sources", within=LONG)
    assert (discord.gateway.resumes, discord.gateway.identifies, len(room.bots)) == (1, 1, 1)
    await room.settled()
    assert (len(posts(discord)), len(model.asked)) == (2, 2)


@pytest.mark.usefixtures("room")
async def test_an_invalid_session_begins_anew(discord: DiscordServer, lea: User, model: QueuedModel) -> None:
    """The bot identifies once more, and answers."""
    model.let_go()
    with patch("discord.client.asyncio.sleep", _no_sleep):
        await discord.gateway.invalidate(resumable=False)
        await discord.until(lambda: discord.gateway.identifies == 2 and discord.gateway.live, within=LONG)
    asked = await discord.slash(lea, "ask", {"question": QUESTION})
    await asked.read("Sources")


async def test_a_malformed_event_costs_a_new_client_and_no_answer(room: Class, discord: DiscordServer, lea: User, model: QueuedModel) -> None:
    """The library's client dies of it: another one takes its place, while the first finishes what it was answering."""
    asked = await discord.slash(lea, "ask", {"question": QUESTION})
    await asked.read("Une")
    await discord.gateway.malformed()
    await discord.until(lambda: len(room.bots) == 2 and discord.gateway.live, within=LONG)
    other = await discord.slash(lea, "ask", {"question": "c'est quoi le pooling ?"})
    assert (await other.ack()).kind == "deferred"
    model.let_go()
    for each in (asked, other):
        await each.read("Sources")
    assert len(room.away) == 1
    assert discord.puts == 1
    assert len(posts(discord)) == 2


async def test_a_first_connection_that_fails_is_tried_again(discord: DiscordServer, settings: MakeSettings, lea: User) -> None:
    """The gateway refuses the first connections, and REST the first logins; then the bot is there."""
    discord.gateway.refuse("kill")
    discord.fault("GET", "/users/@me", drop=True)
    discord.fault("GET", "/gateway/bot", status=503, count=1)
    with patch("discord.shard.asyncio.sleep", _no_sleep):
        async with a_class(discord, settings()) as room:
            assert len(room.bots) > 1
            assert "Sources" in (await room.answered(lea)).text


_sleep = asyncio.sleep


async def _no_sleep(seconds: float) -> None:
    await _sleep(min(seconds, 0.02))


async def test_the_commands_are_written_in_spite_of_a_failure(discord: DiscordServer, settings: MakeSettings) -> None:
    """A failed PUT neither stops the bot nor is forgotten."""
    discord.fault("PUT", "/commands", status=503)
    with patch("bots.discord_bot.commands.SYNC_PAUSES", (0.02,)):
        async with a_class(discord, settings()) as room:
            assert (discord.puts, len(room.bots)) == (1, 1)


async def test_few_identifies_are_saved(discord: DiscordServer, settings: MakeSettings) -> None:
    """With few of the day's identifies left, the bot waits for the next day before it connects."""
    discord.knobs.session_starts = 5
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)
        await _sleep(0 if seconds < 1000 else 60)

    made: list[DiscordBot] = []
    with watched(made), patch.object(asyncio, "sleep", wait):
        async with open_profond(tuned(settings(), discord)) as profond:
            life = asyncio.create_task(running.DiscordFace(profond).run())
            await discord.until(lambda: discord.sent("GET", "/gateway/bot") and 14_400.0 in waits)
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)
    assert discord.gateway.identifies == 0


async def _at_once(*_: object, **__: object) -> None:
    """Stand for the library's five seconds before it identifies again."""


async def test_a_session_that_stays_invalid_uses_up_no_days_identifies(room: Class, discord: DiscordServer) -> None:
    """The library identifies anew for as long as it is told to: with few left the bot waits for the next day instead."""
    discord.knobs.session_starts = 21
    with patch("discord.Client.before_identify_hook", _at_once):
        await discord.gateway.invalidate()
        await discord.until(lambda: discord.gateway.identifies == 2, within=LONG)
        looked = len(discord.sent("GET", "/gateway/bot"))
        await discord.gateway.invalidate()
        await discord.until(lambda: len(discord.sent("GET", "/gateway/bot")) > looked, within=LONG)
        await asyncio.sleep(0.1)
    assert (discord.gateway.identifies, discord.knobs.session_starts, len(room.bots)) == (2, 20, 1)


async def test_a_bot_that_is_told_to_stop_while_it_connects_stops(room: Class, discord: DiscordServer) -> None:
    """Between a lost session and the next one there are five seconds in which the library hears of no end."""
    await discord.gateway.invalidate()
    await discord.until(lambda: discord.gateway.connections == 2, within=LONG)
    assert room.life is not None
    room.life.cancel()
    ended, _ = await asyncio.wait({room.life}, timeout=LONG)
    assert ended


async def test_the_pauses_between_falls_grow(discord: DiscordServer, settings: MakeSettings) -> None:
    """Each fall that comes soon doubles the pause, up to five minutes."""
    made: list[DiscordBot] = []
    pauses: list[float] = []
    discord.fault("GET", "/users/@me", status=400, count=100)
    with watched(made), patch.object(running, "LONGEST_PAUSE", 0.1):
        async with open_profond(tuned(settings(), discord)) as profond:
            life = asyncio.create_task(running.DiscordFace(profond, on_away=pauses.append).run())
            await discord.until(lambda: len(pauses) >= 5)
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)
    assert pauses[0] < 0.055 < pauses[1]  # twice 0.02 s, then twice that, each a quarter more or less
    assert max(pauses) <= 0.125


@pytest.mark.parametrize("status", [503, 500, 0])
async def test_a_server_error_while_writing_is_survived(room: Class, discord: DiscordServer, lea: User, model: QueuedModel, status: int) -> None:
    """An edit that fails, or whose answer is lost, is made good by the end: one whole answer, once."""
    asked = await discord.slash(lea, "ask", {"question": QUESTION})
    await asked.ack()
    await asked.read("Une")
    fault = discord.fault("PATCH", "@original|/messages/", status=status, drop=not status)
    with patch("discord.webhook.async_.asyncio.sleep", _no_sleep), patch("bots.discord_bot.places.PATIENCE", (0.02, 0.05)):
        model.let_go()
        await asked.read("Sources")
    assert fault.struck == 1
    await room.settled()
    assert len(posts(discord)) == 1


@pytest.mark.usefixtures("room")
async def test_a_lost_answer_to_a_post_posts_nothing_twice(discord: DiscordServer, lea: User, model: QueuedModel) -> None:
    """The message was posted, and Discord's answer lost: the same nonce finds it again, and its text is brought up to date."""
    model.let_go()
    discord.fault("POST", "/messages$", drop=True, after=True)
    with patch("bots.discord_bot.places.PATIENCE", (0.02, 0.05)):
        said = await discord.say(lea, text=QUESTION, mention=True)
        await said.read("Sources")
    assert len(posts(discord)) == 1


@pytest.mark.parametrize("is_heard", [True, False])
async def test_a_second_part_is_posted_once(room: Class, discord: DiscordServer, lea: User, model: QueuedModel, *, is_heard: bool) -> None:
    """A follow-up knows no nonce: where Discord's answer to it was lost, the bot looks behind the first part before it posts again."""
    model.answers[0] = "\n".join(" ".join(card.content for card in room.profond.course.cards).split()[:600]) + " fin"
    model.let_go()
    with patch("bots.discord_bot.places.PATIENCE", (0.02, 0.05)):
        fault = discord.fault("POST", "/webhooks/", drop=True, after=is_heard)
        asked = await discord.slash(lea, "ask", {"question": QUESTION})
        await asked.read("Sources")
        await room.settled()
    first, second = posts(discord)
    assert fault.struck == 1
    assert first.startswith(f"> {QUESTION}")
    assert "fin" in second


@pytest.mark.parametrize("is_heard", [True, False])
async def test_a_line_that_breaks_at_the_acknowledgement_costs_nothing(
    room: Class, discord: DiscordServer, lea: User, model: QueuedModel, *, is_heard: bool
) -> None:
    """Discord heard of it or not: the answer stands where it was asked for. Pages too come at the second try."""
    model.let_go()
    for name, options, part in (("ask", {"question": QUESTION}, "Sources"), ("usage", {}, "reste")):
        fault = discord.fault("POST", "/callback", drop=True, after=is_heard)
        asked = await discord.slash(lea, name, options)
        await asked.read(part)
        assert fault.struck == 1
    await room.settled()
    assert len(posts(discord)) == 1


@pytest.mark.parametrize("how", [{"status": 500}, {"status": 503}, {"retry_after": 0.2}])
async def test_an_acknowledgement_that_fails_at_first_is_made(
    room: Class, discord: DiscordServer, lea: User, model: QueuedModel, how: dict[str, float]
) -> None:
    """Discord fails, or asks to wait, where it should have heard of it: the second try counts, and the answer stands in place."""
    model.let_go()
    with patch("discord.webhook.async_.asyncio.sleep", _no_sleep):
        fault = discord.fault("POST", "/callback", **how)
        asked = await discord.slash(lea, "ask", {"question": QUESTION})
        await asked.read("Sources")
    await room.settled()
    assert fault.struck == 1
    assert len(posts(discord)) == 1


async def test_an_acknowledgement_that_fails_as_nobody_foresaw_costs_nothing(room: Class, discord: DiscordServer, lea: User) -> None:
    """What was taken is let go: the student is told, and the allowance is back."""
    with patch("bots.discord_bot.asking.insist", side_effect=KeyError):
        asked = await discord.slash(lea, "ask", {"question": QUESTION})
        await asked.read("Quelque chose a échoué")
    usage = await room.profond.students.usage(f"discord:{lea.id}")
    assert usage.size == usage.left
    assert "inbox" not in await rows(room.profond.store)


@pytest.mark.parametrize("is_private", [True, False])
async def test_shut_out_at_the_acknowledgement_what_was_taken_is_answered_later(
    room: Class, discord: DiscordServer, lea: User, model: QueuedModel, *, is_private: bool
) -> None:
    """Cloudflare answers the acknowledgement: when it lets the bot in again the answer goes to the channel, or to the student alone."""
    model.let_go()
    with patch("bots.discord_bot.pace.LONGEST_SHUT_OUT", 0.3):
        fault = discord.fault("POST", "/callback", cloudflare=True)
        await discord.slash(lea, "ask", {"question": QUESTION, "private": is_private})
        await discord.until(lambda: any("Sources" in message.text for message in [*discord.direct(lea).messages.values(), *_public(discord)]))
    await room.settled()
    assert fault.struck == 1
    assert len(_public(discord)) == (0 if is_private else 1)


def _public(discord: DiscordServer) -> list[Message]:
    return [message for message in discord.channel.messages.values() if message.author is discord.bot and not message.is_ephemeral]


async def test_a_late_acknowledgement_of_a_public_question_leads_to_the_channel(
    room: Class, discord: DiscordServer, lea: User, model: QueuedModel
) -> None:
    """Discord no longer knows the interaction: what was taken is answered in the channel, under its question, once."""
    model.let_go()
    discord.knobs.ack_seconds = 0.0
    await discord.slash(lea, "ask", {"question": QUESTION})
    await discord.until(lambda: any("Sources" in text for text in posts(discord)))
    await room.settled()
    [post] = posts(discord)
    assert post.startswith(f"> {QUESTION}")
    usage = await room.profond.students.usage(f"discord:{lea.id}")
    assert usage.size - usage.left == 1


async def test_a_clock_that_is_wrong_keeps_no_answer_from_its_place(room: Class, discord: DiscordServer, lea: User, model: QueuedModel) -> None:
    """A computer whose clock is an hour ahead of Discord's answers in place all the same."""
    model.let_go()
    numbers = discord.world.ids
    with patch.object(discord.world, "ids", lambda: str(int(numbers()) - (3_600_000 << 22))):
        asked = await discord.slash(lea, "ask", {"question": QUESTION})
        await asked.read("Sources")
    await room.settled()
    assert posts(discord) == [asked.messages[0].text]


async def test_a_channel_that_is_limited_for_long_sends_the_answer_directly(
    room: Class, discord: DiscordServer, lea: User, model: QueuedModel
) -> None:
    """A wait of more than a minute is no wait for a student."""
    model.let_go()
    discord.fault("POST", f"/channels/{discord.channel.id}/messages$", retry_after=90.0, count=9)
    with patch("bots.discord_bot.places.PATIENCE", (0.01,)):
        await discord.say(lea, text=QUESTION, mention=True)
        await discord.until(lambda: any("Sources" in message.text for message in discord.direct(lea).messages.values()))
    await room.settled()
    [direct] = discord.direct(lea).messages.values()
    assert "Je n'ai pas pu écrire à l'endroit de ta question" in direct.text
    assert f"> {QUESTION}" in direct.text


@pytest.mark.parametrize("how", [{"status": 403}, {"retry_after": 30.0}])
async def test_nothing_waits_for_the_sign_that_it_types(
    room: Class, discord: DiscordServer, lea: User, model: QueuedModel, how: dict[str, float]
) -> None:
    """A sign that is forbidden, or has to wait, keeps back neither the question, nor the answer, nor a stop."""
    model.let_go()
    typing = discord.fault("POST", "/typing$", **how)
    said = await discord.say(lea, text=QUESTION, mention=True)
    await said.read("Sources")
    assert typing.struck == 1
    assert room.life is not None
    room.life.cancel()
    ended, _ = await asyncio.wait({room.life}, timeout=5.0)
    assert ended


@pytest.mark.usefixtures("room")
async def test_being_slowed_down_delays_nothing_but_the_edits(discord: DiscordServer, lea: User, model: QueuedModel) -> None:
    """A 429 is waited for, and the answer ends whole."""
    model.let_go()
    discord.fault("PATCH", "@original", retry_after=0.3)
    asked = await discord.slash(lea, "ask", {"question": QUESTION})
    await asked.read("Sources")
    assert len(posts(discord)) == 1


async def test_shut_out_by_cloudflare_the_bot_is_silent_for_a_while(room: Class, discord: DiscordServer, lea: User, model: QueuedModel) -> None:
    """After a 429 that is not Discord's own nothing is sent until the time is over; then the answer is shown."""
    asked = await discord.slash(lea, "ask", {"question": QUESTION})
    await asked.read("Une")
    with patch("bots.discord_bot.pace.LONGEST_SHUT_OUT", 0.5):
        fault = discord.fault("PATCH", "@original|/messages/", cloudflare=True)
        model.let_go()
        await discord.until(lambda: fault.struck)
        struck, before = time.monotonic(), len(discord.requests)
        ignored = await discord.slash(lea, "usage")
        said = await discord.say(discord.user("Adam"), text="c'est quoi le pooling ?", mention=True)
        for each in (asked, said):
            await each.read("Sources", within=LONG)
    silence = [each.at - struck for each in discord.requests[before:]]
    assert not room.bot.brake.left
    assert ignored.acked is None
    assert len(posts(discord)) == 2
    assert min(silence) > 0.4


async def test_a_deleted_answer_to_a_mention_is_posted_again(room: Class, discord: DiscordServer, lea: User, model: QueuedModel) -> None:
    """A message that somebody took away while it grew is replaced in its channel, also where direct messages are closed."""
    lea.dms_closed = True
    said = await discord.say(lea, text=QUESTION, mention=True)
    await said.read("Une")
    await discord.delete_message(said.messages[0])
    model.let_go()
    await said.read("Sources")
    await room.settled()
    assert len([message for message in said.messages if not message.is_deleted]) == 1


async def test_a_deleted_message_or_channel_moves_the_answer(room: Class, discord: DiscordServer, lea: User, model: QueuedModel) -> None:
    """A public answer whose message is deleted is posted to the channel; with the channel gone it goes by direct message."""
    channel = discord.add_channel("bientôt vide")
    asked = await discord.slash(lea, "ask", {"question": QUESTION})
    said = await discord.say(lea, channel, QUESTION, mention=True)
    await asked.read("Une")
    await said.read("Une")
    await discord.delete_message(asked.messages[0])
    await discord.delete_channel(channel)
    model.let_go()
    await discord.until(lambda: any("Sources" in text for text in posts(discord)))
    await discord.until(lambda: any("Sources" in message.text for message in discord.direct(lea).messages.values()))
    await room.settled()
    assert len(posts(discord)) == 1


async def test_a_message_that_cannot_be_taken_away_moves_nothing(room: Class, discord: DiscordServer, lea: User, model: QueuedModel) -> None:
    """A part that is needed no more was deleted by somebody: what stands is left where it is."""
    model.answers = ["\n".join(" ".join(card.content for card in room.profond.course.cards).split()[:600]) + " fin"]
    asked = await discord.slash(lea, "ask", {"question": QUESTION})
    await asked.until(lambda _: len(asked.messages) == 2)
    with patch.object(room.profond.assistant, "_answer", side_effect=RuntimeError):
        fault = discord.fault("DELETE", "/messages/", status=404)
        model.let_go()
        await asked.read("échoué", within=LONG)
    await room.settled()
    assert fault.struck == 1
    assert len(posts(discord)) == 2


async def test_a_process_that_slept_takes_over_nothing_of_its_own(room: Class, discord: DiscordServer, lea: User, model: QueuedModel) -> None:
    """After a sleep the leases of what is being answered are over: it is answered once all the same."""
    asked = await discord.slash(lea, "ask", {"question": QUESTION})
    await asked.read("Une")
    leases = room.profond.store.leases
    with patch.object(leases, "_clock", lambda: time.time() + 3600):
        assert not await leases.has_left("discord")
        assert [] == await leases.take_over("discord")
    model.let_go()
    await asked.read("Sources")
    await room.settled()
    assert len(model.asked) == 1


async def test_an_expired_token_moves_a_public_answer_to_the_channel(room: Class, discord: DiscordServer, lea: User, model: QueuedModel) -> None:
    """A plain message with the question above it."""
    asked = await discord.slash(lea, "ask", {"question": QUESTION})
    await asked.read("Une")
    asked.expire()
    model.let_go()
    await discord.until(lambda: any(f"> {QUESTION}" in text and "Sources" in text for text in posts(discord)))
    await room.settled()


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize("denied", ["send_messages", "attach_files", "read_message_history"])
async def test_a_missing_permission_is_survived(discord: DiscordServer, lea: User, model: QueuedModel, denied: str) -> None:
    """Without the right to write the answer goes by direct message; without that to attach it comes without its picture."""
    model.let_go()
    discord.channel.deny(denied)
    said = await discord.say(lea, text=QUESTION, mention=True)
    if denied == "attach_files":
        await said.read("Sources")
    else:
        await discord.until(lambda: any("Sources" in message.text for message in discord.direct(lea).messages.values()))


def profond(discord: DiscordServer, folder: Path, *words: str, **environment: str) -> Done:
    """Run the program as whoever installs it does."""
    settings = {"DISCORD_API_URL": discord.url, "DISCORD_TOKEN": discord.knobs.token, "DATABASE_URL": str(folder / "p.db")} | environment
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "SYSTEMROOT", "HOME", "LANG"}}
    return ended(folder, words, {**kept, "PYTHONPATH": str(ROOT), "PROFOND_COURSE": str(NETWORKS), **settings})


async def test_the_invitation_is_two_lines(discord: DiscordServer, tmp_path: Path) -> None:
    """`--invite` prints a sentence and the link, and nothing of the library's beside them."""
    run = await asyncio.to_thread(profond, discord, tmp_path, "discord", "--invite")
    assert (run.returncode, run.stderr) == (0, "")
    sentence, link = run.stdout.splitlines()
    assert "Ouvre ce lien" in sentence
    assert link.startswith(f"https://discord.com/oauth2/authorize?client_id={discord.bot.id}&scope=bot+applications.commands&permissions=")


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"DISCORD_TOKEN": "un.mauvais.jeton"}, "Discord refuse le jeton DISCORD_TOKEN"),
        ({"DISCORD_TOKEN": ""}, "Il manque DISCORD_TOKEN"),
        ({"DISCORD_MESSAGE_CONTENT": "true"}, "Message Content Intent"),
    ],
)
async def test_what_only_a_person_can_mend_is_one_sentence(
    discord: DiscordServer, tmp_path: Path, environment: dict[str, str], sentence: str
) -> None:
    """A wrong token, none at all, and an intent that the portal does not allow: one sentence, exit code 1."""
    run = await asyncio.to_thread(profond, discord, tmp_path, "discord", **environment)
    assert (run.returncode, run.stdout) == (1, "")
    [line] = run.stderr.splitlines()
    assert sentence in line
