"""Both local chats as a class whose bot dies needs them: asked in every way, told everything again, and read."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tests.servers.discord import Asked, DiscordServer, Said
from tests.servers.slack import TEAM, Handle, SlackServer
from tests.servers.slack.sockets import Delivery

WITHIN = 60.0
PRIVATE = 4
"""Which question is asked in private."""
ASKING = frozenset({"MESSAGE_CREATE", "INTERACTION_CREATE"})
"""The events with which students ask on Discord."""


@dataclass(frozen=True)
class Asking:
    """A question that was asked.

    Attributes:
        person: the student, as the store knows them.
        texts: what stands there as its answer now.
        until: waits until that is so; TimeoutError or AssertionError where it takes too long.
        again: delivers the question once more.
    """

    person: str
    texts: Callable[[], Sequence[str]]
    until: Callable[[Callable[[], bool]], Awaitable[object]]
    again: Callable[[], None]


class DiscordClass(DiscordServer):
    """A class on Discord; `program` is what serves it."""

    program = "discord"

    def variables(self) -> dict[str, str]:
        """Return what connects a bot to it."""
        return {"DISCORD_TOKEN": self.knobs.token, "DISCORD_API_URL": self.url}

    def connections(self) -> int:
        """Return how many connections were ever made."""
        return self.gateway.identifies

    async def connected(self, before: int) -> None:
        """Wait until a bot is connected that was not before."""
        await self.until(lambda: self.gateway.identifies > before, within=WITHIN)
        await self.ready(within=WITHIN)
        await self.registered(within=WITHIN)

    async def asked(self, name: str, question: str, number: int) -> Asking:
        """Ask by command, one of them in private, and by mention."""
        student = self.user(name)
        if number % 2:
            handle: Asked | Said = await self.say(student, self.channel, question, mention=True)
        else:
            handle = await self.slash(student, "ask", {"question": question, "private": number == PRIVATE})
        return Asking(
            person=f"discord:{student.id}",
            texts=lambda: [message.states[-1].text for message in handle.messages if not message.is_deleted],
            until=lambda found: handle.until(lambda _: found(), within=WITHIN),
            again=lambda: self._again(handle.message.id if isinstance(handle, Said) else handle.id),
        )

    def _again(self, asked: str) -> None:
        sent = [event for session in self.gateway.sessions.values() for event in session.sent]
        event = next(event for event in sent if event["t"] in ASKING and event["d"]["id"] == asked)
        self.gateway.tell(event["t"], event["d"])

    async def heard(self) -> None:
        """Wait until the bot has heard what was said again."""
        await self.gateway.settle()


class SlackClass(SlackServer):
    """A class on Slack; `program` is what serves it."""

    program = "slack"

    def __init__(self) -> None:
        super().__init__()
        self._repeated: list[Delivery] = []

    def variables(self) -> dict[str, str]:
        """Return what connects a bot to it."""
        return {"SLACK_BOT_TOKEN": self.bot_token, "SLACK_APP_TOKEN": self.app_token, "SLACK_API_URL": self.api_url}

    def connections(self) -> int:
        """Return how many connections were ever made."""
        return self.sockets.opened

    async def connected(self, before: int) -> None:
        """Wait until a bot is connected that was not before."""
        await self.until(lambda: self.sockets.opened > before, within=WITHIN)

    async def asked(self, name: str, question: str, number: int) -> Asking:
        """Ask by command, in direct messages and by mention, one of them in private."""
        student = self.add_user(name)
        if number == PRIVATE:
            handle = await self.say(student, "general", f"privé : {question}")
        elif number % 2:
            handle = await self.say(student, "general", question)
        else:
            handle = await (self.dm(student, question) if number else self.command(student, "/ask", question))
        return Asking(
            person=f"slack:{TEAM}:{student}",
            texts=lambda: [message.shown for message in handle.messages],
            until=lambda found: self.until(found, within=WITHIN),
            again=lambda: self._again(handle),
        )

    def _again(self, handle: Handle) -> None:
        """Deliver an event once more; a command comes once."""
        self._repeated += [self.courier.repeat(delivery) for delivery in handle.deliveries if delivery.kind == "events_api"]

    async def heard(self) -> None:
        """Wait until the bot has heard what was said again."""
        await self.until(lambda: all(delivery.is_settled for delivery in self._repeated), within=WITHIN)
        self._repeated.clear()


Chat = DiscordClass | SlackClass
CHATS = {chat.program: chat for chat in (DiscordClass, SlackClass)}
