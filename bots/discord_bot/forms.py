"""Forms: how they look, and what they bring."""

from typing import Any

import discord

from bots.discord_bot.spots import Spot, hold, insist, person_of, tell, words_of
from core.actions import Action, read_code

LONGEST_TITLE = 45
LONGEST_HINT = 100
LONGEST_QUESTION, LONGEST_REPORT = 4_000, 1_000


async def open_form(spot: Spot, action: Action, target: str, title: str) -> None:
    """Open the form of an action: one text field."""
    words, is_report = words_of(spot), action is Action.REPORT
    label, hint = (words("form-report-label"), words("form-report-hint")) if is_report else (words("form-ask"), words("form-ask-hint"))
    longest = LONGEST_REPORT if is_report else LONGEST_QUESTION
    await insist(spot, lambda: spot.response.send_modal(_form(title, f"{action.value}:{target}", _field(label, hint, longest))))


def _field(label: str, hint: str, longest: int) -> discord.ui.Label[Any]:
    text = discord.ui.TextInput[Any](style=discord.TextStyle.paragraph, placeholder=hint[:LONGEST_HINT], max_length=longest, custom_id="text")
    return discord.ui.Label(text=label[:LONGEST_TITLE], component=text)


def _form(title: str, code: str, field: discord.ui.Label[Any]) -> discord.ui.Modal:
    """Return a form; the library forgets it at once, since what it brings is read by its code."""
    form = discord.ui.Modal(title=title[:LONGEST_TITLE], custom_id=code)
    form.add_item(field)
    form.stop()
    return form


async def submitted(spot: Spot) -> None:
    """Take what a form brings."""
    data: Any = spot.data
    bot, words, text = spot.client, words_of(spot), _typed(data["components"])
    action, target = read_code(data["custom_id"])
    if action is Action.REPORT:
        await hold(spot)
        number = await bot.profond.students.report(target, person_of(spot.user), text)
        await tell(spot, words("report-thanks", id=number))
        await bot.asking.greet(spot)
        return
    asked = f"{bot.profond.course.card(target).title} : {text}" if action is Action.ABOUT else text
    await bot.asking.by_interaction(spot, await bot.asking.question(spot, asked))


def _typed(components: list[dict[str, Any]]) -> str:
    """Return what stands in the form's text field."""
    inside = [each.get("component", each) for each in components]
    return next((str(field["value"]) for field in inside if field.get("custom_id") == "text"), "")
