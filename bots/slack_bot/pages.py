"""The pages that a student opens: the map, a topic, a card, help, usage, privacy, my data."""

import json
from typing import TYPE_CHECKING

import structlog

from bots.slack_bot.door import Away, Refused
from bots.slack_bot.look import MAX_PART, Sheet, cut
from core.actions import Action, button, ready_questions, under_card
from core.knowledge import Card, Topic, level_named
from core.words import Words, duration

if TYPE_CHECKING:
    from bots.slack_bot.client import SlackBot

log = structlog.get_logger()
MOST_BUTTONS = 50


def map_page(bot: "SlackBot", words: Words) -> Sheet:
    """Return the map of the course: its topics as buttons."""
    buttons = [button(words, Action.TOPIC, topic.id, topic.title) for topic in bot.profond.lessons.topics[:MOST_BUTTONS]]
    return Sheet(texts=(words("map-title", course=bot.profond.course.info.title),), rows=(tuple(buttons),))


def topic_page(words: Words, topic: Topic) -> Sheet:
    """Return a topic: its cards as buttons."""
    cards = [button(words, Action.OPEN, card.id, card.title) for card in topic.subtopics[:MOST_BUTTONS]]
    return Sheet(texts=(words("topic-title", topic=topic.title),), rows=(tuple(cards),))


async def card_page(bot: "SlackBot", words: Words, card_id: str, person: str) -> Sheet:
    """Return a card at the student's level. Raises Unknown."""
    page = bot.profond.lessons.open_card(card_id, await bot.profond.students.level(person))
    place = words("card-place", topic=page.topic.title, level=words(f"level-{page.level.value}"))
    figure = await bot.figures.uploaded(page.figure) if page.figure else None
    return Sheet(texts=(f"**{page.card.title}**", cut(page.text, MAX_PART)), figure=figure, below=(place,), rows=under_card(words, page))


async def found_page(bot: "SlackBot", words: Words, name: str, person: str) -> Sheet:
    """Return the topic or card of a name. Raises Unknown."""
    found = bot.profond.lessons.find(name)
    return await card_page(bot, words, found.id, person) if isinstance(found, Card) else topic_page(words, found)


def help_page(bot: "SlackBot", words: Words) -> Sheet:
    """Return the help: ready-made questions as buttons, and what else may be said."""
    row = ready_questions(words, bot.profond.lessons.questions)
    return Sheet(texts=(words("help", course=bot.profond.course.info.title),), below=(words("slack-help"),), rows=(row,))


async def level_text(bot: "SlackBot", words: Words, person: str, name: str) -> str:
    """Return a student's level, changed where a name is given. Raises Unknown."""
    if name:
        await bot.profond.students.set_level(person, level_named(name))
    level = await bot.profond.students.level(person)
    return words("level-set" if name else "level-now", level=words(f"level-{level.value}"))


async def usage_text(bot: "SlackBot", words: Words, person: str) -> str:
    """Return what a student has left."""
    usage = await bot.profond.students.usage(person)
    if usage.is_exempt:
        return words("usage-exempt")
    left = words("usage", left=usage.left, size=usage.size, today=usage.left_today)
    return f"{left} {words('usage-next', wait=duration(words, usage.next_in))}" if usage.next_in else left


async def privacy_page(bot: "SlackBot", words: Words, person: str) -> Sheet:
    """Return what is kept, and what may be done about it."""
    is_private = await bot.profond.students.is_always_private(person)
    model = words("privacy-model" if bot.settings.mistral_api_key else "privacy-cards")
    choose = button(words, Action.PRIVATE, "no" if is_private else "yes", words("button-private-no" if is_private else "button-private-yes"))
    return Sheet(texts=(words("privacy", days=bot.settings.retention_days, model=model),), rows=((choose, button(words, Action.DATA)),))


async def send_data(bot: "SlackBot", words: Words, user: str, person: str) -> str:
    """Send everything that is kept about a student into their direct messages, as a file; return what to say about it."""
    data = await bot.profond.students.my_data(person)
    content = json.dumps(data, ensure_ascii=False, indent=2).encode()
    try:
        opened = await bot.door.call("chat.postMessage", channel=user, text=words("mydata-title"))
        await bot.door.upload("profond.json", content, channel=str(opened["channel"]))
    except (Refused, Away) as error:
        log.warning("data_not_sent", cause=getattr(error, "error", "away"))
        return words("error-unexpected")
    return words("slack-data-sent")
