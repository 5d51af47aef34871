"""A database that is slow: Discord hears of every command, press and form in time, and the student of how it ended."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from unittest.mock import patch

from core.errors import StoreAway
from core.settings import Settings
from core.store import Store
from core.store.database import Database
from tests.conftest import MakeSettings
from tests.discord_class import QUESTION, Class, a_class
from tests.servers.discord import DiscordServer, User


@contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Hold the SQLite file as another program does: it can be read, and not be written."""
    held = sqlite3.connect(settings.database_url.get_secret_value(), isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        held.close()


async def test_what_is_written_is_acknowledged_first(room: Class, discord: DiscordServer, settings: MakeSettings, lea: User) -> None:
    """A level, a thumb, a report, a choice and an erasure wait for the database behind their acknowledgement, and are done."""
    message = (await room.answered(lea)).messages[0]
    form = await room.chosen(lea, message, "Signaler une erreur")
    await form.form()
    privacy, forget = await discord.slash(lea, "privacy"), await discord.slash(lea, "forget")
    for page in (privacy, forget):
        await page.read()
    with locked(settings()):
        asked = {
            "avancé": await discord.slash(lea, "level", {"level": "advanced"}),
            "c'est noté": await discord.press(lea, message, "👍"),
            "signalement": await discord.submit_modal(lea, form, {"text": "faux"}),
            "toujours en privé": await discord.press(lea, privacy.messages[0], "Toujours en privé"),
        }
        for each in asked.values():
            assert (await each.ack()).ephemeral
    for part, each in asked.items():
        await each.read(part)
    with locked(settings()):
        erased = await discord.press(lea, forget.messages[0], "Oui, tout effacer")
        await erased.ack()
    await erased.until(lambda _: "C'est effacé\u00a0: 1" in forget.messages[0].text)
    assert forget.messages[0].custom_ids() == []


async def test_a_follow_up_without_a_mention_is_told_of_a_database_that_is_away(settings: MakeSettings) -> None:
    """In the bot's own thread: whether the student asked there before is not known, and nobody waits for nothing."""
    async with DiscordServer(message_content=True) as discord, a_class(discord, settings(discord_message_content=True)) as room:
        lea = discord.user("Léa")
        message = (await room.answered(lea)).messages[0]
        await (await room.chosen(lea, message, "Continuer dans un fil")).read("Le fil est ouvert")
        with patch.object(Store, "has_asked", side_effect=StoreAway()):
            said = await discord.say(lea, message.thread, "c'est quoi le pooling ?")
            await said.read("Ma mémoire")
        assert len(said.messages) == 1


@asynccontextmanager
async def _silent(_: Database) -> AsyncIterator[None]:
    """Stand for a connection to a database that never answers."""
    await asyncio.Event().wait()
    yield


async def test_what_cannot_be_read_in_time_is_told(room: Class, discord: DiscordServer, lea: User) -> None:
    """A database that never answers: commands and presses end with a sentence while Discord still listens."""
    message = (await room.answered(lea)).messages[0]
    more = await discord.press(lea, message, "Plus…")
    await more.read()
    with patch("bots.discord_bot.spots.READ_SECONDS", 0.05), patch.object(Database, "read", _silent), patch("core.store.ACCEPT_SECONDS", 0.05):
        asked = [
            *[await discord.slash(lea, name) for name in ("usage", "mydata", "privacy", "level")],
            await discord.slash(lea, "topic", {"card": "convolution"}),
            await discord.press(lea, message, "Plus simple"),
            await discord.press(lea, more.messages[0], "Continuer dans un fil"),
            await discord.slash(lea, "ask", {"question": QUESTION}),
        ]
        for each in asked:
            assert "Ma mémoire" in await each.read()
            assert (await each.ack()).ephemeral
