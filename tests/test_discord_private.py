"""What is asked in private is never answered, finished or apologised for where others read it."""

from collections.abc import AsyncIterator
from unittest.mock import patch

import pytest

from core.errors import StoreAway
from tests.conftest import MakeSettings
from tests.discord_class import QUESTION, TEXT, Class, a_class
from tests.servers.discord import Asked, DiscordServer, User
from tests.surfaces import QueuedModel

SECRET = "je n'ai rien compris à la convolution, c'est quoi ?"


@pytest.fixture
def model() -> QueuedModel:
    """A model that stops after a word until it is let go."""
    return QueuedModel(TEXT, TEXT, is_held=True)


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    """A Discord whose public channels never show anything of a private question."""
    async with DiscordServer() as server:
        yield server
        assert [text for text in server.public_texts() if text] == []


def direct_texts(discord: DiscordServer, user: User) -> list[str]:
    """Return what the bot wrote to a student directly."""
    return [message.text for message in discord.direct(user).messages.values()]


async def asked_privately(discord: DiscordServer, user: User, **options: object) -> Asked:
    """Ask in private, and wait for the first text."""
    asked = await discord.slash(user, "ask", {"question": SECRET, "private": True, **options})
    await asked.read("Une")
    return asked


async def test_a_private_answer_is_ephemeral_from_the_acknowledgement_on(room: Class, discord: DiscordServer, lea: User, model: QueuedModel) -> None:
    """Its states, its notice, its buttons and what they bring are for the asker alone."""
    asked = await asked_privately(discord, lea)
    assert (await asked.ack()).ephemeral
    model.let_go()
    await asked.read("Sources")
    await room.settled()
    simpler = await discord.press(lea, asked.messages[0], "Plus simple")
    await simpler.read("Sources")
    assert all(message.is_ephemeral for message in [*asked.messages, *simpler.messages])


@pytest.mark.parametrize("is_default", [True, False])
async def test_answers_are_private_by_default_or_by_choice(discord: DiscordServer, settings: MakeSettings, lea: User, *, is_default: bool) -> None:
    """The setting makes them private, and so does the student's own choice in `/privacy`, which is remembered."""
    async with a_class(discord, settings(ask_private_default=is_default)) as room:
        if not is_default:
            await always_private(discord, lea)
        for asked in (await room.answered(lea), await discord.slash(lea, "ask", {"question": QUESTION})):
            await asked.read("Sources")
            assert all(message.is_ephemeral for message in asked.messages)


async def always_private(discord: DiscordServer, user: User) -> None:
    """Have a student choose private answers."""
    page = await discord.slash(user, "privacy")
    await page.read()
    await (await discord.press(user, page.messages[0], "Toujours en privé")).read("toujours en privé")


async def test_who_is_always_answered_in_private_is_so_when_they_mention_the_bot(settings: MakeSettings) -> None:
    """The answer goes by direct message, the class reads where it went, and what is written there goes on with it."""
    model = QueuedModel(TEXT, "Il éteint [1].", "Il réduit [1].")
    async with DiscordServer() as discord, a_class(discord, settings(), model) as room:
        lea = discord.user("Léa")
        public = await room.answered(lea)
        await always_private(discord, lea)
        for asked in (
            await discord.say(lea, text="c'est quoi le dropout ?", mention=True),
            await discord.say(lea, text="c'est quoi le pooling ?", reply_to=public.messages[0]),
        ):
            assert await asked.read("Je t'ai répondu en message privé") == asked.messages[0].text
            await room.settled()
        shown = direct_texts(discord, lea)
        assert [text.split("\n")[0] for text in shown] == ["> c'est quoi le dropout ?", "> c'est quoi le pooling ?"]
        assert ["Il éteint" in shown[0], "Il réduit" in shown[1]] == [True, True]
        assert not any("Il éteint" in text or "Il réduit" in text for text in discord.public_texts())
        assert ["glisse" in str(model.asked[2]), "Il éteint" in str(model.asked[2])] == [False, True]


async def test_with_closed_direct_messages_a_mention_is_told_so_and_no_more(settings: MakeSettings) -> None:
    """The sentence says where the answer is; it stands in `/mydata`."""
    async with DiscordServer() as discord, a_class(discord, settings(ask_private_default=True)) as room:
        lea = discord.user("Léa")
        lea.dms_closed = True
        said = await discord.say(lea, text=QUESTION, mention=True)
        assert await said.read("/mydata") == said.messages[0].text
        await room.settled()
        assert len(said.messages) == 1
        [turn] = (await room.profond.students.my_data(f"discord:{lea.id}"))["turns"]
        assert turn["is_private"]
        assert turn["answer"] not in said.text


