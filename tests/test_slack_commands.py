"""Slack's commands, the message shortcut, files and the home tab."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bots.slack_bot.attachments import is_slacks
from core.errors import StoreAway
from tests.servers.slack import BOT_USER, GENERAL, TEAM, Fault, Message
from tests.slack_class import QUESTION, Lesson, lesson
from tests.surfaces import QueuedModel

ALICE = f"slack:{TEAM}:U0ALICE001"
SECRET = "svp svp svp"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Lesson]:
    """A class whose answers come from the cards."""
    async with lesson(tmp_path) as opened:
        yield opened


def of_the_bot(room: Lesson, channel: str = GENERAL) -> list[Message]:
    return [message for message in room.slack.messages(channel) if message.user == BOT_USER]


async def test_ask_posts_the_question_and_answers_in_its_thread(room: Lesson) -> None:
    """`/ask` names the student without pinging anyone, quotes the question, and answers below."""
    handle = await room.slack.command("alice", "/ask", f"{QUESTION} <!channel> <@U0BOB00001> @here")
    await room.slack.until(lambda: len(of_the_bot(room)) == 2 and not of_the_bot(room)[1].is_streaming)
    root, answer = of_the_bot(room)

    assert "Alice demande" in root.shown
    assert "C'est quoi une convolution" in root.shown
    assert root.ts == answer.thread_ts
    assert "Sources" in answer.shown
    assert [] == room.slack.live_pings
    assert await handle.acked() < 1


async def test_who_is_not_known_is_named_as_the_command_names_them(room: Lesson) -> None:
    """Where Slack is not asked for more, the question still stands under a name."""
    room.slack.fault("users.info", Fault("error", error="user_not_found"))
    await room.slack.command("alice", "/ask", QUESTION)
    await room.slack.until(lambda: of_the_bot(room))

    assert "alice demande" in of_the_bot(room)[0].shown


async def test_the_thread_of_ask_goes_on(room: Lesson) -> None:
    """Who asked by command asks on in the thread without a mention; the conversation is the thread's."""
    await room.slack.command("alice", "/ask", QUESTION)
    await room.slack.until(lambda: len(of_the_bot(room)) == 2 and not of_the_bot(room)[1].is_streaming)
    await room.idle()
    root = of_the_bot(room)[0]
    handle = await room.slack.say("alice", "general", "et le padding ?", thread_ts=root.ts, mention=False)
    await handle.answer()

    data = await room.profond.students.my_data(ALICE)
    assert f"slack:{TEAM}:{GENERAL}:{root.ts}" == data["turns"][0]["place"]


@pytest.mark.parametrize("said", ["privé: {}", "prive : {}", "PRIVÉE:{}", "private: {}", "prive\u0301:{}", "*privé* : {}", "Privé：{}"])
async def test_a_private_question_is_answered_to_the_student_alone(room: Lesson, said: str) -> None:
    """`/ask privé: …` shows nothing to anybody else, and says that it vanishes."""
    handle = await room.slack.command("alice", "/ask", said.format(f"{QUESTION} {SECRET}"))
    answer = await room.alone(handle)
    await room.idle()

    assert "convolution" in answer.shown
    assert "disparaît quand tu recharges" in answer.shown
    assert [] == of_the_bot(room)
    assert not [text for text in room.slack.public_texts(GENERAL) if SECRET in text or "filtre" in text]
    await room.slack.reload("alice")
    data = json.dumps(await room.profond.students.my_data(ALICE), ensure_ascii=False)
    assert SECRET in data


async def test_a_private_question_never_reaches_a_channel_when_its_door_is_closed(room: Lesson) -> None:
    """Where the response_url is used up, the answer takes the ephemeral way, then the direct messages."""
    room.slack.add_user("zoe")
    handle = await room.slack.command("zoe", "/ask", f"privé: {QUESTION} {SECRET}")
    for hook in room.slack.space.hooks.values():
        hook.uses = 5
    await handle.acked()
    await room.idle()

    assert [] == of_the_bot(room)
    assert not [text for text in room.slack.public_texts(GENERAL) if SECRET in text or "filtre" in text]
    assert "convolution" in (await room.alone(handle)).shown


