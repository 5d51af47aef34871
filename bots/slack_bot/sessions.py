"""Sessions: while something is being written in a thread, Slack shows its own Stop button there."""

from collections import Counter

import structlog

from bots.slack_bot.door import Away, Door, Refused
from bots.slack_bot.places import Address

log = structlog.get_logger()
PROCESSING, ACTIVE = "processing", "active"
METHOD = "agents.sessions.setStatus"


class Sessions:
    """The threads in which answers are being written. A thread has one session for all of them: the last to end ends it."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._answers: Counter[tuple[str, str]] = Counter()
        self._begun: set[tuple[str, str]] = set()

    async def begin(self, address: Address) -> None:
        """Let the button show while one more answer is written, where the workspace's limit leaves room for its end too."""
        place = (address.channel, address.thread_ts)
        self._answers[place] += 1
        if place in self._begun or not self._door.has(METHOD) or not self._door.limits.begin_session():
            return
        self._begun.add(place)
        if not await self._set(place, PROCESSING):
            self._over(place)

    def ends(self, address: Address) -> str:
        """Return the status that goes with the end of an answer's stream: none while others are written, or where none was begun."""
        place = (address.channel, address.thread_ts)
        return ACTIVE if place in self._begun and self._answers[place] == 1 else ""

    def ended(self, address: Address) -> None:
        """Hear that a stream's end has ended the session."""
        self._over((address.channel, address.thread_ts))

    async def end(self, address: Address) -> None:
        """Count an answer less; the last one takes the button away."""
        place = (address.channel, address.thread_ts)
        self._answers[place] -= 1
        if self._answers[place] > 0:
            return
        del self._answers[place]
        if place in self._begun:
            self._over(place)
            await self._set(place, ACTIVE)

    def _over(self, place: tuple[str, str]) -> None:
        if place in self._begun:
            self._begun.remove(place)
            self._door.limits.sessions -= 1

    async def _set(self, place: tuple[str, str], status: str) -> bool:
        try:
            await self._door.call(METHOD, channel_id=place[0], thread_ts=place[1], status=status)
        except (Refused, Away) as error:
            log.info("session_not_set", status=status, cause=getattr(error, "error", "away"))
            return False
        return True
