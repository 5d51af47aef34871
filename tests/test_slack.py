"""Slack as a class lives it: mentions, threads, direct messages, what is left alone. The real Bolt app over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.errors import StoreAway
from tests.samples import rows
from tests.servers.slack import BOT_USER, GENERAL, TEAM, Fault
from tests.slack_class import QUESTION, READY, Lesson, core_of, lesson, served, settings_for
from tests.surfaces import QueuedModel

PUPILS = ("alice", "bob", "carol")


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Lesson]:
    """A class whose answers come from the cards."""
    async with lesson(tmp_path) as opened:
        yield opened


async def test_a_mention_is_answered_in_its_thread_once(room: Lesson) -> None:
    """One mention comes as two events; one answer stands in the message's thread, whole, with sources and buttons."""
    handle, answer = await room.ask()
    await room.idle()

    assert [answer] == handle.messages
    assert handle.said.ts == answer.thread_ts
    assert "convolution" in answer.shown
    assert "Sources\u00a0: L'opération de convolution" in answer.shown
    assert ["👍", "👎", "Plus simple", "Teste-moi", "Plus…"] == answer.labels
    assert 2 == len(handle.deliveries)
    assert [] == room.slack.errors
    assert [] == room.slack.live_pings


async def test_redelivered_events_are_answered_once(room: Lesson) -> None:
    """Slack's retries are acknowledged and answered by nothing more."""
    handle, _ = await room.ask()
    room.slack.redeliver(handle, times=100)
    await handle.acked()
    await room.idle()

    assert 1 == len(handle.messages)


async def test_a_retry_after_a_restart_is_answered_once(tmp_path: Path) -> None:
    """What was taken is remembered in the database: the next process does not answer it again."""
    async with lesson(tmp_path) as first:
        slack, handle = first.slack, (await first.ask())[0]
        await first.idle()
        settings = settings_for(slack, tmp_path)
        async with core_of(settings) as profond, served(slack, profond) as second:
            slack.redeliver(handle, times=100)
            await handle.acked()
            await second.idle()

            assert 1 == len(handle.messages)


async def test_the_asker_goes_on_without_a_mention(room: Lesson) -> None:
    """In a thread where the bot answered, its asker needs no mention."""
    handle, _ = await room.ask()
    await room.idle()
    more = await room.slack.say("alice", "general", "et le padding, ça sert à quoi ?", thread_ts=handle.said.ts, mention=False)
    await more.answer()


async def test_classmates_are_left_alone_unless_they_ask(room: Lesson) -> None:
    """A classmate's thanks are no question; one that ends with "?" is, and so is a mention."""
    handle, _ = await room.ask()
    await room.idle()
    ts = handle.said.ts
    thanks = await room.slack.say("bob", "general", "oui merci", thread_ts=ts, mention=False)
    talk = await room.slack.say("bob", "general", "<@U0ALICE001> tu comprends ?", thread_ts=ts, mention=False)
    await thanks.acked()
    await talk.acked()
    await room.idle()
    assert 1 == len(handle.messages)

    await (await room.slack.say("bob", "general", "et c'est quoi le pooling ?", thread_ts=ts, mention=False)).answer()
    await room.idle()
    assert 2 == len(handle.messages)
    await room.slack.say("carol", "general", "explique le dropout", thread_ts=ts)
    await room.slack.until(lambda: 3 == len(handle.messages))


async def test_thanks_are_for_whoever_began_the_thread(room: Lesson) -> None:
    """A classmate who asked there thanks alice; alice's thanks are for the bot."""
    handle, _ = await room.ask()
    await room.idle()
    await (await room.slack.say("bob", "general", "et c'est quoi le pooling ?", thread_ts=handle.said.ts, mention=False)).answer()
    await room.idle()
    thanks = await room.slack.say("bob", "general", "oui merci", thread_ts=handle.said.ts, mention=False)
    await thanks.acked()
    await room.idle()
    assert 2 == len(handle.messages)

    await room.slack.say("alice", "general", "merci", thread_ts=handle.said.ts, mention=False)
    await room.slack.until(lambda: 3 == len(handle.messages))
    assert "Avec plaisir" in handle.messages[-1].shown


