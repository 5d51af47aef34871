"""What this process did since it started, for whoever runs it: counts, and how long things took. No label names a person.

Kept apart from the library that publishes it, which only a bot with a PORT needs. The figures belong to the process, as its
logs do, so they stand in one place.
"""

import time
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

BOUNDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the classes of a length of time, in seconds."""
Labels = tuple[tuple[str, str], ...]


@dataclass
class Times:
    """How long something took: how often in each class of BOUNDS and beyond, and in all."""

    classes: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0


counts: Counter[tuple[str, Labels]] = Counter()
times: dict[tuple[str, Labels], Times] = {}


def count(name: str, **labels: str) -> None:
    """Count one more."""
    counts[name, tuple(sorted(labels.items()))] += 1


def took(name: str, seconds: float, **labels: str) -> None:
    """Remember how long something took."""
    found = times.setdefault((name, tuple(sorted(labels.items()))), Times())
    found.classes[bisect_left(BOUNDS, seconds)] += 1
    found.total += seconds


def arrived(platform: str, sent_at: float) -> None:
    """Remember how long an event was on its way; where the platform's clock goes ahead, it took no time."""
    took("event_lag_seconds", max(0.0, time.time() - sent_at), platform=platform)
