"""`profond costs`, and the doctor's lines about the way to the model."""

import asyncio
import json
from pathlib import Path

from click.testing import CliRunner, Result

from bots.costs import costs
from bots.doctor import _way, key_finding
from core.errors import SetupError
from core.messages import TokenUsage
from core.settings import Settings
from core.store import open_store
from core.store.gates import Seat
from core.store.spending import Bill, Charge
from core.traffic import gate_address
from tests.samples import a_question, an_answer, an_outcome
from tests.servers.mistral import MistralServer
from tests.test_terminal import profond

MODEL = "mistral-small-2603"


async def filled(folder: Path) -> str:
    """Store two answers of this month, one of them shared, and a breaker that is open; return the month."""
    settings = Settings(_env_file=None, database_url=str(folder / "profond.db"), mistral_api_key="k", mistral_server_url="http://127.0.0.1:9")
    bills = (Bill([Charge(MODEL, TokenUsage(input=900, cached=512, output=120), 1_234)]), Bill(saved_micros=1_234, is_shared=True))
    async with open_store(settings) as store:
        for bill in bills:
            ticket = await store.accept(a_question(is_exempt=True))
            outcome = an_outcome(an_answer())
            await store.answered(ticket, type(outcome)(answer=outcome.answer, record=outcome.record, topic="vision", bill=bill))
        gate = store.gates.key("gate", gate_address(settings))
        seat = Seat(id="a", person="a", model=MODEL, tokens=1)
        await store.gates.failed(gate, seat, store.gates.clock(), is_final=True)
        return store.spending.today()[:7]


async def invoke(*words: str) -> Result:
    """Run the command in this process, in a thread that has no event loop yet."""
    return await asyncio.to_thread(CliRunner().invoke, costs, words)


async def test_costs_of_a_month(tmp_path: Path) -> None:
    """Questions, tokens, euros, by topic and by model, and what sharing saved, as JSON."""
    month = await filled(tmp_path)
    done = await asyncio.to_thread(profond, tmp_path, "costs", "--month", month, "--json")

    found = json.loads(done.stdout)
    counts = {"questions": 2, "shared": 1, "tokens_input": 900, "tokens_cached": 512, "tokens_output": 120}
    counts |= {"euros": 0.001234, "saved_euros": 0.001234}  # type: ignore[dict-item]  # millionths
    assert {"month": month, "budget_euros": 5.0, **counts} == {name: found[name] for name in ("month", "budget_euros", *counts)}
    assert ([{"name": "vision", **counts}], [{"name": MODEL, **counts}]) == (found["topics"], found["models"])


async def test_costs_as_lines(tmp_path: Path) -> None:
    """Without --json the same stands in sentences and tables; without --month it is this month's."""
    month = await filled(tmp_path)
    shown = (await invoke()).output

    assert f"{month}\u00a0: 2 question(s), 0.0012 €" in shown
    assert "Vision par ordinateur (CNN)\t2\t1\t900\t512\t120\t0.0012\t0.0012" in shown


async def test_a_month_without_questions_says_so(tmp_path: Path) -> None:
    """Nothing asked, nothing spent; what is no month is refused."""
    await filled(tmp_path)

    assert "Aucune question en 2020-01" in (await invoke("--month", "2020-01")).output
    for wrong in ("novembre", "2026-13", "2026-1"):
        assert isinstance((await invoke("--month", wrong)).exception, SetupError)


async def test_the_doctor_tells_the_way_to_the_model(tmp_path: Path) -> None:
    """A model whose breaker is open, a fallback and the small model that are not, and the budget."""
    await filled(tmp_path)
    settings = Settings(_env_file=None, mistral_api_key="k", mistral_server_url="http://127.0.0.1:9", mistral_fallback_models="other")
    found = [finding async for finding in _way(settings)]

    lines = [("warning", "doctor-way-closed"), ("ok", "doctor-way-open"), ("ok", "doctor-way-open"), ("ok", "doctor-budget")]
    assert lines == [(line.state, line.key) for line in found]
    assert [MODEL, "other", "ministral-8b-2512", "0.00"] == [next(iter(line.details.values())) for line in found]


async def test_the_doctor_asks_for_every_model() -> None:
    """A model that the server does not list is told with the setting that names it: the small one too."""
    async with MistralServer() as server:
        known = Settings(_env_file=None, mistral_api_key="k", mistral_server_url=server.url, mistral_small_model="mistral-medium-2604")
        unknown = known.model_copy(update={"mistral_small_model": "tiny"})
        found = [await key_finding(settings) for settings in (known, unknown)]

    assert ["doctor-key-good", "doctor-key-model"] == [finding.key for finding in found]
    assert ("tiny", "MISTRAL_SMALL_MODEL") == (found[1].details["model"], found[1].details["setting"])
