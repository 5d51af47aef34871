"""What every bot has beside its platform: health, recovery, the daily job, and a graceful stop on every system."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from aiohttp import web

from bots.health import health_routes, serve_health
from core.errors import StoreAway
from core.profond import Profond
from core.recovery import Recovery
from core.store.breakers import LONGEST, Breaker
from core.store.leases import Left
from core.traffic import gate_address

WRITE_SECONDS = 20.5
"""How long after a stop is asked for anything may still begin to be written: the faces' grace, and a moment to leave what is not finished."""


class Face(Protocol):
    """One platform, as the life of a bot knows it."""

    name: str

    async def run(self) -> None:
        """Serve until cancelled. Raises SetupError for what only a person can mend."""

    async def finish(self, left: Left) -> None:
        """Answer a question that another process left, in its own place."""

    async def apologise(self, left: Left) -> None:
        """Say that a question was left for too long."""

    def is_ready(self) -> bool:
        """Whether the platform is connected."""


async def live(profond: Profond, face: Face, *, port: int | None = None) -> None:
    """Run a face until it is told to stop; what is being answered is finished, or left to whoever comes next.

    `port` serves health and figures; a face that serves HTTP itself brings them along. Raises SetupError as the face does.
    """
    profond.index.warm()
    gc.collect()
    gc.freeze()  # the course, its index and the libraries stay: walking over them in search of garbage holds a class up for tenths of a second
    stopping = asyncio.Event()
    with _told_to_stop(stopping):
        async with serve_health(port, face.is_ready, lambda: gauges(profond)):
            recovery = Recovery(profond.store).run(face.name, face.finish, face.apologise, is_ready=face.is_ready)
            await _first_of(face.run(), recovery, profond.store.keeping.run(), _until(stopping, profond.store.shut))


def health_of(profond: Profond, face: Face) -> tuple[web.RouteDef, ...]:
    """Return the routes of health and figures, for a face that serves HTTP itself."""
    return tuple(health_routes(face.is_ready, lambda: gauges(profond)))


async def _until(stopping: asyncio.Event, shut: Callable[[], None]) -> None:
    await stopping.wait()
    asyncio.get_running_loop().call_later(WRITE_SECONDS, shut)


async def _first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Run works together until one ends; the others are cancelled and waited for, and its error is raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in reversed(tasks):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task
    for task in done:
        task.result()


@contextmanager
def _told_to_stop(stopping: asyncio.Event) -> Iterator[None]:
    """Set the event on SIGTERM and Ctrl-C, also where the loop takes no handlers."""
    loop = asyncio.get_running_loop()

    def stop(*_: object) -> None:
        loop.call_soon_threadsafe(stopping.set)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        _handle(loop, number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            if sys.platform != "win32":
                loop.remove_signal_handler(number)
            signal.signal(number, handler)


def _handle(loop: asyncio.AbstractEventLoop, number: signal.Signals, stop: Callable[..., None]) -> None:
    if sys.platform == "win32":  # its loop takes no handlers
        signal.signal(number, stop)
    else:
        loop.add_signal_handler(number, stop)


def _is_lately_open(breaker: Breaker, now: float) -> bool:
    """Whether a model failed and is left alone, or was so a moment ago: where nobody has tried it for longer, nothing is known of it."""
    return not breaker.is_closed and now < breaker.open_until + LONGEST


async def gauges(profond: Profond) -> dict[str, float]:
    """Return how the way to the model and the budget stand now, as every process on this database sees them."""
    store, settings = profond.store, profond.settings
    gate = store.gates.key("gate", gate_address(settings))
    try:
        _, breakers = await store.gates.state(gate)
        waiting, spent = await store.gates.waiting(gate), await store.spending.spent()
    except StoreAway:
        return {"store_up": 0.0}
    return {
        "store_up": 1.0,
        "queue_length": float(waiting),
        "breakers_open": float(sum(_is_lately_open(breaker, store.gates.clock()) for breaker in breakers.values())),
        "spent_month_euros": spent.month / 1e6,
        "budget_month_euros": settings.budget_month_eur,
    }
