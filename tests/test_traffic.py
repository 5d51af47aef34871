"""The way to the model as students live it: waiting, stopping, losing patience; and what goes wrong behind it."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from core.messages import Answer, ChatMessage, Completion, Place, Question, TokenUsage, Writer
from core.profond import Profond
from core.store import Store, open_store
from core.store.breakers import FAILURES, Breaker
from core.store.gates import Seat
from core.store.pace import Limits
from core.traffic.gate import Gate
from core.words import words_in
from tests.conftest import MakeSettings, Opener
from tests.samples import Clock, at_statement
from tests.servers.mistral import FAULTS, Fault, MistralServer
from tests.surfaces import RecordingSurface
from tests.test_files import picture

CONVOLUTION = "C'est quoi une convolution ?"
words = words_in("fr")


class Watching(RecordingSurface):
    """A surface that also remembers the places it was told, and when its first text came."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[Place] = []
        self.told = asyncio.Event()
        self.first_text = 0.0

    async def wait(self, place: Place) -> None:
        assert not self.updates
        self.places.append(place)
        self.told.set()

    async def update(self, parts: Sequence[str]) -> None:
        self.first_text = self.first_text or time.monotonic()
        await super().update(parts)


class TimedModel:
    """Writes a short answer, when it is let, and remembers when it was asked."""

    name = "mistral-small-2603"

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.has_ended = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def stream(self, messages: Sequence[ChatMessage]) -> AsyncGenerator[str | Completion, None]:
        self.asked.append(time.time())
        yield "Un filtre glisse [1]. "
        await self.may_go_on.wait()
        yield "Vu ?"
        self.has_ended.set()
        yield Completion(usage=TokenUsage(input=1_000, output=100), model=self.name)


@pytest.fixture
async def server() -> AsyncIterator[MistralServer]:
    async with MistralServer() as started:
        yield started


def question(number: int = 0, text: str = CONVOLUTION, **changes: object) -> Question:
    """Return a question of a student and a room of its own; its event is new each time."""
    event = f"event:{time.monotonic_ns()}"
    base = Question(text=text, person=f"test:{number}", conversation=f"room:{number}", event=event)
    return replace(base, **changes)  # type: ignore[arg-type]  # fields by name


async def ask(profond: Profond, asked: Question | None = None, surface: RecordingSurface | None = None) -> Answer:
    ticket = await profond.assistant.take(asked or question())
    return await profond.assistant.answer(ticket, surface or RecordingSurface())


def key_of(server: MistralServer, **changes: object) -> dict[str, object]:
    return {"mistral_api_key": "k", "mistral_server_url": server.url, "cache_size": 0, **changes}


async def until(event: asyncio.Event) -> None:
    """Wait for an event that must come."""
    async with asyncio.timeout(3):
        await event.wait()


def distinct(number: int) -> Question:
    """Return a question that no other is the same as."""
    return question(number, f"C'est quoi une convolution {number} ?")


# Waiting


async def test_thirty_students_are_answered_in_turn(opened: Opener) -> None:
    """At 20 requests a second thirty students get the model one by one, each is told a place that only improves, none is refused."""
    model, surfaces = TimedModel(), [Watching() for _ in range(30)]
    async with opened(model, mistral_requests_per_second=20) as profond:
        tickets = [await profond.assistant.take(distinct(number)) for number in range(30)]
        answers = await asyncio.gather(*(profond.assistant.answer(*pair) for pair in zip(tickets, surfaces, strict=True)))

    assert {Writer.MODEL} == {answer.writer for answer in answers}
    assert all(later - sooner > 0.035 for sooner, later in pairwise(model.asked))
    assert all(sum(start <= moment < start + 1 for moment in model.asked) <= 20 for start in model.asked)
    assert model.asked[-1] - model.asked[0] < 3
    assert 15 <= sum(bool(surface.places) for surface in surfaces)
    for surface in surfaces:
        assert all(after.position <= before.position for before, after in pairwise(surface.places))


async def test_two_processes_share_the_rate(settings: MakeSettings, database_url: str) -> None:
    """Two stores on one database, as of two processes, let no more through in any second than one may."""
    limits, moments = Limits(20.0, 500_000), list[float]()

    async def pass_through(gate: Gate, name: str) -> None:
        async for _ in gate.through(Seat(id=name, person=name, model="m", tokens=2_000), 60):
            pass
        moments.append(time.time())

    chosen = settings(database_url=database_url)
    async with open_store(chosen) as one, open_store(chosen) as other:
        gates = [Gate(store.gates, "address", limits) for store in (one, other)]
        await asyncio.gather(*(pass_through(gates[number % 2], str(number)) for number in range(24)))
        for gate in gates:
            await gate.close()

    moments.sort()
    assert 24 == len(moments)
    assert all(sum(start <= moment < start + 1 for moment in moments) <= 20 for start in moments)
    assert moments[-1] - moments[0] < 4


