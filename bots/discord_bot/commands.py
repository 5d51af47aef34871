"""The slash commands and the message menu: each reads its options, and calls one verb of the core."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import discord
import structlog
from discord import app_commands
from discord.app_commands import locale_str

from bots.discord_bot import pages
from bots.discord_bot.look import told
from bots.discord_bot.places import FAILURES
from bots.discord_bot.spots import Spot, fail, hold, person_of, show, soon, tell, words_of
from core.actions import Action, button
from core.errors import ProfondError
from core.knowledge import Card, Topic
from core.messages import Level
from core.words import LANGUAGES, words_in

if TYPE_CHECKING:
    from bots.discord_bot.client import DiscordBot

log = structlog.get_logger()
Asked = app_commands.Range[str, 1, 6000]
LONGEST_CHOICE = 100
MOST_CHOICES = 25
SYNC_PAUSES = (5.0, 30.0, 120.0)


class Catalogue(app_commands.Translator):
    """Descriptions and choices in the student's language; a command's name stays, so that a teacher can say it aloud."""

    async def translate(self, string: locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes) -> str | None:  # noqa: ARG002
        """Return the English words where Discord is in English; French is what everybody else reads."""
        key = string.extras.get("key")
        return words_in("en")(str(key)) if key and locale.value.startswith("en") else None


class Tree(app_commands.CommandTree["DiscordBot"]):
    """Lets in what the bot serves, and tells of errors."""

    async def _call(self, interaction: Spot) -> None:
        if task := asyncio.current_task():
            self.client.asking.watch(task)
        await super()._call(interaction)

    async def interaction_check(self, spot: Spot, /) -> bool:
        """Whether the bot answers here, and has not yet."""
        return await self.client.admits(spot)

    async def on_error(self, spot: Spot, error: app_commands.AppCommandError, /) -> None:
        """Tell the student."""
        await fail(spot, getattr(error, "original", error))


def _words(key: str) -> locale_str:
    return locale_str(words_in(LANGUAGES[0])(key), key=key)


LEVELS = [app_commands.Choice(name=_words(f"level-{level.value}"), value=level.value) for level in Level]


async def topics(spot: Spot, typed: str) -> list[app_commands.Choice[str]]:
    """Offer the topics that come near to what is typed."""
    lessons = spot.client.profond.lessons
    return _choices([found for found in lessons.suggest(typed, limit=200) if isinstance(found, Topic)] or lessons.topics)


async def cards(spot: Spot, typed: str) -> list[app_commands.Choice[str]]:
    """Offer the cards that come near to what is typed, of the topic that is chosen."""
    profond = spot.client.profond
    topic = next((each for each in profond.lessons.topics if each.id == getattr(spot.namespace, "topic", "")), None)
    every = topic.subtopics if topic else profond.course.cards
    inside = {card.id for card in every}
    return _choices([card for card in profond.lessons.suggest(typed, limit=200) if isinstance(card, Card) and card.id in inside] or every)


def _choices(found: Sequence[Topic | Card]) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=each.title[:LONGEST_CHOICE], value=each.id) for each in found[:MOST_CHOICES]]


@app_commands.describe(question=_words("option-question"), level=_words("option-level"), private=_words("option-private"), file=_words("option-file"))
@app_commands.choices(level=LEVELS)
async def ask(  # noqa: D103  # the description is in the catalogue
    spot: Spot,
    question: Asked,
    level: str | None = None,
    private: bool | None = None,  # noqa: FBT001  # an option
    file: discord.Attachment | None = None,
) -> None:
    asking = spot.client.asking
    is_private = None if private is None else private or spot.guild_id is None
    asked = await asking.question(spot, question, is_private=is_private, level=Level(level) if level else None)
    await asking.by_interaction(spot, asked, file=file)


@app_commands.describe(topic=_words("option-topic"), card=_words("option-card"))
@app_commands.autocomplete(topic=topics, card=cards)
async def topic(spot: Spot, topic: str | None = None, card: str | None = None) -> None:  # noqa: D103
    name = card or topic
    await show(spot, await pages.found_page(spot, name) if name else pages.map_page(spot))


@app_commands.describe(level=_words("option-my-level"))
@app_commands.choices(level=LEVELS)
async def level(spot: Spot, level: str | None = None) -> None:  # noqa: D103
    students, words, person = spot.client.profond.students, words_of(spot), person_of(spot.user)
    if level:
        await hold(spot)
        await students.set_level(person, Level(level))
    now = level or (await soon(students.level(person))).value
    await tell(spot, words("level-set" if level else "level-now", level=words(f"level-{now}")))


async def usage(spot: Spot) -> None:  # noqa: D103
    await show(spot, await pages.usage_page(spot))


async def help(spot: Spot) -> None:  # noqa: A001, D103  # the command's name
    await show(spot, pages.help_page(spot))


async def privacy(spot: Spot) -> None:  # noqa: D103
    await show(spot, await pages.privacy_page(spot))


async def mydata(spot: Spot) -> None:  # noqa: D103
    await show(spot, await pages.data_page(spot))


async def forget(spot: Spot) -> None:  # noqa: D103
    words = words_of(spot)
    await tell(spot, words("forget-sure"), rows=[(button(words, Action.FORGET),)])


async def explain(spot: Spot, message: discord.Message) -> None:
    """Explain a message to the student alone: its text, else what is attached to it."""
    words, said = words_of(spot), told(message).strip()
    if not said and not message.attachments:
        raise ProfondError("explain-empty")
    file = None if said else message.attachments[0]
    text = words("explain-question", text=said) if said else words("explain-file")
    asking = spot.client.asking
    await asking.by_interaction(spot, await asking.question(spot, text, is_private=True), file=file)


COMMANDS: tuple[Callable[..., Any], ...] = (ask, topic, level, usage, help, privacy, mydata, forget)
ASKING = {ask.__name__, words_in(LANGUAGES[0])("command-explain")}
"""Commands that are answered later."""


async def add_all(bot: "DiscordBot") -> None:
    """Add every command to the bot's tree."""
    await bot.tree.set_translator(Catalogue())
    allows_dms = bot.profond.settings.discord_dms
    for callback in COMMANDS:
        name = callback.__name__
        made: Any = app_commands.Command(name=name, description=_words(f"command-{name}"), callback=callback, auto_locale_strings=False)
        bot.tree.add_command(_allowed(made, allows_dms=allows_dms))
    bot.tree.add_command(_allowed(app_commands.ContextMenu(name=_words("command-explain"), callback=explain), allows_dms=False))