async def test_a_reply_to_an_answer_that_had_to_move_goes_on_with_it(room: Class, discord: DiscordServer, lea: User, model: QueuedModel) -> None:
    """In direct messages, a private answer to a command is gone on with by a reply."""
    asked = await asked_privately(discord, lea)
    asked.expire()
    model.let_go()
    direct = discord.direct(lea)
    answer = await discord.until(lambda: next((message for message in direct.messages.values() if "Sources" in message.text), None))
    await room.settled()
    said = await discord.say(lea, direct, "c'est quoi le pooling ?", reply_to=answer)
    await said.read("Sources")
    assert SECRET in str(model.asked[1])
    await room.settled()


async def test_when_the_token_dies_the_answer_goes_by_direct_message(room: Class, discord: DiscordServer, lea: User, model: QueuedModel) -> None:
    """The whole answer, with why it stands there, its buttons and no trace in the channel; what is told once follows it."""
    asked = await asked_privately(discord, lea)
    asked.expire()
    model.let_go()
    await discord.until(lambda: any("Sources" in text for text in direct_texts(discord, lea)))
    await room.settled()
    text, notice = direct_texts(discord, lea)
    assert "Je suis une machine" in notice
    assert "Je n'ai pas pu écrire à l'endroit de ta question" in text
    assert "glisse un **filtre**" in text


@pytest.mark.usefixtures("room")
async def test_an_old_token_is_not_even_tried(discord: DiscordServer, lea: User, model: QueuedModel) -> None:
    """After fourteen minutes the answer goes by direct message at once."""
    with patch("bots.discord_bot.places.TOKEN_SECONDS", -1.0):
        await discord.slash(lea, "ask", {"question": SECRET, "private": True})
        model.let_go()
        await discord.until(lambda: any("Sources" in text for text in direct_texts(discord, lea)))
    assert discord.sent("PATCH", "@original") == []


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize("is_lost", [True, False])
async def test_a_late_acknowledgement_leads_to_a_direct_message(discord: DiscordServer, lea: User, model: QueuedModel, *, is_lost: bool) -> None:
    """Discord no longer knows the interaction, or never heard of its acknowledgement."""
    if is_lost:
        discord.fault("POST", "/callback", drop=True, count=2)
    else:
        discord.knobs.ack_seconds = 0.0
    await discord.slash(lea, "ask", {"question": SECRET, "private": True})
    model.let_go()
    await discord.until(lambda: any("Sources" in text for text in direct_texts(discord, lea)))


async def test_with_closed_direct_messages_it_waits_behind_my_data(room: Class, discord: DiscordServer, lea: User, model: QueuedModel) -> None:
    """No place is left: the answer is kept for `/mydata`, once."""
    lea.dms_closed = True
    asked = await asked_privately(discord, lea)
    asked.expire()
    model.let_go()
    await room.settled()
    data = await discord.slash(lea, "mydata")
    await data.read("JSON")
    assert "glisse un **filtre**" in data.messages[0].attachments[0].content.decode()
    assert direct_texts(discord, lea) == []


async def test_a_deleted_channel_changes_nothing_for_a_private_answer(room: Class, discord: DiscordServer, lea: User, model: QueuedModel) -> None:
    """The token outlives the channel, or the answer goes by direct message."""
    channel = discord.add_channel("éphémère")
    asked = await discord.slash(lea, "ask", {"question": SECRET, "private": True}, channel=channel)
    await asked.read("Une")
    await discord.delete_channel(channel)
    asked.expire()
    model.let_go()
    await discord.until(lambda: any("Sources" in text for text in direct_texts(discord, lea)))
    await room.settled()


@pytest.mark.parametrize("failures", [1, 3])
async def test_direct_messages_that_do_not_open_at_once_are_waited_for(
    room: Class, discord: DiscordServer, lea: User, model: QueuedModel, failures: int
) -> None:
    """Discord fails while the conversation is being opened: the answer is shown when it no longer does."""
    asked = await asked_privately(discord, lea)
    asked.expire()
    fault = discord.fault("POST", "/users/@me/channels", status=503, count=failures)
    with patch("bots.discord_bot.places.PATIENCE", (0.01, 0.01, 0.01)):
        model.let_go()
        await discord.until(lambda: any("Sources" in text for text in direct_texts(discord, lea)))
    await room.settled()
    assert fault.struck == failures


