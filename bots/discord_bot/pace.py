"""How often Discord may be written to: seconds between two edits of a message, and the brake for when it shuts us out."""

import asyncio
import time
from collections import Counter
from types import SimpleNamespace
from weakref import WeakValueDictionary

import aiohttp
import structlog
from discord.http import Route

log = structlog.get_logger()
LEAST = 1.25
"""Seconds between two edits of one message."""
SLOWEST = 10.0
EDITS_A_SECOND = 25.0
"""Edits that one process makes at most: beyond them, reading the model's stream would suffer."""
SHUT_OUT_SECONDS = 60.0
LONGEST_SHUT_OUT = 600.0
TYPING_SECONDS = 8.0
"""How long Discord shows that somebody types."""


class Pace:
    """Knows how many answers are being written. A channel's messages share one limit on edits; an interaction's have their own."""

    def __init__(self) -> None:
        self._writing: Counter[int] = Counter()
        self._typed: dict[int, float] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def turn(self, name: str) -> asyncio.Lock:
        """Return the lock of those who write the same way into the same channel."""
        return self._turns.setdefault(name, asyncio.Lock())

    def begin(self, channel: int) -> None:
        """Count an answer being written in a channel; 0 is an interaction's."""
        self._writing[channel] += 1

    def end(self, channel: int) -> None:
        """Count it no more."""
        self._writing[channel] -= 1
        if not self._writing[channel]:
            del self._writing[channel]

    def seconds(self, channel: int, took: float) -> float:
        """Return the seconds between two edits, where the last one took so long."""
        alone = min(SLOWEST, max(LEAST, 1.5 * took, self._writing.total() / EDITS_A_SECOND))
        return max(alone, LEAST * self._writing[channel]) if channel else alone

    def may_type(self, channel: int) -> bool:
        """Whether it is time to show in a channel that something is under way."""
        now = time.monotonic()
        self._typed = {each: at for each, at in self._typed.items() if now - at < TYPING_SECONDS}
        return self._typed.setdefault(channel, now) == now


class Brake:
    """Stops all sending for a while after a 429 that Discord did not write itself: Cloudflare answers, and each request makes it worse."""

    def __init__(self) -> None:
        self._until = 0.0
        self.trace = aiohttp.TraceConfig()
        self.trace.on_request_end.append(self._watch)

    @property
    def left(self) -> float:
        """Seconds until something may be sent."""
        return max(0.0, self._until - time.monotonic())

    async def _watch(self, _: aiohttp.ClientSession, __: SimpleNamespace, ended: aiohttp.TraceRequestEndParams) -> None:
        is_api = str(ended.url).startswith(Route.BASE)  # and not the store of attached files
        if is_api and ended.response.status == 429 and "Via" not in ended.response.headers:
            asked = ended.response.headers.get("Retry-After", "")
            wait = min(LONGEST_SHUT_OUT, float(asked) if asked.isdecimal() else SHUT_OUT_SECONDS)
            self._until = time.monotonic() + wait
            log.error("discord_shut_out", seconds=round(wait))
