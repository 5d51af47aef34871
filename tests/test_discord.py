"""What a student can do in Discord: the real client, a local Discord, the real core and store."""

import asyncio
import json
from functools import partial
from unittest.mock import patch

import pytest

from bots.discord_bot.asking import Asking
from bots.discord_bot.places import Address
from core.knowledge import load_course
from core.messages import Answer, Level, Ticket
from core.model import ChatModel
from core.reply import ReplySurface
from core.store import Outcome, Store
from tests.conftest import MakeSettings
from tests.discord_class import QUESTION, TEXT, Class, a_class
from tests.servers.discord import DiscordServer, Message, User
from tests.surfaces import QueuedModel


@pytest.fixture
def adam(discord: DiscordServer) -> User:
    """Another student."""
    return discord.user("Adam")


async def test_a_question_is_acknowledged_quoted_written_and_ended_with_buttons(discord: DiscordServer, settings: MakeSettings, lea: User) -> None:
    """The deferred message grows with the model, and ends with sources and five buttons; nobody is pinged."""
    model = QueuedModel(TEXT, is_held=True)
    async with a_class(discord, settings(), model):
        asked = await discord.slash(lea, "ask", {"question": QUESTION})
        assert (await asked.ack()).kind == "deferred"
        await asked.read("Une")
        assert [name.split(":")[0] for name in asked.custom_ids] == ["stop"]
        model.let_go()
        text = await asked.read("Sources")
        assert text.startswith(f"> {QUESTION}\nUne convolution glisse un **filtre**")
        assert [name.split(":")[0] for name in asked.custom_ids] == ["good", "bad", "simpler", "quiz", "more"]
        await asked.read("Je suis une machine")
        assert [message.pings for message in asked.messages] == [set(), set()]
        assert [message.is_ephemeral for message in asked.messages] == [False, True]


async def test_the_notice_comes_once_after_a_command(room: Class, discord: DiscordServer, lea: User) -> None:
    """The first answer to a command brings an ephemeral notice, the second none."""
    first = await room.answered(lea)
    await first.until(lambda asked: len(asked.messages) == 2)
    assert "Je suis une machine" in first.messages[1].text
    assert first.messages[1].is_ephemeral
    second = await room.answered(lea, "C'est quoi le dropout ?")
    assert "machine" not in second.text
    assert not any("machine" in text for text in discord.public_texts())


async def test_a_notice_is_taken_for_given_when_it_was_shown(room: Class, lea: User) -> None:
    """Until then it is left to the next answer, of whichever process."""
    given, whisper, person = [], Asking._whisper, f"discord:{lea.id}"

    async def whispered(asking: Asking, address: Address, text: str) -> None:
        given.append(await room.profond.store.people.is_noticed(person))
        await whisper(asking, address, text)

    with patch.object(Asking, "_whisper", whispered):
        await room.answered(lea)

    assert [False] == given
    assert await room.profond.store.people.is_noticed(person)


@pytest.mark.usefixtures("room")
async def test_the_notice_comes_under_the_first_answer_to_a_message(discord: DiscordServer, lea: User, adam: User) -> None:
    """A mention brings the notice as a line; a command that asks nothing brings it too."""
    said = await discord.say(lea, text=QUESTION, mention=True)
    assert "-# Je suis une machine" in await said.read("Sources")
    again = await discord.say(lea, text="c'est quoi le dropout ?", mention=True)
    assert "machine" not in await again.read("Sources")
    usage = await discord.slash(adam, "usage")
    await usage.read("Je suis une machine")
    thumb = await discord.press(discord.user("Zoé"), said.messages[0], "👍")
    await thumb.read("Je suis une machine")
    assert all(message.is_ephemeral for message in [*usage.messages, *thumb.messages])


async def test_the_level_of_one_question_changes_no_other(room: Class, discord: DiscordServer, lea: User) -> None:
    """`/ask level:` is for this question; `/level` stays."""
    deep = await room.answered(lea, level="advanced")
    shallow = await room.answered(lea)
    assert deep.text != shallow.text
    level = await discord.slash(lea, "level", {"level": "advanced"})
    assert "avancé" in await level.read()
    assert (await room.answered(lea)).text.split("\n")[1:5] == deep.text.split("\n")[1:5]
    assert "avancé" in await (await discord.slash(lea, "level")).read()
    assert await room.profond.students.level(f"discord:{lea.id}") == "advanced"


