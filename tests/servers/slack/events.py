"""What happens in the workspace, as the app hears of it."""

from tests.servers.slack.shapes import message_json
from tests.servers.slack.state import BOT_USER, Channel, Json, Message, Workspace

CHANNEL_TYPES = {"channel": "channel", "group": "group", "im": "im"}
SUBSCRIPTIONS = {"channel": "message.channels", "group": "message.groups", "im": "message.im"}
NEEDED_SCOPES = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "member_joined_channel": "channels:read",
}


def hears(space: Workspace, name: str) -> bool:
    """Return whether the app is subscribed to an event and has the scope for it."""
    needed = NEEDED_SCOPES.get(name)
    return name in space.app.events and (needed is None or needed in space.app.scopes)


def posted(space: Workspace, message: Message) -> None:
    """Tell of a new message: a mention comes both as app_mention and as message."""
    channel = space.channels[message.channel]
    event = message_json(space, message) | {"channel": channel.id, "event_ts": message.ts}
    event.pop("reactions", None)
    is_own = message.user == BOT_USER
    if not channel.with_bot or (is_own and not space.app.echoes):
        return
    if f"<@{BOT_USER}>" in message.text and not is_own and channel.kind != "im" and hears(space, "app_mention"):
        space.emit("app_mention", event | {"type": "app_mention"})
    _tell(space, channel, event)


def changed(space: Workspace, message: Message, before: Json) -> None:
    """Tell that a message was changed."""
    after = message_json(space, message)
    _tell_of(space, message, {"subtype": "message_changed", "message": after, "previous_message": before})


def deleted(space: Workspace, message: Message, before: Json) -> None:
    """Tell that a message was deleted."""
    _tell_of(space, message, {"subtype": "message_deleted", "deleted_ts": message.ts, "previous_message": before})


def _tell_of(space: Workspace, message: Message, event: Json) -> None:
    channel, now = space.channels[message.channel], space.new_ts()
    if channel.with_bot and (space.app.echoes or message.user != BOT_USER):
        _tell(space, channel, {"type": "message", "hidden": True, "channel": channel.id, "ts": now, "event_ts": now, **event})


def _tell(space: Workspace, channel: Channel, event: Json) -> None:
    if hears(space, SUBSCRIPTIONS[channel.kind]):
        space.emit("message", event | {"channel_type": CHANNEL_TYPES[channel.kind]})