async def test_a_lone_question_does_not_wait(opened: Opener) -> None:
    """Where nobody else asks no place is told, even at one request a second."""
    surface = Watching()
    async with opened(TimedModel(), mistral_requests_per_second=1) as profond:
        answer = await ask(profond, surface=surface)

    assert (Writer.MODEL, []) == (answer.writer, surface.places)


async def test_stop_leaves_the_queue(opened: Opener) -> None:
    """Stopping before one's turn costs nothing, asks the model nothing, and lets those behind move up."""
    model, surfaces = TimedModel(), [Watching() for _ in range(3)]
    async with opened(model, mistral_requests_per_second=0.9) as profond:
        await ask(profond, distinct(9))
        tickets = [await profond.assistant.take(distinct(number)) for number in range(3)]
        async with asyncio.TaskGroup() as group:
            first = group.create_task(profond.assistant.answer(tickets[0], surfaces[0]))
            await until(surfaces[0].told)
            middle = group.create_task(profond.assistant.answer(tickets[1], surfaces[1]))
            await until(surfaces[1].told)
            last = group.create_task(profond.assistant.answer(tickets[2], surfaces[2]))
            await until(surfaces[2].told)
            assert await profond.assistant.stop(tickets[1].id, "test:1")
            await middle
            await profond.assistant.stop(tickets[0].id, "test:0")
        left = [(await profond.students.usage(f"test:{number}")).left for number in range(3)]

    assert [10, 10, 9] == left
    assert (1, 2, 3) == tuple(surface.places[0].position for surface in surfaces)
    assert 1 == surfaces[2].places[-1].position
    assert words("stopped") == middle.result().text
    assert (Writer.MODEL, 2) == (last.result().writer, len(model.asked))
    assert not first.result().is_whole


async def test_a_wait_that_is_too_long_is_not_begun(opened: Opener) -> None:
    """Where the queue is longer than the patience the cards answer at once, say so, and offer the model again."""
    async with opened(TimedModel(), mistral_requests_per_second=0.1, patience_seconds=5) as profond:
        await ask(profond, distinct(1))
        start = time.monotonic()
        answer = await ask(profond, distinct(2))

    assert time.monotonic() - start < 1
    assert (Writer.CARDS, (words("note-cards-queue"),), True) == (answer.writer, answer.notes, answer.may_redo_with_model)
    assert answer.is_whole


async def test_patience_ends(opened: Opener) -> None:
    """Who waits longer than was thought, because the provider slowed everybody, reads the cards when the patience is over."""
    surface = Watching()
    async with opened(TimedModel(), mistral_requests_per_second=1, patience_seconds=1.5) as profond:
        await ask(profond, distinct(1))
        asking = asyncio.create_task(ask(profond, distinct(2), surface))
        await until(surface.told)
        gate = profond.store.gates.key("gate", "https://api.eu.mistral.ai ")
        await profond.store.gates.refused(gate, Limits(1.0, 500_000), time.time(), 30.0)
        answer = await asking

    assert (Writer.CARDS, True) == (answer.writer, answer.may_redo_with_model)


