"""People and conversations, and who the bot is."""

from tests.servers.slack.calls import Call, method
from tests.servers.slack.shapes import channel_json, message_json, user_json
from tests.servers.slack.state import BOT_ID, BOT_USER, TEAM, TEAM_NAME, Json, Message, SlackError
from tests.servers.slack.waiting import T


@method("auth.test")
def auth_test(call: Call) -> Json:
    """Say whose token it is."""
    names = {"url": "https://profond.slack.com/", "team": TEAM_NAME, "user": "profond"}
    return {"ok": True, **names, "team_id": TEAM, "user_id": BOT_USER, "bot_id": BOT_ID, "is_enterprise_install": False}


@method("api.test")
def api_test(call: Call) -> Json:
    """Answer with what was sent."""
    return {"ok": True, "args": call.params}


@method("users.info", "user")
def users_info(call: Call) -> Json:
    """Return a user, with their locale where it is asked for."""
    return {"ok": True, "user": user_json(call.space.user(str(call.params["user"])), with_locale=call.flag("include_locale"))}


@method("conversations.info", "channel")
def info(call: Call) -> Json:
    """Return a conversation."""
    channel = call.channel()
    call.reading(channel, "read")
    extra = {"num_members": len(channel.members)} if call.flag("include_num_members") else {}
    return {"ok": True, "channel": channel_json(channel) | extra}


@method("conversations.open")
def open_conversation(call: Call) -> Json:
    """Open the conversation with one user."""
    users = [user for user in str(call.params.get("users") or "").split(",") if user]
    if call.params.get("channel"):
        channel = call.channel()
    elif len(users) != 1:
        raise SlackError("users_list_not_supplied" if not users else "method_not_supported_for_channel_type")
    else:
        channel = call.space.im(call.space.user(users[0]).id)
    whole = channel_json(channel) if call.flag("return_im") else {"id": channel.id}
    return {"ok": True, "channel": whole}


@method("conversations.join", "channel")
def join(call: Call) -> Json:
    """Make the bot a member of a public channel."""
    channel = call.channel()
    if channel.kind != "channel":
        raise SlackError("method_not_supported_for_channel_type")
    channel.members.add(BOT_USER)
    call.space.bell.ring()
    return {"ok": True, "channel": channel_json(channel)}


@method("conversations.members", "channel")
def members(call: Call) -> Json:
    """Return who is in a conversation."""
    channel = call.channel()
    call.reading(channel, "read")
    page, cursor = _page(call, sorted(channel.members), 100)
    return {"ok": True, "members": page, "response_metadata": {"next_cursor": cursor}}


@method("conversations.history", "channel")
def history(call: Call) -> Json:
    """Return a channel's own messages, newest first; replies are not among them."""
    channel = call.channel()
    call.reading(channel, "history")
    if not channel.with_bot:
        raise SlackError("not_in_channel")
    roots = [message for message in call.space.in_channel(channel.id) if message.root == message.ts or message.is_broadcast]
    page, cursor = _page(call, _between(call, roots)[::-1], 100)
    counts = {"pin_count": 0, "channel_actions_ts": None, "channel_actions_count": 0}
    return {"ok": True, "messages": [message_json(call.space, message) for message in page], **_more(cursor), **counts}


@method("conversations.replies", "channel", "ts")
def replies(call: Call) -> Json:
    """Return a thread, root first."""
    channel = call.channel()
    call.reading(channel, "history")
    if not channel.with_bot:
        raise SlackError("not_in_channel")
    found = call.space.find(channel.id, str(call.params["ts"]))
    if found is None:
        raise SlackError("thread_not_found")
    root, *rest = call.space.thread(channel.id, found.root) or [found]
    page, cursor = _page(call, [root, *_between(call, rest)], 1000)
    return {"ok": True, "messages": [message_json(call.space, message) for message in page], **_more(cursor)}


def _between(call: Call, messages: list[Message]) -> list[Message]:
    oldest, latest = str(call.params.get("oldest") or "0"), str(call.params.get("latest") or "9" * 17)
    ends = {oldest, latest} if not call.flag("inclusive") else set()
    return [message for message in messages if oldest <= message.ts <= latest and message.ts not in ends]


def _page(call: Call, items: list[T], most: int) -> tuple[list[T], str]:
    start, size = int(str(call.params.get("cursor") or "at:0").removeprefix("at:")), min(call.number("limit", most), 1000)
    return items[start : start + size], f"at:{start + size}" if start + size < len(items) else ""


def _more(cursor: str) -> Json:
    return {"has_more": bool(cursor), **({"response_metadata": {"next_cursor": cursor}} if cursor else {})}
