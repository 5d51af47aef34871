"""Health: a process says whether it lives, whether it is connected and what it did, and names nobody."""

import asyncio
import re
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from bots.doctor import examine
from bots.health import HELP, serve_health
from core import measures
from core.settings import Settings
from tests.conftest import MakeSettings
from tests.servers.bots import running
from tests.servers.discord import DiscordServer
from tests.servers.mistral import Fault, MistralServer
from tests.servers.slack import GENERAL, SlackServer

WITHIN = 60.0
QUESTION = "C'est quoi une convolution ?"
MODEL = "mistral-small-2603"
MOVED = {
    'questions_total{platform="discord",writer="model",zone="sure"}': 1,
    'questions_total{platform="discord",writer="nobody",zone="outside"}': 1,
    'refusals_total{platform="discord",reason="AllowanceSpent"}': 1,
    f'model_errors_total{{cause="status 500",model="{MODEL}"}}': 1,
    f'model_first_text_seconds_count{{model="{MODEL}"}}': 1,
    f'model_answer_seconds_count{{model="{MODEL}"}}': 2,
    "queue_wait_seconds_count": 2,
    'answer_seconds_count{platform="discord"}': 2,
    "store_accept_seconds_count": 3,
    'event_lag_seconds_count{platform="discord"}': 3,
    "store_up": 1,
    "queue_length": 0,
    "breakers_open": 0,
    "budget_month_euros": 5,
}
"""What one answer by the model at its second try, one question outside the course and one over the allowance leave behind."""


@pytest.fixture(autouse=True)
def _nothing_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures, "counts", Counter())
    monkeypatch.setattr(measures, "times", {})


async def no_gauges() -> dict[str, float]:
    return {}


