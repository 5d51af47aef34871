"""What every command, button and form needs: who is there, in which language, and how to tell them something."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import aiohttp
import discord
import structlog

from bots.discord_bot.look import QUOTE, Page, told
from bots.discord_bot.places import FAILURES
from core.actions import Button
from core.errors import AlreadyTaken, ProfondError, StoreAway
from core.words import Words, error_words, words_in

if TYPE_CHECKING:
    from bots.discord_bot.client import DiscordBot

log = structlog.get_logger()
Spot: TypeAlias = "discord.Interaction[DiscordBot]"
"""An interaction: somebody, somewhere, who waits for an answer within three seconds."""
ALREADY_ANSWERED = 40060
ANSWERED = "answered"
READ_SECONDS = 2.0
"""The longest that reading may take before an acknowledgement, of the three seconds that Discord gives."""
Found = TypeVar("Found")


def person_of(user: discord.abc.User) -> str:
    """Return a user as core names people."""
    return f"discord:{user.id}"


def lang_of(spot: Spot) -> str:
    """Return the language to speak: the course's French, but for those whose Discord is in English."""
    return "en" if spot.locale.value.startswith("en") else "fr"


def words_of(spot: Spot) -> Words:
    """Return the words in the student's language."""
    return words_in(lang_of(spot))


def is_alone(spot: Spot) -> bool:
    """Whether nobody but the student sees what holds the button or opened the form."""
    return spot.guild_id is None or (spot.message is not None and spot.message.flags.ephemeral)


def can_thread(channel: object) -> bool:
    """Whether a thread may be opened on a message of a channel."""
    return isinstance(channel, discord.TextChannel)


async def insist(spot: Spot, answer: Callable[[], Awaitable[object]]) -> None:
    """Answer an interaction, twice where the line breaks: an idle one is often closed just then, and Discord takes one answer alone.

    Raises:
        AlreadyTaken: another process answered it.
    """
    try:
        await _alone(answer)
    except (aiohttp.ClientError, OSError):
        with suppress(AlreadyTaken):  # Discord had heard
            await _alone(answer)
        spot.extras[ANSWERED] = True


async def _alone(answer: Callable[[], Awaitable[object]]) -> None:
    try:
        await answer()
    except discord.HTTPException as error:
        if error.code == ALREADY_ANSWERED:
            raise AlreadyTaken from None
        raise


def is_answered(spot: Spot) -> bool:
    """Whether Discord knows an answer to an interaction; the library does not know of one whose receipt was lost."""
    return spot.response.is_done() or ANSWERED in spot.extras


async def hold(spot: Spot) -> None:
    """Acknowledge before something is written: a slow database takes longer than Discord waits, and of several processes one may go on.

    Raises:
        AlreadyTaken: another process answers.
    """
    if not is_answered(spot):
        await insist(spot, lambda: spot.response.defer(thinking=True, ephemeral=True))


async def soon(reading: Awaitable[Found]) -> Found:
    """Return what is read before the acknowledgement, while there is time for it. Raises StoreAway."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await reading
    except TimeoutError:
        raise StoreAway from None


async def show(spot: Spot, page: Page) -> None:
    """Show a page to the student alone. Raises AlreadyTaken."""
    if is_answered(spot):
        await spot.followup.send(view=page.view, files=page.files, ephemeral=True)
    else:
        await insist(spot, lambda: spot.response.send_message(view=page.view, files=page.files, ephemeral=True))


async def tell(spot: Spot, *texts: str, rows: Sequence[Sequence[Button]] = ()) -> None:
    """Tell the student alone."""
    await show(spot, Page(texts, tuple(map(tuple, rows))))


async def turn_to(spot: Spot, page: Page) -> None:
    """Show a page to the student alone; one that is opened from a page takes its place, an answer stays."""
    message = spot.message
    is_page = message is not None and message.flags.ephemeral and message.flags.components_v2 and not told(message).startswith(QUOTE)
    if spot.type is not discord.InteractionType.component or not is_page:
        await show(spot, page)
    elif is_answered(spot):
        await spot.edit_original_response(view=page.view, attachments=page.files)
    else:
        await insist(spot, lambda: spot.response.edit_message(view=page.view, attachments=page.files))


async def fail(spot: Spot, error: BaseException) -> None:
    """Tell the student alone what went wrong; the log gets the kind of error, never its words."""
    if isinstance(error, AlreadyTaken) or getattr(error, "code", 0) == ALREADY_ANSWERED:
        return
    words = words_of(spot)
    sentence = error_words(words, error) if isinstance(error, ProfondError) else words("error-unexpected")
    if isinstance(error, discord.Forbidden):
        sentence = words("not-allowed")
    log.warning("interaction_failed", cause=type(error).__name__, status=getattr(error, "code", 0))
    try:
        await tell(spot, sentence)
    except AlreadyTaken:
        return
    except FAILURES as lost:
        log.warning("interaction_lost", cause=type(lost).__name__, status=getattr(lost, "code", 0))
