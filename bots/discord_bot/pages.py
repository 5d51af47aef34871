"""The pages that a student opens: the map, a topic, a card, help, usage, privacy, my data."""

import json

from bots.discord_bot.look import Page, card_texts
from bots.discord_bot.spots import Spot, person_of, soon, words_of
from core.actions import Action, button, ready_questions, under_card
from core.knowledge import Card, Topic
from core.words import Words, duration

MOST_BUTTONS = 25


def map_page(spot: Spot) -> Page:
    """Return the map of the course: its topics as buttons."""
    profond, words = spot.client.profond, words_of(spot)
    buttons = (button(words, Action.TOPIC, topic.id, topic.title) for topic in profond.lessons.topics[:MOST_BUTTONS])
    return Page((words("map-title", course=profond.course.info.title),), (tuple(buttons),))


def topic_page(words: Words, topic: Topic) -> Page:
    """Return a topic: its cards as buttons."""
    cards = (button(words, Action.OPEN, card.id, card.title) for card in topic.subtopics[:MOST_BUTTONS])
    return Page((words("topic-title", topic=topic.title),), (tuple(cards),))


async def card_page(spot: Spot, card_id: str) -> Page:
    """Return a card at the student's level. Raises Unknown."""
    profond, words = spot.client.profond, words_of(spot)
    page = profond.lessons.open_card(card_id, await soon(profond.students.level(person_of(spot.user))))
    return Page(card_texts(words, page), under_card(words, page), page.figure)


async def found_page(spot: Spot, name: str) -> Page:
    """Return the topic or card of a name. Raises Unknown."""
    found = spot.client.profond.lessons.find(name)
    return await card_page(spot, found.id) if isinstance(found, Card) else topic_page(words_of(spot), found)


def help_page(spot: Spot) -> Page:
    """Return the help: ready-made questions as buttons; for a teacher also the button to pin."""
    profond, words = spot.client.profond, words_of(spot)
    is_teacher = spot.guild_id is not None and spot.permissions.manage_guild
    pin = ((button(words, Action.PIN),),) if is_teacher else ()
    return Page((words("help", course=profond.course.info.title),), (ready_questions(words, profond.lessons.questions), *pin))


async def usage_page(spot: Spot) -> Page:
    """Return what a student has left."""
    words = words_of(spot)
    usage = await soon(spot.client.profond.students.usage(person_of(spot.user)))
    if usage.is_exempt or spot.client.is_exempt(spot.user):
        return Page((words("usage-exempt"),))
    left = words("usage", left=usage.left, size=usage.size, today=usage.left_today)
    return Page((f"{left} {words('usage-next', wait=duration(words, usage.next_in))}" if usage.next_in else left,))


async def privacy_page(spot: Spot) -> Page:
    """Return what is kept, and what may be done about it."""
    profond, words = spot.client.profond, words_of(spot)
    is_private = await soon(profond.students.is_always_private(person_of(spot.user)))
    model = words("privacy-model" if profond.settings.mistral_api_key else "privacy-cards")
    choose = button(words, Action.PRIVATE, "no" if is_private else "yes", words("button-private-no" if is_private else "button-private-yes"))
    return Page((words("privacy", days=profond.settings.retention_days, model=model),), ((choose, button(words, Action.DATA)),))


async def data_page(spot: Spot) -> Page:
    """Return everything that is kept about a student, as a file."""
    data = await soon(spot.client.profond.students.my_data(person_of(spot.user)))
    content = json.dumps(data, ensure_ascii=False, indent=2).encode()
    return Page((words_of(spot)("mydata-title"),), attached=("profond.json", content))