async def test_who_wants_privacy_gets_it_always(room: Lesson) -> None:
    """A student's own choice makes every `/ask` private."""
    await room.profond.students.set_always_private(ALICE, is_private=True)
    handle = await room.slack.command("alice", "/ask", QUESTION)
    await room.alone(handle)

    assert [] == of_the_bot(room)


async def test_ask_where_the_bot_is_no_member_says_how_to_invite_it(room: Lesson) -> None:
    """A private sentence with `/invite`, and the allowance comes back."""
    outside = room.slack.add_channel("projets", bot=False)
    handle = await room.slack.command("alice", "/ask", QUESTION, channel=outside)
    told = await room.alone(handle)
    await room.idle()

    assert "/invite @profond" in told.shown
    assert 1000 == (await room.profond.students.usage(ALICE)).left


@pytest.mark.parametrize("said", ["{}", "privé: {}"])
async def test_ask_between_two_people_is_answered_to_who_asks(room: Lesson, said: str) -> None:
    """Nobody can invite the bot into a conversation of two."""
    theirs = room.slack.add_channel("directmessage", kind="im", bot=False, members=("alice", "bob"))
    handle = await room.slack.command("alice", "/ask", said.format(QUESTION), channel=theirs)
    await room.idle()

    assert "convolution" in (await room.alone(handle)).shown
    assert [] == [message for message in handle.messages if not message.recipient]


@pytest.mark.parametrize(("who", "text", "told"), [("alice", "privé:", "Il n'y a pas de question"), ("carol", "", "There is no question")])
async def test_an_empty_ask_is_told_what_to_do(room: Lesson, who: str, text: str, told: str) -> None:
    """`/ask` alone is answered in the student's language, also by a bot that meets them for the first time."""
    handle = await room.slack.command(who, "/ask", text)

    assert told in (await room.alone(handle)).shown


async def test_a_redelivered_command_is_answered_once(room: Lesson) -> None:
    """A command is taken by its trigger_id."""
    handle = await room.slack.command("alice", "/ask", QUESTION)
    room.slack.redeliver(handle, times=2)
    await room.slack.until(lambda: len(of_the_bot(room)) == 2)
    await room.idle()

    assert 2 == len(of_the_bot(room))


@pytest.mark.parametrize(
    ("command", "text", "said"),
    [
        ("/level", "", "Ton niveau\u00a0: débutant"),
        ("/level", "avancé", "niveau avancé"),
        ("/level", "moyen plus", "Je ne connais pas ce niveau"),
        ("/cours", "", "les sujets"),
        ("/cours", "convolution", "loupe"),
        ("/cours", "zzzzqqqq", "tape /cours seul"),
        ("/profond", "", "Pose-moi une question"),
        ("/profond", "help", "Pose-moi une question"),
        ("/profond", "topic convolution", "loupe"),
        ("/profond", "level expert", "Je ne connais pas ce niveau"),
        ("/profond", "usage", "question(s) sur"),
        ("/profond", "privacy", "Ce qui est gardé"),
        ("/profond", "forget", "Effacer tout"),
        ("/profond", "Usage\u00a0?", "question(s) sur"),
        ("/profond", "topic\u202fconvolution", "loupe"),
        ("/level", "avancé.", "niveau avancé"),
    ],
)
async def test_commands_answer_the_student_alone(room: Lesson, command: str, text: str, said: str) -> None:
    """Each verb of the catch-all and each short command says its page, privately, in Slack's own words."""
    told = await room.alone(await room.slack.command("alice", command, text))

    assert said in told.shown
    assert [] == of_the_bot(room)
    assert " /topic" not in told.everything
    assert "«\u00a0/forget" not in told.everything


