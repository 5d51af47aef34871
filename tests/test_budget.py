"""Euros: what a question costs, how much is left, and what happens when it is not much."""

import asyncio
import json
import sqlite3
from contextlib import closing
from dataclasses import astuple
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from core.errors import BudgetSpent, SetupError
from core.messages import Answer, Level, TokenUsage, Writer
from core.profond import Profond
from core.store import Store
from core.store.spending import Bill, Charge
from core.traffic.budget import Budget, Means, read_prices
from core.words import words_in
from tests.conftest import Opener, OpenStore
from tests.samples import Clock, a_question, an_answer, an_outcome, in_paris
from tests.servers.mistral import FAULTS, USAGE, MistralServer
from tests.surfaces import RecordingSurface
from tests.test_traffic import CONVOLUTION, TimedModel, ask, distinct, key_of, question, server, until

__all__ = ["server"]  # a fixture
MODEL = "mistral-small-2603"
PRICES = read_prices()
words = words_in("fr")


def cost(model: str, usage: TokenUsage) -> float:
    """Return what tokens cost in millionths of a euro, by the file's own figures."""
    price = PRICES.dollars_per_million_tokens[model]
    dollars = (usage.input - usage.cached) * price.input + usage.cached * price.cached + usage.output * price.output
    return dollars * PRICES.euros_per_dollar.rate


def stored(profond: Profond, answer: Answer) -> tuple[int, ...]:
    """Return the tokens and the cost that an answer's row holds."""
    with closing(sqlite3.connect(profond.settings.database_url.get_secret_value())) as database:
        row = database.execute("SELECT tokens_input, tokens_cached, tokens_output, cost_micros FROM answers WHERE id = ?", [answer.id])
        return tuple(row.fetchone())


async def spend(store: Store, micros: int, *, topic: str = "reseaux", model: str = MODEL) -> None:
    """Store an answer that cost so much."""
    ticket = await store.accept(a_question(is_exempt=True))
    outcome = an_outcome(an_answer())
    bill = Bill([Charge(model, TokenUsage(input=10, output=5), micros)])
    await store.answered(ticket, type(outcome)(answer=outcome.answer, record=outcome.record, topic=topic, bill=bill))


# Prices


def test_the_file_of_prices_is_dated_and_knows_the_models_of_the_settings() -> None:
    """The file that comes with Profond says when its prices and its rate were read, and names both default models."""
    assert {MODEL, "ministral-8b-2512"} <= set(PRICES.dollars_per_million_tokens)
    assert ["2026"] * 2 == [PRICES.dated[:4], PRICES.euros_per_dollar.dated[:4]]


def test_tokens_are_priced_as_they_are_billed() -> None:
    """Cached tokens are cheaper, the sum is rounded up to a millionth of a euro."""
    usage = TokenUsage(input=900, cached=512, output=120)

    assert cost(MODEL, usage) <= PRICES.micros(MODEL, usage) < cost(MODEL, usage) + 1


def test_an_unknown_model_is_as_dear_as_the_dearest() -> None:
    """It is never cheaper than a known one, and the log says so once."""
    usage = TokenUsage(input=1_000_000, output=1_000_000)
    with capture_logs() as logs:
        found = [PRICES.micros("model-of-nowhere-1", usage) for _ in range(3)]

    assert found[0] >= max(PRICES.micros(name, usage) for name in PRICES.dollars_per_million_tokens)
    assert ["model-of-nowhere-1"] == [entry["model"] for entry in logs if entry["event"] == "model_without_price"]


async def test_prices_of_ones_own(opened: Opener, tmp_path: Path) -> None:
    """BUDGET_PRICES names another file of the same form."""
    prices = {"dated": "2027-01-01", "euros_per_dollar": {"dated": "2027-01-01", "rate": 1}}
    path = tmp_path / "prices.json"
    path.write_text(json.dumps({**prices, "dollars_per_million_tokens": {MODEL: {"input": 1, "cached": 0, "output": 10}}}), encoding="utf-8")
    async with opened(TimedModel(), budget_prices=path) as profond:
        answer = await ask(profond)

        assert (1_000, 0, 100, 2_000) == stored(profond, answer)


PRICED = (
    '{"dated": "x", "euros_per_dollar": {"dated": "x", "rate": %s}, "dollars_per_million_tokens": {"m": {"input": %s, "cached": 0, "output": 1}}}'
)


