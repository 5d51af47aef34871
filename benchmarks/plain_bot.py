"""The plain variant: what a tutorial's bot on the same libraries does. Acknowledges, streams, edits; no queue, no cache, no retry."""

import asyncio
import os
import time
from typing import Any

import discord
import yarl
from discord import app_commands
from mistralai.client import Mistral

from core.knowledge import load_course
from core.messages import Level
from core.search import SearchIndex
from core.settings import shipped_course

COURSE = load_course(shipped_course())
INDEX = SearchIndex(COURSE)
MODEL, EVERY, LONGEST = "mistral-small-2603", 1.25, 2_000

bot = discord.Client(intents=discord.Intents.default())
tree = app_commands.CommandTree(bot)
mistral = Mistral(api_key="local", server_url=os.environ.get("MISTRAL_SERVER_URL"))


def prompt(question: str) -> list[Any]:
    """Return the messages: the best card, and the question."""
    found = INDEX.search(question).passages[:1]
    cards = "\n".join(COURSE.card(passage.card_id).text(Level.BEGINNER) for passage in found)
    return [{"role": "system", "content": f"Tu es l'assistant du cours.\n{cards}"}, {"role": "user", "content": question}]


@tree.command(description="Pose une question.")
async def ask(interaction: discord.Interaction, question: str) -> None:
    """Answer as it is written."""
    await interaction.response.defer(thinking=True)
    text, shown_at = "", time.monotonic()
    async with await mistral.chat.stream_async(model=MODEL, messages=prompt(question), max_tokens=700) as stream:
        async for event in stream:
            piece = event.data.choices[0].delta.content
            text += piece if isinstance(piece, str) else ""
            if text and time.monotonic() - shown_at >= EVERY:
                await interaction.edit_original_response(content=text[-LONGEST:])
                shown_at = time.monotonic()
    await interaction.edit_original_response(content=text[-LONGEST:])


@bot.event
async def setup_hook() -> None:
    await tree.sync()


async def main() -> None:
    discord.http.Route.BASE = os.environ["DISCORD_API_URL"]
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["GATEWAY_URL"])
    async with mistral, bot:
        await bot.start(os.environ["DISCORD_TOKEN"])


if __name__ == "__main__":
    asyncio.run(main())
