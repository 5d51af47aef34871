"""What a dead process left on Discord: finished in its own place, else in the next one, and never in public where it was private."""

import json
import time
import warnings

import pytest

from core.messages import Question
from core.store.leases import Left
from core.words import words_in
from tests.discord_class import QUESTION, TEXT, Class
from tests.servers.discord import DiscordServer, User
from tests.surfaces import QueuedModel

with warnings.catch_warnings():  # discord.py imports audioop, which Python 3.13 no longer has
    warnings.simplefilter("ignore", DeprecationWarning)
    from bots.discord_bot.look import Page
    from bots.discord_bot.places import Address, ChannelPlace

words = words_in("fr")
LONG_AGO = 3_600.0


@pytest.fixture
def model() -> QueuedModel:
    """A model for the one answer that is finished."""
    return QueuedModel(TEXT)


async def left(room: Class, address: Address, placeholder: str = "") -> Left:
    """Return a question that was taken and not answered."""
    person, event = f"discord:{address.user}", f"discord:left:{time.monotonic_ns()}"
    asked = Question(text=QUESTION, person=person, conversation=event, event=event, reply_to=address.dump(), is_private=address.is_private)
    return Left(ticket=await room.profond.assistant.take(asked), placeholder=placeholder, age=5.0)


def by_command(discord: DiscordServer, user: User, *, is_private: bool) -> Address:
    """Return the address of a command whose token is dead by now."""
    return Address(
        user=int(user.id),
        channel=int(discord.channel.id),
        application=int(discord.world.app_id),
        token="dead",
        asked_at=time.time() - LONG_AGO,
        is_private=is_private,
    )


def shown(discord: DiscordServer) -> list[str]:
    """Return what the bot shows in the channel."""
    return [message.text for message in discord.channel.messages.values() if message.author is discord.bot and not message.is_deleted]


def told(discord: DiscordServer, user: User) -> list[str]:
    """Return what the bot wrote to a student directly."""
    return [message.text for message in discord.direct(user).messages.values()]


async def test_a_message_is_answered_below_itself(room: Class, discord: DiscordServer, lea: User) -> None:
    """The answer refers to the message that asked."""
    said = await discord.say(lea, text=QUESTION)
    await room.bot.asking.recover(await left(room, Address(user=int(lea.id), channel=int(discord.channel.id), message=int(said.message.id))))

    assert "Sources" in said.text
    assert [said.message.id] == [message.reference and message.reference["message_id"] for message in said.messages]


async def test_what_was_begun_is_finished_and_not_doubled(room: Class, discord: DiscordServer, lea: User) -> None:
    """The message that the dead process had begun becomes the answer."""
    said = await discord.say(lea, text=QUESTION)
    begun = await ChannelPlace(room.bot, int(discord.channel.id), int(said.message.id)).post(Page(("Une conv",)), "begun")
    address = Address(user=int(lea.id), channel=int(discord.channel.id), message=int(said.message.id))
    await room.bot.asking.recover(await left(room, address, json.dumps({"ways": 1, "messages": [begun]})))

    (text,) = shown(discord)
    assert "Sources" in text
    assert "Une conv\n" not in text


async def test_a_public_command_whose_token_is_dead_is_answered_in_the_channel(room: Class, discord: DiscordServer, lea: User) -> None:
    """What was asked before everybody is answered before everybody."""
    await room.bot.asking.recover(await left(room, by_command(discord, lea, is_private=False)))

    assert [True] == ["Sources" in text for text in shown(discord)]
    assert [] == [text for text in told(discord, lea) if "machine" not in text]  # but for what a student is told at first contact


async def test_a_private_command_whose_token_is_dead_is_answered_directly(room: Class, discord: DiscordServer, lea: User) -> None:
    """What was asked in private is answered in private, and apologised for there."""
    address = by_command(discord, lea, is_private=True)
    await room.bot.asking.recover(await left(room, address))
    await room.bot.asking.apologise(await left(room, address))

    answer, notice, apology = told(discord, lea)
    assert [True, False, False] == ["Sources" in text for text in (answer, notice, apology)]
    assert "machine" in notice
    assert words("error-too-late") in apology
    assert [] == shown(discord)
    assert [] == [text for text in discord.public_texts() if text]


async def test_where_no_place_is_left_nothing_breaks(room: Class, discord: DiscordServer, lea: User) -> None:
    """With a dead token and closed direct messages the answer is kept, and nobody else reads it."""
    discord.fault("POST", "/users/@me/channels", status=403)
    await room.bot.asking.recover(await left(room, by_command(discord, lea, is_private=True)))

    assert [] == shown(discord)
    data = await room.profond.store.people.my_data(f"discord:{lea.id}")
    assert (1, 0) == (len(data["turns"]), len(data["waiting"]))