@pytest.mark.parametrize("text", ["", "{}", PRICED % ("0", "1"), PRICED % ("Infinity", "1"), PRICED % ("1", "1e999"), PRICED % ("1", "-1")])
def test_a_broken_file_of_prices_is_told(tmp_path: Path, text: str) -> None:
    """A file that is no file of prices, or absent, is a SetupError that names it."""
    path = tmp_path / "prices.json"
    if text:
        path.write_text(text, encoding="utf-8")

    with pytest.raises(SetupError) as refused:
        read_prices(path)
    assert ("setup-prices", {"file": str(path)}) == (refused.value.key, refused.value.details)


def test_a_file_saved_by_windows_is_read(tmp_path: Path) -> None:
    """The mark that an editor puts before the text is no fault."""
    path = tmp_path / "prices.json"
    path.write_text(PRICED % ("1", "1"), encoding="utf-8-sig")

    assert ["m"] == list(read_prices(path).dollars_per_million_tokens)


# What is recorded


async def test_a_question_is_billed_by_its_real_usage(opened: Opener, server: MistralServer) -> None:
    """The answer's row and the day's sum hold the provider's own count and its price."""
    async with opened(**key_of(server)) as profond:
        answer = await ask(profond)
        whole, topics, models = await profond.store.spending.month(profond.store.spending.today()[:7])
        row = stored(profond, answer)

    usage = TokenUsage(input=USAGE["prompt_tokens"], cached=USAGE["num_cached_tokens"], output=USAGE["completion_tokens"])
    price = PRICES.micros(MODEL, usage)
    assert (900, 512, 120, price) == row
    assert (whole.name, 1, 0, 900, 512, 120, price, 0) == astuple(whole)
    assert ([("vision", price)], [(MODEL, price)]) == ([(t.name, t.cost_micros) for t in topics], [(m.name, m.cost_micros) for m in models])


async def test_a_stopped_answer_is_billed_by_estimate(opened: Opener) -> None:
    """What was read and written until Stop is counted as characters by three."""
    model, surface = TimedModel(), RecordingSurface()
    model.may_go_on.clear()
    async with opened(model) as profond:
        ticket = await profond.assistant.take(question())
        asking = asyncio.create_task(profond.assistant.answer(ticket, surface))
        await until(surface.shown)
        await profond.assistant.stop(ticket.id, "test:0")
        row = stored(profond, await asking)

    assert 500 < row[0] < 3_000
    assert 5 <= row[2] <= 15
    assert row[3] == PRICES.micros(MODEL, TokenUsage(input=row[0], output=row[2]))


@pytest.mark.parametrize(("name", "is_paid"), [("cut-midway", True), ("unauthorized", False), ("unavailable", False), ("drop", False)])
async def test_a_broken_answer_costs_what_was_written(opened: Opener, server: MistralServer, name: str, *, is_paid: bool) -> None:
    """A stream that breaks is billed by estimate; a request that was refused or never arrived costs nothing."""
    server.default = FAULTS[name]
    async with opened(**key_of(server, mistral_first_text_seconds=0.3)) as profond:
        answer = await ask(profond)

        assert is_paid == (stored(profond, answer)[3] > 0)


async def test_the_cards_cost_nothing(opened: Opener) -> None:
    """A question that the cards answer is counted, without a model and without a cost."""
    async with opened() as profond:
        await ask(profond)
        _, _, models = await profond.store.spending.month(profond.store.spending.today()[:7])

    assert [("", 1, 0)] == [(line.name, line.questions, line.cost_micros) for line in models]


# What is left, on both databases


def budget(store: Store, *, month: float = 1.0, day: float | None = None) -> Budget:
    return Budget(store.spending, month, day)


async def test_a_budget_is_plenty_then_scarce_then_spent(store: Store) -> None:
    """Below 80 % everything goes, from 80 % on less, at the cap nothing."""
    await spend(store, 799_999)
    first = await budget(store).means()
    await spend(store, 1)
    second = await budget(store).means()
    await spend(store, 200_000)

    assert (Means.PLENTY, Means.SCARCE) == (first, second)
    with pytest.raises(BudgetSpent):
        await budget(store).means()


async def test_the_month_turns_where_the_class_is(store: Store, clock: Clock) -> None:
    """The last second of the month in Paris is spent, the first of the next is free again; so is a new day."""
    clock.now = in_paris("2026-11-30 23:59:59")
    await spend(store, 1_000_000)
    with pytest.raises(BudgetSpent) as monthly:
        await budget(store).means()
    with pytest.raises(BudgetSpent) as daily:
        await budget(store, month=9, day=1.0).means()
    clock.move(1)

    assert ("note-cards-month", "note-cards-day") == (monthly.value.note, daily.value.note)
    assert Means.PLENTY is await budget(store, day=1.0).means()


