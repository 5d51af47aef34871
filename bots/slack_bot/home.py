"""The home tab: the student's level and allowance, the course's topics, their data and how to erase it; and the prompts of the agent's pane."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog

from bots.slack_bot import pages
from bots.slack_bot.door import Away, Refused
from bots.slack_bot.look import Json, Sheet, cut, draw_in_view, plain_text, section
from bots.slack_bot.people import person_of
from bots.slack_bot.places import Address, spot
from bots.slack_bot.speech import words_for
from core.actions import Action, button
from core.messages import Level
from core.words import Words

if TYPE_CHECKING:
    from bots.slack_bot.client import SlackBot

log = structlog.get_logger()
MOST_PROMPTS = 4
LONGEST_PROMPT = 75


async def opened(bot: "SlackBot", event: dict[str, Any], team: str) -> None:
    """Fill the tab that a student opened."""
    address = spot(kind="thread", team=team, channel=event["channel"], user=event["user"], is_private=True)
    if event.get("tab") == "home":
        await publish(bot, address)
    else:
        await suggest(bot, address)


async def suggest(bot: "SlackBot", address: Address) -> None:
    """Suggest questions in the agent's pane; with a thread Slack would say yes and do nothing."""
    prompts = [{"title": cut(question, LONGEST_PROMPT), "message": question} for question in bot.profond.lessons.questions[:MOST_PROMPTS]]
    await bot.door.perhaps("assistant.threads.setSuggestedPrompts", channel_id=address.channel, prompts=prompts)


async def publish(bot: "SlackBot", address: Address) -> None:
    """Show the home tab as it is now."""
    words = words_for((await bot.people.meet(address.user)).lang)
    person = person_of(address.team, address.user)
    view = {"type": "home", "blocks": await _blocks(bot, words, person)}
    try:
        await bot.door.surely("views.publish", user_id=address.user, view=view)
    except (Refused, Away) as error:
        log.warning("home_not_shown", cause=getattr(error, "error", "away"))


async def _blocks(bot: "SlackBot", words: Words, person: str) -> list[Json]:
    level = await bot.profond.students.level(person)
    course = bot.profond.course.info.title
    rights = (button(words, Action.DATA), button(words, Action.FORGET, "", words("slack-forget")))
    return [
        {"type": "header", "text": plain_text(course, 150)},
        section(words("slack-home")),
        {**section(words("slack-home-level")), "accessory": _levels(words, level)},
        section(await pages.usage_text(bot, words, person)),
        {"type": "divider"},
        *draw_in_view(pages.map_page(bot, words)),
        {"type": "divider"},
        *_asking_first(words, draw_in_view(replace(await pages.privacy_page(bot, words, person), rows=())), draw_in_view(Sheet(rows=(rights,)))),
    ]


def _asking_first(words: Words, text: list[Json], rows: list[Json]) -> list[Json]:
    """Return the rights' part, whose erasing button asks whether it is meant."""
    sure = {"title": plain_text(words("slack-forget"), 100), "text": plain_text(words("forget-sure"), 300)}
    confirm = {**sure, "confirm": plain_text(words("button-forget"), 30), "deny": plain_text(words("cancel"), 30)}
    for row in rows:
        for element in row["elements"]:
            if element["value"].startswith(f"{Action.FORGET}:"):
                element["confirm"] = confirm
    return [*text, *rows]


def _levels(words: Words, level: Level) -> Json:
    options = {each: {"text": plain_text(words(f"level-{each.value}"), 75), "value": each.value} for each in Level}
    return {"type": "static_select", "action_id": "level", "options": list(options.values()), "initial_option": options[level]}
