"""How an answer looks and grows: never too long, never too fast, and the end at once."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.actions import Action, Button, more_about, under_answer, under_card
from core.knowledge import Topic
from core.lessons import Lessons
from core.markup import Rules
from core.messages import Answer, Choice, Figure, Level, Place, Writer, Zone
from core.reply import Progress, quoted, split_text
from core.settings import shipped_course
from core.words import words_in
from tests.courses import course_of
from tests.discord_class import running  # noqa: F401  # imports discord.py quietly
from tests.surfaces import RecordingSurface

import discord  # isort: skip
from bots.discord_bot.look import MAX_PART, Page, card_texts, footer, small  # isort: skip
from bots.discord_bot.pace import LEAST, Pace  # isort: skip
from bots.discord_bot.reply import DiscordReply, End  # isort: skip

COURSE = course_of(shipped_course())
LESSONS = Lessons(COURSE)
WORDS = words_in("fr")
RULES = Rules(())
STOP = Button(Action.STOP, "t" * 32, "Arrêter")
CARDS = st.lists(st.sampled_from(COURSE.cards), max_size=3, unique_by=lambda card: card.id)


class Recorder:
    """Messages that only remember what they were to show, and may be slow."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.shown: list[tuple[float, Sequence[Page]]] = []

    async def show(self, pages: Sequence[Page], patience: Sequence[float] = ()) -> None:
        self.shown.append((time.monotonic(), pages))
        await asyncio.sleep(self.seconds)

    @property
    def texts(self) -> list[str]:
        return [pages[-1].texts[1] for _, pages in self.shown]


def a_reply(messages: Recorder, channel: int = 0, pace: Pace | None = None) -> DiscordReply:
    async def end(_: Answer) -> End:
        return End("", ())

    return DiscordReply(messages, pace or Pace(), WORDS, channel=channel, quote="> q", stop=STOP, end=end)  # type: ignore[arg-type]  # a double


def an_answer(*parts: str, **changes: object) -> Answer:
    values = {"id": "a" * 32, "parts": parts, "zone": Zone.SURE, "writer": Writer.MODEL, "level": Level.BEGINNER} | changes
    return Answer(**values)  # type: ignore[arg-type]  # fields by name


def room_taken(page: Page) -> tuple[int, int]:
    """Return how many characters and components a message has, as Discord counts them."""
    view = page.view
    return view.content_length(), view.total_children_count


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=9000), st.text(max_size=9000), CARDS, st.lists(st.text(max_size=600), max_size=3), st.text(max_size=900))
def test_no_message_is_ever_too_long(question: str, text: str, cards: Sequence[object], notes: Sequence[str], notice: str) -> None:
    """Whatever is asked and answered: 4,000 characters, 40 components, ids of 100 characters, and at most five buttons in a row."""
    sources = tuple(Choice(card.title, card.id) for card in cards)  # type: ignore[attr-defined]  # cards
    answer = an_answer(*split_text(text, MAX_PART), sources=sources, notes=tuple(notes))
    buttons = under_answer(WORDS, answer, COURSE, is_private=True)
    last = answer.parts[-1] if answer.parts else "rien"
    figure = Figure(__file__, notice)
    elsewhere = small(WORDS("shown-elsewhere"))
    page = Page((elsewhere, quoted(question), last, f"{footer(WORDS, answer)}\n{small(notice)}"), (buttons,), figure)
    characters, components = room_taken(page)
    assert characters <= 4000
    assert components <= 40
    assert len(buttons) <= 5
    assert all(len(each.code) <= 100 and len(each.label) <= 80 for each in buttons)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_longest_of_everything_fits_into_one_message(lang: str) -> None:
    """A whole part below a question that grows most as it is made safe, in another place than its own, with the longest notes and notice."""
    words, notice = words_in(lang), small("x" * 999)
    answer = an_answer("x" * MAX_PART, notes=("x" * 999, "x" * 999))
    page = Page((small(words("shown-elsewhere")), quoted("a<" * 300), answer.parts[-1], f"{footer(words, answer)}\n{notice}"))
    assert room_taken(page)[0] <= 4000


@pytest.mark.parametrize("level", Level)
def test_every_card_fits_into_one_message(level: Level) -> None:
    """All cards of the course, with their moves and related cards."""
    for card in COURSE.cards:
        page = LESSONS.open_card(card.id, level)
        characters, components = room_taken(Page(card_texts(WORDS, page), under_card(WORDS, page), page.figure))
        assert characters <= 4000
        assert components <= 40


def test_a_card_that_names_others_twice_and_too_many_fits_too() -> None:
    """Each is one button, and there are as many as a message takes: Discord refuses a code that comes twice."""
    ids = [card.id for card in COURSE.cards[:40]]
    last = COURSE.cards[-1].model_copy(update={"id": "derniere", "related": (*ids[:3], *ids)})
    course = replace(COURSE, topics=(*COURSE.topics, Topic(id="fin", title="Fin", subtopics=(last,))), _cards={}, _topic_of={})
    page = Lessons(course).open_card("derniere", Level.BEGINNER)
    codes = [each.code for row in under_card(WORDS, page) for each in row]
    assert len(codes) == len(set(codes))
    assert [code for code in codes if code.startswith("open:")][1:] == [f"open:{each}" for each in ids[:10]]
    assert room_taken(Page(card_texts(WORDS, page), under_card(WORDS, page), page.figure))[1] <= 40


