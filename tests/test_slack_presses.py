"""Buttons and forms in Slack: they work for who may, after a restart, and show a private answer to nobody."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from aiohttp import web

from bots.slack_bot.look import Drawing, Sheet, calm, draw, draw_in_view
from core.actions import Action, Button
from core.messages import Ticket
from core.store import Outcome, Past
from tests.servers.slack import BOT_USER, GENERAL, TEAM, Fault, Message, files
from tests.servers.slack.blocks import block_offences, length_error
from tests.servers.slack.state import Workspace
from tests.slack_class import QUESTION, READY, Lesson, core_of, lesson, served, settings_for
from tests.surfaces import QueuedModel

ALICE = f"slack:{TEAM}:U0ALICE001"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Lesson]:
    """A class whose answers come from the cards."""
    async with lesson(tmp_path) as opened:
        yield opened


async def test_native_thumbs_are_remembered(room: Lesson) -> None:
    """The last thumb counts; who presses is thanked alone."""
    _, answer = await room.ask()
    await room.idle()
    await room.alone(await room.slack.feedback("alice", answer, positive=True))
    handle = await room.slack.feedback("alice", answer, positive=False)
    room.slack.redeliver(handle)
    told = await room.alone(handle)
    await room.idle()
    judged = (await room.profond.students.my_data(ALICE))["feedback"]

    assert "Merci" in told.shown
    assert [-1] == [thumb["value"] for thumb in judged]


@pytest.mark.parametrize("label", ["👍", "Plus simple"])
async def test_a_press_may_come_before_its_answer_is_stored(room: Lesson, label: str) -> None:
    """Who presses as soon as the answer shows is heard."""
    store, tried = room.profond.store, asyncio.Event()
    answered, past, judge = store.answered, store.past, store.people.give_feedback

    async def late(ticket: Ticket, outcome: Outcome) -> None:
        await tried.wait()
        await answered(ticket, outcome)

    async def look(answer_id: str, person: str = "") -> Past:
        tried.set()
        return await past(answer_id, person)

    async def give(answer_id: str, person: str, value: int) -> None:
        tried.set()
        await judge(answer_id, person, value)

    with patch.object(store, "answered", late), patch.object(store, "past", look), patch.object(store.people, "give_feedback", give):
        handle, answer = await room.ask()
        await (room.slack.feedback("alice", answer, positive=True) if label == "👍" else room.slack.press("alice", answer, label))
        await room.slack.until(lambda: len(handle.messages) == 2)
        await room.idle()

    assert not any("Je ne retrouve pas" in message.shown for message in handle.messages)


async def test_simpler_tells_again_below(room: Lesson) -> None:
    """A public answer told again stands in the same thread; a press that comes twice is answered once."""
    handle, answer = await room.ask()
    await room.idle()
    press = await room.slack.press("bob", answer, "Plus simple")
    room.slack.redeliver(press)
    await room.slack.until(lambda: len(handle.messages) == 2)
    await room.idle()

    assert 2 == len(handle.messages)
    assert await press.acked() < 1


async def test_more_offers_the_rest_alone(room: Lesson) -> None:
    """Deeper, another example, redo and report stand behind "Plus…"; a public answer is not shared again."""
    _, answer = await room.ask()
    await room.idle()
    more = await room.alone(await room.slack.press("alice", answer, "Plus…"))

    assert ["Plus poussé", "Un autre exemple", "Refaire", "Signaler une erreur"] == more.labels


async def test_redo_is_for_the_asker(room: Lesson) -> None:
    """A classmate's redo is refused, privately."""
    handle, answer = await room.ask()
    await room.idle()
    more = await room.alone(await room.slack.press("bob", answer, "Plus…"))
    refused = await room.alone(await room.slack.press("bob", more, "Refaire"))
    await room.idle()

    assert "Seule la personne" in refused.shown
    assert 1 == len([message for message in handle.messages if not message.recipient])


