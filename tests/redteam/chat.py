"""The same attempts through the real bot on the local Discord: every state that anybody could ever read counts."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from unittest.mock import patch

from core.words import words_in
from tests.discord_class import Class, a_class
from tests.redteam.attempts import Attempt
from tests.redteam.checks import Secrets
from tests.redteam.obeying import ObeyingServer
from tests.redteam.school import CANARIES, KEY, NAMES, SECRET_KEY, Run, School, listening, made_settings, neighbours, obliging, with_rules
from tests.servers.discord import Asked, Channel, DiscordServer, Message, Said, User

LONG = 20.0
BOT_TOKEN = "MTk4NjIyNDgzNDcx.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs0aB"
WAYS = ("slash", "private", "mention", "direct")
STOP = words_in("fr")("button-stop")


@asynccontextmanager
async def open_chat(folder: Path) -> AsyncIterator[tuple[School, Class]]:
    """Open the core, the bot and the local Discord; no rate limit and no pace, so that as many states as can be are shown."""
    async with AsyncExitStack() as stack:
        stack.enter_context(patch("bots.discord_bot.pace.LEAST", 0.0))
        server = await stack.enter_async_context(ObeyingServer(key=KEY))
        server.pause = 0.002
        discord = await stack.enter_async_context(DiscordServer(limited=False, token=BOT_TOKEN))
        room = await stack.enter_async_context(a_class(discord, made_settings(folder, server)))
        yield await with_rules(School(room.profond, server)), room


async def run_in_chat(school: School, room: Class, attempt: Attempt, number: int) -> Run:
    """Play an attempt in one of the ways in which a student may ask; a search that stops nothing lets it reach the model."""
    run = Run(attempt)
    attacker = room.discord.user(f"Zéphyrine {number}")
    channel = await _channel(school, room, attempt, attacker)
    with listening(school, run), obliging(school):
        asked = await _asked(room.discord, attacker, attempt, "slash" if attempt.title else WAYS[number % len(WAYS)], channel)
        await asked.until(lambda _: _is_ended(asked), within=LONG)
        await room.settled()
    messages = [*asked.messages, *room.discord.direct(attacker).messages.values()]
    run.seen += [text for message in messages for text in _read_in(message)]
    run.pinged |= {pinged for message in messages if message.author.is_bot for pinged in message.pings if pinged != attacker.id}
    run.is_refused = not run.sent
    run.secrets = _secrets(room)
    return run


async def _channel(school: School, room: Class, attempt: Attempt, attacker: User) -> Channel | None:
    """Return the thread that the attempt is about, in which others have asked."""
    if not attempt.title:
        return None
    thread = await room.discord.make_thread(attacker, attempt.title)
    await neighbours(school, f"discord:{room.discord.guild.id}:{thread.id}", CANARIES[3], CANARIES[2])
    return thread


async def _asked(discord: DiscordServer, attacker: User, attempt: Attempt, way: str, channel: Channel | None) -> Asked | Said:
    """Ask by command, in public or in private, by mention, or directly."""
    if way in {"mention", "direct"}:
        place = discord.direct(attacker) if way == "direct" else channel
        return await discord.say(attacker, place, attempt.question, mention=way == "mention", files=attempt.files)
    options: dict[str, object] = {"question": attempt.question, "private": way == "private"}
    if attempt.files:
        options["file"] = attempt.files[0]
    return await discord.slash(attacker, "ask", options, channel=channel)


def _is_ended(asked: Asked | Said) -> bool:
    """Whether something is shown, and nothing is being written any more."""
    shown = [message for message in asked.messages if not message.is_deleted]
    is_busy = any(message.is_loading or any(part.get("label") == STOP for part in message.walk()) for message in shown)
    return bool(shown) and not is_busy and any(message.text for message in shown)


def _read_in(message: Message) -> Sequence[str]:
    """Return each text that a message of the bot ever showed: Discord reads every component for itself."""
    if not message.author.is_bot:
        return []
    texts = [text for state in message.states for text in _texts(state.components)]
    return [*texts, message.content, *(f"{file.filename}\n{file.description or ''}" for file in message.attachments)]


def _texts(components: Sequence[dict[str, object]]) -> list[str]:
    found = [str(part["content"]) for part in components if part.get("type") == 10]
    inside = [part["components"] for part in components if isinstance(part.get("components"), list)]
    return found + [text for parts in inside if isinstance(parts, list) for text in _texts(parts)]


def _secrets(room: Class) -> Secrets:
    """Return what the world of the local Discord holds that no request may hold."""
    world = room.discord.world
    ids = [*world.users, *world.guilds, *world.channels, *(number for channel in world.channels.values() for number in channel.messages)]
    titles = [channel.name for channel in world.channels.values() if channel.is_thread]
    names = [*NAMES, *(user.name for user in world.users.values() if user.name != "Profond"), *titles]
    return Secrets(keys=(KEY, SECRET_KEY, BOT_TOKEN), others=CANARIES, ids=tuple(ids), names=tuple(names))
