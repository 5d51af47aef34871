"""What `profond doctor` learns of Discord: whether the token is good, the intents are on, and the bot may do its work."""

from collections.abc import AsyncIterator

import discord
from discord.http import Route

from bots.discord_bot.places import FAILURES
from bots.discord_bot.running import PERMISSIONS, logged_in
from core.errors import SetupError
from core.settings import Settings

Line = tuple[str, str, dict[str, str | float]]
"""A finding: ok, warning or fault; a key of the catalogue; what fills its sentence."""

UNSEEN = "doctor-discord-unseen"


async def check_token(settings: Settings) -> AsyncIterator[Line]:
    """Yield what is right and wrong with a token."""
    try:
        async with logged_in(settings) as client:
            yield "ok", "doctor-discord-good", {}
            async for line in _rights(client, settings):
                yield line
    except SetupError as error:
        yield "fault", "doctor-discord-bad" if error.key == "discord-bad-token" else error.key, {}


async def _rights(client: discord.Client, settings: Settings) -> AsyncIterator[Line]:
    """Yield what is missing: an intent, a server, a permission, a place that the settings name."""
    flags = client.application_flags
    may_read = flags.gateway_message_content or flags.gateway_message_content_limited
    if settings.discord_message_content and not may_read:
        yield "fault", "discord-intent", {}
    try:
        servers = await client.http.request(Route("GET", "/users/@me/guilds"))
    except FAILURES:
        return
    if not servers:
        yield "warning", "doctor-discord-alone", {}
    for server in servers:
        missing = [name for name, needed in PERMISSIONS if needed and not getattr(_held(server), name)]
        if missing:
            yield "warning", "doctor-discord-rights", {"server": server["name"][:60], "missing": ", ".join(missing)}
    for name, number in await _unseen(client, settings) if servers else ():
        yield "fault", UNSEEN, {"name": name, "id": str(number)}


async def _unseen(client: discord.Client, settings: Settings) -> list[tuple[str, int]]:
    """Return the ids of the settings, each with its setting, that are no server or channel which the bot sees."""
    named = [("DISCORD_SERVERS", f"/guilds/{number}", number) for number in sorted(settings.discord_servers)]
    named += [("DISCORD_CHANNELS", f"/channels/{number}", number) for number in sorted(settings.discord_channels)]
    return [(name, number) for name, path, number in named if not await _is_seen(client, path)]


async def _is_seen(client: discord.Client, path: str) -> bool:
    """Whether the bot sees a server or a channel; a category is none: nobody writes there. Where Discord does not say, it is."""
    try:
        found = await client.http.request(Route("GET", path))
    except (discord.NotFound, discord.Forbidden):
        return False
    except FAILURES:
        return True
    return bool(found.get("type") != discord.ChannelType.category.value)


def _held(server: dict[str, str]) -> discord.Permissions:
    """Return what the bot may do in a server; an administrator may do everything."""
    held = discord.Permissions(int(server["permissions"]))
    return discord.Permissions.all() if held.administrator else held
