"""How fast one key may go: a state and its rules. Pure: the time is an argument.

Requests leave one by one, `spacing` seconds apart, so that no window of time ever holds more than the rate. Tokens are a
debt that drains: what may burst and what drains in a minute add up to the limit. After a refusal the spacing grows at
once, a little, and after the next one much; it goes back by half every minute, never below the setting's.
"""

import math
from dataclasses import dataclass, replace

MARGIN = 1.02
"""Clocks and networks are not exact: a little slower than the limit keeps clear of it."""
BURST = 0.25
"""The share of a minute's tokens that may be used at once."""
SLIGHTLY, SLOWER, HALF_LIFE = 1.1, 1.5, 60.0
"""One refusal may be bad luck on the network; a second one within the half-life is a limit."""
LONGEST_SPACING, LONGEST_REST = 30.0, 60.0
"""The gate is closed no longer than this; who asks for more opens the breaker."""


@dataclass(frozen=True)
class Limits:
    """What the key's owner allows: requests a second and tokens a minute."""

    per_second: float
    tokens_per_minute: int

    @property
    def spacing(self) -> float:
        """Seconds between two requests."""
        return MARGIN / self.per_second

    @property
    def burst(self) -> float:
        """Tokens that may be used at once."""
        return self.tokens_per_minute * BURST

    @property
    def drain(self) -> float:
        """Tokens that come back a second."""
        return (self.tokens_per_minute - self.burst) / 60


@dataclass(frozen=True)
class Pace:
    """Where one key stands.

    Attributes:
        next_at: when the next request may leave.
        spacing: what was learned from the last refusal, at `slowed_at`.
        debt: tokens used and not yet drained, at `debt_at`.
    """

    next_at: float = 0.0
    spacing: float = 0.0
    slowed_at: float = 0.0
    debt: float = 0.0
    debt_at: float = 0.0

    def spacing_at(self, now: float, limits: Limits) -> float:
        """Return the seconds between two requests."""
        learned = self.spacing * math.exp2(-max(0.0, now - self.slowed_at) / HALF_LIFE)
        return max(limits.spacing, learned)

    def slot(self, now: float, tokens: int, limits: Limits) -> float:
        """Return when a request of so many tokens may leave."""
        at = max(now, self.next_at)
        excess = self._debt(at, limits) + min(tokens, limits.burst) - limits.burst
        return at + max(0.0, excess / limits.drain)

    def taken(self, at: float, tokens: int, limits: Limits) -> "Pace":
        """Return where the key stands once a request has left."""
        return replace(self, next_at=at + self.spacing_at(at, limits), debt=self._debt(at, limits) + tokens, debt_at=at)

    def again(self, missed: float, now: float, limits: Limits) -> float:
        """Return when a request may leave that missed its moment: at once if it was the last to get one, else at the next free one."""
        is_last = self.next_at <= missed + self.spacing_at(missed, limits) + 1e-6
        return now if is_last else max(now, self.next_at)

    def settled(self, more: int) -> "Pace":
        """Return where the key stands when a request used more tokens than was thought, or fewer."""
        return replace(self, debt=max(0.0, self.debt + more))

    def slowed(self, now: float, left_at: float, rest: float, limits: Limits) -> "Pace":
        """Return where the key stands after a refusal of a request that left at that time; of several at once, one counts."""
        found = self
        if left_at >= self.slowed_at:
            factor = SLOWER if now - self.slowed_at < HALF_LIFE else SLIGHTLY
            spacing = min(LONGEST_SPACING, self.spacing_at(now, limits) * factor)
            found = replace(self, spacing=spacing, slowed_at=now)
        wait = max(found.spacing_at(now, limits), min(rest, LONGEST_REST))
        return replace(found, next_at=max(self.next_at, now + wait))

    def _debt(self, now: float, limits: Limits) -> float:
        return max(0.0, self.debt - max(0.0, now - self.debt_at) * limits.drain)
