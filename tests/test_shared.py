"""One answer for all who ask the same: while it is written, and afterwards."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.messages import Answer, Level, Manner, Question, Writer
from core.profond import Profond
from core.store.shelf import Kept
from core.traffic.same import same_text
from tests.conftest import MakeSettings, Opener, OpenStore
from tests.samples import Clock, rows
from tests.servers.mistral import FAULTS, TEXT, Fault, MistralServer
from tests.surfaces import RecordingSurface
from tests.test_markup_watch import CARD, ENGLISH
from tests.test_traffic import TimedModel, Watching, ask, distinct, question, server, until

__all__ = ["server"]  # a fixture


@pytest.fixture
async def profond(opened: Opener, server: MistralServer) -> AsyncIterator[Profond]:
    async with opened(mistral_api_key="k", mistral_server_url=server.url) as core:
        yield core


async def month(profond: Profond) -> tuple[int, int, int, int]:
    """Return the questions of this month, those of them that were shared, what they cost and what was saved."""
    whole, _, _ = await profond.store.spending.month(profond.store.spending.today()[:7])
    return whole.questions, whole.shared, whole.cost_micros, whole.saved_micros


# What is the same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("c'est quoi un CNN", "C'est quoi un cnn ?"),
        ("C’est quoi un CNN ?!", "  c'est  quoi un\nCNN..."),
        ("Bonjour, c'est quoi un CNN ? Merci d'avance !", "c'est quoi un CNN"),
        ("qu'est-ce que le sur-apprentissage, svp", "Qu'est-ce que le sur apprentissage ?"),
        ("À quoi sert « dropout » ?", "a quoi sert dropout"),
    ],
)
def test_the_same_question_in_other_clothes(one: str, other: str) -> None:
    """Case, accents, spaces, politeness and closing marks make no other question."""
    assert same_text(one) == same_text(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("pourquoi utiliser le dropout ?", "pourquoi ne pas utiliser le dropout ?"),
        ("un CNN est-il un perceptron ?", "un perceptron est-il un CNN ?"),
        ("que vaut 3.5 ?", "que vaut 35 ?"),
        ("x != y ?", "x == y ?"),
        ("x[1:2] ?", "x[1,2] ?"),
        ("C++ ?", "C ?"),
        ("un learning rate de -1 ?", "un learning rate de 1 ?"),
        ("avec dropout ?", "sans dropout ?"),
        ("c'est quoi n! ?", "c'est quoi n ?"),
        ("salut", "bonsoir et merci"),
    ],
)
def test_another_question_stays_another(one: str, other: str) -> None:
    """Order, negation, numbers and operators make another question."""
    assert same_text(one) != same_text(other) or not same_text(one)


# While it is written


async def test_thirty_equal_questions_make_one_request(profond: Profond, server: MistralServer) -> None:
    """Thirty students who ask the same at once read one answer; one pays, the others saved it."""
    server.default = Fault(delay=0.005)
    tickets = [await profond.assistant.take(question(number)) for number in range(30)]
    answers = await asyncio.gather(*(profond.assistant.answer(ticket, RecordingSurface()) for ticket in tickets))

    questions, shared, cost, saved = await month(profond)
    assert 1 == len(server.requests)
    assert {" ".join(TEXT.split())} == {" ".join(answer.text.split()) for answer in answers}
    assert {Writer.MODEL} == {answer.writer for answer in answers}
    assert 30 == len({answer.id for answer in answers})
    assert (30, 29, 29 * cost) == (questions, shared, saved)
    assert 1 == sum(answer.completion.usage.input > 0 for answer in answers)


async def start(profond: Profond, number: int) -> tuple[str, RecordingSurface, asyncio.Task[Answer]]:
    """Begin to ask; return the ticket's id, the surface and the task."""
    ticket = await profond.assistant.take(question(number))
    surface = RecordingSurface()
    return ticket.id, surface, asyncio.create_task(profond.assistant.answer(ticket, surface))


async def test_who_comes_late_reads_from_the_beginning(opened: Opener) -> None:
    """A student who asks while it is written gets what is there at once, and the rest with the others."""
    model = TimedModel()
    model.may_go_on.clear()
    async with opened(model) as profond:
        _, early, first = await start(profond, 1)
        await until(early.shown)
        _, late, second = await start(profond, 2)
        await until(late.shown)
        assert not first.done()
        model.may_go_on.set()
        answers = await asyncio.gather(first, second)

    assert 1 == len(model.asked)
    assert answers[0].text == answers[1].text
    assert early.updates[0] == late.updates[0]