async def test_every_process_spends_from_one_budget(open_it: OpenStore) -> None:
    """What one process spent is missing in another."""
    async with open_it() as one, open_it() as other:
        await spend(one, 900_000)

        assert Means.SCARCE is await budget(other).means()


async def test_spending_grows_with_the_days_and_not_with_the_questions(store: Store) -> None:
    """Twenty questions of a topic are one row; topics and models have their own."""
    for _ in range(20):
        await spend(store, 10)
    await spend(store, 10, topic="vision")
    whole, topics, _ = await store.spending.month("2026-11")

    async with store._database.read() as connection:
        count = (await connection.exec_driver_sql("SELECT count(*) FROM spending")).scalar_one()
    assert (2, 21, 210, 210) == (count, whole.questions, whole.cost_micros, whole.tokens_input)
    assert [("reseaux", 20), ("vision", 1)] == [(line.name, line.questions) for line in topics]


# What a student sees of it


async def test_when_it_is_scarce_the_smaller_model_answers_shorter(opened: Opener, server: MistralServer) -> None:
    """From 80 % of the budget on, the small model is asked for half the length."""
    async with opened(**key_of(server, mistral_small_model="mistral-medium-2604", budget_month_eur=0.001)) as profond:
        await spend(profond.store, 800)
        answer = await ask(profond)

    assert [("mistral-medium-2604", 350)] == [(request["model"], request["max_tokens"]) for request in server.requests]
    assert (Writer.MODEL, ()) == (answer.writer, answer.notes)


async def test_when_it_is_scarce_and_the_smaller_model_fails_the_usual_one_answers(opened: Opener, server: MistralServer) -> None:
    """The usual model steps in, shorter too; one that is dearer does not."""
    server.enqueue(FAULTS["unauthorized"], FAULTS["unauthorized"])
    changes = {"mistral_small_model": "mistral-small-latest", "mistral_fallback_models": ("mistral-medium-2604",), "budget_month_eur": 0.001}
    async with opened(**key_of(server, **changes)) as profond:
        await spend(profond.store, 800)
        await ask(profond, distinct(1))
        answer = await ask(profond, distinct(2))

    assert [("mistral-small-latest", 350), (MODEL, 350)] == [(request["model"], request["max_tokens"]) for request in server.requests]
    assert (Writer.CARDS, (words("note-cards-away"),)) == (answer.writer, answer.notes)


@pytest.mark.parametrize(("changes", "note"), [({"budget_month_eur": 0.001}, "note-cards-month"), ({"budget_day_eur": 0.001}, "note-cards-day")])
async def test_when_it_is_spent_the_cards_answer(opened: Opener, server: MistralServer, changes: dict[str, float], note: str) -> None:
    """At the cap the cards answer, kindly, no request is made, and no redo by the model is offered."""
    async with opened(**key_of(server, **changes)) as profond:
        await spend(profond.store, 1_000)
        answer = await ask(profond)

    assert (Writer.CARDS, (words(note),), False, True) == (answer.writer, answer.notes, answer.may_redo_with_model, answer.is_whole)
    assert [] == server.requests


async def test_kept_answers_are_served_when_it_is_spent(opened: Opener, server: MistralServer) -> None:
    """An answer that is already paid for is still the model's."""
    async with opened(**key_of(server, cache_size=10, budget_month_eur=0.001)) as profond:
        await ask(profond, question(1))
        await spend(profond.store, 1_000)

        assert Writer.MODEL is (await ask(profond, question(2))).writer


# Few tokens


async def test_the_prompt_begins_alike_for_all(opened: Opener, server: MistralServer) -> None:
    """Two students' prompts share their beginning and its cache key, which differs by level and tells nothing of anybody."""
    async with opened(**key_of(server)) as profond:
        for asked in (distinct(1), question(2, "C'est quoi le dropout ?")):
            await ask(profond, asked)
        await ask(profond, question(3, CONVOLUTION, level=Level.ADVANCED))

    first, second, third = server.requests
    assert first["messages"][0] == second["messages"][0]
    assert first["prompt_cache_key"] == second["prompt_cache_key"] != third["prompt_cache_key"]
    assert 32 == len(first["prompt_cache_key"])