async def test_a_reply_goes_on_with_the_conversation(discord: DiscordServer, settings: MakeSettings, lea: User) -> None:
    """A reply to the bot's answer is a follow-up; a mention begins anew."""
    model = QueuedModel(TEXT, "Le filtre voit les bords [1].", "Autre chose [1].")
    async with a_class(discord, settings(), model) as room:
        asked = await room.answered(lea)
        reply = await discord.say(lea, text="et le pooling ?", reply_to=asked.messages[0])
        await reply.read("Le filtre voit")
        assert QUESTION in str(model.asked[1])
        alone = await discord.say(lea, text="et le pooling ?", mention=True)
        await alone.read("Autre chose")
        assert QUESTION not in str(model.asked[2])


async def test_a_reply_to_an_unsure_answer_goes_on_too(discord: DiscordServer, settings: MakeSettings, lea: User) -> None:
    """An answer without an id in its buttons is followed by what stands around it: its command, or its question."""
    async with a_class(discord, settings()) as room:
        firsts = [await room.answered(lea, "mon modèle est nul"), await discord.say(lea, text="mon modèle est nul", mention=True)]
        for first in firsts:
            await first.read("pas sûr")
        for first in firsts:
            reply = await discord.say(lea, text="c'est quoi le dropout ?", reply_to=first.messages[0])
            await reply.read("Sources")
            await room.settled()
        data = await room.profond.students.my_data(f"discord:{lea.id}")
        places = [turn["place"] for turn in data["turns"]]
        assert places[0] == places[2] != places[1] == places[3]


async def test_a_reply_to_a_message_that_grows_waits_for_it(discord: DiscordServer, settings: MakeSettings, lea: User) -> None:
    """In the middle of a conversation too: it is answered behind it, and knows what was told."""
    model = QueuedModel(TEXT, "Le pooling réduit [1].", "Il éteint [1].")
    async with a_class(discord, settings(), model) as room:
        first = await room.answered(lea)
        model.hold = asyncio.Event()
        second = await discord.say(lea, text="et le pooling ?", reply_to=first.messages[0])
        await second.read("Le")
        is_taken, answer = asyncio.Event(), room.profond.assistant.answer

        async def taken(ticket: Ticket, surface: ReplySurface) -> Answer:
            is_taken.set()
            return await answer(ticket, surface)

        with patch.object(room.profond.assistant, "answer", taken):
            third = await discord.say(lea, text="c'est quoi le dropout ?", reply_to=second.messages[0])
            await is_taken.wait()
        model.let_go()
        await third.read("Sources")
        assert "Le pooling réduit" in str(model.asked[2])
        await room.settled()
        data = await room.profond.students.my_data(f"discord:{lea.id}")
        assert len({turn["place"] for turn in data["turns"]}) == 1


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_a_reply_to_an_unsure_answer_stays_in_the_conversation(
    discord: DiscordServer, settings: MakeSettings, lea: User, *, is_restarted: bool
) -> None:
    """An answer in the middle of a conversation that no button names; another process looks at what it replies to."""
    async with a_class(discord, settings()) as room:
        shown = (await room.answered(lea)).messages[0]
        for text in ("comment cuire des pâtes ?", "comment cuire du riz ?"):
            said = await discord.say(lea, text=text, reply_to=shown)
            await said.read("pas dans mon cours")
            shown = said.messages[0]
        await room.settled()
        if is_restarted:
            room.bot.threads._shown.clear()
        await (await discord.say(lea, text="c'est quoi le dropout ?", reply_to=shown)).read("Sources")
        await room.settled()
        data = await room.profond.students.my_data(f"discord:{lea.id}")
        assert [turn["question"] for turn in data["turns"]][-1] == "c'est quoi le dropout ?"
        assert len({turn["place"] for turn in data["turns"]}) == 1