@pytest.mark.parametrize(
    "text",
    [f"ask {QUESTION}", QUESTION, "convolution?", "forget gate du LSTM : c'est quoi ?", "usage des\u00a0masques", "help me learn dropout"],
)
async def test_the_catch_all_asks(room: Lesson, text: str) -> None:
    """`/profond ask …`, or just a question behind `/profond`, also where it begins with a verb that stands alone."""
    await room.slack.command("alice", "/profond", text)
    await room.slack.until(lambda: len(of_the_bot(room)) == 2)


@pytest.mark.parametrize("text", ["privé:convolution?", "Privée:convolution", "ask PRIVE: convolution"])
async def test_the_catch_all_asks_in_private(room: Lesson, text: str) -> None:
    """One word behind `privé:` is a question too."""
    handle = await room.slack.command("alice", "/profond", text)

    assert "glisser" in (await room.alone(handle)).shown
    assert [] == of_the_bot(room)


async def test_my_data_comes_as_a_file_in_direct_messages(room: Lesson) -> None:
    """Everything that is kept, for the student's eyes."""
    await room.ask()
    await room.idle()
    told = await room.alone(await room.slack.command("alice", "/profond", "mydata"))
    direct = room.slack.space.im("U0ALICE001").id
    file = next(file for message in room.slack.messages(direct) for file in message.files)

    assert "message privé" in told.shown
    assert QUESTION in str(json.loads(file.content or b"")["turns"])


async def test_forget_erases_after_a_second_press(room: Lesson) -> None:
    """Nothing is erased by a command alone."""
    await room.ask()
    await room.idle()
    sure = await room.alone(await room.slack.command("alice", "/profond", "forget"))
    await room.slack.press("alice", sure, "Oui, tout effacer")
    await room.slack.until(lambda: "C'est effacé\u00a0: 1" in sure.shown)

    assert [] == (await room.profond.students.my_data(ALICE))["turns"]


async def test_a_command_whose_reading_fails_is_told(room: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is away is no silence."""

    async def away(*_: object) -> bool:
        raise StoreAway

    monkeypatch.setattr(room.profond.students, "is_always_private", away)
    told = await room.alone(await room.slack.command("alice", "/ask", QUESTION))

    assert "Ma mémoire ne répond pas" in told.shown


async def test_the_shortcut_explains_a_message_to_the_student_alone(tmp_path: Path) -> None:
    """What is explained is the message's own text; nobody else sees it."""
    model = QueuedModel("Le dropout éteint des neurones [1].")
    async with lesson(tmp_path, model=model) as room:
        said = await room.slack.say("bob", "general", f"à quoi sert le dropout {SECRET}", mention=False)
        handle = await room.slack.shortcut("alice", "explain", said.said)
        answer = await room.slack.until(lambda: [one for one in room.slack.space.log if one.recipient == "U0ALICE001"])
        await room.idle()

        assert "éteint des neurones" in answer[-1].shown
        assert SECRET in model.asked[0][-1].content
        assert [] == of_the_bot(room)
        assert await handle.acked() < 1


async def test_files_are_read_with_the_bots_token(tmp_path: Path) -> None:
    """Attached code reaches the model; the question is taken once."""
    model = QueuedModel("Ton code ne mélange pas les données [1].")
    async with lesson(tmp_path, model=model) as room:
        handle = await room.slack.say("alice", "general", "pourquoi mon surapprentissage ?", files=[("train.py", b"shuffle = False")])
        await handle.answer()
        await room.idle()

        assert "shuffle = False" in model.asked[0][-1].content
        assert 1 == len(handle.messages)
        assert 1 == len(model.asked)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("photo.exe", b"\x00\x01", "Je ne peux pas lire"), ("long.txt", b"a" * 200_001, "trop gros")],
)
async def test_files_that_cannot_be_read_are_told(room: Lesson, name: str, content: bytes, said: str) -> None:
    """The refusal names the file, once, to the student alone."""
    handle = await room.slack.say("alice", "general", "regarde", files=[(name, content)])
    told = await room.alone(handle)
    await room.idle()

    assert said in told.shown
    assert 1 == len(handle.messages)


