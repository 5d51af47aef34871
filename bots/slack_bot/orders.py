"""Words that order something: said to the bot in a thread, where Slack knows no commands, or behind `/profond`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bots.slack_bot import pages
from bots.slack_bot.asking import conversation_of
from bots.slack_bot.look import Sheet
from bots.slack_bot.people import person_of
from bots.slack_bot.places import Address
from bots.slack_bot.speech import ALONE, named, sentence, verb_in, words_for
from core.actions import Action, button
from core.errors import ProfondError, Unknown
from core.knowledge import level_named
from core.words import Words

if TYPE_CHECKING:
    from bots.slack_bot.client import SlackBot

LONGEST_NAME = 60


@dataclass(frozen=True)
class Order:
    """What is to be done, and to what."""

    verb: str
    about: str = ""


def read(bot: "SlackBot", text: str) -> Order | None:
    """Return the order that a text is; None for a question."""
    if not text.strip():
        return Order("help")
    verb, rest = verb_in(text)
    name = named(rest)
    if verb in ALONE:
        return Order(verb)
    if verb == "level" and (not name or _is_level(name)):
        return Order(verb, name)
    if verb == "topic" and (not name or _is_topic(bot, name)):
        return Order(verb, name)
    return None


def _is_level(name: str) -> bool:
    try:
        level_named(name)
    except Unknown:
        return False
    return True


def _is_topic(bot: "SlackBot", name: str) -> bool:
    return len(name) <= LONGEST_NAME and not name.endswith("?") and bool(bot.profond.lessons.suggest(name, limit=1))


async def obey(bot: "SlackBot", address: Address, order: Order) -> None:
    """Do what an order says and tell the student alone."""
    human = await bot.people.meet(address.user)
    words, person = words_for(human.lang), person_of(address.team, address.user)
    try:
        sheet = await _sheet(bot, words, address, order, person)
    except ProfondError as error:
        sheet = Sheet(texts=(sentence(words, error),))
    await bot.asking.show_alone(address, sheet)


async def _sheet(bot: "SlackBot", words: Words, address: Address, order: Order, person: str) -> Sheet:
    """Return what is told."""
    if order.verb in TOLD:
        return Sheet(texts=(await TOLD[order.verb](bot, words, address, order.about),))
    if order.verb == "topic":
        return await pages.found_page(bot, words, order.about, person) if order.about else pages.map_page(bot, words)
    if order.verb == "privacy":
        return await pages.privacy_page(bot, words, person)
    if order.verb == "forget":
        return Sheet(texts=(words("forget-sure"),), rows=((button(words, Action.FORGET),),))
    return pages.help_page(bot, words)


def _person(address: Address) -> str:
    return person_of(address.team, address.user)


async def _level(bot: "SlackBot", words: Words, address: Address, about: str) -> str:
    return await pages.level_text(bot, words, _person(address), about)


async def _usage(bot: "SlackBot", words: Words, address: Address, _: str) -> str:
    return await pages.usage_text(bot, words, _person(address))


async def _data(bot: "SlackBot", words: Words, address: Address, _: str) -> str:
    return await pages.send_data(bot, words, address.user, _person(address))


async def _stop(bot: "SlackBot", words: Words, address: Address, _: str) -> str:
    is_stopped = await bot.asking.stop(conversation_of(address), _person(address))
    return words("stopping" if is_stopped else "nothing-to-stop")


TOLD: dict[str, Callable[["SlackBot", Words, Address, str], Awaitable[str]]] = {"level": _level, "usage": _usage, "mydata": _data, "stop": _stop}
"""Verbs that are answered by one sentence."""
