"""Tries a token or a key at once, where it belongs."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from enum import Enum
from typing import NamedTuple

from core.errors import ModelAway, SetupError
from core.knowledge import CourseInfo
from core.model import open_model
from core.settings import Settings

PATIENCE_SECONDS = 20.0
Details = Mapping[str, str | float]


class State(Enum):
    """Accepted, refused, or neither: the service is away, or something beside the token is to be mended."""

    GOOD = "good"
    REFUSED = "refused"
    OPEN = "open"


class Verdict(NamedTuple):
    """What a service says, and the catalogue's sentence for it."""

    state: State
    key: str
    details: Mapping[str, str | float] = {}


REFUSALS = {
    "doctor-discord-bad": "install-discord-refused",
    "doctor-slack-bad": "install-bot-refused",
    "slack-bad-app-token": "install-app-refused",
}
"""What the platforms' own checks say of a token that is refused, and how it is told to whoever pastes it."""


async def check_discord(settings: Settings) -> Verdict:
    """Ask Discord about the bot's token."""
    from bots import discord_bot  # noqa: PLC0415  # slow to import

    return await _first_fault(discord_bot.check_token(settings), Verdict(State.GOOD, "install-discord-good"), "doctor-discord-away")


async def check_slack_bot(settings: Settings) -> Verdict:
    """Ask Slack about the bot token alone."""
    return await _slack(settings.model_copy(update={"slack_app_token": None}), "install-bot-good")


async def check_slack_app(settings: Settings) -> Verdict:
    """Ask Slack about the app-level token, beside a bot token."""
    return await _slack(settings, "install-app-good")


async def _slack(settings: Settings, good: str) -> Verdict:
    from bots import slack_bot  # noqa: PLC0415  # slow to import

    return await _first_fault(slack_bot.check_token(settings), Verdict(State.GOOD, good), "doctor-slack-away")


async def _first_fault(lines: AsyncIterator[tuple[str, str, Details]], good: Verdict, away: str) -> Verdict:
    """Return the first fault that a platform's check tells, or that all is good."""
    found = good
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for state, key, details in lines:
                if state == "fault" and found is good:
                    found = Verdict(State.REFUSED if key in REFUSALS else State.OPEN, REFUSALS.get(key, key), details)
    except TimeoutError:
        return Verdict(State.OPEN, away)
    return found


async def check_mistral(settings: Settings) -> Verdict:
    """Ask the model's server about the key."""
    details = {"server": settings.mistral_server_url, "model": settings.mistral_model}
    try:
        async with open_model(settings) as model:
            names = await model.check() if model else []
    except SetupError as error:
        return Verdict(State.OPEN, error.key, error.details)
    except ModelAway as away:
        is_refused = away.status in {401, 403}
        return Verdict(State.REFUSED if is_refused else State.OPEN, "install-mistral-refused" if is_refused else "doctor-key-away", details)
    is_listed = not names or settings.mistral_model in names
    return Verdict(State.GOOD, "install-mistral-good" if is_listed else "doctor-key-model", details)


async def invite(settings: Settings) -> str:
    """Return the link that invites the bot. Raises SetupError."""
    from bots import discord_bot  # noqa: PLC0415  # slow to import

    return await discord_bot.invite_link(settings)


def slack_manifest(settings: Settings, info: CourseInfo) -> str:
    """Return the manifest of the Slack app."""
    from bots import slack_bot  # noqa: PLC0415  # slow to import

    return slack_bot.manifest(settings, info)