async def test_a_first_question_does_not_wait_behind_a_classmates_many(opened: Opener) -> None:
    """Who asks first what a classmate asked last goes before the classmate's other questions, and the one call for both with them."""
    asked = [replace(distinct(number), person="test:0") for number in range(3)] + [question(3, person="test:0"), question(4)]
    surfaces = [Watching() for _ in asked]
    async with opened(TimedModel(), mistral_requests_per_second=0.1, patience_seconds=300) as profond, asyncio.TaskGroup() as group:
        tickets = [await profond.assistant.take(one) for one in asked]
        for number, pair in enumerate(zip(tickets, surfaces, strict=True)):
            group.create_task(profond.assistant.answer(*pair))
            await until(pair[1].told if number else pair[1].shown)
        for surface in surfaces[3:]:
            await until_first(surface)
        for ticket, one in zip(tickets, asked, strict=True):
            await profond.assistant.stop(ticket.id, one.person)

    assert [1, 2, 3] == [surface.places[0].position for surface in surfaces[1:4]]


async def until_first(surface: Watching) -> None:
    """Wait until a student is told that they are the next."""
    while surface.places[-1].position > 1:
        surface.told.clear()
        await until(surface.told)


async def test_whoever_asked_first_may_leave(opened: Opener) -> None:
    """When the first student stops, the answer goes on for the others, who pay for it."""
    model = TimedModel()
    model.may_go_on.clear()
    async with opened(model) as profond:
        (id_, early, first), (_, late, second) = await start(profond, 1), await start(profond, 2)
        await until(early.shown)
        await until(late.shown)
        await profond.assistant.stop(id_, "test:1")
        stopped = await first
        model.may_go_on.set()
        whole = await second

        assert (2, 0, 0) == ((await month(profond))[0], *(await month(profond))[1::2])

    assert (False, True, 1) == (stopped.is_whole, whole.is_whole, len(model.asked))
    assert (0, 1_000) == (stopped.completion.usage.input, whole.completion.usage.input)


async def test_when_all_leave_the_stream_is_closed(profond: Profond, server: MistralServer) -> None:
    """When everybody has stopped the request is given up, the last one pays its estimate, and the next one begins anew."""
    server.enqueue(FAULTS["hang-midway"])
    begun = [await start(profond, number) for number in range(2)]
    for number, (id_, surface, _) in enumerate(begun):
        await until(surface.shown)
        await profond.assistant.stop(id_, f"test:{number}")
    stopped = [await task for *_, task in begun]
    await until(server.aborted)
    again = await ask(profond, question(3))

    assert [0, True] == [stopped[0].completion.usage.input, stopped[1].completion.usage.input > 500]
    assert (True, 2) == (again.is_whole, len(server.requests))


# Afterwards


async def test_an_answer_is_kept_for_others(profond: Profond, server: MistralServer) -> None:
    """The same question of another student costs nothing, and what it saved is counted."""
    first = await ask(profond, question(1))
    cost = (await month(profond))[2]
    second = await ask(profond, question(2, "c'est quoi une CONVOLUTION"))

    assert 1 == len(server.requests)
    assert (first.text, first.sources, Writer.MODEL) == (second.text, second.sources, second.writer)
    assert (0, "mistral-small-2603") == (second.completion.usage.input, second.completion.model)
    assert (2, 1, cost, cost) == await month(profond)


async def test_it_is_kept_over_a_restart(opened: Opener, server: MistralServer, tmp_path: Path) -> None:
    """Another process on the same database serves it too; its text is in no file in clear."""
    for number in range(2):
        async with opened(mistral_api_key="k", mistral_server_url=server.url) as core:
            await ask(core, question(number))

    assert 1 == len(server.requests)
    assert b"surapprentissage" not in (tmp_path / "profond.db").read_bytes()


async def test_who_names_another_model_gets_its_answers(opened: Opener, server: MistralServer) -> None:
    """What one model wrote is not shown as what another one writes."""
    for number, model in enumerate(("mistral-small-2603", "mistral-medium-2604")):
        async with opened(mistral_api_key="k", mistral_server_url=server.url, mistral_model=model) as core:
            await ask(core, question(number))

    assert ["mistral-small-2603", "mistral-medium-2604"] == [request["model"] for request in server.requests]


@pytest.mark.parametrize(
    "changes",
    [
        {"level": Level.ADVANCED},
        {"lang": "en"},
        {"manner": Manner.SIMPLER},
        {"text": "C'est quoi une convolution ? lea.martin@exemple.fr"},
        {"files": (("tp.py", b"x = 1"),)},
        {"text": "C'est quoi une convolution 2 ?"},
    ],
)
async def test_another_question_is_asked_anew(profond: Profond, server: MistralServer, changes: dict[str, object]) -> None:
    """Another level, language, manner or text, a file and personal data need an answer of their own."""
    await ask(profond, question(1))
    await ask(profond, question(2, **changes))  # type: ignore[arg-type]  # fields by name

    assert 2 == len(server.requests)