async def test_messages_sent_while_it_writes_are_answered_in_their_order(discord: DiscordServer, settings: MakeSettings, lea: User) -> None:
    """Three messages of one conversation are answered one after another, each once, and each knows those before."""
    model = QueuedModel(*(f"Réponse {name} [1]." for name in ("une", "deux", "trois")), is_held=True)
    async with a_class(discord, settings(), model):
        direct = discord.direct(lea)
        said = [await discord.say(lea, direct, text) for text in (QUESTION, "c'est quoi le pooling ?", "c'est quoi le dropout ?")]
        await said[0].read("Réponse")
        await asyncio.sleep(0.1)
        assert len(model.asked) == 1
        model.let_go()
        await discord.until(lambda: sum("Sources" in message.text for message in direct.messages.values()) == 3)
        replies = [message for message in direct.messages.values() if message.author is discord.bot]
        assert [message.text.split(" [")[0].split("\n")[0] for message in replies] == ["Réponse une", "Réponse deux", "Réponse trois"]
        assert [message.replied for message in replies] == [each.message for each in said]
        assert ["pooling" in str(prompt) and "dropout" in str(prompt) for prompt in model.asked] == [False, False, True]


@pytest.mark.usefixtures("room")
async def test_a_slow_file_of_one_student_holds_up_no_other(discord: DiscordServer, lea: User, adam: User) -> None:
    """What Léa wrote after her file waits for it; what Adam writes in the same channel does not."""
    discord.fault("GET", "/attachments/", delay=2.0)
    await discord.say(lea, text=QUESTION, mention=True, files=[("a.py", b"# convolution")])
    after = await discord.say(lea, text="c'est quoi le pooling ?", mention=True)
    other = await discord.say(adam, text="c'est quoi le dropout ?", mention=True)
    await other.read("Sources")
    assert after.messages == []
    await after.read("Sources")


async def test_the_bots_role_is_its_name_too(settings: MakeSettings) -> None:
    """A phone offers the role beside the bot: with the content intent it is a mention, without it the student is told how to mention."""
    for has_content, part in ((True, "Sources"), (False, "mentionnes")):
        async with DiscordServer(message_content=has_content) as discord, a_class(discord, settings(discord_message_content=has_content)):
            said = await discord.say(discord.user("Léa"), text=f"<@&{discord.guild.bot_role}> {QUESTION}")
            await said.read(part)


@pytest.mark.usefixtures("room")
async def test_a_direct_message_is_a_question(discord: DiscordServer, lea: User) -> None:
    """In direct messages no mention is needed, and nothing may be shared from there."""
    said = await discord.say(lea, discord.direct(lea), QUESTION)
    await said.read("Sources")
    more = await discord.press(lea, said.messages[0], "Plus…")
    await more.read()
    assert [name.split(":")[0] for name in more.custom_ids] == ["deeper", "example", "redo", "report"]


@pytest.mark.usefixtures("room")
async def test_what_is_not_said_to_the_bot_is_left_alone(discord: DiscordServer, lea: User, adam: User) -> None:
    """Without a mention or a reply the bot is silent; a reply that it may not read is answered with how to do it."""
    await discord.say(lea, text="qui a compris la convolution ?")
    said = await discord.say(lea, text=QUESTION, mention=True)
    await said.read("Sources")
    assert [message.author for message in discord.channel.messages.values() if message.author is discord.bot] == [discord.bot]
    blind = await discord.say(adam, text="et le pooling ?", reply_to=said.messages[0], ping=False)
    assert "mentionnes" in await blind.read()


async def test_a_thread_goes_on_with_the_answer(discord: DiscordServer, settings: MakeSettings, lea: User, adam: User) -> None:
    """A public answer offers a thread, named by the question; what is asked there knows the answer, also after a restart."""
    model = QueuedModel(TEXT, "Il voit les bords [1].", "Il voit les coins [1].")
    async with a_class(discord, settings(), model) as room:
        asked = await room.answered(lea)
        made = await room.chosen(lea, asked.messages[0], "Continuer dans un fil")
        await made.read("Le fil est ouvert")
        thread = asked.messages[0].thread
        assert thread is not None
        assert (thread.name, thread.owner) == (QUESTION, discord.bot)
        assert "mentionne-moi" in next(iter(thread.messages.values())).text
        said = await discord.say(lea, thread, "à quoi sert le filtre d'une convolution ?", mention=True)
        await said.read("les bords")
        await room.settled()
        assert QUESTION in str(model.asked[1])
        again = await room.chosen(adam, asked.messages[0], "Continuer dans un fil")
        assert f"/{thread.id}" in await again.read("déjà son fil")
    async with a_class(discord, settings(), model) as room:
        ask = await discord.slash(lea, "ask", {"question": "et les coins d'une image, la convolution les voit ?"}, channel=thread)
        await ask.read("les coins")
        assert "Il voit les bords" in str(model.asked[2])


