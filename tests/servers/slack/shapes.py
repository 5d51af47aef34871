"""How Slack writes its objects in JSON."""

from typing import Any

from tests.servers.slack.state import BOT_ID, BOT_USER, TEAM, TEAM_NAME, Channel, File, Json, Message, User, View, Workspace

BOT_PROFILE: Json = {
    "id": BOT_ID,
    "deleted": False,
    "name": "profond",
    "updated": 1_790_000_000,
    "app_id": "A0PROFOND1",
    "icons": {f"image_{size}": f"https://a.slack-edge.com/{size}.png" for size in (36, 48, 72)},
    "team_id": TEAM,
}
EMPTY_PROFILE: Json = dict.fromkeys(("avatar_hash", "title", "phone", "skype", "status_text", "status_emoji"), "") | {"fields": {}}


def user_json(user: User, *, with_locale: bool) -> Json:
    """Return a user as users.info does."""
    name = user.name.capitalize()
    names = {"real_name": name, "display_name": name, "real_name_normalized": name, "display_name_normalized": name}
    whole = {
        "id": user.id,
        "team_id": TEAM,
        "name": user.name,
        "deleted": False,
        "real_name": name,
        "tz": "Europe/Paris",
        "profile": EMPTY_PROFILE | names,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": 1_790_000_000,
    }
    return whole | ({"locale": user.locale} if with_locale else {})


def channel_json(channel: Channel) -> Json:
    """Return a channel as conversations.info does."""
    basis: Json = {"id": channel.id, "created": 1_790_000_000, "is_im": channel.kind == "im", "is_org_shared": False}
    if channel.kind == "im":
        other = next(iter(channel.members - {BOT_USER}), BOT_USER)
        return basis | {"user": other, "is_archived": False}
    return basis | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == "channel",
        "is_group": channel.kind == "group",
        "is_private": channel.kind != "channel",
        "is_archived": channel.is_archived,
        "is_member": channel.with_bot,
        "is_mpim": False,
        "is_shared": False,
        "is_ext_shared": False,
        "is_general": channel.name == "general",
        "creator": BOT_USER,
        "unlinked": 0,
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "previous_names": [],
    }


def file_json(file: File) -> Json:
    """Return a file as a message carries it."""
    size = len(file.content) if file.content is not None else file.length
    return {
        "id": file.id,
        "created": 1_790_000_000,
        "timestamp": 1_790_000_000,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": file.mimetype,
        "filetype": file.name.rpartition(".")[2] or "binary",
        "user": file.owner,
        "size": size,
        "mode": "hosted",
        "is_external": False,
        "is_public": bool(file.channels),
        "url_private": file.url,
        "url_private_download": f"{file.url}?download=1",
        "permalink": f"https://profond.slack.com/files/{file.owner}/{file.id}/{file.name}",
        "channels": sorted(channel for channel in file.channels if channel.startswith("C")),
        "groups": sorted(channel for channel in file.channels if channel.startswith("G")),
        "ims": sorted(channel for channel in file.channels if channel.startswith("D")),
    }


def message_json(space: Workspace, message: Message) -> Json:
    """Return a message as history, posts and events carry it."""
    found: Json = {"type": "message", "user": message.user, "text": message.text or message.markdown, "ts": message.ts, "team": TEAM}
    optional: dict[str, Any] = {
        "subtype": message.subtype,
        "bot_id": message.bot_id,
        "bot_profile": message.bot_id and BOT_PROFILE,
        "thread_ts": message.thread_ts,
        "blocks": message.blocks or ([] if message.bot_id or message.subtype else [_typed(message)]),
        "files": [file_json(file) for file in message.files],
        "upload": bool(message.files),
        "reactions": [{"name": name, "users": [BOT_USER], "count": 1} for name in message.reactions],
        "metadata": message.metadata,
        "edited": message.edited and {"user": message.user, "ts": message.edited},
    }
    found |= {name: value for name, value in optional.items() if value}
    return found | _thread_of(space, message)


def _typed(message: Message) -> Json:
    """Return the block that Slack's own client makes of what a person types."""
    text = {"type": "rich_text_section", "elements": [{"type": "text", "text": message.text}]}
    return {"type": "rich_text", "block_id": f"typed{message.ts[-6:]}", "elements": [text]}


def _thread_of(space: Workspace, message: Message) -> Json:
    replies = [] if message.recipient else [reply for reply in space.thread(message.channel, message.ts) if reply is not message]
    if replies:
        people = list(dict.fromkeys(reply.user for reply in replies))
        counts = {"reply_count": len(replies), "reply_users": people, "reply_users_count": len(people), "latest_reply": replies[-1].ts}
        return counts | {"thread_ts": message.ts, "subscribed": False}
    parent = space.find(message.channel, message.thread_ts) if message.thread_ts not in {"", message.ts} else None
    return {"parent_user_id": parent.user} if parent else {}


def view_json(view: View) -> Json:
    """Return a view as Slack answers and sends it."""
    blanks = {"private_metadata": "", "callback_id": "", "clear_on_close": False, "notify_on_close": False, "close": None, "submit": None}
    ids = {"id": view.id, "team_id": TEAM, "app_id": "A0PROFOND1", "app_installed_team_id": TEAM, "bot_id": BOT_ID}
    place = {"root_view_id": view.root or view.id, "previous_view_id": view.previous, "hash": view.hash, "external_id": ""}
    return {**blanks, "state": {"values": {}}, "title": {"type": "plain_text", "text": ""}, **view.body, **ids, **place}


def person_json(user: User) -> Json:
    """Return a user as interactions name them."""
    return {"id": user.id, "username": user.name, "name": user.name, "team_id": TEAM}


def team_json() -> Json:
    """Return the workspace as interactions name it."""
    return {"id": TEAM, "domain": TEAM_NAME.lower()}