async def test_a_page_instead_of_a_file_is_no_file(room: Lesson) -> None:
    """Without the scope Slack gives its login page with status 200; it is not taken for the file."""
    room.slack.app.scopes.discard("files:read")
    handle = await room.slack.say("alice", "general", "regarde", files=[("train.py", b"x = 1")])

    assert "Je n'ai pas pu télécharger" in (await room.alone(handle)).shown


@pytest.mark.parametrize(
    ("url", "is_theirs"),
    [
        ("https://files.slack.com/files-pri/T1-F1/a.py", True),
        ("https://slack-files.com/T1-F1", True),
        ("http://files.slack.com/a.py", False),
        ("https://files.slack.com.evil.fr/a.py", False),
        ("https://evilslack.com/a.py", False),
        ("https://files.slack.com:8443/a.py", False),
        ("https://slack-gov.com/files/a.py", True),
        ("https://files.slack-gov.com/a.py", False),
    ],
)
def test_the_token_goes_to_slack_alone(url: str, *, is_theirs: bool) -> None:
    """Files come from Slack's hosts, or from where SLACK_API_URL points."""
    assert is_theirs == is_slacks(url, "https://slack-gov.com/api/")


async def test_the_home_tab_shows_and_changes(room: Lesson) -> None:
    """Level, allowance, topics, data and erasing stand in the home tab; a level chosen there is shown there."""
    await room.slack.open_home("alice")
    home = await room.home("alice")
    await room.slack.press("alice", home, "level", "advanced")
    await room.slack.until(
        lambda: (
            (now := room.slack.home("alice"))
            and '"initial_option": {"text": {"type": "plain_text", "text": "avancé"' in json.dumps(now.blocks, ensure_ascii=False)
        )
    )

    assert "question(s) sur" in home.shown
    assert "advanced" == (await room.profond.students.level(ALICE)).value
    assert {"Mes données", "Effacer mes données"} <= set(home.labels)


async def test_topics_of_the_home_tab_open_as_a_modal(room: Lesson) -> None:
    """From a topic to a card to its quiz, in one modal; a question asked there is answered in direct messages."""
    await room.slack.open_home("alice")
    home = await room.home("alice")
    topic = room.profond.lessons.topics[0]
    await room.slack.press("alice", home, f"topic:{topic.id}")
    modal = await room.modal("alice")
    await room.slack.press("alice", modal, f"open:{topic.subtopics[0].id}")
    await room.slack.until(lambda: "Poser une question" in modal.labels)
    await room.slack.press("alice", modal, "Poser une question")
    form = await room.modal("alice", modal)
    await room.slack.submit_view("alice", form, {"Ta question": QUESTION})
    direct = room.slack.space.im("U0ALICE001").id
    await room.slack.until(lambda: len(of_the_bot(room, direct)) == 2 and not of_the_bot(room, direct)[1].is_streaming)

    root, answer = of_the_bot(room, direct)
    assert "convolution" in root.shown
    assert root.ts == answer.thread_ts
    assert "Sources" in answer.shown


async def test_forgetting_from_the_home_tab_asks_first(room: Lesson) -> None:
    """The button asks whether it is meant; then all is erased and said."""
    await room.ask()
    await room.idle()
    await room.slack.open_home("alice")
    home = await room.home("alice")
    button = next(element for block in home.blocks for element in block.get("elements", ()) if element.get("value") == "forget:")
    await room.slack.press("alice", home, "Effacer mes données")
    modal = await room.modal("alice")

    assert "Oui, tout effacer" == button["confirm"]["confirm"]["text"]
    assert "C'est effacé\u00a0: 1" in modal.shown
