"""What a workspace holds, who may see it, and the bell that rings at every change."""

import itertools
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.servers.slack.waiting import Bell, Clock

Json = dict[str, Any]

TEAM, TEAM_NAME = "T0PROFOND1", "Profond"
APP, BOT_USER, BOT_ID = "A0PROFOND1", "U0PROFOND0", "B0PROFOND1"
GENERAL = "C0GENERAL01"
INTERACTIVE = frozenset(
    {"button", "icon_button", "feedback_buttons", "static_select", "multi_static_select", "overflow", "radio_buttons", "checkboxes"}
)
TEXT_KEYS = ("text", "alt_text", "title", "name", "details", "output")
KINDS: Mapping[str, str] = {"channel": "C", "group": "G", "im": "D"}


class SlackError(Exception):
    """What a method answers with `ok: false`; `extra` stands beside the error."""

    def __init__(self, error: str, **extra: Any) -> None:  # noqa: ANN401  # whatever JSON holds
        super().__init__(error)
        self.body: Json = {"ok": False, "error": error, **extra}


class Refused(Exception):
    """What Slack's own client would not let a student do."""


@dataclass
class User:
    """A person, or the bot."""

    id: str
    name: str
    locale: str = "fr-FR"
    is_bot: bool = False


@dataclass
class Channel:
    """A conversation: `kind` is channel, group (private) or im."""

    id: str
    name: str
    kind: str = "channel"
    members: set[str] = field(default_factory=set)
    is_archived: bool = False

    @property
    def with_bot(self) -> bool:
        """Whether the bot is a member."""
        return BOT_USER in self.members


@dataclass
class File:
    """A file; its bytes come after its id when a bot uploads it."""

    id: str
    name: str
    owner: str
    length: int = 0
    content: bytes | None = None
    mimetype: str = "application/octet-stream"
    title: str = ""
    alt_text: str = ""
    channels: set[str] = field(default_factory=set)
    url: str = ""
    is_complete: bool = False


@dataclass
class Stream:
    """The life of a streamed message; `over` is the error that later writes get."""

    started: float
    recipient: str
    over: str = ""
    is_writing: bool = False


@dataclass
class StreamRules:
    """The numbers of streams, which a test may change.

    Attributes:
        seconds: how long a stream lives, however busy it is.
        write_seconds: how long one write takes; another one meanwhile is a conflict.
        chars: how much text one streamed message holds in all.
    """

    seconds: float = 300.0
    write_seconds: float = 0.003
    chars: int = 12_000


@dataclass(frozen=True)
class State:
    """One thing that a message has shown, and when."""

    at: float
    shown: str
    everything: str


@dataclass(eq=False)
class Message:
    """A message with everything it ever showed.

    Attributes:
        markdown: standard Markdown, when it was posted as such or streamed.
        recipient: the only reader of an ephemeral message.
        is_gone: it was deleted, or was ephemeral and its reader reloaded.
        states: what it showed, state after state.
    """

    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    markdown: str = ""
    thread_ts: str = ""
    subtype: str = ""
    bot_id: str = ""
    files: list[File] = field(default_factory=list)
    recipient: str = ""
    is_gone: bool = False
    edited: str = ""
    is_broadcast: bool = False
    metadata: Json = field(default_factory=dict)
    stream: Stream | None = None
    reactions: list[str] = field(default_factory=list)
    states: list[State] = field(default_factory=list)

    @property
    def root(self) -> str:
        """The `ts` of the thread it stands in, or would open."""
        return self.thread_ts or self.ts

    @property
    def is_streaming(self) -> bool:
        """Whether its stream still takes text."""
        return self.stream is not None and not self.stream.over

    @property
    def shown(self) -> str:
        """What a reader sees, without the labels of buttons."""
        parts = [self.markdown, *texts_of(self.blocks, INTERACTIVE)]
        return "\n".join(part for part in parts if part) or self.text

    @property
    def everything(self) -> str:
        """Every word it carries: also the fallback text, labels, alternative texts and names of files."""
        names = [word for file in self.files for word in (file.name, file.title, file.alt_text)]
        return "\n".join(part for part in (self.text, self.markdown, *texts_of(self.blocks), *names) if part)

    @property
    def labels(self) -> list[str]:
        """The labels of its buttons."""
        return [label for element in elements_of(self.blocks) for label in labels_of(element)]


@dataclass
class View:
    """A modal or a home tab; `body` is what the bot sent."""

    id: str
    user: str
    body: Json
    hash: str = ""
    root: str = ""
    previous: str | None = None

    @property
    def blocks(self) -> list[Json]:
        """Its blocks."""
        found: list[Json] = self.body.get("blocks", [])
        return found

    @property
    def shown(self) -> str:
        """What its reader sees, title first."""
        return "\n".join(texts_of([self.body.get("title") or {}, *self.blocks], INTERACTIVE))

    @property
    def labels(self) -> list[str]:
        """The labels of its buttons."""
        return [label for element in elements_of(self.blocks) for label in labels_of(element)]


@dataclass
class Trigger:
    """A trigger_id: lives three seconds, is used once."""

    user: str
    born: float
    is_used: bool = False


@dataclass
class Hook:
    """A response_url."""

    channel: str
    user: str
    born: float
    message: Message | None = None
    uses: int = 0
    posted: list[Message] = field(default_factory=list)


@dataclass
class App:
    """What the manifest gives the app."""

    scopes: set[str]
    events: set[str]
    commands: set[str]
    shortcuts: set[str] | None = None
    app_scopes: set[str] = field(default_factory=lambda: {"connections:write"})
    echoes: bool = True


