"""Two processes on one database, each with every event of one Discord: what a student does counts once, and is answered once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from core.profond import Profond, open_profond
from tests.conftest import MakeSettings
from tests.discord_class import LONG, QUESTION, DiscordBot, running, tuned, watched
from tests.servers.discord import Asked, DiscordServer, User

EXE = ("a.exe", b"MZ")


@pytest.fixture
async def both(discord: DiscordServer, settings: MakeSettings) -> AsyncIterator[list[Profond]]:
    """The cores of two processes that serve one class."""
    made: list[DiscordBot] = []
    async with AsyncExitStack() as stack:
        stack.enter_context(watched(made))
        cores = [await stack.enter_async_context(open_profond(tuned(settings(), discord))) for _ in range(2)]
        lives = [asyncio.create_task(running.DiscordFace(core).run()) for core in cores]
        try:
            await discord.ready(shards=2, within=LONG)
            await discord.registered(within=LONG)
            yield cores
        finally:
            for life in lives:
                life.cancel()
            await asyncio.gather(*lives, return_exceptions=True)


async def answered_by_both(discord: DiscordServer, asked: Asked, times: int = 2) -> None:
    """Return when both processes have tried to answer an interaction."""
    await discord.until(lambda: len(discord.sent("POST", f"/interactions/{asked.id}/")) == times, within=LONG)


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize(("text", "files", "part"), [("", (), "pas de question"), ("explique", (EXE,), "a.exe")])
async def test_a_message_is_refused_once(discord: DiscordServer, lea: User, text: str, files: tuple[tuple[str, bytes], ...], part: str) -> None:
    """An empty mention and a file that is refused bring one message each, whoever is faster."""
    said = await discord.say(lea, text=text, mention=True, files=files)
    await said.read(part)
    await discord.until(lambda: len(discord.sent("POST", f"/channels/{discord.channel.id}/messages")) == 2, within=LONG)
    assert len(said.messages) == 1


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize(
    ("options", "part", "times"), [({"question": " "}, "pas de question", 2), ({"question": "explique", "file": EXE}, "a.exe", 3)]
)
async def test_a_command_is_refused_once(discord: DiscordServer, lea: User, options: dict[str, object], part: str, times: int) -> None:
    """Who comes second hears from Discord that it is answered, and does not write to the student directly."""
    asked = await discord.slash(lea, "ask", options)
    await asked.read(part)
    await answered_by_both(discord, asked, times)
    assert len([message for message in asked.messages if not message.is_deleted]) == 1
    last = await discord.slash(lea, "usage")
    await answered_by_both(discord, last)
    assert discord.direct(lea).messages == {}


async def test_a_report_is_stored_once(both: list[Profond], discord: DiscordServer, lea: User) -> None:
    """Only the process that acknowledged the form stores what it brings."""
    asked = await discord.slash(lea, "ask", {"question": QUESTION})
    await asked.read("Sources")
    more = await discord.press(lea, asked.messages[0], "Plus…")
    await more.read("Que veux-tu")
    form = await discord.press(lea, more.messages[0], "Signaler une erreur")
    sent = await discord.submit_modal(lea, form, {"text": "faux"})
    await sent.read("Merci")
    await answered_by_both(discord, sent)
    assert [each.text for each in await both[0].store.people.complaints()] == ["faux"]