async def test_anybody_may_open_a_thread_under_a_public_answer(room: Class, discord: DiscordServer, lea: User, adam: User) -> None:
    """The thread under an answer to a mention is named by the question; without the right to open one, the student is told."""
    said = await discord.say(lea, text=QUESTION, mention=True)
    await said.read("Sources")
    await room.settled()
    discord.channel.deny("create_public_threads")
    refused = await room.chosen(adam, said.messages[0], "Continuer dans un fil")
    assert "Je n'ai pas pu ouvrir de fil" in await refused.read()
    discord.channel.allow("create_public_threads")
    made = await room.chosen(adam, said.messages[0], "Continuer dans un fil")
    await made.read("Le fil est ouvert")
    assert said.messages[0].thread is not None
    assert said.messages[0].thread.name == QUESTION


async def test_with_the_content_intent_the_askers_messages_in_a_thread_are_follow_ups(
    settings: MakeSettings,
) -> None:
    """In the bot's thread the asker needs no mention; others do, and what is said to others is left alone."""
    async with DiscordServer(message_content=True) as discord, a_class(discord, settings(discord_message_content=True)) as room:
        lea, adam = discord.user("Léa"), discord.user("Adam")
        asked = await room.answered(lea)
        made = await room.chosen(lea, asked.messages[0], "Continuer dans un fil")
        await made.read("Le fil est ouvert")
        thread = asked.messages[0].thread
        assert thread is not None
        hello = next(iter(thread.messages.values()))
        assert "simplement" in hello.text
        other = await discord.say(adam, thread, "c'est quoi le dropout ?")
        aside = await discord.say(lea, thread, f"c'est quoi un réseau de neurones {adam.mention} ?")
        to_adam = await discord.say(lea, thread, "c'est quoi un tenseur ?", reply_to=other.message)
        own = await discord.say(lea, thread, "c'est quoi le pooling ?")
        await own.read("Sources")
        to_herself = await discord.say(lea, thread, "c'est quoi le dropout ?", reply_to=own.message)
        await to_herself.read("Sources")
        assert [each.messages for each in (other, aside, to_adam)] == [[], [], []]


async def test_thumbs_are_stored_once_a_student_and_may_change(room: Class, discord: DiscordServer, lea: User, adam: User) -> None:
    """Everybody may judge a public answer; the last thumb of each counts."""
    message = (await room.answered(lea)).messages[0]
    for user, label in ((lea, "👎"), (lea, "👍"), (adam, "👎")):
        assert "noté" in await (await discord.press(user, message, label)).read()
    values = [(await room.profond.students.my_data(f"discord:{user.id}"))["feedback"] for user in (lea, adam)]
    assert [[each["value"] for each in found] for found in values] == [[1], [-1]]
    assert [each.kind for each in await room.profond.store.people.complaints()] == ["thumb_down"]


async def test_a_press_may_be_faster_than_the_database(room: Class, discord: DiscordServer, lea: User) -> None:
    """An answer is shown before it is stored: who presses at once is served as soon as it is."""
    stored, answered = asyncio.Event(), Store.answered

    async def slowly(store: Store, ticket: Ticket, outcome: Outcome) -> None:
        await stored.wait()
        await answered(store, ticket, outcome)

    with patch.object(Store, "answered", slowly):
        asked = await discord.slash(lea, "ask", {"question": QUESTION})
        await asked.read("Sources")
        thumb = await discord.press(lea, asked.messages[0], "👍")
        simpler = await discord.press(lea, asked.messages[0], "Plus simple")
        stored.set()
        await simpler.read("Sources")
        assert "noté" in await thumb.read()
        await room.settled()


async def test_an_error_is_reported_by_a_form(room: Class, discord: DiscordServer, lea: User) -> None:
    """What is written in the form stands in the reports, with the question."""
    message = (await room.answered(lea)).messages[0]
    pressed = await room.chosen(lea, message, "Signaler une erreur")
    sent = await discord.submit_modal(lea, pressed, {"text": "Le filtre n'est pas une loupe."})
    complaint = (await room.profond.store.people.complaints())[0] if await sent.read("Merci") else None
    assert complaint is not None
    assert (complaint.text, complaint.question) == ("Le filtre n'est pas une loupe.", QUESTION)


