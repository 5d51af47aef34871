"""The slash commands and the message shortcut: each is read here, and calls one verb of the core."""

from typing import TYPE_CHECKING, Any

from bots.slack_bot import orders
from bots.slack_bot.asking import NOTHING, Work, question_at
from bots.slack_bot.places import Address, spot
from bots.slack_bot.speech import is_private, named, said, verb_in, words_for
from core.errors import EmptyQuestion

if TYPE_CHECKING:
    from bots.slack_bot.client import SlackBot

Body = dict[str, Any]
EXPLAIN = "explain"
FIXED = {"/ask": "ask", "/level": "level", "/cours": "topic"}


async def commanded(bot: "SlackBot", body: Body) -> Work:
    """Return what a command asks for."""
    text = said(str(body.get("text") or ""), bot.me.user)
    address = spot(
        kind="thread",
        team=body["team_id"],
        channel=body["channel_id"],
        user=body["user_id"],
        response_url=body["response_url"],
        is_private=body["channel_id"].startswith("D"),
    )
    bot.people.hint(address.user, str(body.get("user_name") or ""))
    verb, rest = _verb(str(body["command"]), text)
    if verb == "ask":
        return await _ask(bot, address, rest, str(body["trigger_id"]))
    return Work(lambda: orders.obey(bot, address, orders.Order(verb, named(rest))), event=f"slack:{body['trigger_id']}")


def _verb(command: str, text: str) -> tuple[str, str]:
    """Return what a command means, and about what: the catch-all takes a verb, or a question without any."""
    if command in FIXED:
        return FIXED[command], text
    verb, rest = verb_in(text)
    if verb:
        return verb, rest
    is_question = len(text.split()) > 1 or text.endswith("?") or is_private(text)[0]
    return ("ask", text) if is_question else ("help", "")


async def _ask(bot: "SlackBot", address: Address, text: str, trigger: str) -> Work:
    """Answer in the channel, below the question; or to the student alone."""
    alone, text = is_private(text)
    if not text.strip():
        return Work(lambda: bot.asking.refuse(address, EmptyQuestion()), event=f"slack:{trigger}")
    return await bot.asking.receive(question_at(address, text, trigger), address, alone=alone)


async def shortcut(bot: "SlackBot", body: Body) -> Work:
    """Explain a message, to the student alone."""
    if body.get("callback_id") != EXPLAIN:
        return NOTHING
    message, channel, user = body["message"], body["channel"]["id"], body["user"]["id"]
    thread = str(message.get("thread_ts") or "")
    address = spot(
        kind="alone",
        team=body["team"]["id"],
        channel=channel,
        user=user,
        thread_ts=thread,
        response_url=body["response_url"],
        is_private=True,
    )
    shown = said(_shown(message), bot.me.user)
    question = words_for(bot.people.known(user).lang)("explain-question", text=shown) if shown else ""
    return await bot.asking.receive(question_at(address, question, str(body["trigger_id"])), address)


def _shown(message: Body) -> str:
    """Return what a message says: its text, or that of its blocks where it is a bot's."""
    blocks = (block.get("text") for block in message.get("blocks") or () if block.get("type") in {"markdown", "section"})
    inside = [text if isinstance(text, str) else str((text or {}).get("text", "")) for text in blocks]
    return "\n\n".join(filter(None, inside)) if message.get("bot_id") and any(inside) else str(message.get("text") or "")
