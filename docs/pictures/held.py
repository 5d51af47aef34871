"""Conversations as they were really held: the real bot, without a key, in a local Discord and a local Slack."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.servers import discord, slack
from tests.servers.bots import running
from tests.servers.discord import DiscordServer
from tests.servers.slack import GENERAL, SlackServer

WITHIN = 60.0
KNOWN, RECIPE, VAGUE = "c koi une convolution ??", "tu peux me donner une recette de crêpes", "mon modèle est nul sur mes photos"
TEXT, GALLERY, ROW = 10, 12, 1
COLOURS = {1: "first", 2: "plain", 3: "first", 4: "danger"}
Json = dict[str, Any]


async def on_discord() -> Json:
    """Ask by a command what the course answers; return what the student sees."""
    async with DiscordServer() as server, running("discord", {"DISCORD_TOKEN": server.knobs.token, "DISCORD_API_URL": server.url}):
        await server.ready(within=WITHIN)
        await server.registered(within=WITHIN)
        lea = server.user("Léa")
        asked = await server.slash(lea, "ask", {"question": KNOWN})
        await asked.until(_is_told, within=WITHIN)
        seen = [{"by": lea.name, "did": f"/ask {KNOWN}"}, *(_of_discord(message) for message in server.visible_to(lea))]
        return {"place": server.channel.name, "messages": seen}


def _is_told(handle: discord.handles.Handle) -> bool:
    """Whether an answer is whole, and the notice that follows a first one is there."""
    return len(handle.messages) > 1 and not any(message.is_loading for message in handle.messages)


def _of_discord(message: discord.Message) -> Json:
    parts = [part for each in message.components for part in _component(each)]
    return {"by": message.author.name, "only_for": message.only_for.name if message.only_for else "", "parts": parts}


def _component(part: Mapping[str, Any]) -> Iterator[Json]:
    """Yield what is seen of a component of Discord's."""
    if part["type"] == TEXT:
        yield {"text": part["content"]}
    if part["type"] == GALLERY:
        yield from ({"picture": each["media"]["url"].partition("?")[0].rpartition("/")[2], "alt": each["description"]} for each in part["items"])
    if part["type"] == ROW:
        yield {"buttons": [[each["label"], COLOURS[each["style"]]] for each in part["components"]]}


async def on_slack() -> Json:
    """Ask by mentions what may mean three cards, then what the course does not answer; return what stands in the threads."""
    async with SlackServer() as server:
        settings = {"SLACK_BOT_TOKEN": server.bot_token, "SLACK_APP_TOKEN": server.app_token, "SLACK_API_URL": server.api_url.rstrip("/")}
        async with running("slack", settings):
            await server.until(lambda: server.sockets.connections, within=WITHIN)
            seen: list[Json] = []
            for question in (VAGUE, RECIPE):
                asked = await server.say("alice", GENERAL, question)
                await asked.answer(within=WITHIN)
                seen += [{"by": "Alice", "did": f"@Profond {question}"}, *(_of_slack(server, message) for message in asked.messages)]
            return {"place": server.space.channels[GENERAL].name, "messages": seen}


def _of_slack(server: SlackServer, message: slack.Message) -> Json:
    body = [{"text": message.markdown}] if message.markdown else []
    return {"by": "Profond", "only_for": message.recipient, "parts": [*body, *(part for block in message.blocks for part in _block(server, block))]}


def _block(server: SlackServer, block: Mapping[str, Any]) -> Iterator[Json]:
    """Yield what is seen of a block of Slack's."""
    if block["type"] == "markdown":
        yield {"text": block["text"]}
    if block["type"] == "context":
        yield {"text": "\n".join(f"-# {each['text']}" for each in block["elements"])}
    if block["type"] == "image":
        yield {"picture": server.space.files[block["slack_file"]["id"]].name, "alt": block["alt_text"]}
    if block["type"] == "context_actions":
        yield {"buttons": [[each[f"{side}_button"]["text"]["text"], "bare"] for each in block["elements"] for side in ("positive", "negative")]}
    if block["type"] == "actions":
        yield {"buttons": [[each["text"]["text"], "first" if each.get("style") == "primary" else "plain"] for each in block["elements"]]}


async def all_held() -> dict[str, Json]:
    """Hold both conversations."""
    return {"discord": await on_discord(), "slack": await on_slack()}