def texts_of(node: object, without: Collection[object] = ()) -> Iterator[str]:
    """Yield the texts inside blocks; elements of the types in `without` are passed over."""
    if isinstance(node, list):
        for item in node:
            yield from texts_of(item, without)
    elif isinstance(node, dict) and node.get("type") not in without:
        for key, value in node.items():
            if isinstance(value, str) and key in TEXT_KEYS:
                yield value
            elif not isinstance(value, str):
                yield from texts_of(value, without)


def elements_of(node: object) -> Iterator[Json]:
    """Yield the elements that a person can act on, each with its block's id as `block_id`."""
    if isinstance(node, list):
        for item in node:
            yield from elements_of(item)
    elif isinstance(node, dict):
        if "action_id" in node:
            yield node
        for key in ("elements", "accessory", "element", "actions", "child_blocks"):
            for element in elements_of(node.get(key)):
                yield {"block_id": node.get("block_id", ""), **element}


def labels_of(element: Json) -> list[str]:
    """Return what may be read on an element."""
    parts = [element, element.get("positive_button") or {}, element.get("negative_button") or {}]
    return [part["text"]["text"] for part in parts if isinstance(part.get("text"), dict)]


class Workspace:
    """Everything of one workspace.

    Attributes:
        log: every message in the order it came, ephemeral ones too.
        statuses: what was shown while the bot worked: (channel, thread, text).
        emit: hands an event to the app, if the app may have it.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self.url = ""
        self.clock = Clock()
        self.bell = Bell()
        self.streams = StreamRules()
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.log: list[Message] = []
        self.files: dict[str, File] = {}
        self.views: dict[str, View] = {}
        self.modals: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}
        self.triggers: dict[str, Trigger] = {}
        self.hooks: dict[str, Hook] = {}
        self.statuses: list[tuple[str, str, str]] = []
        self.sessions: dict[tuple[str, str], Json] = {}
        self.prompts: dict[str, list[Json]] = {}
        self.emit: Callable[[str, Json], object] = lambda name, event: None
        self._by_ts: dict[tuple[str, str], Message] = {}
        self._by_channel: dict[str, list[Message]] = {}
        self._by_root: dict[tuple[str, str], list[Message]] = {}
        self._serial = itertools.count(1)
        self._last = 0

    def new_id(self, prefix: str) -> str:
        """Return an id that nothing else has."""
        return f"{prefix}0{next(self._serial):08d}"

    def new_ts(self) -> str:
        """Return a timestamp later than all others."""
        self._last = max(self._last + 1, int(self.clock.wall() * 1_000_000))
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def user(self, who: str) -> User:
        """Return a user by id or name."""
        found = self.users.get(who) or next((user for user in self.users.values() if user.name == who), None)
        if found is None:
            raise SlackError("user_not_found")
        return found

    def channel(self, which: str) -> Channel:
        """Return a channel by id or name."""
        name = which.removeprefix("#")
        found = self.channels.get(which) or next((channel for channel in self.channels.values() if channel.name == name), None)
        if found is None:
            raise SlackError("channel_not_found")
        return found

    def im(self, user: str) -> Channel:
        """Return the conversation between a user and the bot, opened if need be."""
        members = {user, BOT_USER}
        found = next((channel for channel in self.channels.values() if channel.kind == "im" and channel.members == members), None)
        if found is None:
            found = Channel(self.new_id("D"), "directmessage", "im", members)
            self.channels[found.id] = found
        return found

    def keep(self, message: Message) -> Message:
        """Take a message in and show it."""
        self.log.append(message)
        self._by_ts[message.channel, message.ts] = message
        if message.user == BOT_USER and not message.recipient and self.status(message.channel, message.root):
            self.statuses.append((message.channel, message.root, ""))
        self._by_channel.setdefault(message.channel, []).append(message)
        self._by_root.setdefault((message.channel, message.root), []).append(message)
        self.show(message)
        return message

    def show(self, message: Message) -> None:
        """Note what a message shows now."""
        everything = message.everything
        if not message.states or message.states[-1].everything != everything:
            message.states.append(State(time.monotonic(), message.shown, everything))
        self.bell.ring()

    def age(self, message: Message) -> None:
        """End a stream whose time is over."""
        stream = message.stream
        if stream and not stream.over and self.clock.now() - stream.started >= self.streams.seconds:
            stream.over = "message_not_in_streaming_state"

    def find(self, channel: str, ts: str) -> Message | None:
        """Return a message that can still be retrieved; ephemeral ones never can."""
        found = self._by_ts.get((channel, ts))
        return None if found is None or found.is_gone or found.recipient else found

    def in_channel(self, channel: str) -> list[Message]:
        """Return what can be retrieved of a channel, oldest first."""
        return [message for message in self._by_channel.get(channel, []) if not message.is_gone and not message.recipient]

    def thread(self, channel: str, root: str) -> list[Message]:
        """Return a thread, root first."""
        return [message for message in self._by_root.get((channel, root), []) if not message.is_gone and not message.recipient]

    def status(self, channel: str, root: str) -> str:
        """Return what a thread shows of the bot's work; a reply of the bot clears it."""
        return next((text for place, thread, text in reversed(self.statuses) if (place, thread) == (channel, root)), "")

    def new_trigger(self, user: str) -> str:
        """Return a fresh trigger_id."""
        name = f"{next(self._serial)}.{TEAM}.{time.monotonic_ns():x}"
        self.triggers[name] = Trigger(user, self.clock.now())
        return name

    def new_hook(self, channel: str, user: str, message: Message | None = None) -> str:
        """Return a fresh response_url."""
        name = f"{TEAM}/{next(self._serial)}/{time.monotonic_ns():x}"
        self.hooks[name] = Hook(channel, user, self.clock.now(), message)
        return f"{self.url}/hooks/{name}"
