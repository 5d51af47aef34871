"""Health: a process says whether it lives, whether it is connected and what it did, and names nobody."""

from collections import Counter

import aiohttp
import pytest
from aiohttp.test_utils import unused_port

from bots.health import serve_health
from core import measures


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