async def test_an_answer_told_again_from_more_stays_where_it_may(room: Lesson) -> None:
    """What is asked from a page that only the student sees is answered to them alone."""
    handle, answer = await room.ask()
    await room.idle()
    more = await room.alone(await room.slack.press("alice", answer, "Plus…"))
    await room.alone(await room.slack.press("alice", more, "Un autre exemple"))
    await room.idle()

    assert 1 == len([message for message in handle.messages if not message.recipient])


async def test_quiz_and_card_pages_are_private_and_take_turns(room: Lesson) -> None:
    """The quiz shows below, its answer and the card take its place."""
    _, answer = await room.ask()
    await room.idle()
    quiz = await room.alone(await room.slack.press("alice", answer, "Teste-moi"))
    await room.slack.press("alice", quiz, "Voir la réponse")
    await room.slack.until(lambda: "Réponse" in quiz.shown)
    await room.slack.press("alice", quiz, quiz.labels[0])
    await room.slack.until(lambda: "Poser une question" in quiz.labels)

    assert "niveau débutant" in quiz.shown
    assert [message for message in room.slack.messages(GENERAL) if message.user == BOT_USER] == [answer]


async def test_a_report_is_a_form(room: Lesson) -> None:
    """What is wrong is written in a modal and told to the teacher."""
    _, answer = await room.ask()
    await room.idle()
    more = await room.alone(await room.slack.press("alice", answer, "Plus…"))
    await room.slack.press("alice", more, "Signaler une erreur")
    form = await room.modal("alice")
    sent = await room.slack.submit_view("alice", form, {"Qu'est-ce qui est faux\u00a0?": "le filtre est faux"})
    await sent.acked()
    await room.slack.until(lambda: any("signalement" in message.shown for message in room.slack.space.log))

    assert "le filtre est faux" == (await room.profond.store.people.complaints())[0].text
    assert room.slack.modal("alice") is None


async def test_what_is_wrong_with_a_form_is_said_in_it(room: Lesson) -> None:
    """An empty sentence leaves the form open with the reason."""
    _, answer = await room.ask()
    await room.idle()
    more = await room.alone(await room.slack.press("alice", answer, "Plus…"))
    await room.slack.press("alice", more, "Signaler une erreur")
    form = await room.modal("alice")
    sent = await room.slack.submit_view("alice", form, {"Qu'est-ce qui est faux\u00a0?": "   "})
    await sent.acked()

    assert sent.errors
    assert room.slack.modal("alice") is form


async def test_a_private_answer_is_shared_without_a_name(room: Lesson) -> None:
    """The student first sees what the class would see; then it stands in the channel, and nobody is named."""
    handle = await room.slack.command("alice", "/ask", f"privé: {QUESTION}")
    answer = await room.alone(handle)
    await room.idle()
    assert [] == [message for message in room.slack.messages(GENERAL) if message.user == BOT_USER]
    more = await room.alone(await room.slack.press("alice", answer, "Plus…"))
    await room.slack.press("alice", more, "Partager à la classe (anonyme)")
    await room.slack.until(lambda: "Publier pour la classe" in more.labels)
    await room.slack.press("alice", more, "Publier pour la classe")
    shared = await room.slack.until(lambda: [message for message in room.slack.messages(GENERAL) if message.user == BOT_USER])
    await room.slack.until(lambda: "C'est publié" in more.shown)

    assert "anonyme" in shared[0].shown
    assert "convolution" in shared[0].shown
    assert not [text for text in room.slack.public_texts(GENERAL) if "alice" in text.lower() or "U0ALICE" in text]


async def test_a_private_answer_told_again_stays_private(room: Lesson) -> None:
    """Neither the asker's presses nor a classmate's bring a private answer into the channel."""
    handle = await room.slack.command("alice", "/ask", f"privé: {QUESTION}")
    answer = await room.alone(handle)
    await room.idle()
    again = await room.alone(await room.slack.press("alice", answer, "Plus simple"))
    await room.idle()

    assert "convolution" in again.shown
    assert [] == room.slack.public_texts(GENERAL)


