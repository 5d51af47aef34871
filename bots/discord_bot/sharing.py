"""What goes from one student to the class: an answer shared without a name, a thread under an answer, a message to pin."""

from typing import TYPE_CHECKING

import discord

from bots.discord_bot.look import MAX_PART, QUOTE, Page, small, told
from bots.discord_bot.spots import Spot, person_of, show, soon, tell, words_of
from bots.discord_bot.threads import replied
from core.actions import Action, button
from core.reply import quoted, split_text
from core.words import Words

if TYPE_CHECKING:
    from bots.discord_bot.client import DiscordBot

HAS_THREAD = 160004
LONGEST_NAME = 100
LONGEST_NONCE = 25


async def preview(spot: Spot, answer: str) -> None:
    """Show what the class would see. Raises Unknown, NotYours."""
    words = words_of(spot)
    *before, last = await _shared(spot, answer)
    first = small(words("share-preview"))
    for number, page in enumerate([*before, Page(last.texts, ((button(words, Action.PUBLISH, answer),),))]):
        await show(spot, Page((first if number == 0 else "", *page.texts), page.rows))


async def _shared(spot: Spot, answer: str) -> list[Page]:
    """Return what the class would see: the question without a name, then the answer."""
    question, text = await soon(spot.client.profond.students.shared(answer, person_of(spot.user)))
    head = f"{small(words_of(spot)('share-title'))}\n{quoted(question)}"
    return [Page((head if number == 0 else "", part)) for number, part in enumerate(split_text(text, MAX_PART))]


async def publish(spot: Spot, answer: str) -> None:
    """Post plain messages of the bot's own: an interaction's follow-up would show who pressed."""
    words = words_of(spot)
    shared = await _shared(spot, answer)
    await spot.response.defer()
    channel = spot.client.get_partial_messageable(spot.channel_id or 0)
    try:
        for number, page in enumerate(shared):
            await channel.send(view=page.view, nonce=f"{number}{answer}"[:LONGEST_NONCE])
    except (discord.Forbidden, discord.NotFound):
        await spot.edit_original_response(view=Page((words("share-denied"),)).view)
    else:
        await spot.edit_original_response(view=Page((words("share-done"),)).view)


async def open_thread(spot: Spot, answer: str, under: int) -> None:
    """Open a thread under a public answer, for whoever asks for it; its first message says how to go on. Raises Unknown."""
    bot, words = spot.client, words_of(spot)
    conversation = await soon(bot.profond.students.conversation_of(answer))
    await spot.response.defer(ephemeral=True, thinking=True)
    channel = bot.get_partial_messageable(spot.channel_id or 0, guild_id=spot.guild_id)
    try:
        thread = await channel.get_partial_message(under).create_thread(name=_name(bot, words, await channel.fetch_message(under)))
    except discord.HTTPException as error:
        exists = words("thread-exists", link=f"https://discord.com/channels/{spot.guild_id}/{under}")
        await tell(spot, exists if error.code == HAS_THREAD else words("thread-denied"))
        return
    bot.threads.remember(thread.id, conversation)
    is_heard = bot.profond.settings.discord_message_content and await bot.profond.students.has_asked(conversation, person_of(spot.user))
    await thread.send(view=Page((words("thread-hello-all" if is_heard else "thread-hello"),)).view)
    await tell(spot, words("thread-made", link=thread.jump_url))


def _name(bot: "DiscordBot", words: Words, message: discord.Message) -> str:
    """Return a thread's name: the question as it stands above the answer, or as it was written."""
    asked, lines = replied(message), told(message).splitlines()
    quote = next((line for line in lines if line.startswith(QUOTE)), quoted(bot.said(asked)) if asked else "")
    return quote.removeprefix(QUOTE).strip()[:LONGEST_NAME] or words("thread-name")


async def pin(spot: Spot) -> None:
    """Post the message that a teacher may pin: a button that opens a form, for phones."""
    words = words_of(spot)
    if spot.guild_id is None or not spot.permissions.manage_guild:
        await tell(spot, words("pin-teacher"))
        return
    await spot.response.defer(ephemeral=True, thinking=True)
    page = Page((words("pin-text"),), ((button(words, Action.ASK),),))
    await spot.client.get_partial_messageable(spot.channel_id or 0).send(view=page.view)
    await tell(spot, words("pin-done"))