async def test_a_card_opened_from_a_private_answer_leaves_it_there(room: Class, discord: DiscordServer, lea: User) -> None:
    """The three titles of an unsure answer stay: the first one chosen may be the wrong one. Cards take each other's place."""
    unsure = await room.answered(lea, "mon modèle est nul", private=True)
    titles = unsure.custom_ids
    opened = await discord.press(lea, unsure.messages[0], titles[0])
    await opened.read("### ")
    assert opened.messages[0].is_ephemeral
    assert unsure.messages[0].custom_ids() == titles
    page = opened.messages[0]
    before = page.text
    await discord.press(lea, page, next(code for code in page.custom_ids() if code.startswith("open:")))
    await discord.until(lambda: page.text != before)


@pytest.mark.usefixtures("room")
async def test_a_refusal_is_told_in_private(discord: DiscordServer, lea: User) -> None:
    """A file that is refused after the acknowledgement, of a private question and of a public one, and a database that is away."""
    public = await discord.slash(lea, "ask", {"question": QUESTION, "file": ("a.txt", b"\x00")})
    assert not (await public.ack()).ephemeral
    await public.read("«\u00a0a.txt\u00a0»")
    assert [message.is_ephemeral for message in public.messages if not message.is_deleted] == [True]
    refused = await discord.slash(lea, "ask", {"question": SECRET, "private": True, "file": ("a.txt", b"\x00")})
    await refused.read("«\u00a0a.txt\u00a0»")
    with patch("core.store.Store.accept", side_effect=StoreAway()):
        away = await discord.slash(lea, "ask", {"question": QUESTION})
        assert "Ma mémoire" in await away.read()
        assert (await away.ack()).ephemeral


async def test_a_refusal_that_cannot_be_told_goes_by_direct_message(room: Class, discord: DiscordServer, lea: User) -> None:
    """When the interaction is gone too, even the refusal of a public question is private."""
    discord.knobs.ack_seconds = 0.0
    with patch("core.store.Store.accept", side_effect=StoreAway()):
        await discord.slash(lea, "ask", {"question": QUESTION})
        await discord.until(lambda: direct_texts(discord, lea))
    assert "Ma mémoire" in direct_texts(discord, lea)[0]
    await room.settled()


@pytest.mark.parametrize("error", [StoreAway(), RuntimeError("une faute à nous")])
async def test_an_error_while_answering_is_told_in_private(room: Class, discord: DiscordServer, lea: User, error: Exception) -> None:
    """Whatever breaks, the deferred answer becomes one sentence, without the error's own words."""
    with patch("core.store.Store.recent", side_effect=error):
        asked = await discord.slash(lea, "ask", {"question": SECRET, "private": True})
        text = await asked.read("éessaie" if isinstance(error, StoreAway) else "échoué")
    assert "une faute à nous" not in text
    await room.settled()
    assert all(message.is_ephemeral for message in asked.messages)


async def test_a_bot_that_stops_says_so_in_private(discord: DiscordServer, settings: MakeSettings, model: QueuedModel, lea: User) -> None:
    """An answer that the stop cuts off ends with a sentence, and costs nothing."""
    with patch("bots.discord_bot.client.GRACE_SECONDS", 0.0):
        async with a_class(discord, settings(), model):
            asked = await asked_privately(discord, lea)
        assert "Je redémarre" in asked.text


@pytest.mark.parametrize("by_token", [True, False])
async def test_what_was_begun_in_private_is_finished_there_by_the_next_process(
    discord: DiscordServer, settings: MakeSettings, lea: User, model: QueuedModel, *, by_token: bool
) -> None:
    """Begun in place and finished when the token is dead, or begun directly already: one answer, to the student alone."""
    with patch("bots.discord_bot.client.GRACE_SECONDS", 0.0), patch("bots.discord_bot.places.TOKEN_SECONDS", 60.0 if by_token else -1.0):
        async with a_class(discord, settings(), model):
            asked = await discord.slash(lea, "ask", {"question": SECRET, "private": True})
            await discord.until(lambda: any("Une" in text for text in [asked.text, *direct_texts(discord, lea)]))
    asked.expire()
    model.let_go()
    async with a_class(discord, settings(), model) as room:
        [left] = await room.profond.store.leases.take_over("discord")
        await room.bot.asking.recover(left)
        answers = [text for text in direct_texts(discord, lea) if "Sources" in text]
    assert len(answers) == 1
    assert not any("redémarre" in text for text in direct_texts(discord, lea))


async def test_what_was_taken_and_never_acknowledged_is_left_at_once(discord: DiscordServer, settings: MakeSettings, lea: User) -> None:
    """A client that ends while Discord keeps the acknowledgement waiting leaves the question to the next one."""
    with patch("bots.discord_bot.client.GRACE_SECONDS", 0.0):
        async with a_class(discord, settings()):
            fault = discord.fault("POST", "/callback", retry_after=60.0)
            await discord.slash(lea, "ask", {"question": SECRET, "private": True})
            await discord.until(lambda: fault.struck)
    async with a_class(discord, settings()) as room:
        [left] = await room.profond.store.leases.take_over("discord")
        await room.bot.asking.recover(left)
    assert any("Sources" in text for text in direct_texts(discord, lea))