async def test_who_always_wants_privacy_has_it_by_every_way(room: Lesson) -> None:
    """A mention, a public answer told again and a question pressed on below one are answered to nobody else."""
    public, answer = await room.ask("bob")
    _, outside = await room.ask("bob", "quelle est la capitale du Pérou ?")
    await room.idle()
    texts = room.slack.public_texts(GENERAL)
    await room.profond.students.set_always_private(ALICE, is_private=True)
    mention = await room.alone(await room.slack.say("alice", "general", f"<@{BOT_USER}> {QUESTION}", thread_ts=public.said.ts, mention=False))
    again = await room.alone(await room.slack.press("alice", answer, "Plus simple"))
    pressed = await room.alone(await room.slack.press("alice", outside, outside.labels[0]))
    await room.idle()

    assert all("Sources" in message.shown for message in (mention, again, pressed))
    assert len(texts) + 1 == len(room.slack.public_texts(GENERAL)), "the mention itself"


async def test_buttons_work_after_a_restart(tmp_path: Path) -> None:
    """Everything a button needs stands in it or in the database."""
    async with lesson(tmp_path) as first:
        slack, (handle, answer) = first.slack, await first.ask()
        await first.idle()
        async with core_of(settings_for(slack, tmp_path)) as profond, served(slack, profond) as second:
            await first.leave()
            await slack.press("alice", answer, "Plus simple")
            await slack.until(lambda: len(handle.messages) == 2)
            await second.idle()


async def test_an_unknown_button_is_told(room: Lesson) -> None:
    """A button of another time says what to do instead."""
    message = (await room.ask())[1]
    row = next(block for block in message.blocks if block["type"] == "actions")
    row["elements"][0]["value"] = "gone:1"
    told = await room.alone(await room.slack.press("alice", message, "gone:1"))

    assert "ne marche plus" in told.shown


async def test_ready_made_questions_are_asked_by_a_press(room: Lesson) -> None:
    """A question of the help is answered to the student alone, where only they see the help."""
    helped = await room.alone(await room.slack.command("alice", "/profond", "help"))
    handle = await room.slack.press("alice", helped, READY)
    answer = await room.alone(handle)
    await room.idle()

    assert "convolution" in answer.shown
    assert [] == room.slack.public_texts(GENERAL)


async def test_figures_come_once_and_keep_their_words(room: Lesson) -> None:
    """A card's picture is uploaded once, shown in every answer, with its alternative text."""
    pictures = [picture(message) for message in [(await room.ask())[1], (await room.ask("bob"))[1]]]

    assert pictures[0]["slack_file"] == pictures[1]["slack_file"]
    assert pictures[0]["alt_text"].startswith("Un filtre 3 × 3")
    assert 1 == len(room.slack.calls("files.completeUploadExternal"))


def picture(message: Message) -> dict[str, Any]:
    return next(block for block in message.blocks if block["type"] == "image")