async def test_a_private_mention_is_answered_alone_where_it_can_be_seen(room: Lesson) -> None:
    """`privé:` holds in a mention too; Slack hides what is shown to one student in a thread that nobody answered in."""
    handle = await room.slack.say("alice", "general", f"privé: {QUESTION}")
    answer = await room.alone(handle)
    await room.idle()
    reply = await room.slack.say("alice", "general", "et le padding ?", thread_ts=handle.said.ts, mention=False)
    await reply.acked()
    await room.idle()

    assert "convolution" in answer.shown
    assert not answer.thread_ts
    assert [answer] == handle.messages


async def test_other_threads_and_channels_are_left_alone(room: Lesson) -> None:
    """Without a mention nothing is answered where the bot was not asked."""
    said = await room.slack.say("alice", "general", "c'est quoi un réseau de neurones ?", mention=False)
    reply = await room.slack.say("bob", "general", "c'est quoi ?", thread_ts=said.said.ts, mention=False)
    await said.acked()
    await reply.acked()
    await room.idle()

    assert [] == said.messages


async def test_without_thread_replies_a_mention_is_needed(tmp_path: Path) -> None:
    """SLACK_THREAD_REPLIES=false asks for fewer scopes, and for a mention each time."""
    async with lesson(tmp_path, slack_thread_replies=False) as room:
        handle, _ = await room.ask()
        await room.idle()
        more = await room.slack.say("alice", "general", "et le padding ?", thread_ts=handle.said.ts, mention=False)
        await more.acked()
        await room.idle()

        assert 1 == len(handle.messages)


async def test_edits_deletions_joins_bots_and_itself_are_ignored(room: Lesson) -> None:
    """Only what a person writes is read."""
    handle, _ = await room.ask()
    acts = [
        await room.slack.edit("alice", handle.said, f"<@{BOT_USER}> et le dropout ?"),
        await room.slack.join(room.slack.add_user("dan", channels=()), "general"),
        await room.slack.other_bot("general", f"<@{BOT_USER}> {QUESTION}"),
        await room.slack.other_bot("general", "et ça ?", thread_ts=handle.said.ts),
        await room.slack.delete_message("alice", handle.said),
    ]
    for act in acts:
        await act.acked()
    await room.idle()

    assert 1 == len([message for message in room.slack.space.log if message.user == BOT_USER and not message.recipient])


async def test_a_direct_message_opens_a_thread_of_its_own(room: Lesson) -> None:
    """Each top-level message of the agent's pane is a thread; its replies go on with it."""
    first = await room.slack.dm("alice", QUESTION)
    answer = await first.answer()
    second = await room.slack.dm("alice", "c'est quoi le dropout ?")
    await second.answer()
    more = await room.slack.dm("alice", "donne un exemple", thread_ts=first.said.ts)
    await more.answer()

    assert first.said.ts == answer.thread_ts
    assert {first.said.ts, second.said.ts} == {message.root for message in first.messages + second.messages}
    assert [] == room.slack.public_texts("general")


async def test_the_pane_suggests_prompts_and_shows_a_status(room: Lesson) -> None:
    """The agent's pane suggests the course's questions; a status shows while an answer is made."""
    opened = await room.slack.open_home("alice", "messages")
    channel = opened.channel.id if opened.channel else ""
    await room.slack.until(lambda: channel in room.slack.space.prompts)
    handle = await room.slack.dm("alice", QUESTION)
    await handle.answer()
    await room.idle()

    assert READY in [prompt["message"] for prompt in room.slack.space.prompts[channel]]
    assert (channel, handle.said.ts, "Je cherche dans le cours…") in room.slack.space.statuses
    assert "active" == room.slack.space.sessions[channel, handle.said.ts]["status"]


