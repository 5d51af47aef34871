"""Who asks: their name and language, read from Slack once and kept for an hour."""

import time
from collections import OrderedDict
from dataclasses import dataclass

from bots.slack_bot.door import Away, Door, Refused
from core.markup import clean

KEPT, KEPT_SECONDS = 5_000, 3_600.0
LONGEST_NAME = 60


@dataclass(frozen=True)
class Human:
    """A user as the bot speaks of them."""

    name: str = ""
    lang: str = "fr"


def person_of(team: str, user: str) -> str:
    """Return a user as core names people."""
    return f"slack:{team}:{user}"


class People:
    """Remembers who was met."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._met: OrderedDict[str, tuple[float, Human]] = OrderedDict()

    def known(self, user: str) -> Human:
        """Return what is known of a user without asking Slack: French until they are met."""
        return self._met[user][1] if user in self._met else Human()

    def hint(self, user: str, name: str) -> None:
        """Take the name that came with an event, until Slack is asked for more."""
        if user not in self._met:
            self._keep(user, -KEPT_SECONDS, Human(_name(name)))

    def _keep(self, user: str, met_at: float, human: Human) -> None:
        self._met[user] = (met_at, human)
        while len(self._met) > KEPT:
            self._met.popitem(last=False)

    async def meet(self, user: str) -> Human:
        """Return a user, asked of Slack where that is long ago and may be asked now."""
        met_at, human = self._met.get(user, (-KEPT_SECONDS, Human()))
        if met_at > time.monotonic() - KEPT_SECONDS or not self._door.has("users.info") or not self._door.limits.may("users.info"):
            return human
        try:
            found = await self._door.call("users.info", waits=False, user=user, include_locale=True)
        except (Refused, Away):
            return human
        self._keep(user, time.monotonic(), _read(found["user"]))
        return self.known(user)


def _read(user: dict[str, object]) -> Human:
    profile = user.get("profile")
    names = profile if isinstance(profile, dict) else {}
    name = str(names.get("display_name") or names.get("real_name") or user.get("name") or "")
    lang = "en" if str(user.get("locale", "")).startswith("en") else "fr"
    return Human(_name(name), lang)


def _name(name: str) -> str:
    return " ".join(clean(name).split())[:LONGEST_NAME]