@pytest.mark.parametrize("text", ["C'est quoi une convolution ? lea.martin@exemple.fr", "C'est quoi une convolution ? 06 12 34 56 78"])
async def test_nothing_personal_is_kept(profond: Profond, server: MistralServer, text: str) -> None:
    """A question with personal data in it is neither kept nor shared, even with itself."""
    for number in range(2):
        await ask(profond, question(number, text))

    assert 2 == len(server.requests)
    assert "shelf" not in await rows(profond.store)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(text="Écris à lea.martin@exemple.fr [1]."),
        FAULTS["length"],
        FAULTS["cut-midway"],
        Fault(contents=[" ".join(ENGLISH.split()[:25])]),
        Fault(text=f"{CARD} {'Le réseau apprend les poids. ' * 3}"),
        Fault(text="\u200b\u2060"),
    ],
)
async def test_only_good_answers_are_kept(profond: Profond, server: MistralServer, fault: Fault) -> None:
    """One that was cut, broke off, names somebody's address, is in another language, turns in circles or shows nothing is kept for nobody."""
    server.enqueue(fault)
    await ask(profond, question(1))

    assert "shelf" not in await rows(profond.store)


async def test_a_thumb_down_takes_it_away(profond: Profond, server: MistralServer) -> None:
    """A thumb up keeps the answer for others; a thumb down or a report, also by who got it second hand, does not."""
    first = await ask(profond, question(1))
    await profond.students.feedback(first.id, "test:1", is_good=True)
    second = await ask(profond, question(2))
    await profond.students.feedback(second.id, "test:2", is_good=False)
    third = await ask(profond, question(3))
    await profond.students.report(third.id, "test:3", "c'est faux")
    await ask(profond, question(4))

    assert 3 == len(server.requests)


async def test_a_redo_asks_the_model(profond: Profond, server: MistralServer) -> None:
    """Whoever wants another answer gets one that was never given."""
    first = await ask(profond, question(1))
    await ask(profond, await profond.assistant.again(first.id, question(1)))

    assert 2 == len(server.requests)


async def test_what_others_asked_in_a_room_is_no_past(profond: Profond, server: MistralServer) -> None:
    """In a room of a class, a student's first question is a first question; the next takes their own turns along, nobody else's."""
    room = "room:all"
    await ask(profond, question(1, conversation=room))
    await ask(profond, question(2, conversation=room))
    asked: Question = question(2, conversation=room)
    await ask(profond, asked)

    assert 2 == len(server.requests)
    assert [2, 4] == [len(request["messages"]) for request in server.requests]


# The shelf, on both databases


KEPT = Kept("Un filtre glisse.", "m", 300)


async def test_the_shelf_forgets_what_is_old(open_it: OpenStore, clock: Clock) -> None:
    """An answer is served until its time is over, and thrown away when the next one comes."""
    async with open_it(cache_seconds=100) as store:
        await store.shelf.put("a", KEPT, "course 1")
        clock.move(99)
        before = await store.shelf.get("a")
        clock.move(2)
        after = await store.shelf.get("a")
        await store.shelf.put("b", KEPT, "course 1")

        assert (KEPT, None, 1) == (before, after, (await rows(store))["shelf"])


async def test_the_shelf_is_emptied_by_a_new_course(open_it: OpenStore) -> None:
    """The first answer of another course or prompt throws those of the old one away."""
    async with open_it() as store:
        await store.shelf.put("a", KEPT, "course 1")
        await store.shelf.put("b", KEPT, "course 2")

        assert (None, KEPT) == (await store.shelf.get("a"), await store.shelf.get("b"))


async def test_the_shelf_has_a_size(open_it: OpenStore, clock: Clock) -> None:
    """Over its size the oldest answer goes."""
    async with open_it(cache_size=2) as store:
        for key in "abc":
            await store.shelf.put(key, KEPT, "course 1")
            clock.move(1)

        assert [None, KEPT, KEPT] == [await store.shelf.get(key) for key in "abc"]


@pytest.mark.parametrize("changes", [{"cache_size": 0}, {"cache_seconds": 0}])
async def test_the_shelf_may_be_turned_off(open_it: OpenStore, settings: MakeSettings, changes: dict[str, object]) -> None:
    """With size or time 0 nothing is kept."""
    async with open_it(**changes) as store:
        await store.shelf.put("a", KEPT, "course 1")

        assert (None, {}) == (await store.shelf.get("a"), await rows(store))
