"""All that exists in the local Discord, and the one way to change it: every change is told to the gateway and to whoever waits."""

import re
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tests.servers.discord.entities import (
    BITS,
    DM,
    EVERYONE,
    PUBLIC_THREAD,
    TEXT,
    Attachment,
    Channel,
    Guild,
    Json,
    Message,
    Signal,
    Snowflakes,
    User,
    bits,
)
from tests.servers.discord.handles import Asked, Said
from tests.servers.discord.refusals import Refused


class Teller(Protocol):
    """Whoever carries events to the bot."""

    def __call__(self, event: str, data: Json | Callable[[bool], Json], *, guild: Guild | None = None, intents: int = 0) -> None:
        """Send an event; `data` may depend on whether the reader has the content intent."""


GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES, GUILD_REACTIONS, DIRECT_REACTIONS = 1 << 0, 1 << 9, 1 << 12, 1 << 10, 1 << 13
EMPTY = "emojis stickers features voice_states presences stage_instances guild_scheduled_events soundboard_sounds".split()
NOTHING = "icon splash banner description afk_channel_id system_channel_id rules_channel_id vanity_url_code".split()
ZEROS = "verification_level explicit_content_filter mfa_level premium_tier nsfw_level system_channel_flags".split()
"""What a guild's object holds that means nothing here."""
WHOEVER = re.compile(r"<@!?(\d+)>")


@dataclass
class Knobs:
    """What a test may set: the portal's switches and the platform's clocks.

    Attributes:
        token: the only token that is accepted.
        message_content: whether the portal allows the content intent.
        members: whether the portal allows the members intent.
        ack_seconds: how long an interaction may wait for its acknowledgement.
        token_seconds: how long an interaction's token lives.
        nonce_seconds: how long a nonce is remembered.
        size_limit: the largest file, in bytes.
        heartbeat_seconds: how often the bot has to send a sign of life.
        shards: how many shards `/gateway/bot` recommends.
        session_starts: how many identifications are left today.
        identify_seconds: the window of one identification; 0 does not count.
        limited: whether rate limits are enforced.
        invalid_limit: how many refused requests (401, 403, 429) in ten minutes bring Cloudflare's ban.
    """

    token: str = "local.discord.token"
    message_content: bool = False
    members: bool = False
    ack_seconds: float = 3.0
    token_seconds: float = 900.0
    nonce_seconds: float = 300.0
    size_limit: int = 10 * 1024 * 1024
    heartbeat_seconds: float = 41.25
    shards: int = 1
    session_starts: int = 1000
    identify_seconds: float = 0.0
    limited: bool = True
    invalid_limit: int = 10_000


def _nobody(event: str, data: Json | Callable[[bool], Json], *, guild: Guild | None = None, intents: int = 0) -> None:
    """Tell nobody: the gateway takes this place."""


