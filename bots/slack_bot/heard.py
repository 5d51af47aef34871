"""Messages: which are for the bot, which conversation they go on with, and what they ask or order."""

from typing import TYPE_CHECKING, Any

from bots.slack_bot import orders
from bots.slack_bot.asking import NOTHING, Work, conversation_of, question_at
from bots.slack_bot.people import person_of
from bots.slack_bot.places import Address, spot
from bots.slack_bot.speech import is_private, mentions, said
from core.measures import arrived
from core.small_talk import small_talk

if TYPE_CHECKING:
    from bots.slack_bot.client import SlackBot

Event = dict[str, Any]
SAID = {None, "", "file_share", "thread_broadcast"}
"""The kinds of message that a person writes; edits, deletions, joins and other bots' are of another."""


async def heard(bot: "SlackBot", event: Event, team: str) -> Work:
    """Return what a message asks for."""
    if not _is_of_a_person(bot, event):
        return NOTHING
    address = _address(event, team)
    text = said(str(event.get("text") or ""), bot.me.user)
    if not await _is_for_me(bot, event, address, text):
        return NOTHING
    arrived("slack", float(event["ts"]))
    if not event.get("files"):
        order = orders.read(bot, text)
        if order:
            return Work(lambda: orders.obey(bot, address, order), event=f"slack:{_key(address, event)}")
    key, (alone, text) = _key(address, event), is_private(text)
    return await bot.asking.receive(question_at(address, text, key), address, event.get("files") or (), alone=alone)


def _is_of_a_person(bot: "SlackBot", event: Event) -> bool:
    """Whether a person wrote a message; a mention that is put in by an edit comes as a mention that was edited."""
    is_plain = event.get("subtype") in SAID and not (event.get("bot_id") or event.get("hidden") or event.get("edited"))
    return is_plain and event.get("user") not in {None, "", "USLACKBOT", bot.me.user}


def _key(address: Address, event: Event) -> str:
    """Return what is the same for every delivery of one message, as a mention and as a message; `team` stands in few of them."""
    return f"{address.team}:{address.channel}:{event['ts']}"


def _address(event: Event, team: str) -> Address:
    is_direct = str(event["channel"]).startswith("D")
    return spot(
        kind="thread",
        team=team,
        channel=event["channel"],
        user=event["user"],
        thread_ts=event.get("thread_ts") or event["ts"],
        is_private=is_direct,
        opens=not event.get("thread_ts"),
    )


async def _is_for_me(bot: "SlackBot", event: Event, address: Address, text: str) -> bool:
    """Whether a message is said to the bot: in private, by mention, or in a thread where it answered.

    There the asker needs no mention; a classmate's message is for the bot when it ends as a question does. Their thanks are for
    whoever began the thread.
    """
    named = mentions(str(event.get("text") or ""))
    if address.is_direct or bot.me.user in named or event.get("type") == "app_mention":
        return True
    if not bot.settings.slack_thread_replies or not event.get("thread_ts") or named:
        return False
    if small_talk(text) and event.get("parent_user_id") not in {None, bot.me.user, address.user}:
        return False
    conversation, person = conversation_of(address), person_of(address.team, address.user)
    if await bot.profond.students.has_asked(conversation, person) or await bot.asking.waiting(conversation, person):
        return True
    return text.endswith("?") and bool(await bot.profond.store.recent(conversation, "", limit=1))


async def stopped(bot: "SlackBot", event: Event, team: str) -> Work:
    """Return what Slack's own Stop button asks for."""
    if not event.get("user") or not event.get("thread_ts"):
        return NOTHING
    address = spot(kind="thread", team=team, channel=event["channel"], user=event["user"], thread_ts=event["thread_ts"])
    return Work(lambda: _stop(bot, address))


async def _stop(bot: "SlackBot", address: Address) -> None:
    await bot.asking.stop(conversation_of(address), person_of(address.team, address.user))