async def test_without_its_figure_an_answer_keeps_the_words(room: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Slack takes no file the answer comes all the same, with the picture's words; Slack is not asked again at once, but later."""
    room.slack.fault("files.getUploadURLExternal", Fault("error", error="missing_scope"))
    for who in ("alice", "bob"):
        _, answer = await room.ask(who)
        assert "convolution" in answer.shown
        assert "Un filtre 3 × 3" in answer.shown
        assert "image" not in [block["type"] for block in answer.blocks]

    monkeypatch.setattr("bots.slack_bot.figures.AGAIN_SECONDS", 0.0)
    assert picture((await room.ask("carol"))[1])
    assert 2 == len(room.slack.calls("files.getUploadURLExternal"))


async def test_no_answer_waits_for_a_host_that_is_silent(room: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upload that takes long holds no answer back; those that come when it is done show the picture."""
    speaks, upload = asyncio.Event(), files.upload

    async def silent(space: Workspace, request: web.Request) -> web.StreamResponse:
        await speaks.wait()
        return await upload(space, request)

    monkeypatch.setattr(files, "upload", silent)
    monkeypatch.setattr("bots.slack_bot.figures.UPLOAD_SECONDS", 0.01)
    answers = [message for _, message in await asyncio.gather(room.ask("alice"), room.ask("bob"))]
    assert ["Un filtre 3 × 3" in answer.shown for answer in answers] == [True, True]

    speaks.set()
    await room.slack.until(lambda: room.slack.calls("files.completeUploadExternal"))
    monkeypatch.setattr("bots.slack_bot.figures.UPLOAD_SECONDS", 60.0)
    assert picture((await room.ask("carol"))[1])


def test_a_page_without_its_picture_keeps_the_words() -> None:
    """In a modal and in the home tab as in a message."""
    sheet = Sheet(texts=("une carte",), figure=("", "trois courbes"), below=("le lieu",))
    shown = [block.get("text") or block["elements"][0] for block in draw_in_view(sheet)]

    assert ["une carte", "trois courbes", "le lieu"] == [text["text"] for text in shown]
    assert "image" not in {block["type"] for block in draw(sheet)}


@pytest.mark.parametrize("error", ["invalid_blocks", "invalid_arguments"])
async def test_blocks_that_slack_refuses_are_drawn_more_simply(tmp_path: Path, error: str) -> None:
    """Buttons and words remain where an older workspace knows no native ones."""
    async with lesson(tmp_path) as room:
        room.slack.fault("chat.stopStream", Fault("error", error=error))
        room.slack.fault("chat.update", Fault("error", error=error), times=2)
        handle, _ = await room.ask()
        await room.slack.until(lambda: "Plus simple" in handle.messages[0].labels)
        await room.idle()

        assert {"👍", "👎"} <= set(handle.messages[0].labels)
        assert 1 == handle.messages[0].shown.count("Pense à une loupe")


BUTTONS = tuple(Button(action, "a" * 32, "x" * 75) for action in (Action.GOOD, Action.BAD, Action.SIMPLER, Action.MORE))


@pytest.mark.parametrize("drawing", Drawing)
@pytest.mark.parametrize("text", ["# t\n\nun\n\n" * 60, "mot " * 2200, "```\nx\n```\n\n" * 30, "| a |\n|---|\n| b |\n", "<!channel> <@U123>"])
def test_every_drawing_fits_slacks_rules(text: str, drawing: Drawing) -> None:
    """Whatever the text, the plainest drawing is taken; headings never make too many blocks."""
    sheet = Sheet(above="a" * 5000, texts=(text,), figure=("F1", "alt" * 1000), below=("b" * 5000, ""), rows=(BUTTONS,))
    blocks = draw(sheet, drawing)

    assert [] == list(block_offences(blocks))
    if drawing is Drawing.PLAIN or "#" in text:
        assert "" == length_error(blocks)
    assert text.count("un") == calm(text).count("un")


async def test_the_models_tricks_are_defused(tmp_path: Path) -> None:
    """No ping and no foreign link of the model's is alive, at any state of the answer."""
    tricks = "Voici <!channel> <!here> <@U0BOB00001> <!subteam^S123> @everyone [clique](https://evil.fr) <https://evil.fr|ici> convolution [1]. "
    async with lesson(tmp_path, model=QueuedModel(tricks * 3)) as room:
        await room.ask("alice", f"{QUESTION} <!channel> <@U0BOB00001>")
        await room.idle()

        assert [] == room.slack.live_pings
        assert [] == room.slack.live_links


async def test_a_question_is_drawn_more_simply_where_slack_refuses_it(room: Lesson) -> None:
    """What begins a command's thread is as stubborn as its answer."""
    room.slack.fault("chat.postMessage", Fault("error", error="invalid_blocks"), times=2)
    handle = await room.slack.command("alice", "/ask", QUESTION)
    shown = await room.slack.until(lambda: [message for message in handle.messages if not message.recipient and "Sources" in message.shown])
    root, answer = handle.messages[0], shown[0]

    assert QUESTION in root.shown
    assert root.ts == answer.thread_ts


async def test_a_form_that_does_not_open_is_told(room: Lesson) -> None:
    """A press is no silence."""
    _, answer = await room.ask()
    await room.idle()
    more = await room.alone(await room.slack.press("alice", answer, "Plus…"))
    room.slack.fault("views.open", Fault("error", error="expired_trigger_id"))
    told = await room.slack.press("alice", more, "Signaler une erreur")

    assert "réessaie" in (await room.alone(told)).shown