async def test_an_apology_for_a_private_question_is_private(discord: DiscordServer, settings: MakeSettings, lea: User, model: QueuedModel) -> None:
    """What was left for too long is apologised for directly, with the question, and with closed direct messages not at all."""
    adam = discord.user("Adam")
    with patch("bots.discord_bot.client.GRACE_SECONDS", 0.0):
        async with a_class(discord, settings(), model):
            for user in (lea, adam):
                (await asked_privately(discord, user)).expire()
    async with a_class(discord, settings(), model) as room:
        first, second = await room.profond.store.leases.take_over("discord")
        await room.bot.asking.apologise(first)
        adam.dms_closed = True
        await room.bot.asking.apologise(second)
    [text] = direct_texts(discord, lea)
    assert text.startswith(f"> {SECRET}")
    assert "Repose-la" in text


async def test_a_private_answer_is_shared_without_a_name(settings: MakeSettings) -> None:
    """A preview comes first; what is posted is a plain message that names nobody and answers nothing; a second press posts nothing."""
    async with DiscordServer() as discord, a_class(discord, settings()) as room:
        lea, adam = discord.user("Léa"), discord.user("Adam")
        asked = await room.answered(lea, private=True)
        preview = await room.chosen(lea, asked.messages[0], "Partager à la classe (anonyme)")
        assert "sans ton nom" in await preview.read(f"> {QUESTION}")
        assert [text for text in discord.public_texts() if text] == []
        publish = preview.custom_ids[0]
        await discord.press(lea, preview.messages[0], publish)
        await preview.until(lambda _: "C'est publié" in preview.messages[0].text)
        await (await discord.press_gone(lea, preview.messages[0], publish)).ack()
        await discord.press_gone(lea, preview.messages[0], publish)
        await discord.until(lambda: len(discord.sent("POST", f"/channels/{discord.channel.id}/messages")) == 3)
        [post] = [message for message in discord.channel.messages.values() if not message.is_ephemeral]
        assert "Question partagée, anonyme" in post.text
        assert "filtre" in post.text
        assert (post.reference, post.origin, post.pings) == (None, {}, set())
        assert lea.name not in post.text
        assert post in discord.visible_to(adam)


async def test_where_the_bot_may_not_post_sharing_is_refused(room: Class, discord: DiscordServer, lea: User, model: QueuedModel) -> None:
    """The student is told, and nothing was published."""
    model.let_go()
    asked = await room.answered(lea, private=True)
    preview = await room.chosen(lea, asked.messages[0], "Partager à la classe (anonyme)")
    await preview.read("sans ton nom")
    discord.channel.deny("send_messages")
    await discord.press(lea, preview.messages[0], "Publier pour la classe")
    await preview.until(lambda _: "pas pu publier" in preview.messages[0].text)


async def test_a_private_question_in_a_thread_is_no_part_of_its_conversation(
    room: Class, discord: DiscordServer, lea: User, model: QueuedModel
) -> None:
    """A later public answer in the thread is written without knowing it."""
    model.let_go()
    thread = await discord.make_thread(lea, "fil")
    asked = await discord.slash(lea, "ask", {"question": SECRET, "private": True}, channel=thread)
    await asked.read("Sources")
    await room.settled()
    with patch.object(DiscordServer, "public_texts", return_value=[]):
        said = await discord.say(lea, thread, "c'est quoi une convolution 2D ?", mention=True)
        await said.read("Sources")
    assert len(model.asked) == 2
    assert SECRET not in str(model.asked[1])
    await discord.delete_channel(thread)


async def test_what_is_asked_from_a_page_that_nobody_else_sees_stays_there(
    room: Class, discord: DiscordServer, lea: User, model: QueuedModel
) -> None:
    """A ready-made question of a private refusal, and a question about a card, are answered in private."""
    model.let_go()
    outside = await room.answered(lea, "comment cuire des pâtes ?", private=True)
    ready = await discord.press(lea, outside.messages[0], outside.custom_ids[0])
    await ready.read("Sources")
    page = await discord.slash(lea, "topic", {"card": "convolution"})
    await page.read("###")
    form = await discord.press(lea, page.messages[0], "about:convolution")
    sent = await discord.submit_modal(lea, form, {"text": "c'est quoi ?"})
    await sent.read("Sources")
    assert all(message.is_ephemeral for message in [*ready.messages, *sent.messages])
