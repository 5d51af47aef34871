"""The people, places and messages of the local Discord, and how each looks on the wire."""

import asyncio
import mimetypes
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

Json = dict[str, Any]
Value = Any
"""Whatever JSON can carry, as long as nobody has judged it."""
Found = TypeVar("Found")

WHICH_ROLES = re.compile(r"<@&(\d+)>")
EPOCH_MS = 1_420_070_400_000
BITS = {
    name: 1 << place
    for name, place in {
        "administrator": 3,
        "manage_channels": 4,
        "manage_guild": 5,
        "add_reactions": 6,
        "view_channel": 10,
        "send_messages": 11,
        "manage_messages": 13,
        "embed_links": 14,
        "attach_files": 15,
        "read_message_history": 16,
        "mention_everyone": 17,
        "use_application_commands": 31,
        "manage_threads": 34,
        "create_public_threads": 35,
        "create_private_threads": 36,
        "send_messages_in_threads": 38,
    }.items()
}
"""The permissions that this server looks at, by Discord's names."""

EVERYONE = sum(BITS[name] for name in BITS if not name.startswith(("manage", "administrator", "mention", "create_private")))
EPHEMERAL, LOADING, HAS_THREAD, COMPONENTS_V2 = 1 << 6, 1 << 7, 1 << 5, 1 << 15
TEXT, DM, FORUM, PUBLIC_THREAD, PRIVATE_THREAD = 0, 1, 15, 11, 12


def bits(names: Iterable[str]) -> int:
    """Return the permissions of these names as one number."""
    return sum(BITS[name] for name in set(names))