async def test_an_answer_is_told_again_by_anybody_and_redone_by_its_asker_alone(
    discord: DiscordServer, settings: MakeSettings, lea: User, adam: User
) -> None:
    """Simpler, deeper, another example: publicly, for whoever presses; a redo is the asker's."""
    model = QueuedModel(TEXT, *(f"Encore {number} [1]." for number in range(4)))
    async with a_class(discord, settings(), model) as room:
        message = (await room.answered(lea)).messages[0]
        for number, label in enumerate(("Plus simple", "Plus poussé", "Un autre exemple", "Refaire")):
            told = await (discord.press(adam, message, label) if label == "Plus simple" else room.chosen(lea, message, label))
            await told.read(f"Encore {number}")
            await told.read("Sources")
            assert not told.messages[0].is_ephemeral
        refused = await room.chosen(adam, message, "Refaire")
        assert "Seule la personne" in await refused.read()
        assert refused.messages[0].is_ephemeral


async def test_only_the_asker_may_stop(discord: DiscordServer, settings: MakeSettings, lea: User, adam: User) -> None:
    """The asker's press ends the answer where it is; another's changes nothing; afterwards there is nothing to stop."""
    model = QueuedModel(TEXT, is_held=True)
    async with a_class(discord, settings(), model):
        asked = await discord.slash(lea, "ask", {"question": QUESTION})
        await asked.read("Une")
        stop, message = asked.custom_ids[0], asked.messages[0]
        assert "Seule la personne" in await (await discord.press(adam, message, stop)).read()
        assert "J'arrête" in await (await discord.press(lea, message, stop)).read()
        await asked.read("arrêtée à ta demande")
        assert "glisse" not in asked.text
        assert "déjà terminée" in await (await discord.press_gone(lea, message, stop)).read()


async def test_buttons_work_after_a_restart_and_of_what_is_gone_say_so(discord: DiscordServer, settings: MakeSettings, lea: User) -> None:
    """An old message's buttons work with another process; after `/forget` they tell that they no longer do."""
    async with a_class(discord, settings()) as room:
        message = (await room.answered(lea)).messages[0]
    async with a_class(discord, settings()) as room:
        told = await discord.press(lea, message, "Plus simple")
        await told.read("Sources")
        asked = await discord.slash(lea, "forget")
        await asked.read("Effacer tout")
        erased = await discord.press(lea, asked.messages[0], "Oui, tout effacer")
        await erased.until(lambda _: "C'est effacé\u00a0: 1" in asked.messages[0].text)
        assert asked.messages[0].custom_ids() == []
        for label in ("Plus simple", "👍"):
            assert "ne marche plus" in await (await discord.press(lea, message, label)).read()


async def test_a_card_question_is_asked_and_revealed(room: Class, discord: DiscordServer, lea: User) -> None:
    """The button "Teste-moi" shows the card's question, its button the answer, to the student alone."""
    message = (await room.answered(lea)).messages[0]
    quiz = await discord.press(lea, message, "Teste-moi")
    check = room.profond.lessons.quiz("convolution")
    assert check.question in await quiz.read()
    revealed = await discord.press(lea, quiz.messages[0], "Voir la réponse")
    await revealed.until(lambda _: check.answer in quiz.messages[0].text)
    assert not any(check.answer in text for text in discord.public_texts())


async def test_an_unsure_question_gets_three_titles_and_one_outside_three_questions(room: Class, discord: DiscordServer, lea: User) -> None:
    """A title opens its card for the student alone; an example question is asked at a press."""
    unsure = await room.answered(lea, "mon modèle est nul")
    assert [name.split(":")[0] for name in unsure.custom_ids] == ["open"] * 3
    opened = await discord.press(lea, unsure.messages[0], unsure.custom_ids[0])
    await opened.read("### ")
    assert opened.messages[0].is_ephemeral
    outside = await room.answered(lea, "comment cuire des pâtes ?")
    assert [name.split(":")[0] for name in outside.custom_ids] == ["ready"] * 3
    ready = await discord.press(lea, outside.messages[0], outside.custom_ids[0])
    await ready.read("Sources")
    assert not ready.messages[0].is_ephemeral