def _allowed(made: Any, *, allows_dms: bool) -> Any:  # noqa: ANN401  # a command or a menu
    """Return a command, offered in servers and, where they are allowed, in direct messages."""
    made.allowed_contexts = app_commands.AppCommandContext(guild=True, dm_channel=allows_dms, private_channel=False)
    made.allowed_installs = app_commands.AppInstallationType(guild=True, user=False)
    return made


async def sync(bot: "DiscordBot") -> None:
    """Write the commands to Discord where they are not what was written last; try again where Discord fails."""
    for pause in (*SYNC_PAUSES, None):
        try:
            await _sync_once(bot)
        except (ProfondError, *FAILURES) as error:
            log.warning("discord_commands_not_written", cause=type(error).__name__, status=getattr(error, "code", 0))
            if pause:
                await asyncio.sleep(pause)
        else:
            return


async def _sync_once(bot: "DiscordBot") -> None:
    translator: Any = bot.tree.translator
    commands = [await each.get_translated_payload(bot.tree, translator) for each in bot.tree._get_all_commands(guild=None)]  # noqa: SLF001  # no public way gives all types
    digest = hashlib.sha256(json.dumps(commands, sort_keys=True).encode()).hexdigest()
    name = f"discord-commands-{bot.application_id}"
    if await bot.profond.store.fact(name) != digest:
        await bot.tree.sync()
        await bot.profond.store.set_fact(name, digest)
        log.info("discord_commands_written", count=len(commands))
