"""One call of the Web API, as the methods see it."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from tests.servers.slack.state import BOT_USER, Channel, Json, Message, SlackError, Workspace

Answer = Json | Awaitable[Json]
Method = Callable[["Call"], Answer]
METHODS: dict[str, Method] = {}
NEEDS: dict[str, tuple[str, ...]] = {}


def method(name: str, *needs: str) -> Callable[[Method], Method]:
    """Register a method with the arguments it cannot do without."""

    def register(function: Method) -> Method:
        METHODS[name] = function
        NEEDS[name] = needs
        return function

    return register


@dataclass(frozen=True)
class Call:
    """A call that passed the door: its token is good, its method known, its arguments there.

    Attributes:
        live: notes what would be live in a message.
    """

    name: str
    space: Workspace
    params: Json
    live: Callable[[Message, bool], None]

    def need(self, *scopes: str) -> None:
        """Refuse the call unless the bot has one of the scopes."""
        if not set(scopes) & self.space.app.scopes:
            raise missing_scope(scopes, self.space.app.scopes)

    def flag(self, name: str) -> bool:
        """Return whether a boolean argument is set."""
        return str(self.params.get(name)) in {"True", "true", "1"}

    def number(self, name: str, default: int) -> int:
        """Return a whole number."""
        try:
            return int(self.params.get(name) or default)
        except ValueError:
            raise SlackError("invalid_arguments") from None

    def channel(self, name: str = "channel") -> Channel:
        """Return the channel that is meant; a private one without the bot is not found."""
        return self._seen(str(self.params.get(name, "")))

    def _seen(self, which: str) -> Channel:
        found = self.space.channel(which)
        if found.kind != "channel" and not found.with_bot:
            raise SlackError("channel_not_found")
        return found

    def postable(self, name: str = "channel") -> Channel:
        """Return a channel in which the bot may write; a person's id stands for their direct conversation."""
        return self.writable(str(self.params.get(name, "")))

    def writable(self, which: str) -> Channel:
        """Return a channel in which the bot may write."""
        found = self.space.im(which) if which in self.space.users and which != BOT_USER else self._seen(which)
        if found.is_archived:
            raise SlackError("is_archived")
        if not found.with_bot and not (self.name == "chat.postMessage" and "chat:write.public" in self.space.app.scopes):
            raise SlackError("not_in_channel")
        return found

    def message(self, channel: Channel, name: str = "ts") -> Message:
        """Return a message that can be retrieved."""
        found = self.space.find(channel.id, str(self.params.get(name, "")))
        if found is None:
            raise SlackError("message_not_found")
        return found

    def reading(self, channel: Channel, what: str) -> None:
        """Refuse the call unless the bot may read this kind of conversation."""
        kind = {"channel": "channels", "group": "groups", "im": "im"}[channel.kind]
        self.need(f"{kind}:{what}")


def missing_scope(scopes: Iterable[str], provided: Iterable[str]) -> SlackError:
    """Return the refusal of a call for want of a scope."""
    return SlackError("missing_scope", needed=",".join(scopes), provided=",".join(sorted(provided)))