@pytest.mark.parametrize(
    ("typed", "found"), [("convolusion", "convolution"), ("descente de gradien", "descente-gradient"), ("surapprentisage", "surapprentissage")]
)
async def test_a_card_is_found_as_it_is_typed(room: Class, discord: DiscordServer, lea: User, typed: str, found: str) -> None:
    """The completion forgives accents and typos, within the time that Discord gives, and offers at most 25."""
    offered = await discord.autocomplete(lea, "topic", "card", typed)
    assert offered[0]["value"] == found
    every = await discord.autocomplete(lea, "topic", "card", "")
    assert len(every) == 25
    assert {each["value"] for each in await discord.autocomplete(lea, "topic", "topic", "")} == {each.id for each in room.profond.lessons.topics}


def _reads(message: Message, part: str) -> bool:
    return part in message.text


async def test_the_map_leads_to_topics_cards_and_their_neighbours(room: Class, discord: DiscordServer, lea: User) -> None:
    """One ephemeral message turns from the map to a topic, a card with its figure, and the next card."""
    asked = await discord.slash(lea, "topic")
    await asked.read("les sujets")
    page = asked.messages[0]
    vision = next(topic for topic in room.profond.lessons.topics if topic.id == "vision")
    for label, part in ((vision.title, "les fiches"), (room.profond.course.card("convolution").title, "La convolution")):
        await discord.press(lea, page, label)
        await discord.until(partial(_reads, page, part))
    following = next(label for label in page.custom_ids() if label.startswith("open:"))
    await discord.press(lea, page, following)
    await asked.until(lambda _: f"### {room.profond.course.card(following[5:]).title}" in page.text)
    assert page.is_ephemeral
    assert discord.public_texts() == []


async def test_a_card_is_shown_with_its_figure_and_asked_about(room: Class, discord: DiscordServer, lea: User) -> None:
    """A card that has a picture carries it with its description; a question about it names the card."""
    card = next(card for card in room.profond.course.cards if card.figure)
    assert card.figure is not None
    asked = await discord.slash(lea, "topic", {"card": card.title})
    await asked.read(card.title)
    assert [file.filename for file in asked.messages[0].attachments] == [card.figure.file.rsplit("/", 1)[-1]]
    form = await discord.press(lea, asked.messages[0], f"about:{card.id}")
    sent = await discord.submit_modal(lea, form, {"text": "à quoi ça sert ?"})
    await sent.read("Sources")
    assert sent.text.startswith(f"> {card.title} : à quoi ça sert ?")
    assert sent.messages[0].is_ephemeral


@pytest.mark.usefixtures("room")
async def test_an_unknown_topic_is_refused_kindly(discord: DiscordServer, lea: User) -> None:
    """A name that resembles nothing gets a sentence with what to do, in which it mentions nobody."""
    asked = await discord.slash(lea, "topic", {"topic": f"@everyone {lea.mention} zzzz"})
    text = await asked.read()
    assert "tape /topic seul" in text
    assert "@everyone" not in text
    assert lea.mention not in text
    assert asked.messages[0].is_ephemeral


async def test_usage_tells_what_is_left(settings: MakeSettings, discord: DiscordServer, lea: User) -> None:
    """`/usage` counts down; when nothing is left a question is refused with the wait, to the student alone."""
    async with a_class(discord, settings(allowance_size=1)) as room:
        assert "Il te reste 1 question(s) sur 1" in await (await discord.slash(lea, "usage")).read("reste")
        await room.answered(lea)
        refused = await discord.slash(lea, "ask", {"question": QUESTION})
        assert (await refused.ack()).ephemeral
        assert "la prochaine arrive dans" in refused.text


@pytest.mark.usefixtures("room")
async def test_help_offers_questions_and_a_teacher_may_pin(discord: DiscordServer, lea: User) -> None:
    """Ready-made questions are buttons; a teacher posts a message with a button that opens a form."""
    prof = discord.user("Prof", "manage_guild")
    plain = await discord.slash(lea, "help")
    await plain.read()
    assert [name.split(":")[0] for name in plain.custom_ids] == ["ready"] * 5
    full = await discord.slash(prof, "help")
    await full.read()
    pinned = await discord.press(prof, full.messages[0], "Épingler un bouton")
    await pinned.read("posté")
    post = next(message for message in discord.channel.messages.values() if not message.is_ephemeral)
    form = await discord.press(lea, post, "Poser une question")
    sent = await discord.submit_modal(lea, form, {"text": QUESTION})
    await sent.read("Sources")
    assert not sent.messages[0].is_ephemeral
    discord.channel.deny("send_messages")
    refused = await discord.press(prof, full.messages[0], "Épingler un bouton")
    assert "préviens ton enseignant" in await refused.read()


