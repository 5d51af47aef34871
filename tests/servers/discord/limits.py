"""Rate limits as Discord counts them, and what goes wrong on the way to it."""

import hashlib
import math
import re
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.servers.discord.entities import Json

Bucket = tuple[str, int, float]
"""A name, how many requests, in how many seconds."""

BUCKETS: Mapping[str, tuple[int, float]] = {
    "message-create": (5, 5.0),
    "message-edit": (5, 5.0),
    "message-delete": (5, 1.0),
    "message-read": (50, 1.0),
    "history": (5, 5.0),
    "typing": (5, 5.0),
    "thread-create": (10, 10.0),
    "dm-open": (10, 10.0),
    "webhook-create": (5, 5.0),
    "webhook-edit": (5, 5.0),
    "webhook-delete": (5, 5.0),
    "webhook-read": (5, 5.0),
    "commands": (5, 20.0),
    "reaction": (1, 0.25),
    "other": (50, 1.0),
}
"""What each kind of route allows; a bucket counts for one channel, guild or interaction token alone."""

INVALID_WINDOW = 600.0


@dataclass
class Window:
    """A bucket's count, from its first request until it is over."""

    began: float = -1e9
    count: int = 0


@dataclass
class Taken:
    """What a bucket says after a request."""

    name: str
    limit: int
    remaining: int
    reset_after: float
    is_over: bool
    is_global: bool = False

    def headers(self) -> dict[str, str]:
        """Return the headers of Discord's answer."""
        shown = {"Via": "1.1 google"}
        if not self.is_global:
            shown |= {
                "X-RateLimit-Limit": str(self.limit),
                "X-RateLimit-Remaining": str(self.remaining),
                "X-RateLimit-Reset": f"{time.time() + self.reset_after:.3f}",
                "X-RateLimit-Reset-After": f"{self.reset_after:.3f}",
                "X-RateLimit-Bucket": hashlib.sha256(self.name.encode()).hexdigest()[:32],
            }
        if self.is_over:
            shown |= {"Retry-After": str(math.ceil(self.reset_after)), "X-RateLimit-Scope": "global" if self.is_global else "user"}
            shown |= {"X-RateLimit-Global": "true"} if self.is_global else {}
        return shown

    def body(self) -> Json:
        """Return the body of a 429."""
        return {"message": "You are being rate limited.", "retry_after": round(self.reset_after, 3), "global": self.is_global}


@dataclass
class Limits:
    """Every bucket. A test may change `buckets` and `a_second`, the global limit.

    Attributes:
        over: how many 429s each route got, by `METHOD template`.
        invalid: when the last refused requests were.
    """

    buckets: dict[str, tuple[int, float]] = field(default_factory=lambda: dict(BUCKETS))
    a_second: int = 50
    over: Counter[str] = field(default_factory=Counter)
    invalid: deque[float] = field(default_factory=deque)
    _windows: dict[tuple[str, str], Window] = field(default_factory=dict)

    def take(self, bucket: str, major: str) -> Taken:
        """Count a request in its bucket."""
        limit, seconds = self.buckets[bucket]
        return self._take(bucket, major, limit, seconds)

    def take_global(self) -> Taken:
        """Count a request among all."""
        taken = self._take("global", "", self.a_second, 1.0)
        taken.is_global = True
        return taken

    def _take(self, bucket: str, major: str, limit: int, seconds: float) -> Taken:
        now = time.monotonic()
        window = self._windows.setdefault((bucket, major), Window())
        if now - window.began >= seconds:
            window.began, window.count = now, 0
        is_over = window.count >= limit
        window.count += not is_over
        return Taken(bucket, limit, limit - window.count, max(0.001, window.began + seconds - now), is_over)

    def note_invalid(self, limit: int) -> None:
        """Count a refused request; only those of the last ten minutes and at most `limit` are kept."""
        self.invalid.append(time.monotonic())
        while len(self.invalid) > limit or time.monotonic() - self.invalid[0] > INVALID_WINDOW:
            self.invalid.popleft()

    def is_banned(self, limit: int) -> bool:
        """Whether too many requests were refused: Cloudflare answers from now on."""
        return len(self.invalid) >= limit


@dataclass
class Fault:
    """What goes wrong with the next requests of a route.

    Attributes:
        method: the HTTP method; empty is any.
        path: a regular expression, searched for in the path; files are below `/attachments/`.
        count: how many requests it strikes.
        status: the status of the answer; 0 leaves the answer alone.
        retry_after: makes it a 429 that asks for this wait.
        is_global: whether that 429 is the global one.
        cloudflare: makes it a 429 without Via, as a ban is.
        drop: closes the connection instead of answering.
        delay: seconds before the request is looked at.
        after: whether the request is carried out all the same before the answer goes wrong.
        struck: how many requests it struck.
    """

    method: str = ""
    path: str = ""
    count: int = 1
    status: int = 0
    retry_after: float | None = None
    is_global: bool = False
    cloudflare: bool = False
    drop: bool = False
    delay: float = 0.0
    after: bool = False
    struck: int = 0

    def strikes(self, method: str, path: str) -> bool:
        """Whether this request is struck; counts it if so."""
        is_struck = self.struck < self.count and self.method in {"", method} and re.search(self.path, path) is not None
        self.struck += is_struck
        return is_struck

    @property
    def is_silent(self) -> bool:
        """Whether the answer is left alone: a mere delay."""
        return not (self.status or self.drop or self.cloudflare or self.retry_after is not None)
