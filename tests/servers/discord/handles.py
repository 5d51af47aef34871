"""What a test holds after a student did something: it tells what came back, and waits for it without sleeping."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from tests.servers.discord.entities import Channel, Json, Message, Signal, State, User

Found = TypeVar("Found")

WITHIN = 5.0
"""How many seconds a test waits for what should happen at once."""
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5


class NothingCameError(AssertionError):
    """What a test waited for did not happen."""


@dataclass(frozen=True)
class Ack:
    """How an interaction was acknowledged.

    Attributes:
        kind: `message`, `deferred`, `deferred_update`, `update`, `choices`, `modal` or `pong`.
        after: seconds since the interaction was sent.
        ephemeral: whether what follows is for the asker alone.
    """

    kind: str
    at: float
    after: float
    ephemeral: bool


@dataclass(eq=False)
class Handle:
    """What both kinds of question share: messages that came back, and the wait for them."""

    user: User
    channel: Channel
    sent_at: float = field(default_factory=time.monotonic)
    sent_on: float = field(default_factory=time.time)
    messages: list[Message] = field(default_factory=list)
    signal: Signal = field(default_factory=Signal)

    @property
    def text(self) -> str:
        """All that came back and is not deleted, as it reads now."""
        return "\n".join(message.text for message in self.messages if not message.is_deleted)

    @property
    def states(self) -> list[State]:
        """Every state that anything that came back ever showed, in the order of time."""
        return sorted((state for message in self.messages for state in message.states), key=lambda state: state.at)

    @property
    def custom_ids(self) -> list[str]:
        """What may be pressed or chosen below what came back."""
        return [name for message in self.messages if not message.is_deleted for name in message.custom_ids()]

    def adopt(self, message: Message) -> None:
        """Count a message among those that came back."""
        if message not in self.messages:
            self.messages.append(message)
            message.signals.append(self.signal)
        self.signal.notify()

    async def until(self, found: Callable[["Handle"], Found | None], within: float = WITHIN) -> Found:
        """Return the first true value of `found(handle)`, looked at after each change.

        Raises:
            NothingCameError: it stayed false; the error tells what was shown.
        """
        try:
            return await self.signal.until(lambda: found(self), within)
        except TimeoutError:
            raise NothingCameError(f"{within} s without it; {self.told()}") from None

    async def read(self, part: str = "", within: float = WITHIN) -> str:
        """Return the text once it contains this part, or once it is not empty."""
        return await self.until(lambda handle: handle.text if part in handle.text else "", within)

    def told(self) -> str:
        """Return in a few words what came back."""
        return f"shown: {[message.text for message in self.messages]}"


@dataclass(eq=False)
class Asked(Handle):
    """An interaction: a command, a press, a choice, a modal or an autocompletion.

    Attributes:
        acked: how it was acknowledged, once it was.
        original: the message that `@original` means.
        modal: the form that was opened.
        choices: what an autocompletion offered.
        late: the refusals that its callback met.
    """

    id: str = ""
    token: str = ""
    kind: int = COMMAND
    data: Json = field(default_factory=dict)
    name: str = ""
    source: Message | None = None
    acked: Ack | None = None
    original: Message | None = None
    modal: Json | None = None
    choices: list[Json] | None = None
    is_expired: bool = False
    opener: "Asked | None" = None

    def expire(self) -> None:
        """End the life of the token now."""
        self.is_expired = True

    async def ack(self, within: float = WITHIN) -> Ack:
        """Return how it was acknowledged, once it is."""
        return await self.until(lambda _: self.acked, within)

    async def form(self, within: float = WITHIN) -> Json:
        """Return the form that was opened, once it is."""
        return await self.until(lambda _: self.modal, within)

    async def final(self, within: float = WITHIN) -> Message:
        """Return the original message once it is made of components: how an answer ends."""
        return await self.until(lambda _: next((each for each in self.messages if each.is_v2 and not each.is_loading), None), within)

    def told(self) -> str:
        """Return in a few words what came back."""
        return f"acknowledged: {self.acked}, form: {self.modal}, {super().told()}"


@dataclass(eq=False)
class Said(Handle):
    """A message that a student wrote, with what the bot answered: replies to it, its thread, or what follows it in a direct conversation."""

    message: Message = field(kw_only=True)

    @property
    def id(self) -> str:
        """The message's id."""
        return self.message.id