async def test_my_data_is_a_file_for_the_student_alone(room: Class, discord: DiscordServer, lea: User) -> None:
    """`/mydata` attaches everything as JSON, in an ephemeral message."""
    await room.answered(lea)
    asked = await discord.slash(lea, "mydata")
    await asked.read("en JSON")
    file = asked.messages[0].attachments[0]
    assert (file.filename, asked.messages[0].is_ephemeral) == ("profond.json", True)
    assert json.loads(file.content) == json.loads(json.dumps(await room.profond.students.my_data(f"discord:{lea.id}")))
    privacy = await discord.slash(lea, "privacy")
    await privacy.read("30 jours")
    await discord.press(lea, privacy.messages[0], "Mes données")
    await privacy.until(lambda _: privacy.messages[0].attachments)


async def test_a_message_is_explained_to_who_asks(room: Class, discord: DiscordServer, lea: User, adam: User) -> None:
    """The menu explains a message, or the file on it, in private; one without either is refused."""
    said = await discord.say(adam, text="le surapprentissage c'est quoi ?")
    menu = await discord.context_menu(lea, "Expliquer ce message", said.message)
    await menu.read("Sources")
    assert all(message.is_ephemeral for message in menu.messages)
    code = await discord.say(adam, text="", files=[("a.py", b"from torch import nn\nlayer = nn.Conv2d(3, 16, 3)  # convolution, dropout")])
    explained = await discord.context_menu(lea, "Expliquer ce message", code.message)
    await explained.read("-# ")
    answer = await room.answered(lea)
    await (await discord.context_menu(adam, "Expliquer ce message", answer.messages[0])).read("Sources")
    discord.channel.messages[said.message.id].content = ""
    empty = await discord.context_menu(lea, "Expliquer ce message", said.message)
    assert "pas de texte" in await empty.read()


@pytest.mark.parametrize(
    ("file", "part"),
    [
        (("a.py", b"import torch\nmodel = torch.nn.Conv2d(3, 16, 3)\n# convolution"), "-# "),
        (("a.ipynb", b'{"cells": [{"cell_type": "code", "source": ["convolution"]}]}'), "-# "),
        (("a.ipynb", b"[]"), "a.ipynb"),
        (("a.txt", b"\x00\x01"), "a.txt"),
        (("a.exe", b"MZ"), "a.exe"),
        (("a.txt", b"x" * 200_001), "trop gros"),
    ],
)
async def test_a_file_is_read_or_refused_with_a_sentence(room: Class, discord: DiscordServer, lea: User, file: tuple[str, bytes], part: str) -> None:
    """Code, text and notebooks are read; what lies about itself or is too big costs nothing."""
    asked = await discord.slash(lea, "ask", {"question": "explique la convolution de ce code", "file": file})
    await asked.read(part)
    said = await discord.say(lea, text="explique la convolution de ce code", mention=True, files=[file])
    await said.read(part)
    usage = await room.profond.students.usage(f"discord:{lea.id}")
    assert usage.size - usage.left == (2 if part == "-# " else 0)


async def test_a_picture_is_looked_at_and_one_that_lies_is_not(discord: DiscordServer, settings: MakeSettings, lea: User) -> None:
    """What a picture is stands in it, not in its name: the model sees a PNG, and a text that calls itself one costs nothing."""
    model = QueuedModel(TEXT)
    async with a_class(discord, settings(), model) as room:
        figure = next(card.figure for card in room.profond.course.cards if card.figure)
        picture = (room.profond.course.folder / figure.file).read_bytes()
        lies = await discord.slash(lea, "ask", {"question": QUESTION, "file": ("capture.png", b"print('convolution')")})
        await lies.read("«\u00a0capture.png\u00a0»")
        assert model.asked == []
        seen = await discord.slash(lea, "ask", {"question": QUESTION, "file": ("capture.png", picture)})
        await seen.read("Sources")
        [image] = model.asked[0][-1].images
        assert image.startswith("data:image/png;base64,")
        usage = await room.profond.students.usage(f"discord:{lea.id}")
        assert usage.size - usage.left == 1