def stamp(at: float) -> str:
    """Return a moment as Discord writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat()


class Snowflakes:
    """Ids that grow with time and are never given twice."""

    def __init__(self) -> None:
        self._last = 0

    def __call__(self) -> str:
        """Return the next id."""
        self._last = max(self._last + 1, int(time.time() * 1000 - EPOCH_MS) << 22)
        return str(self._last)


class Signal:
    """Wakes whoever waits for a change."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        """Have every waiter look again."""
        self._event.set()
        self._event = asyncio.Event()

    async def until(self, found: Callable[[], Found | None], within: float) -> Found:
        """Return the first true value of `found`, looked at after each change."""
        async with asyncio.timeout(within):
            while not (value := found()):
                await self._event.wait()
        return value


@dataclass(eq=False)
class User:
    """A person or a bot. `permissions` come beside those that everyone has; `dms_closed` refuses messages from bots."""

    id: str
    name: str
    locale: str = "fr"
    is_bot: bool = False
    permissions: int = 0
    dms_closed: bool = False

    @property
    def mention(self) -> str:
        """How a message names this user."""
        return f"<@{self.id}>"

    def json(self) -> Json:
        """Return the user object."""
        return {
            "id": self.id,
            "username": self.name.lower().replace(" ", "_"),
            "global_name": None if self.is_bot else self.name,
            "discriminator": "0",
            "avatar": None,
            "bot": self.is_bot,
            "public_flags": 0,
            "flags": 0,
            "primary_guild": None,
        }

    def member_json(self, joined_at: float, roles: Iterable[str] = ()) -> Json:
        """Return the member object without its user, as messages carry it."""
        return {
            "roles": list(roles),
            "nick": None,
            "avatar": None,
            "banner": None,
            "joined_at": stamp(joined_at),
            "premium_since": None,
            "deaf": False,
            "mute": False,
            "flags": 0,
            "pending": False,
            "communication_disabled_until": None,
        }


@dataclass(eq=False)
class Guild:
    """A server of Discord. `bot_permissions` is what the bot's role may do everywhere in it."""

    id: str
    name: str
    bot_role: str
    locale: str = "fr"
    bot_permissions: int = EVERYONE
    members: dict[str, User] = field(default_factory=dict)
    made_at: float = field(default_factory=time.time)

    def roles_json(self) -> list[Json]:
        """Return the role of everyone and the bot's."""
        blank = {"color": 0, "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None}, "hoist": False, "icon": None}
        blank |= {"unicode_emoji": None, "mentionable": False, "flags": 0}
        tags = {"bot_id": next((user.id for user in self.members.values() if user.is_bot), None)}
        return [
            {**blank, "id": self.id, "name": "@everyone", "permissions": str(EVERYONE), "position": 0, "managed": False},
            {**blank, "id": self.bot_role, "name": "bot", "permissions": str(self.bot_permissions), "position": 1, "managed": True, "tags": tags},
        ]

    def member_json(self, user: User) -> Json:
        """Return a member with its user."""
        return {**user.member_json(self.made_at, [self.bot_role] if user.is_bot else []), "user": user.json()}


@dataclass(eq=False)
class Attachment:
    """A file that somebody sent; the local server hands it out at its url."""

    id: str
    filename: str
    content: bytes
    url: str
    ephemeral: bool = False
    description: str | None = None

    def json(self) -> Json:
        """Return the attachment object."""
        kind = mimetypes.guess_type(self.filename)[0]
        shown = {"id": self.id, "filename": self.filename, "size": len(self.content), "url": self.url, "proxy_url": self.url}
        optional = {"content_type": kind, "description": self.description, "ephemeral": self.ephemeral or None}
        return shown | {name: value for name, value in optional.items() if value is not None}


@dataclass(eq=False)
class Channel:
    """A channel, a thread or a direct conversation. `denied` is what the bot may not do here."""

    id: str
    kind: int
    name: str = ""
    guild: Guild | None = None
    parent: "Channel | None" = None
    recipient: User | None = None
    owner: User | None = None
    denied: int = 0
    is_archived: bool = False
    is_locked: bool = False
    messages: "dict[str, Message]" = field(default_factory=dict)
    gone: "list[Message]" = field(default_factory=list)
    typing: list[float] = field(default_factory=list)
    made_at: float = field(default_factory=time.time)
    auto_archive: int = 1440

    @property
    def is_thread(self) -> bool:
        """Whether this is a thread."""
        return self.kind in {PUBLIC_THREAD, PRIVATE_THREAD}

    def deny(self, *names: str) -> None:
        """Take permissions from the bot in this channel."""
        self.denied |= bits(names)

    def allow(self, *names: str) -> None:
        """Give them back."""
        self.denied &= ~bits(names)

    def bot_permissions(self) -> int:
        """Return what the bot may do here."""
        if self.guild is None:
            return EVERYONE
        return self.guild.bot_permissions & ~(self.denied | (self.parent.denied if self.parent else 0))

    def json(self) -> Json:
        """Return the channel object."""
        last = next(reversed(self.messages), None)
        if self.guild is None:
            assert self.recipient is not None
            return {"id": self.id, "type": self.kind, "flags": 0, "last_message_id": last, "recipients": [self.recipient.json()]}
        shown = {"id": self.id, "type": self.kind, "flags": 0, "guild_id": self.guild.id, "name": self.name, "last_message_id": last}
        return shown | (self._thread_json() if self.is_thread else self._room_json())

    def _room_json(self) -> Json:
        overwrites = []
        if self.denied and self.guild:
            overwrites = [{"id": self.guild.bot_role, "type": 0, "allow": "0", "deny": str(self.denied)}]
        shown: Json = {"position": 0, "parent_id": None, "topic": None, "nsfw": False, "rate_limit_per_user": 0, "permission_overwrites": overwrites}
        return shown | ({"available_tags": [], "default_reaction_emoji": None, "default_sort_order": None} if self.kind == FORUM else {})

    def _thread_json(self) -> Json:
        assert self.parent is not None
        count = len(self.messages)
        return {
            "parent_id": self.parent.id,
            "owner_id": self.owner.id if self.owner else "0",
            "rate_limit_per_user": 0,
            "message_count": count,
            "member_count": 1,
            "total_message_sent": count,
            "thread_metadata": {
                "archived": self.is_archived,
                "archive_timestamp": stamp(self.made_at),
                "auto_archive_duration": self.auto_archive,
                "locked": self.is_locked,
                "create_timestamp": stamp(self.made_at),
            },
        }


@dataclass(frozen=True)
class State:
    """What a message showed at one moment: `text` is what is read, `everything` adds labels, links and file names."""

    at: float
    text: str
    everything: str
    is_v2: bool
    is_loading: bool
    components: Sequence[Json] = ()


@dataclass(eq=False)
class Message:
    """A message with every state that it ever showed. `only_for` is the one person who sees it, for an ephemeral one."""

    id: str
    channel: Channel
    author: User
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: int = 0
    kind: int = 0
    nonce: str | int | None = None
    only_for: User | None = None
    reference: Json | None = None
    replied: "Message | None" = None
    origin: Json = field(default_factory=dict)
    mentions: list[User] = field(default_factory=list)
    pings: set[str] = field(default_factory=set)
    reactions: dict[str, set[str]] = field(default_factory=dict)
    thread: Channel | None = None
    made_at: float = field(default_factory=time.time)
    edited_at: float | None = None
    is_deleted: bool = False
    states: list[State] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What is read in the message now."""
        return "\n".join(self._read())

    @property
    def is_v2(self) -> bool:
        """Whether the message is made of components alone."""
        return bool(self.flags & COMPONENTS_V2)

    @property
    def is_loading(self) -> bool:
        """Whether the bot is still thinking."""
        return bool(self.flags & LOADING)

    @property
    def is_ephemeral(self) -> bool:
        """Whether one person alone sees it."""
        return self.only_for is not None

    def walk(self) -> Iterator[Json]:
        """Yield every component, however deep."""
        yield from walk(self.components)

    def custom_ids(self) -> list[str]:
        """Return the custom ids of what may be pressed or chosen."""
        return [part["custom_id"] for part in self.walk() if part.get("custom_id")]

    def _read(self) -> Iterator[str]:
        yield from [self.content] if self.content else []
        yield from (part["content"] for part in self.walk() if part["type"] == 10)
        for embed in self.embeds:
            yield from (embed[name] for name in ("title", "description") if embed.get(name))
            yield from (f"{each['name']}\n{each['value']}" for each in embed.get("fields", []))
            yield from (embed[name].get("text") or embed[name].get("name") or "" for name in ("footer", "author") if embed.get(name))

    def _around(self) -> Iterator[str]:
        for part in self.walk():
            yield from (str(part[name]) for name in ("label", "placeholder", "url", "custom_id", "description") if part.get(name))
            yield from (f"{choice['label']} {choice.get('description') or ''}" for choice in part.get("options", []))
        yield from (f"{file.filename} {file.description or ''}" for file in self.attachments)

    def shown(self) -> None:
        """Keep what is shown now, and wake whoever waits for it."""
        text = self.text
        self.states.append(State(time.time(), text, "\n".join([text, *self._around()]), self.is_v2, self.is_loading, self.components))
        for signal in self.signals:
            signal.notify()

    def is_open_to(self, bot: User) -> bool:
        """Whether a bot reads it without the content intent: its own, a direct one, or one that mentions it."""
        return self.author is bot or self.channel.guild is None or bot in self.mentions

    def json(self, *, blind: User | None = None, is_nested: bool = False) -> Json:
        """Return the message object; a bot that is blind, without the content intent, sees of most only the frame."""
        is_blank = blind is not None and not self.is_open_to(blind)
        data: Json = {
            "id": self.id,
            "type": self.kind,
            "channel_id": self.channel.id,
            "author": self.author.json(),
            "content": "" if is_blank else self.content,
            "embeds": [] if is_blank else self.embeds,
            "components": [] if is_blank else self.components,
            "attachments": [] if is_blank else [file.json() for file in self.attachments],
            "mentions": [user.json() for user in self.mentions],
            "mention_roles": WHICH_ROLES.findall(self.content),
            "mention_everyone": False,
            "timestamp": stamp(self.made_at),
            "edited_timestamp": stamp(self.edited_at) if self.edited_at else None,
            "flags": self.flags | (EPHEMERAL if self.only_for else 0) | (HAS_THREAD if self.thread else 0),
            "pinned": False,
            "tts": False,
            **self.origin,
        }
        optional = {"nonce": self.nonce, "message_reference": self.reference, "thread": self.thread.json() if self.thread else None}
        data |= {name: value for name, value in optional.items() if value is not None}
        if self.reactions:
            data["reactions"] = [_reaction_json(name, users) for name, users in self.reactions.items()]
        if self.reference is not None and not is_nested:
            data["referenced_message"] = self.replied.json(blind=blind, is_nested=True) if self.replied else None
        return data


def _reaction_json(name: str, users: set[str]) -> Json:
    shown: Json = {"emoji": {"id": None, "name": name}, "count": len(users), "me": bool(users), "me_burst": False, "burst_colors": []}
    return {**shown, "count_details": {"burst": 0, "normal": len(users)}}


def walk(parts: Iterable[Json]) -> Iterator[Json]:
    """Yield components and all that is inside them."""
    for part in parts:
        yield part
        yield from walk(part.get("components") or [])
        yield from walk(part[name] for name in ("accessory", "component") if part.get(name))