async def test_who_misses_a_moment_is_told_and_keeps_the_patience(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a question misses its moment; if the provider closed the gate meanwhile, it waits in the queue as any other."""
    async with opened(TimedModel(), mistral_requests_per_second=1, patience_seconds=5) as profond:
        gates, limits = profond.store.gates, Limits(1.0, 500_000)
        enter = gates.enter

        async def entered_late(gate: str, seat: Seat, *rest: object) -> object:
            view = await enter(gate, seat, *rest)  # type: ignore[arg-type]  # as they came
            await gates.refused(gate, limits, time.time(), 30.0)
            await asyncio.sleep(0.05)
            return view

        monkeypatch.setattr(gates, "enter", entered_late)
        start = time.monotonic()
        answer = await ask(profond)

    assert time.monotonic() - start < 5
    assert (Writer.CARDS, (words("note-cards-queue"),)) == (answer.writer, answer.notes)


async def test_the_deadline_begins_behind_the_queue(opened: Opener) -> None:
    """A question that waited longer than the model may take is still the model's."""
    model = TimedModel()
    async with opened(model, mistral_requests_per_second=2, mistral_first_text_seconds=0.3, mistral_answer_seconds=0.4) as profond:
        await ask(profond, distinct(1))
        answer = await ask(profond, distinct(2))

    assert Writer.MODEL is answer.writer
    assert model.asked[1] - model.asked[0] > 0.4


async def test_an_answer_without_a_model_offers_no_redo(opened: Opener) -> None:
    """Where there is no key the cards are no makeshift."""
    async with opened() as profond:
        assert not (await ask(profond)).may_redo_with_model


# What goes wrong behind it: the real client


async def test_the_gate_learns_from_a_refusal(opened: Opener, server: MistralServer) -> None:
    """After a 429 the gate is slower; the question that met it passes the gate again and is answered."""
    server.enqueue(FAULTS["rate-limited"])
    async with opened(**key_of(server, mistral_requests_per_second=20)) as profond:
        answer = await ask(profond)
        pace, breakers = await profond.store.gates.state(profond.store.gates.key("gate", f"{server.url} k"))

    assert (Writer.MODEL, 2) == (answer.writer, len(server.requests))
    assert pace.spacing > 0.055
    assert {} == breakers


async def test_three_failures_send_everybody_to_the_cards(opened: Opener, server: MistralServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """When three requests in a row failed the model is asked no more; after a while one question tries, and its success counts for all."""
    monkeypatch.setattr("core.store.breakers.SHORTEST", 0.3)
    server.default = replace(FAULTS["error-midway"], after=2)
    async with opened(**key_of(server)) as profond:
        for number in range(3):
            await ask(profond, distinct(number))
        refused = await ask(profond, distinct(4))
        asked = len(server.requests)
        server.default = FAULTS["answer"]
        await asyncio.sleep(0.3)
        again = await ask(profond, distinct(5))
        _, breakers = await profond.store.gates.state(profond.store.gates.key("gate", f"{server.url} k"))

    assert (3, Writer.CARDS, (words("note-cards-away"),), True) == (asked, refused.writer, refused.notes, refused.may_redo_with_model)
    assert (Writer.MODEL, {"mistral-small-2603": Breaker()}) == (again.writer, breakers)


async def test_nobody_waits_for_a_day(opened: Opener, server: MistralServer) -> None:
    """A 429 that asks for a day opens the breaker at once: who asks next reads the cards without a wait and without a request."""
    server.default = FAULTS["rate-limited-a-day"]
    async with opened(**key_of(server)) as profond:
        start = time.monotonic()
        answers = [await ask(profond, distinct(number)) for number in range(2)]

    assert time.monotonic() - start < 5
    assert ([Writer.CARDS] * 2, 1) == ([answer.writer for answer in answers], len(server.requests))


async def test_a_refused_key_is_not_tried_again(opened: Opener, server: MistralServer) -> None:
    """A 401 opens the breaker at once: the next question makes no request."""
    server.default = FAULTS["unauthorized"]
    async with opened(**key_of(server)) as profond:
        answers = [await ask(profond, distinct(number)) for number in range(2)]

    assert ([Writer.CARDS] * 2, 1) == ([answer.writer for answer in answers], len(server.requests))


async def test_a_failing_model_gives_way_to_the_next(opened: Opener, server: MistralServer) -> None:
    """The models are tried in their order; while the first one's breaker is open the next one is asked at once."""
    server.enqueue(FAULTS["unauthorized"])
    async with opened(**key_of(server, mistral_fallback_models=("mistral-medium-2604",))) as profond:
        answers = [await ask(profond, distinct(number)) for number in range(2)]

    assert ["mistral-small-2603", "mistral-medium-2604", "mistral-medium-2604"] == [request["model"] for request in server.requests]
    assert ["mistral-medium-2604"] * 2 == [answer.completion.model for answer in answers]


async def test_a_model_named_twice_is_asked_once(opened: Opener, server: MistralServer) -> None:
    """A list that names a model again, or the first one, gives it no second turn."""
    changes = {"mistral_fallback_models": ("mistral-small-2603", "mistral-medium-2604", "mistral-medium-2604"), "mistral_first_text_seconds": 0.8}
    server.default = FAULTS["hang"]
    async with opened(**key_of(server, **changes)) as profond:
        await ask(profond)

    assert ["mistral-small-2603", "mistral-medium-2604"] == [request["model"] for request in server.requests]


async def test_a_silent_model_leaves_time_for_the_next(opened: Opener, server: MistralServer) -> None:
    """Of two models the first has half of the time to the first text: it is left to itself when the second can still answer in time."""
    server.enqueue(FAULTS["hang"])
    changes = {"mistral_fallback_models": ("mistral-medium-2604",), "mistral_first_text_seconds": 2.0}
    async with opened(**key_of(server, **changes)) as profond:
        start = time.monotonic()
        answer = await ask(profond)
        seconds = time.monotonic() - start

    assert 1.0 <= seconds
    assert "mistral-medium-2604" == answer.completion.model


async def test_a_busy_model_gives_way_to_the_next(opened: Opener, server: MistralServer) -> None:
    """A model that asks for a longer rest than there is time for it is left alone, and closes the gate before no other."""
    server.enqueue(Fault("refuse", status=429, retry_after="20"))
    async with opened(**key_of(server, mistral_fallback_models=("mistral-medium-2604",), patience_seconds=5)) as profond:
        answers = [await ask(profond, distinct(number)) for number in range(2)]
        pace, breakers = await profond.store.gates.state(profond.store.gates.key("gate", f"{server.url} k"))

    assert ["mistral-small-2603", "mistral-medium-2604", "mistral-medium-2604"] == [request["model"] for request in server.requests]
    assert ["mistral-medium-2604"] * 2 == [answer.completion.model for answer in answers]
    assert (["mistral-small-2603"], True) == (list(breakers), pace.next_at < time.time() + 5)


async def test_the_rest_of_the_last_model_is_everybodys(opened: Opener, server: MistralServer) -> None:
    """Where no other model is left the gate is closed as long as it says; who cannot wait so long reads the cards at once."""
    server.default = Fault("refuse", status=429, retry_after="20")
    async with opened(**key_of(server, mistral_fallback_models=("mistral-medium-2604",), patience_seconds=5)) as profond:
        answers = [await ask(profond, distinct(number)) for number in range(2)]

    assert ["mistral-small-2603", "mistral-medium-2604"] == [request["model"] for request in server.requests]
    assert [(words("note-cards-away"),), (words("note-cards-queue"),)] == [answer.notes for answer in answers]


async def test_the_next_model_has_its_time_behind_the_queue(opened: Opener, server: MistralServer) -> None:
    """What is waited for the second model's turn is missing neither to its first text nor to the whole answer."""
    server.enqueue(FAULTS["unavailable"])
    changes = {"mistral_fallback_models": ("mistral-medium-2604",), "mistral_first_text_seconds": 0.9, "mistral_answer_seconds": 0.9}
    async with opened(**key_of(server, mistral_requests_per_second=1, **changes)) as profond:
        answer = await ask(profond)

    assert ("mistral-medium-2604", 2) == (answer.completion.model, len(server.requests))


async def test_a_picture_that_is_refused_is_no_breakdown(opened: Opener, server: MistralServer) -> None:
    """However often a model refuses what a student attached, everybody else is answered; without a picture that is a breakdown."""
    server.default = Fault("refuse", status=400)
    async with opened(**key_of(server)) as profond:
        files = (("a.png", picture("PNG")),)
        refused = [await ask(profond, question(1, conversation=f"room:{number}", files=files)) for number in range(FAILURES)]
        _, closed = await profond.store.gates.state(profond.store.gates.key("gate", f"{server.url} k"))
        for number in range(FAILURES):
            await ask(profond, distinct(number))
        _, opened_ = await profond.store.gates.state(profond.store.gates.key("gate", f"{server.url} k"))

    assert {(words("note-cards-picture"),)} == {answer.notes for answer in refused}
    assert ({}, False) == (closed, opened_["mistral-small-2603"].is_closed)


async def test_a_slow_chat_holds_no_stream_back(opened: Opener) -> None:
    """The model's stream is read to its end though the chat has not shown its beginning yet."""
    model, surface = TimedModel(), SlowSurface()
    async with opened(model) as profond:
        asking = asyncio.create_task(ask(profond, surface=surface))
        await until(surface.shown)
        await until(model.has_ended)
        surface.may_go_on.set()

        assert Writer.MODEL is (await asking).writer


class SlowSurface(RecordingSurface):
    """A chat whose first update takes its time."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go_on = asyncio.Event()

    async def update(self, parts: Sequence[str]) -> None:
        await super().update(parts)
        await self.may_go_on.wait()


@pytest.mark.parametrize(("per_second", "transactions"), [(1_000, 1), (10, 2)])
async def test_only_a_slow_key_asks_for_another_moment(store: Store, clock: Clock, per_second: float, transactions: int) -> None:
    """Who misses a moment takes the next one, unless moments stand so close that asking takes longer than they are apart."""
    gate = Gate(store.gates, "key", Limits(per_second, 1_000_000))
    seat = Seat(id="0" * 32, person="1" * 32, model="mistral", tokens=10)
    with at_statement(store, 5, lambda: clock.move(1)) as asked:
        assert [] == [place async for place in gate.through(seat, patience=10)]
    await gate.close()

    assert transactions == asked.count("COMMIT")
