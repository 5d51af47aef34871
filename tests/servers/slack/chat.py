"""Messages: posted, changed, deleted, shown to one person."""

from tests.servers.slack import events
from tests.servers.slack.calls import Call, method
from tests.servers.slack.rules import UPDATE_CHARS, check_content, named
from tests.servers.slack.shapes import message_json
from tests.servers.slack.state import BOT_ID, BOT_USER, Channel, Json, Message, SlackError

CUSTOM = ("username", "icon_emoji", "icon_url")


def composed(call: Call, channel: Channel, *, thread_ts: str, recipient: str = "") -> Message:
    """Return the bot's message as the call describes it, its content checked."""
    params = call.params
    if not any(params.get(name) for name in ("text", "blocks", "markdown_text", "attachments")):
        raise SlackError("no_text")
    if any(params.get(name) for name in CUSTOM):
        call.need("chat:write.customize")
    check_content(call.space, params)
    return Message(
        channel.id,
        call.space.new_ts(),
        BOT_USER,
        text=params.get("text") or "",
        blocks=named(params.get("blocks") or [], call.space),
        markdown=params.get("markdown_text") or "",
        thread_ts=thread_ts,
        bot_id=BOT_ID,
        recipient=recipient,
        metadata=params.get("metadata") or {},
    )


def thread_of(call: Call, channel: Channel) -> str:
    """Return the thread that is answered in; a reply's own `ts` leads to its root."""
    wanted = str(call.params.get("thread_ts") or "")
    if not wanted:
        return ""
    parent = call.space.find(channel.id, wanted)
    if parent is None and not call.space.thread(channel.id, wanted):
        raise SlackError("thread_not_found")
    return parent.root if parent else wanted


@method("chat.postMessage", "channel")
def post_message(call: Call) -> Json:
    """Post a message that everyone in the channel sees."""
    channel = call.postable()
    message = composed(call, channel, thread_ts=thread_of(call, channel))
    message.is_broadcast = call.flag("reply_broadcast")
    call.live(message, call.flag("link_names") or call.params.get("parse") == "full")
    call.space.keep(message)
    events.posted(call.space, message)
    return {"ok": True, "channel": channel.id, "ts": message.ts, "message": message_json(call.space, message)}


@method("chat.postEphemeral", "channel", "user")
def post_ephemeral(call: Call) -> Json:
    """Show a message to one member of the channel, until they reload."""
    channel = call.postable()
    user = call.space.user(str(call.params["user"]))
    if user.id not in channel.members:
        raise SlackError("user_not_in_channel")
    message = composed(call, channel, thread_ts=thread_of(call, channel), recipient=user.id)
    call.live(message, call.flag("link_names"))
    call.space.keep(message)
    return {"ok": True, "message_ts": message.ts}


@method("chat.update", "channel", "ts")
def update(call: Call) -> Json:
    """Change a message of the bot; blocks stay unless others are given."""
    channel = call.postable()
    message, params = call.message(channel), call.params
    if message.bot_id != BOT_ID:
        raise SlackError("cant_update_message")
    call.space.age(message)
    if message.is_streaming:
        raise SlackError("streaming_state_conflict")
    if not any(name in params for name in ("text", "blocks", "markdown_text", "attachments")):
        raise SlackError("no_text")
    check_content(call.space, params, most=UPDATE_CHARS)
    before = message_json(call.space, message)
    _change(call, message)
    message.edited = call.space.new_ts()
    call.live(message, call.flag("link_names"))
    call.space.show(message)
    events.changed(call.space, message, before)
    return {"ok": True, "channel": channel.id, "ts": message.ts, "text": message.text, "message": message_json(call.space, message)}


def _change(call: Call, message: Message) -> None:
    params = call.params
    if params.get("markdown_text"):
        message.text, message.markdown, message.blocks = "", params["markdown_text"], []
    if "text" in params:
        message.text = params["text"] or ""
    if "blocks" in params:
        message.blocks = named(params["blocks"] or [], call.space)
    if "text" in params or "blocks" in params:
        message.markdown = ""


@method("chat.delete", "channel", "ts")
def delete(call: Call) -> Json:
    """Delete a message of the bot."""
    channel = call.channel()
    message = call.message(channel)
    if message.bot_id != BOT_ID:
        raise SlackError("cant_delete_message")
    before = message_json(call.space, message)
    message.is_gone = True
    call.space.show(message)
    events.deleted(call.space, message, before)
    return {"ok": True, "channel": channel.id, "ts": message.ts}


@method("chat.getPermalink", "channel", "message_ts")
def get_permalink(call: Call) -> Json:
    """Return a link to a message."""
    channel = call.channel()
    message = call.message(channel, "message_ts")
    thread = f"?thread_ts={message.thread_ts}&cid={channel.id}" if message.thread_ts else ""
    link = f"https://profond.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}{thread}"
    return {"ok": True, "channel": channel.id, "permalink": link}


@method("reactions.add", "channel", "timestamp", "name")
def react(call: Call) -> Json:
    """Add the bot's reaction to a message."""
    message = call.message(call.channel(), "timestamp")
    name = str(call.params["name"])
    if name in message.reactions:
        raise SlackError("already_reacted")
    message.reactions.append(name)
    call.space.bell.ring()
    return {"ok": True}
