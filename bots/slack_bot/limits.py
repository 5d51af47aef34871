"""How often Slack may be called, counted here so that it never has to refuse.

A workspace's limits are by method and minute, a channel takes one message a second. What can wait waits in a fair row;
what cannot is done another way or left out.
"""

import asyncio
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable

SECONDS = 61.5
"""A minute, and the time that two calls may differ on the way."""
MOST = {
    "chat.startStream": 20,
    "chat.stopStream": 20,
    "chat.appendStream": 95,
    "chat.update": 48,
    "chat.postMessage": 240,
    "chat.postEphemeral": 95,
    "users.info": 95,
    "assistant.threads.setStatus": 300,
    "views.open": 95,
    "views.publish": 95,
    "views.push": 95,
    "views.update": 95,
}
OTHERS = 45
RATE, BURST = 1.0, 3
PACE = 1.5
Clock = Callable[[], float]


class Window:
    """So many calls in any stretch of a minute."""

    def __init__(self, most: int, clock: Clock) -> None:
        self._most = most
        self._clock = clock
        self._calls: deque[float] = deque()
        self._held = 0.0

    @property
    def wait(self) -> float:
        """Seconds until the next call may be made."""
        now = self._clock()
        while self._calls and self._calls[0] <= now - SECONDS:
            self._calls.popleft()
        full = self._calls[0] + SECONDS - now if len(self._calls) >= self._most else 0.0
        return max(full, self._held - now, 0.0)

    @property
    def used(self) -> int:
        """Calls of the last minute."""
        return len(self._calls) if self.wait >= 0 else 0

    def take(self) -> None:
        """Count a call."""
        self._calls.append(self._clock())

    def hold(self, seconds: float) -> None:
        """Let nobody call for so long."""
        self._held = self._clock() + seconds


class Lane:
    """Who waits to post in one channel: one a second, each waiter in turn."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._left, self._at = float(BURST), clock()
        self._calling: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    @property
    def wait(self) -> float:
        """Seconds until the turn of who comes now."""
        return self.wait_behind(len(self))

    def wait_behind(self, others: int) -> float:
        """Return the seconds until the turn of who comes behind so many others."""
        return max(0.0, (others + 1 - self._refilled()) / RATE)

    def hold(self, seconds: float) -> None:
        """Let nobody post for so long."""
        self._left = min(self._refilled(), 1.0 - seconds * RATE)

    async def turn(self, who: str) -> None:
        """Wait for one's turn; who asks for many does not keep the others waiting."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, deque()).append(place)
        if self._calling is None or self._calling.done():
            self._calling = asyncio.create_task(self._call())
        await place

    def _refilled(self) -> float:
        now = self._clock()
        self._left, self._at = min(float(BURST), self._left + (now - self._at) * RATE), now
        return self._left

    async def _call(self) -> None:
        """Call those who wait, round and round; who went away keeps nobody waiting."""
        while self._waiting:
            row = next(iter(self._waiting.values()))
            if not row[0].done() and (left := self._refilled()) < 1.0:
                await asyncio.sleep((1.0 - left) / RATE)
                continue
            who, _ = self._waiting.popitem(last=False)
            place = row.popleft()
            if row:
                self._waiting[who] = row
            if not place.done():
                self._left -= 1.0
                place.set_result(None)


class Limits:
    """The limits of one workspace."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[str, Window] = {}
        self._lanes: dict[str, Lane] = {}
        self._coming: Counter[str] = Counter()
        self.streams = 0
        self.sessions = 0

    def window(self, method: str) -> Window:
        """Return a method's window."""
        return self._windows.setdefault(method, Window(MOST.get(method, OTHERS), self._clock))

    def lane(self, channel: str) -> Lane:
        """Return a channel's lane."""
        if len(self._lanes) > 1_000:
            self._lanes = {name: lane for name, lane in self._lanes.items() if len(lane) or lane.wait}
        return self._lanes.setdefault(channel, Lane(self._clock))

    async def turn(self, method: str) -> None:
        """Wait until a method may be called, and count the call."""
        window = self.window(method)
        while wait := window.wait:  # noqa: ASYNC110  # a window opens by time alone
            await asyncio.sleep(wait)
        window.take()

    def may(self, method: str) -> bool:
        """Count a call if it may be made now."""
        window = self.window(method)
        if window.wait:
            return False
        window.take()
        return True

    def seat(self) -> bool:
        """Take a native stream, if it may be begun now and stopped whenever it ends."""
        stops = self.window("chat.stopStream")
        if stops.wait or stops.used + self.streams >= MOST["chat.stopStream"] or not self.may("chat.startStream"):
            return False
        self.streams += 1
        return True

    def leave(self) -> None:
        """Give a native stream back."""
        self.streams -= 1

    def begin_session(self) -> bool:
        """Count a session if it may be begun now and ended whenever its answers are."""
        window = self.window("agents.sessions.setStatus")
        if window.wait or window.used + self.sessions + 2 > OTHERS:
            return False
        self.sessions += 1
        return True

    @property
    def append_interval(self) -> float:
        """Seconds between two texts of a stream, so that all of them share what may be appended."""
        return max(PACE, self.streams * 60.0 / MOST["chat.appendStream"])

    def come(self, channel: str) -> tuple[int, float]:
        """Announce a message to a channel; return its place there and the seconds until it is posted."""
        self._coming[channel] += 1
        place = max(self._coming[channel], len(self.lane(channel)) + 1)
        return place, self.lane(channel).wait_behind(place - 1)

    def came(self, channel: str) -> None:
        """Say that an announced message is posted or given up."""
        self._coming[channel] -= 1
        if not self._coming[channel]:
            del self._coming[channel]
