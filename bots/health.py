"""`/healthz`, `/readyz` and `/metrics` on PORT: whether the process lives, whether it is connected, and what it did."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from enum import Enum

import aiohttp
import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from core import measures

log = structlog.get_logger()
HELP = {
    "questions": "Questions answered, by platform, zone and writer.",
    "refusals": "Questions that were not taken, by reason.",
    "model_errors": "Failures of the model, by model and cause.",
    "answer_seconds": "From a question taken to its answer shown.",
    "model_first_text_seconds": "From a request to the model's first text.",
    "model_answer_seconds": "From a request to its end, however it ended.",
    "queue_wait_seconds": "Waiting for the model's gate.",
    "store_accept_seconds": "Taking a question into the database.",
    "event_lag_seconds": "From the platform's event to its arrival.",
    "store_up": "Whether the database answers.",
    "queue_length": "Questions that wait for the model, in all processes.",
    "breakers_open": "Models that failed and are left alone, or were within five minutes.",
    "spent_month_euros": "What the model cost this month.",
    "budget_month_euros": "What it may cost a month.",
}
READY, NOT_READY = "ready\n", "not connected\n"
LOOK_SECONDS = 5.0
Gauges = Callable[[], Awaitable[dict[str, float]]]


class _Measured:
    """Gives the process's figures to the library."""

    def __init__(self, gauges: dict[str, float]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterable[Metric]:
        """Return every figure."""
        families: dict[str, Metric] = {}
        for (name, labels), number in measures.counts.items():
            counter = families.setdefault(name, CounterMetricFamily(f"profond_{name}", HELP.get(name, name), labels=[key for key, _ in labels]))
            counter.add_metric([value for _, value in labels], number)  # type: ignore[attr-defined]  # a counter
        for (name, labels), found in measures.times.items():
            histogram = families.setdefault(name, HistogramMetricFamily(f"profond_{name}", HELP.get(name, name), labels=[key for key, _ in labels]))
            histogram.add_metric([value for _, value in labels], _buckets(found.classes), found.total)  # type: ignore[attr-defined]  # a histogram
        gauges = [GaugeMetricFamily(f"profond_{name}", HELP.get(name, name), value=value) for name, value in self._gauges.items()]
        return [*families.values(), *gauges]


def _buckets(classes: list[int]) -> list[tuple[str, float]]:
    """Return the classes as the library wants them: each with all those below it."""
    bounds, below = [*map(str, measures.BOUNDS), "+Inf"], 0
    found: list[tuple[str, float]] = []
    for bound, number in zip(bounds, classes, strict=True):
        below += number
        found.append((bound, below))
    return found


@asynccontextmanager
async def serve_health(port: int | None, is_ready: Callable[[], bool], gauges: Gauges) -> AsyncIterator[None]:
    """Serve health and figures while the block runs; without a port, or where it is taken, nothing: a class is worth more than its figures."""
    if port is None:
        yield
        return
    app = web.Application(client_max_size=1024)
    app.add_routes(health_routes(is_ready, gauges))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, port=port).start()
        except OSError:
            log.warning("health_port_taken", port=port)
        yield
    finally:
        await runner.cleanup()


def health_routes(is_ready: Callable[[], bool], gauges: Gauges) -> list[web.RouteDef]:
    """Return the routes, for a server of one's own or one that serves more."""

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        return web.Response(text=READY) if is_ready() else web.Response(text=NOT_READY, status=503)

    async def metrics(_: web.Request) -> web.Response:
        registry = CollectorRegistry()
        registry.register(_Measured(await gauges()))
        return web.Response(body=generate_latest(registry), content_type="text/plain", charset="utf-8")

    return [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)]


class State(Enum):
    """What answers on a port of this machine: a bot that is connected, one that is not, nobody, or another program."""

    CONNECTED = READY
    ALONE = NOT_READY
    ABSENT = ""
    STRANGER = "?"


async def state_at(port: int) -> State:
    """Return what answers on a port."""
    timeout = aiohttp.ClientTimeout(total=LOOK_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"http://127.0.0.1:{port}/readyz") as answer:
            text = await answer.text(errors="replace")
    except aiohttp.ClientConnectorError:
        return State.ABSENT
    except (aiohttp.ClientError, TimeoutError):
        return State.STRANGER
    return State(text) if text in {READY, NOT_READY} else State.STRANGER
