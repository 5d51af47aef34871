"""Which messages are for the bot, and which conversation they go on: read from Discord itself, so that a restart forgets nothing."""

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING

import discord

from bots.discord_bot.look import codes_in
from bots.discord_bot.places import FAILURES
from bots.discord_bot.spots import Spot, person_of
from core.actions import Action, read_code
from core.errors import Unknown

if TYPE_CHECKING:
    from bots.discord_bot.client import DiscordBot

REMEMBERED = 1_000
LONGEST_LOOK = 0.8
"""Seconds to look for another message: an interaction has to be acknowledged within three."""


def answer_in(message: discord.Message) -> str:
    """Return the id of the answer that a message of the bot shows, read from its buttons, or an empty string."""
    for code in codes_in(message):
        try:
            action, target = read_code(code)
        except ValueError:
            continue
        if action in {Action.GOOD, Action.MORE}:
            return target
    return ""


def replied(message: discord.Message) -> discord.Message | None:
    """Return the message that a message replies to, as far as Discord tells."""
    found = message.reference.resolved if message.reference else None
    return found if isinstance(found, discord.Message) else None


def _others(message: discord.Message) -> set[int]:
    """Return those to whom a message is said by name or as a reply, but for who wrote it."""
    answered = replied(message)
    return {*(user.id for user in message.mentions), *([answered.author.id] if answered else [])} - {message.author.id}


def _kept(known: OrderedDict[int, str], number: int, conversation: str) -> str:
    known[number] = conversation
    while len(known) > REMEMBERED:
        known.popitem(last=False)
    return conversation


class Threads:
    """Finds a message's conversation."""

    def __init__(self, bot: "DiscordBot") -> None:
        self._bot = bot
        self._known: OrderedDict[int, str] = OrderedDict()
        self._shown: OrderedDict[int, str] = OrderedDict()

    async def is_for_me(self, message: discord.Message) -> bool:
        """Whether a message is said to the bot: in private, by mention, by reply, or by an asker in one of the bot's threads."""
        if message.guild is None or self.is_named(message):
            return True
        if not self._bot.profond.settings.discord_message_content or not self._is_mine(message.channel):
            return False
        if _others(message):
            return False
        return await self._bot.profond.students.has_asked(await self.of_message(message), person_of(message.author))

    def is_named(self, message: discord.Message) -> bool:
        """Whether a message mentions the bot, by its name or by the role of the same name, or replies to it."""
        answered = replied(message)
        by_role = message.guild is not None and message.guild.self_role in message.role_mentions
        return by_role or self._bot.user in message.mentions or (answered is not None and answered.author == self._bot.user)

    def _is_mine(self, channel: object) -> bool:
        return isinstance(channel, discord.Thread) and self._bot.user is not None and channel.owner_id == self._bot.user.id

    async def of_message(self, message: discord.Message, *, is_private: bool = False) -> str:
        """Return the conversation that a message goes on with, or a new one; a private answer's is that of where it will stand."""
        place = f"discord:{message.guild.id if message.guild else 'dm'}:{message.channel.id}"
        answered = replied(message)
        mine = answered if answered and answered.author == self._bot.user else None
        if message.guild is None:
            return await self._of_private(answer_in(mine)) or place if mine else place
        own = f"{place}:m{message.id}"
        if is_private:
            return await self._of_direct(message.author) or own
        if isinstance(message.channel, discord.Thread):
            return await self._of_thread(message.channel, place)
        return await self._of_reply(mine, place) or own if mine else own

    async def _of_direct(self, user: discord.abc.User) -> str:
        """Return the conversation of a student's direct messages, or an empty string while Discord does not open them."""
        if self._bot.brake.left:
            return ""
        try:
            async with asyncio.timeout(LONGEST_LOOK):
                return f"discord:dm:{(await self._bot.create_dm(user)).id}"
        except FAILURES:
            return ""

    async def of_interaction(self, spot: Spot, *, is_private: bool) -> str:
        """Return an interaction's conversation: a direct one, a thread's, or a new one. What is private never joins a public one."""
        place = f"discord:{spot.guild_id or 'dm'}:{spot.channel_id}"
        if spot.guild_id is None:
            return place
        if isinstance(spot.channel, discord.Thread) and not is_private:
            return await self._of_thread(spot.channel, place)
        return f"{place}:i{spot.id}"

    async def _of_reply(self, answered: discord.Message, place: str) -> str:
        """Return the conversation of a message of the bot: that of its answer, else that of the question it stands under."""
        if found := await self._of_answer(answer_in(answered)) or self._shown.get(answered.id, ""):
            return found
        if answered.interaction_metadata:
            return f"{place}:i{answered.interaction_metadata.id}"
        return await self._of_question(answered.reference, place) if answered.reference else ""

    async def _of_question(self, asked: discord.MessageReference, place: str) -> str:
        """Return the conversation of a message that was answered: a reply to the bot went on with one, any other began its own."""
        own = f"{place}:m{asked.message_id}"
        try:
            question = await self._look(asked.channel_id, asked.message_id or 0)
        except FAILURES:
            return own
        answered = replied(question)
        gone_on = await self._of_reply(answered, place) if answered and answered.author == self._bot.user else ""
        return gone_on or own

    async def _look(self, channel: int, message: int) -> discord.Message:
        """Return a message. Raises FAILURES."""
        if self._bot.brake.left:
            raise TimeoutError
        async with asyncio.timeout(LONGEST_LOOK):
            return await self._bot.get_partial_messageable(channel).fetch_message(message)

    async def _of_thread(self, thread: discord.Thread, own: str) -> str:
        """Return a thread's conversation: that of the answer on which it was opened, else its own."""
        if thread.id in self._known:
            return self._known[thread.id]
        try:
            first = await self._look(thread.parent_id, thread.id)
        except discord.NotFound:
            return self.remember(thread.id, own)
        except FAILURES:
            return own
        found = await self._of_reply(first, f"discord:{thread.guild.id}:{thread.parent_id}") if first.author == self._bot.user else ""
        return self.remember(thread.id, found or own)

    def remember(self, thread: int, conversation: str) -> str:
        """Remember a thread's conversation, and return it."""
        return _kept(self._known, thread, conversation)

    def show(self, message: int, conversation: str) -> None:
        """Remember the conversation of a message of the bot: while it grows, and where it has no answer to judge, no button tells."""
        _kept(self._shown, message, conversation)

    async def _of_private(self, answer_id: str) -> str:
        """Return the conversation of an answer that had to be moved into direct messages; a public one's is not gone on with there."""
        if not answer_id:
            return ""
        try:
            past = await self._bot.profond.store.past(answer_id)
        except Unknown:
            return ""
        return past.conversation_place if past.is_private else ""

    async def _of_answer(self, answer_id: str) -> str:
        if not answer_id:
            return ""
        try:
            return await self._bot.profond.students.conversation_of(answer_id)
        except Unknown:
            return ""