def test_the_same_question_is_offered_once() -> None:
    """A course that offers an example question twice."""
    question = COURSE.info.example_questions[0]
    asked = Answer(id="a", parts=("x",), zone=Zone.OUTSIDE, writer=Writer.NOBODY, level=Level.BEGINNER, choices=(Choice(question), Choice(question)))
    assert len(under_answer(WORDS, asked, COURSE, is_private=False)) == 1


def test_the_code_of_a_thread_button_fits() -> None:
    """It names the answer and the message."""
    thread = next(each for each in more_about(WORDS, "a" * 32, is_private=False, can_thread=True) if each.action is Action.THREAD)
    assert len(f"{thread.code}:{2**63}") <= 100


def test_a_picture_is_read_and_closed() -> None:
    """The files of a page are made anew each time, and leave nothing open."""
    page = Page(("x",), figure=Figure(__file__, "alt"), attached=("a.json", b"{}"))
    for _ in range(2):
        assert [file.filename for file in page.files] == [Path(__file__).name, "a.json"]
    assert page.files[0].fp.read() == Path(__file__).read_bytes()
    assert isinstance(page.view, discord.ui.LayoutView)


async def test_the_newest_text_alone_is_shown_and_the_end_never_waits() -> None:
    """While an edit is under way and the pace runs, what comes replaces what waits; the end comes at once."""
    messages = Recorder(0.02)
    reply = a_reply(messages)
    for number in range(20):
        await reply.update([f"texte {number}"])
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    await reply.update(["presque"])
    start = time.monotonic()
    await reply.finish(an_answer("tout"))
    assert messages.texts[0].startswith("texte")
    assert messages.texts[-1] == "tout"
    assert len(messages.shown) == 2
    assert messages.shown[-1][0] - start < LEAST / 2


async def test_edits_keep_their_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two edits of a message lies the pace; the first text, and the writer, wait for nothing."""
    monkeypatch.setattr("bots.discord_bot.pace.LEAST", 0.05)
    messages = Recorder()
    reply = a_reply(messages)
    progress = Progress(reply, RULES)
    start = time.monotonic()
    async for piece in _pieces(60, 0.005):
        await progress.add(piece)
    await reply.finish(an_answer(progress.raw))
    times = [at for at, _ in messages.shown]
    assert times[0] - start < 0.04
    assert all(after - before >= 0.045 for before, after in pairwise(times[:-1]))
    assert 3 <= len(times) <= 2 + (times[-1] - start) / 0.045  # a busy machine takes longer, and may edit more often


async def test_a_slow_request_brings_the_next_one_no_nearer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pace is counted from when Discord has an edit, not from when it was sent."""
    monkeypatch.setattr("bots.discord_bot.pace.LEAST", 0.05)
    messages = Recorder(0.04)
    reply = a_reply(messages)
    progress = Progress(reply, RULES)
    async for piece in _pieces(80, 0.005):
        await progress.add(piece)
    await reply.close()
    times = [at for at, _ in messages.shown]
    assert len(times) >= 3
    assert all(after - before >= 0.04 + 0.05 for before, after in pairwise(times))


async def _pieces(count: int, seconds: float) -> AsyncIterator[str]:
    for number in range(count):
        yield f"mot{number} "
        await asyncio.sleep(seconds)


async def test_the_place_in_the_queue_is_shown_then_replaced() -> None:
    """Who waits reads their place; the stop button stands below."""
    messages = Recorder()
    reply = a_reply(messages)
    await reply.wait(Place(3, 4.2))
    await asyncio.sleep(0.01)
    await reply.finish(an_answer("voilà"))
    assert "3" in messages.texts[0]
    assert messages.shown[0][1][-1].rows == ((STOP,),)
    assert messages.texts[-1] == "voilà"


async def test_an_edit_that_hangs_does_not_hold_back_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a few seconds the end is shown without waiting for it."""
    monkeypatch.setattr("bots.discord_bot.reply.LONGEST_EDIT", 0.05)
    messages = Recorder(5.0)
    reply = a_reply(messages)
    await reply.update(["pendu"])
    await asyncio.sleep(0.01)
    messages.seconds = 0.0
    start = time.monotonic()
    await reply.finish(an_answer("fini"))
    assert messages.texts == ["pendu", "fini"]
    assert time.monotonic() - start < 1.0


async def test_the_pace_slows_down_with_discord_and_with_company() -> None:
    """A slow edit, many answers at once, and others in the same channel each make the pause longer."""
    pace = Pace()
    assert pace.seconds(0, 0.0) == LEAST
    assert pace.seconds(0, 4.0) == 6.0
    replies = [a_reply(Recorder(), channel=7, pace=pace) for _ in range(4)]
    assert pace.seconds(7, 0.0) == 4 * LEAST
    assert pace.seconds(8, 0.0) == pace.seconds(0, 0.0) == LEAST
    crowd = [a_reply(Recorder(), pace=pace) for _ in range(96)]
    assert pace.seconds(0, 0.0) == 4.0
    for reply in (*replies, *crowd):
        await reply.close()
        await reply.close()
    assert pace.seconds(7, 0.0) == LEAST
    assert (pace.may_type(7), pace.may_type(7), pace.may_type(8)) == (True, False, True)


async def test_the_surface_keeps_the_seams_promises() -> None:
    """What core hands over never exceeds a message, and never changes a part that another follows."""
    surface = RecordingSurface(MAX_PART)
    progress = Progress(surface, RULES)
    for number in range(400):
        await progress.add(f"mot{number} et encore du texte.\n\n" if number % 7 == 0 else f"mot{number} ")
    assert len(surface.updates[-1]) > 1