@pytest.mark.parametrize("status", [404, 429])
async def test_a_file_that_cannot_be_fetched_costs_nothing(room: Class, discord: DiscordServer, lea: User, status: int) -> None:
    """A download that fails is told, and no question is counted; who keeps the files shuts nobody out of Discord."""
    discord.fault("GET", "/attachments/", status=status, count=5)
    asked = await discord.slash(lea, "ask", {"question": QUESTION, "file": ("a.txt", b"x")})
    assert "renvoie le fichier" in await asked.read("télécharger")
    usage = await room.profond.students.usage(f"discord:{lea.id}")
    assert usage.left == usage.size
    assert not room.bot.brake.left


async def test_a_long_answer_takes_several_messages_with_whole_fences(discord: DiscordServer, settings: MakeSettings, lea: User) -> None:
    """It is split below 4,000 characters; the buttons stand under the last part, and a reply to the first part goes on too."""
    words = " ".join(card.text(Level.BEGINNER) for card in load_course(settings().course_folder).cards).split()
    code = "\n".join(f"x{n} = {words[7 * n : 7 * n + 7]}" for n in range(50))
    model: ChatModel = QueuedModel(f"Voici [1] :\n\n```python\n{code}\n```\n\nFin.", "Suite [1].")
    async with a_class(discord, settings(), model) as room:
        asked = await discord.slash(lea, "ask", {"question": QUESTION})
        await asked.read("Sources")
        parts = [message for message in asked.messages if "Je suis une machine" not in message.text]
        assert len(parts) == 2
        assert all(len(part.text) <= 4000 and part.text.count("```") % 2 == 0 for part in parts)
        assert [bool(part.custom_ids()) for part in parts] == [False, True]
        reply = await discord.say(lea, text="et le pooling ?", reply_to=parts[0])
        await reply.read("Suite")
        data = await room.profond.students.my_data(f"discord:{lea.id}")
        assert len({turn["place"] for turn in data["turns"]}) == 1


async def test_no_text_can_ping(discord: DiscordServer, settings: MakeSettings, lea: User, adam: User) -> None:
    """Mentions from a student or the model neither render nor ping, and every request says so."""
    model = QueuedModel(f"@everyone <@{adam.id}> <@&{discord.guild.id}> une convolution [1].")
    async with a_class(discord, settings(), model) as room:
        asked = await room.answered(lea, f"{QUESTION} @everyone <@{adam.id}>")
        shown = "\n".join(state.everything for state in asked.states)
        assert "@everyone" not in shown
        assert f"<@{adam.id}>" not in shown
        assert "une convolution" in shown
        assert all(message.pings == set() for message in asked.messages)
        made = await room.chosen(lea, asked.messages[0], "Continuer dans un fil")
        await made.read("Le fil est ouvert")
        thread = asked.messages[0].thread
        assert thread is not None
        assert "everyone" in thread.name
        assert not {"@everyone", f"<@{adam.id}>"} & {*thread.name.split()}
        bodies = [each.body for each in discord.requests if each.method in {"POST", "PATCH"} and isinstance(each.body, dict)]
        sent = [body.get("data", body) for body in bodies if "components" in body.get("data", body)]
        assert sent
        assert all(body["allowed_mentions"]["parse"] == [] for body in sent)


@pytest.mark.usefixtures("room")
async def test_english_speakers_read_english(discord: DiscordServer) -> None:
    """Words follow the interaction's locale; the names of the commands do not."""
    joe = discord.user("Joe", locale="en-GB")
    assert "level: beginner" in (await (await discord.slash(joe, "level")).read()).lower()
    known = {each["name"]: each for each in discord.commands.known[None]}
    assert set(known) == {"ask", "topic", "level", "usage", "help", "privacy", "mydata", "forget", "Expliquer ce message"}
    assert known["ask"]["description"] == "Pose une question sur le cours"
    assert known["ask"]["description_localizations"]["en-US"].startswith("Ask")
    assert not known["ask"].get("name_localizations")
    level = next(option for option in known["ask"]["options"] if option["name"] == "level")
    assert [choice["value"] for choice in level["choices"]] == ["beginner", "intermediate", "advanced"]
    assert level["choices"][0]["name_localizations"]["en-GB"] == "beginner"