@dataclass
class World:
    """The state of the local Discord."""

    knobs: Knobs = field(default_factory=Knobs)
    tell: Teller = _nobody
    base: str = ""

    def __post_init__(self) -> None:
        self.ids = Snowflakes()
        self.signal = Signal()
        self.bot = User(self.ids(), "Profond", is_bot=True)
        self.app_id = self.bot.id
        self.users: dict[str, User] = {self.bot.id: self.bot}
        self.guilds: dict[str, Guild] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, Attachment] = {}
        self.asked: dict[str, Asked] = {}
        self.said: dict[str, Said] = {}
        self.nonces: dict[str, tuple[float, Message]] = {}

    def blind(self, *, has_intent: bool | None = None) -> User | None:
        """Return the bot when it may not read everything, for `Message.json`."""
        sees = self.knobs.message_content if has_intent is None else has_intent
        return None if sees else self.bot

    def add_user(self, name: str, *permissions: str, locale: str = "fr", is_bot: bool = False) -> User:
        """Create a person, a member of every guild."""
        user = User(self.ids(), name, locale, is_bot=is_bot, permissions=bits(permissions))
        self.users[user.id] = user
        for guild in self.guilds.values():
            guild.members[user.id] = user
        return user

    def add_guild(self, name: str, *, locale: str = "fr", permissions: int = EVERYONE) -> Guild:
        """Create a guild that has everyone as a member; the bot is told."""
        guild = Guild(self.ids(), name, self.ids(), locale, permissions, dict(self.users))
        self.guilds[guild.id] = guild
        self.tell("GUILD_CREATE", self.guild_json(guild), guild=guild, intents=GUILDS)
        return guild

    def remove_guild(self, guild: Guild) -> None:
        """Put the bot out of a guild; it is told."""
        del self.guilds[guild.id]
        self.tell("GUILD_DELETE", {"id": guild.id, "unavailable": False}, guild=guild, intents=GUILDS)
        self.channels = {number: channel for number, channel in self.channels.items() if channel.guild is not guild}

    def add_channel(self, guild: Guild, name: str, kind: int = TEXT) -> Channel:
        """Create a channel; the bot is told."""
        channel = Channel(self.ids(), kind, name, guild)
        self.channels[channel.id] = channel
        self.tell("CHANNEL_CREATE", channel.json(), guild=guild, intents=GUILDS)
        return channel

    def add_thread(self, parent: Channel, name: str, owner: User, *, on: Message | None = None, kind: int = PUBLIC_THREAD) -> Channel:
        """Create a thread, on a message or alone; the bot is told."""
        thread = Channel(on.id if on else self.ids(), kind, name, parent.guild, parent, owner=owner)
        self.channels[thread.id] = thread
        if on:
            on.thread = thread
            self._tell_message("MESSAGE_UPDATE", on)
        self.tell("THREAD_CREATE", {**thread.json(), "newly_created": True}, guild=parent.guild, intents=GUILDS)
        return thread

    def direct(self, user: User) -> Channel:
        """Return the direct conversation of the bot with a person."""
        known = next((channel for channel in self.channels.values() if channel.recipient is user), None)
        if known is None:
            known = Channel(self.ids(), DM, recipient=user)
            self.channels[known.id] = known
        return known

    def remove_channel(self, channel: Channel) -> None:
        """Delete a channel or a thread with its threads; the bot is told."""
        for thread in [each for each in self.channels.values() if each.parent is channel]:
            self.remove_channel(thread)
        del self.channels[channel.id]
        event = "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE"
        self.tell(event, channel.json(), guild=channel.guild, intents=GUILDS)
        self.signal.notify()

    def add_file(self, name: str, content: bytes, *, ephemeral: bool = False, description: str | None = None) -> Attachment:
        """Keep a file and give it an address on this server."""
        number = self.ids()
        url = f"{self.base}/attachments/{number}/{name}?ex={secrets.token_hex(4)}"
        self.files[number] = Attachment(number, name, content, url, ephemeral=ephemeral, description=description)
        return self.files[number]

    def channel(self, number: str) -> Channel:
        """Return a channel that the bot may see.

        Raises:
            Refused: there is none (10003), or the bot may not see it (50001).
        """
        channel = self.channels.get(number)
        if channel is None:
            raise Refused(10003)
        if not channel.bot_permissions() & BITS["view_channel"]:
            raise Refused(50001)
        return channel

    def message(self, channel: Channel, number: str) -> Message:
        """Return a message that the channel's own routes know: no ephemeral one.

        Raises:
            Refused: there is none (10008).
        """
        message = channel.messages.get(number)
        if message is None or message.is_ephemeral:
            raise Refused(10008)
        return message

    def publish(self, message: Message) -> Message:
        """Put a message into its channel, and tell of it."""
        message.mentions = self._mentioned(message)
        message.channel.messages[message.id] = message
        message.channel.is_archived = message.channel.is_archived and message.channel.is_locked
        self._adopt(message)
        message.shown()
        self._tell_message("MESSAGE_CREATE", message)
        self.signal.notify()
        return message

    def edited(self, message: Message) -> Message:
        """Tell that a message has changed."""
        message.edited_at = time.time()
        message.mentions = self._mentioned(message)
        message.shown()
        self._tell_message("MESSAGE_UPDATE", message)
        self.signal.notify()
        return message

    def remove(self, message: Message) -> None:
        """Delete a message, and tell of it."""
        message.channel.messages.pop(message.id, None)
        message.channel.gone.append(message)
        message.is_deleted = True
        for signal in [*message.signals, self.signal]:
            signal.notify()
        self._tell_message("MESSAGE_DELETE", message)

    def _adopt(self, message: Message) -> None:
        """Hand what the bot writes to the student it answers."""
        if message.author is not self.bot or message.origin:
            return
        channel = message.channel
        before = list(channel.messages)[-2:-1] if channel.guild is None or channel.is_thread else []
        for number in [message.reference["message_id"] if message.reference else "", *before, channel.id]:
            if said := self.said.get(number):
                self.said[message.id] = said
                said.adopt(message)
                return

    def _mentioned(self, message: Message) -> list[User]:
        named = dict.fromkeys(WHOEVER.findall(message.text))
        people = [self.users[number] for number in named if number in self.users]
        pinged = message.replied.author if message.replied and message.replied.author.id in message.pings else None
        return [*people, pinged] if pinged and pinged not in people else people

    def _tell_message(self, event: str, message: Message) -> None:
        channel = message.channel
        if message.is_ephemeral or not channel.bot_permissions() & BITS["view_channel"]:
            return
        place = {"guild_id": channel.guild.id} if channel.guild else {}

        def seen(has_intent: bool) -> Json:
            if event == "MESSAGE_DELETE":
                return {"id": message.id, "channel_id": channel.id, **place}
            member = {"member": self._member_json(message.author, channel.guild)} if channel.guild else {}
            return {**message.json(blind=self.blind(has_intent=has_intent)), **place, **member, "channel_type": channel.kind}

        self.tell(event, seen, guild=channel.guild, intents=GUILD_MESSAGES if channel.guild else DIRECT_MESSAGES)

    def _member_json(self, user: User, guild: Guild) -> Json:
        return user.member_json(guild.made_at, [guild.bot_role] if user is self.bot else [])

    def guild_json(self, guild: Guild) -> Json:
        """Return all that a bot is told of a guild when it arrives."""
        rooms = [channel for channel in self.channels.values() if channel.guild is guild]
        seen = [channel for channel in rooms if channel.bot_permissions() & BITS["view_channel"]]
        return {
            **{name: [] for name in EMPTY},
            **dict.fromkeys(NOTHING),
            **dict.fromkeys(ZEROS, 0),
            "id": guild.id,
            "name": guild.name,
            "owner_id": next(iter(guild.members)),
            "preferred_locale": guild.locale,
            "default_message_notifications": 1,
            "afk_timeout": 300,
            "roles": guild.roles_json(),
            "channels": [channel.json() for channel in seen if not channel.is_thread],
            "threads": [channel.json() for channel in seen if channel.is_thread and not channel.is_archived],
            "members": [guild.member_json(self.bot)],
            "member_count": len(guild.members),
            "large": False,
            "unavailable": False,
            "joined_at": guild.member_json(self.bot)["joined_at"],
        }

    def history(self, channel: Channel) -> list[Message]:
        """Return the messages that the channel's own routes know, oldest first."""
        return [message for message in channel.messages.values() if not message.is_ephemeral]

    def ever_public(self, channels: Iterable[Channel]) -> Sequence[str]:
        """Return every text that these channels ever showed to all, those that were overwritten or deleted too."""
        found = []
        for channel in channels:
            messages = sorted([*channel.messages.values(), *channel.gone], key=lambda message: int(message.id))
            found += [state.everything for message in messages if not message.is_ephemeral for state in message.states]
        return found