async def get(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status, await answer.text()


async def test_a_process_is_alive_before_it_is_ready() -> None:
    """/healthz answers at once; /readyz only while the platform is connected."""
    connected, port = [False], unused_port()
    async with serve_health(port, lambda: connected[0], no_gauges):
        assert (200, "ok\n") == await get(port, "/healthz")
        assert 503 == (await get(port, "/readyz"))[0]
        connected[0] = True
        assert (200, "ready\n") == await get(port, "/readyz")


async def test_figures_are_published_as_prometheus_reads_them() -> None:
    """Counts are counters, lengths of time are histograms whose classes add up, states are gauges."""
    measures.count("questions", platform="discord", zone="sure", writer="cards")
    measures.count("questions", platform="discord", zone="sure", writer="cards")
    for seconds in (0.02, 0.02, 3.0, 999.0):
        measures.took("answer_seconds", seconds, platform="slack")
    port = unused_port()

    async def gauges() -> dict[str, float]:
        return {"queue": 3.0}

    async with serve_health(port, lambda: True, gauges):
        _, text = await get(port, "/metrics")

    assert 'profond_questions_total{platform="discord",writer="cards",zone="sure"} 2.0' in text
    assert 'profond_answer_seconds_bucket{le="0.05",platform="slack"} 2.0' in text
    assert 'profond_answer_seconds_bucket{le="5.0",platform="slack"} 3.0' in text
    assert 'profond_answer_seconds_bucket{le="+Inf",platform="slack"} 4.0' in text
    assert "profond_queue 3.0" in text


async def test_no_port_no_server() -> None:
    """Without PORT nothing listens; where the port is taken the bot goes on without."""
    async with serve_health(None, lambda: True, no_gauges):
        pass
    port = unused_port()
    async with serve_health(port, lambda: True, no_gauges), serve_health(port, lambda: False, no_gauges):
        assert (200, "ready\n") == await get(port, "/readyz")


async def last_found(settings: Settings) -> tuple[str, str]:
    """Return the doctor's last line."""
    return [(line.state, line.key) async for line in examine(settings)][-1]


async def test_the_doctor_looks_at_the_bot_that_runs_here(settings: MakeSettings) -> None:
    """With PORT, the doctor says whether a bot runs on this machine and is connected, and whether another program is in its place."""
    connected, ours = [True], settings(port=unused_port())
    assert ("warning", "doctor-bot-absent") == await last_found(ours)
    async with serve_health(ours.port, lambda: connected[0], no_gauges):
        assert ("ok", "doctor-bot-connected") == await last_found(ours)
        connected[0] = False
        assert ("fault", "doctor-bot-alone") == await last_found(ours)
    async with TestServer(web.Application()) as stranger:
        assert ("fault", "doctor-bot-stranger") == await last_found(settings(port=stranger.port))


async def test_the_doctor_finds_what_a_start_would_refuse(settings: MakeSettings) -> None:
    """A file of prices that cannot be read is a fault; a Slack over HTTP, which has a signing secret and no app token, is none."""
    ways = {
        "mistral_api_key": "k",
        "mistral_server_url": "http://127.0.0.1:9",
        "slack_bot_token": "xoxb-1",
        "slack_api_url": "http://127.0.0.1:9/api",
    }
    found = {line.key async for line in examine(settings(**ways, budget_prices="nowhere.json"))}
    by_http = {line.key async for line in examine(settings(**ways, slack_signing_secret="s" * 32))}

    assert {"setup-prices", "doctor-slack-pair"} <= found
    assert not {"setup-prices", "doctor-slack-pair"} & by_http


async def test_a_refused_key_is_told_at_the_start(tmp_path: Path) -> None:
    """Whoever starts a bot reads in one sentence that Mistral refuses the key; the class is served all the same."""
    async with MistralServer(key="another") as mistral, DiscordServer() as discord:
        ways = {"DISCORD_TOKEN": discord.knobs.token, "DISCORD_API_URL": discord.url, "MISTRAL_API_KEY": "k", "MISTRAL_SERVER_URL": mistral.url}
        async with running("discord", ways, errors=tmp_path / "errors"):
            await discord.ready(within=WITHIN)
            await discord.registered(within=WITHIN)
            asked = await discord.slash(discord.user("Léa"), "ask", {"question": QUESTION})
            await asked.read("Sources", within=WITHIN)
        assert "Clé Mistral\u00a0: refusée" in (tmp_path / "errors").read_text(encoding="utf-8")


def figures(text: str) -> dict[str, float]:
    """Return the figures of a page, by name and labels."""
    return {name: float(value) for name, value in re.findall(r"^profond_(\S+?(?:\{.*\})?) (\S+)$", text, re.MULTILINE)}


async def until_ready(port: int, status: int) -> None:
    """Return when /readyz answers so."""
    async with asyncio.timeout(WITHIN):
        while (await get(port, "/readyz"))[0] != status:
            pass


async def scraped(port: int, name: str, value: float) -> str:
    """Return the page of figures once one of them has a value."""
    async with asyncio.timeout(WITHIN):
        while figures(text := (await get(port, "/metrics"))[1]).get(name) != value:
            pass
    return text


async def test_every_figure_moves_and_names_nobody() -> None:
    """`profond discord` counts what happens, without a word or a person; when Discord is gone, it is not ready."""
    port = unused_port()
    async with MistralServer() as mistral, AsyncExitStack() as life:
        async with DiscordServer() as discord:
            mistral.enqueue(Fault("refuse", status=500))
            ways = {"DISCORD_TOKEN": discord.knobs.token, "DISCORD_API_URL": discord.url, "MISTRAL_API_KEY": "k", "MISTRAL_SERVER_URL": mistral.url}
            more = {"PORT": str(port), "ALLOWANCE_SIZE": "1", "MISTRAL_REQUESTS_PER_SECOND": "100"}
            await life.enter_async_context(running("discord", ways | more))
            await discord.ready(within=WITHIN)
            await discord.registered(within=WITHIN)
            await until_ready(port, 200)
            lea = discord.user("Léa")
            for question, told in (("recette de crêpes", "pas dans mon cours"), (QUESTION, "Sources"), (QUESTION, "question")):
                asked = await discord.slash(lea, "ask", {"question": question})
                await asked.read(told, within=WITHIN)
            text = await scraped(port, 'answer_seconds_count{platform="discord"}', 2)
        await until_ready(port, 503)

    found = figures(text)
    assert MOVED == {name: found.get(name) for name in MOVED}
    assert found["spent_month_euros"] > 0
    assert [] == [word for word in (lea.id, "Léa", "convolution", "crêpes", discord.channel.id) if word in text]


async def test_slacks_figures_move_too() -> None:
    """A mention, which Slack tells twice, arrives twice and is answered once; when Slack is gone, the bot is not ready."""
    port = unused_port()
    async with AsyncExitStack() as life:
        async with SlackServer() as slack:
            ways = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token, "SLACK_API_URL": slack.api_url.rstrip("/")}
            await life.enter_async_context(running("slack", ways | {"PORT": str(port)}))
            await slack.until(lambda: slack.sockets.connections, within=WITHIN)
            await until_ready(port, 200)
            await slack.say("alice", GENERAL, QUESTION)
            text = await scraped(port, 'questions_total{platform="slack",writer="cards",zone="sure"}', 1)
        await until_ready(port, 503)

    found = figures(text)
    assert [2, 1] == [found[f'{name}_count{{platform="slack"}}'] for name in ("event_lag_seconds", "answer_seconds")]


def test_every_figure_is_explained() -> None:
    """Each figure that is measured has a sentence of its own, and stands in the page for operators."""
    told = (Path(__file__).resolve().parents[1] / "docs" / "operations.md").read_text(encoding="utf-8")
    names = {re.split(r"_(?:total|count)\b|\{", name)[0] for name in MOVED} | {"spent_month_euros"}

    assert names == set(HELP)
    assert [] == [name for name in HELP if f"`profond_{name}" not in told]
