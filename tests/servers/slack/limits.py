"""How often each method may be called, and which scope it needs."""

import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.servers.slack.waiting import Clock

TIER_1, TIER_2, TIER_3, TIER_4 = 1, 20, 50, 100
TIERS: Mapping[str, int] = {
    "apps.connections.open": TIER_1 * 60,
    "auth.test": 300,
    "chat.startStream": TIER_2,
    "chat.stopStream": TIER_2,
    "chat.appendStream": TIER_4,
    "chat.postMessage": 300,
    "chat.postEphemeral": TIER_4,
    "chat.update": TIER_3,
    "chat.delete": TIER_3,
    "chat.getPermalink": 300,
    "conversations.history": TIER_3,
    "conversations.info": TIER_3,
    "conversations.join": TIER_3,
    "conversations.members": TIER_4,
    "conversations.open": TIER_3,
    "conversations.replies": TIER_3,
    "users.info": TIER_4,
    "views.open": TIER_4,
    "views.publish": TIER_4,
    "views.push": TIER_4,
    "views.update": TIER_4,
    "assistant.threads.setStatus": 600,
    "assistant.threads.setSuggestedPrompts": TIER_3,
    "assistant.threads.setTitle": TIER_3,
    "agents.sessions.setStatus": TIER_3,
    "agents.sessions.rename": TIER_3,
    "files.getUploadURLExternal": TIER_4,
    "files.completeUploadExternal": TIER_4,
    "files.info": TIER_4,
    "reactions.add": TIER_3,
}
"""Calls a minute, by workspace and method; what is not here is of the third tier."""

SCOPES: Mapping[str, str] = {
    "chat.postMessage": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.update": "chat:write",
    "chat.delete": "chat:write",
    "chat.startStream": "chat:write",
    "chat.appendStream": "chat:write",
    "chat.stopStream": "chat:write",
    "conversations.open": "im:write",
    "conversations.join": "channels:join",
    "users.info": "users:read",
    "assistant.threads.setStatus": "assistant:write|chat:write",
    "assistant.threads.setSuggestedPrompts": "assistant:write",
    "assistant.threads.setTitle": "assistant:write",
    "agents.sessions.setStatus": "chat:write",
    "agents.sessions.rename": "chat:write",
    "files.getUploadURLExternal": "files:write",
    "files.completeUploadExternal": "files:write",
    "files.info": "files:read",
    "reactions.add": "reactions:write",
}
"""The scope that a method needs whatever it is about; those of conversations depend on the conversation."""

DEFAULT_SCOPES = frozenset(
    """app_mentions:read assistant:write chat:write commands im:history channels:history groups:history users:read files:read files:write""".split()
)
DEFAULT_EVENTS = frozenset("app_mention message.im message.channels message.groups app_home_opened agent_session_stopped app_context_changed".split())
DEFAULT_COMMANDS = frozenset({"/ask", "/level", "/cours", "/profond"})


class Window:
    """So many calls in any stretch of so many seconds."""

    def __init__(self, most: int, seconds: float = 60.0) -> None:
        self.most = most
        self.seconds = seconds
        self._calls: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Return how long to wait before the next call; 0 when it may come."""
        while self._calls and self._calls[0] <= now - self.seconds:
            self._calls.popleft()
        return self._calls[0] + self.seconds - now if len(self._calls) >= self.most else 0.0

    def take(self, now: float) -> None:
        """Count a call."""
        self._calls.append(now)


class Bucket:
    """A steady rate with a small burst."""

    def __init__(self, rate: float, burst: int) -> None:
        self.rate = rate
        self.burst = burst
        self._left = float(burst)
        self._at = -math.inf

    def wait(self, now: float) -> float:
        """Return how long to wait before the next call; 0 when it may come."""
        self._left = min(self.burst, self._left + (now - self._at) * self.rate) if self._at > -math.inf else float(self.burst)
        self._at = now
        return 0.0 if self._left >= 1.0 else (1.0 - self._left) / self.rate

    def take(self, now: float) -> None:
        """Count a call."""
        self._left -= 1.0


@dataclass
class Count:
    """How often a method was called, and refused for being called too often."""

    calls: int = 0
    limited: int = 0


@dataclass
class Limits:
    """The limits of a workspace.

    Attributes:
        tiers: calls a minute by method; a test may change them.
        seconds: the stretch over which a tier is counted.
        channel_rate: messages a second in one channel.
        channel_burst: how many messages one channel takes at once.
        is_off: nothing is limited.
    """

    clock: Clock
    tiers: dict[str, int] = field(default_factory=lambda: dict(TIERS))
    seconds: float = 60.0
    channel_rate: float = 1.0
    channel_burst: int = 4
    is_off: bool = False
    counts: dict[str, Count] = field(default_factory=dict)
    _windows: dict[str, Window] = field(default_factory=dict)
    _buckets: dict[str, Bucket] = field(default_factory=dict)

    def take(self, method: str, channel: str = "") -> int:
        """Count a call; return 0, or the whole seconds that its Retry-After asks for."""
        count = self.counts.setdefault(method, Count())
        count.calls += 1
        now, rules = self.clock.now(), list(self._rules(method, channel))
        wait = max((rule.wait(now) for rule in rules), default=0.0)
        if wait > 0 and not self.is_off:
            count.limited += 1
            return math.ceil(wait)
        for rule in rules:
            rule.take(now)
        return 0

    def _rules(self, method: str, channel: str) -> Iterable[Window | Bucket]:
        window = self._windows.setdefault(method, Window(0))
        window.most, window.seconds = self.tiers.get(method, TIER_3), self.seconds
        yield window
        if method == "chat.postMessage" and channel:
            bucket = self._buckets.setdefault(channel, Bucket(self.channel_rate, self.channel_burst))
            bucket.rate, bucket.burst = self.channel_rate, self.channel_burst
            yield bucket