async def test_the_history_of_a_thread_outlives_a_restart(tmp_path: Path) -> None:
    """The turns of a thread are given to the model again, also by the next process."""
    before, after = QueuedModel("La convolution glisse un filtre [1]."), QueuedModel("Le padding ajoute des bords [1].")
    async with lesson(tmp_path, model=before) as first:
        slack, handle = first.slack, (await first.ask())[0]
        await first.idle()
        async with core_of(settings_for(slack, tmp_path), after) as profond, served(slack, profond) as second:
            await first.leave()
            more = await slack.say("alice", "general", "et le padding ?", thread_ts=handle.said.ts, mention=False)
            await more.answer()
            await second.idle()

    assert any("glisse un filtre" in message.content for message in after.asked[0])


async def test_the_notice_is_shown_once(room: Lesson) -> None:
    """The first answer to a student says what they talk to; the next ones do not."""
    _, first = await room.ask()
    _, second = await room.ask(text="c'est quoi le dropout ?")

    assert "Je suis une machine" in first.shown
    assert "/profond forget" in first.shown
    assert "Je suis une machine" not in second.shown


async def test_a_notice_that_was_not_shown_comes_with_the_next_answer(room: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a student must know is not taken for told where the answer failed."""

    async def away(*_: object, **__: object) -> None:
        raise StoreAway

    with monkeypatch.context() as broken:
        broken.setattr(room.profond.store, "recent", away)
        handle = await room.slack.say("alice", "general", QUESTION)
        await room.slack.until(lambda: any("Ma mémoire" in message.shown for message in handle.messages))
        await room.idle()

    assert "Je suis une machine" in (await room.ask())[1].shown


async def test_the_words_follow_the_users_locale(room: Lesson) -> None:
    """Who has Slack in English reads English around the answer."""
    _, answer = await room.ask("carol")

    assert "Simpler" in answer.labels
    assert "machine" in answer.shown
    assert "/profond forget" in answer.shown


@pytest.mark.parametrize(
    ("said", "told"), [("Niveau\u00a0avancé.", "niveau avancé"), ("aide\u00a0!", "Pose-moi une question"), ("usage\u202f?", "question(s) sur")]
)
async def test_an_order_may_end_as_a_sentence_does(room: Lesson, said: str, told: str) -> None:
    """Phones put a space that does not break before a mark, and a full stop at the end."""
    handle = await room.slack.dm("alice", said)
    await room.slack.until(lambda: any(told in message.shown for message in handle.messages))


async def test_levels_topics_and_help_are_words_in_a_thread(room: Lesson) -> None:
    """Slash commands do not exist inside threads; the same words said to the bot do the same, for the student alone."""
    handle, _ = await room.ask()
    ts = handle.said.ts
    level = await room.alone(await room.slack.say("alice", "general", "level avancé", thread_ts=ts))
    topic = await room.alone(await room.slack.say("alice", "general", "topic convolution", thread_ts=ts))
    helped = await room.alone(await room.slack.say("alice", "general", "aide", thread_ts=ts))
    await room.idle()

    assert "avancé" in level.shown
    assert "advanced" == (await room.profond.students.level(f"slack:{TEAM}:U0ALICE001")).value
    assert "Poser une question" in topic.labels
    assert READY in helped.labels
    assert 1 == len([message for message in handle.messages if not message.recipient])


async def test_words_work_in_direct_messages(room: Lesson) -> None:
    """`usage` in a direct message is answered there."""
    handle = await room.slack.dm("alice", "usage")
    answer = await handle.answer()

    assert "question(s)" in answer.shown
    assert handle.said.ts == answer.thread_ts


async def test_a_word_that_begins_a_question_is_a_question(room: Lesson) -> None:
    """`usage du dropout ?` asks about dropout."""
    _, answer = await room.ask(text="usage du dropout ?")

    assert "Sources" in answer.shown or answer.labels


async def test_a_bare_mention_gets_help(room: Lesson) -> None:
    """Who only calls the bot reads how to ask, alone."""
    handle = await room.slack.say("alice", "general", f"<@{BOT_USER}>", mention=False)
    helped = await room.alone(handle)
    await room.idle()

    assert READY in helped.labels
    assert 1 == len(handle.messages)


async def test_unsure_questions_offer_cards_and_foreign_ones_are_refused(room: Lesson) -> None:
    """An unsure answer names cards to open; a question outside the course is told so, with others to ask."""
    _, outside = await room.ask(text="quelle est la capitale du Pérou ?")
    await room.slack.press("alice", outside, outside.labels[0])
    await room.slack.until(lambda: 3 == len(room.slack.thread(outside)))
    await room.idle()

    assert "pas dans mon cours" in outside.shown
    assert "Sources" in room.slack.thread(outside)[-1].shown


async def test_a_spent_allowance_is_told_once_with_its_wait(tmp_path: Path) -> None:
    """The student reads when the next question comes; nobody else does."""
    async with lesson(tmp_path, allowance_size=1) as room:
        await room.ask()
        handle = await room.slack.say("alice", "general", "c'est quoi le dropout ?")
        told = await room.alone(handle)
        room.slack.redeliver(handle)
        await room.idle()

        assert "prochaine" in told.shown
        assert not told.thread_ts
        assert 1 == len(handle.messages)


async def test_a_database_that_is_away_is_told(room: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is lost in silence when the store does not answer."""

    async def away(*_: object, **__: object) -> None:
        raise StoreAway

    monkeypatch.setattr(room.profond.store, "accept", away)
    handle = await room.slack.say("alice", "general", QUESTION)

    assert "Ma mémoire ne répond pas" in (await room.alone(handle)).shown


@pytest.mark.parametrize(("error", "said"), [(StoreAway, "Ma mémoire ne répond pas"), (KeyError, "Quelque chose a échoué")])
@pytest.mark.parametrize("is_command", [True, False])
async def test_a_question_that_fails_before_its_answer_costs_nothing(
    room: Lesson, monkeypatch: pytest.MonkeyPatch, error: type[Exception], said: str, *, is_command: bool
) -> None:
    """Whatever fails while its place is made, the student reads one sentence, in no channel, and the allowance is back."""

    async def away(*_: object) -> None:
        raise error

    monkeypatch.setattr(room.bot.people, "meet", away)
    handle = await (room.slack.command("alice", "/ask", QUESTION) if is_command else room.slack.say("alice", "general", QUESTION))
    await room.slack.until(lambda: handle.messages)
    await room.idle()

    assert [said in message.shown for message in handle.messages] == [True]
    assert all(message.recipient or message.thread_ts for message in handle.messages)
    assert room.profond.settings.allowance_size == (await room.profond.students.usage(f"slack:{TEAM}:U0ALICE001")).left
    assert "inbox" not in await rows(room.profond.store)


async def test_a_question_cut_off_before_its_answer_is_left(room: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bot that ends while the place of an answer is made leaves the question to the next one."""
    meeting = asyncio.Event()

    async def never(*_: object) -> None:
        meeting.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(room.bot.people, "meet", never)
    await room.slack.say("alice", "general", QUESTION)
    await meeting.wait()
    await room.bot.asking.finish(0)

    assert await room.profond.store.leases.has_left("slack")


async def test_acknowledgements_wait_for_no_model(tmp_path: Path) -> None:
    """An event is acknowledged as soon as it is taken."""
    model = QueuedModel("un deux trois", is_held=True)
    async with lesson(tmp_path, model=model) as room:
        handle = await room.slack.say("alice", "general", QUESTION)
        assert await handle.acked() < 0.5
        model.let_go()
        await handle.answer()


async def test_an_answer_whose_thread_is_gone_goes_to_the_student(room: Lesson) -> None:
    """Where a channel takes no more messages, the answer comes by direct message and says why."""
    for method in ("chat.startStream", "chat.postMessage"):
        room.slack.fault(method, Fault("error", error="is_archived"))
    await room.slack.say("alice", "general", QUESTION)
    answer = await room.slack.until(lambda: [one for one in room.slack.messages(room.slack.space.im("U0ALICE001").id) if one.user == BOT_USER])

    assert "Je n'ai pas pu écrire à l'endroit de ta question" in answer[0].shown
    assert GENERAL != answer[0].channel
