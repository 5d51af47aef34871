"""Where an answer stands in Discord, and where it goes when its place is gone: a private one never into a channel."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp
import discord
import structlog

from bots.discord_bot.look import Page

if TYPE_CHECKING:
    from bots.discord_bot.client import DiscordBot

log = structlog.get_logger()
TOKEN_SECONDS = 14 * 60.0
"""An interaction's token lives 15 minutes; the last one is left for what is under way."""
PATIENCE = (0.5, 2.0, 5.0)
"""Seconds between tries when Discord itself fails."""
EXPIRED = 50027
ORIGINAL: Any = "@original"
"""The deferred response, by the name that Discord gives it."""
LOOKED_BEHIND = 50
"""Messages of a channel among which a follow-up is looked for."""
LONGEST_REQUEST = 30.0
"""Seconds that one message may hold back those behind it in its channel."""
FAILURES = (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError, TimeoutError)
"""How a request to Discord may end, but in an answer."""


OnPost = Callable[[str], Awaitable[None]]


class PlaceGone(Exception):
    """A place takes no more messages; from `Messages.show`: none does."""


class Faltered(Exception):
    """Discord itself failed: another try may do."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a question came from; kept encrypted beside it, so that another process can answer there.

    Attributes:
        token: of the interaction, or empty for a message.
        interaction: its id, or 0 for a message.
        message: the message that asked, or 0.
        asked_at: when an interaction came, in seconds since 1970.
        is_direct: the channel is the student's direct messages.
    """

    user: int
    channel: int
    application: int = 0
    token: str = ""
    interaction: int = 0
    message: int = 0
    asked_at: float = 0.0
    is_private: bool = False
    is_direct: bool = False

    @property
    def is_moved(self) -> bool:
        """Whether the question was written where others read it, and its answer is for the student alone."""
        return self.is_private and self.message != 0 and not self.is_direct

    def dump(self) -> str:
        """Return the address as text."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> "Address":
        """Return the address that was dumped."""
        return cls(**json.loads(text))

    @classmethod
    def of_interaction(cls, interaction: "discord.Interaction[DiscordBot]", *, is_private: bool) -> "Address":
        """Return the address of a command, a button or a form."""
        return cls(
            user=interaction.user.id,
            channel=interaction.channel_id or 0,
            application=interaction.application_id,
            token=interaction.token,
            interaction=interaction.id,
            asked_at=time.time(),  # by our clock, which also says when the token is over: it may be far from Discord's
            is_private=is_private,
            is_direct=interaction.guild_id is None,
        )

    @classmethod
    def of_message(cls, message: discord.Message) -> "Address":
        """Return the address of a message."""
        is_direct = message.guild is None
        return cls(
            user=message.author.id,
            channel=message.channel.id,
            message=message.id,
            is_private=is_direct,
            is_direct=is_direct,
        )


class Place(Protocol):
    """One way to show messages. Its verbs raise FAILURES and PlaceGone."""

    async def post(self, page: Page, nonce: str, *, before: int = 0) -> int:
        """Post one more message and return its id; the same nonce never posts twice.

        Where an earlier try may have posted it, `before` is the message before it, else 0.
        """

    async def edit(self, message: int, page: Page) -> None:
        """Replace a message."""

    async def delete(self, message: int) -> None:
        """Take a message away."""


class TokenPlace:
    """An interaction's own messages, through its token; the first one is the deferred response itself."""

    def __init__(self, bot: "DiscordBot", address: Address) -> None:
        self._bot = bot
        self._address = address
        self._webhook = bot.webhook(address)
        self._is_private = address.is_private
        self._until = address.asked_at + TOKEN_SECONDS
        self.has_first = False

    async def post(self, page: Page, nonce: str, *, before: int = 0) -> int:  # noqa: ARG002  # webhooks know no nonce
        """Fill the deferred response, then post follow-ups."""
        self._must_live()
        if self.has_first:
            if posted := await self._posted(before):
                return posted
            return (await self._webhook.send(view=page.view, files=page.files, ephemeral=self._is_private, wait=True)).id
        first = await self._webhook.edit_message(ORIGINAL, view=page.view, attachments=page.files)
        self.has_first = True
        return first.id

    async def _posted(self, before: int) -> int:
        """Return the follow-up that stands behind a message already, or 0; of private ones Discord tells nothing."""
        if not before or self._is_private:
            return 0
        channel = self._bot.get_partial_messageable(self._address.channel)
        try:
            async for message in channel.history(after=discord.Object(before), limit=LOOKED_BEHIND, oldest_first=True):
                if message.interaction_metadata and message.interaction_metadata.id == self._address.interaction:
                    return message.id
        except FAILURES as error:
            log.warning("follow_up_not_looked_for", cause=type(error).__name__)
        return 0

    async def edit(self, message: int, page: Page) -> None:
        """Replace one of its messages."""
        self._must_live()
        await self._webhook.edit_message(message, view=page.view, attachments=page.files)

    async def delete(self, message: int) -> None:
        """Take one of its messages away."""
        await self._webhook.delete_message(message)

    def _must_live(self) -> None:
        if time.time() > self._until:
            raise PlaceGone


class ChannelPlace:
    """Messages in a channel, a thread or a direct conversation; the first one replies to what asked."""

    def __init__(self, bot: "DiscordBot", channel: int, message: int = 0) -> None:
        self._bot = bot
        self._id = channel
        self._asked = message

    async def _channel(self) -> discord.PartialMessageable:
        return self._bot.get_partial_messageable(self._id)

    @asynccontextmanager
    async def _turn(self, verb: str) -> AsyncIterator[discord.PartialMessageable]:
        """Write one after another: the library lets too many through at once of those whom it has wait for a channel's limit."""
        channel = await self._channel()
        async with self._bot.pace.turn(f"{verb}:{channel.id}"), asyncio.timeout(LONGEST_REQUEST):
            yield channel

    async def post(self, page: Page, nonce: str, *, before: int = 0) -> int:  # noqa: ARG002  # the nonce is enough
        """Post a message."""
        async with self._turn("post") as channel:
            asked: Any = discord.MessageReference(message_id=self._asked, channel_id=channel.id, fail_if_not_exists=False)
            reference = {"reference": asked} if self._asked else {}
            posted = await channel.send(view=page.view, files=page.files, nonce=nonce, **reference)
        self._asked = 0
        return posted.id

    async def edit(self, message: int, page: Page) -> None:
        """Replace a message."""
        async with self._turn("edit") as channel:
            await channel.get_partial_message(message).edit(view=page.view, attachments=page.files)

    async def delete(self, message: int) -> None:
        """Take a message away."""
        await (await self._channel()).get_partial_message(message).delete()


class DirectPlace(ChannelPlace):
    """A student's direct messages, opened when the first one is written: Discord may fail at that as at any other request."""

    def __init__(self, bot: "DiscordBot", user: int) -> None:
        super().__init__(bot, 0)
        self._user = user

    async def _channel(self) -> discord.PartialMessageable:
        self._id = self._id or (await self._bot.create_dm(discord.Object(self._user))).id
        return await super()._channel()


class Messages:
    """The messages of one answer: in the first place that takes them, else in the next."""

    def __init__(  # noqa: PLR0913  # what the messages of one answer need, each by name
        self, bot: "DiscordBot", address: Address, elsewhere: str, *, name: str = "", conversation: str = "", on_post: OnPost | None = None
    ) -> None:
        """Begin with nothing shown.

        Args:
            bot: the client.
            address: where the question was asked.
            elsewhere: what stands above an answer that had to leave the place of its question.
            name: names the messages, so that nobody posts one of them twice; drawn at random where it is empty.
            conversation: which one a reply to the messages goes on with.
            on_post: told, as text for `restore`, which messages stand, when one was posted that cannot be found again without it.
        """
        self._bot = bot
        self._address = address
        self._elsewhere = elsewhere
        self._ways = self._all_ways()
        self._place: Place | None = None
        self._stands: list[tuple[int, Page]] = []
        self._nonce = name[:16] or secrets.token_hex(8)
        self._may_stand = False
        self._conversation = conversation
        self._on_post = on_post

    def _all_ways(self) -> list[Place]:
        bot, address = self._bot, self._address
        by_token = [TokenPlace(bot, address)] if address.token else []
        is_open = address.is_direct or not address.is_private
        times = 1 if by_token else 2  # a message that is gone, or a thread put away, still leaves room for a new one
        in_channel = [ChannelPlace(bot, address.channel, address.message) for _ in range(times if is_open else 0)]
        return [*by_token, *in_channel, *([] if address.is_direct else [DirectPlace(bot, address.user)])]

    def restore(self, placeholder: str) -> None:
        """Go on with the messages that another process posted; one that it posted last and did not record is edited, not doubled."""
        self._may_stand = True
        if not placeholder:
            return
        found = json.loads(placeholder)
        while len(self._ways) > found["ways"]:
            self._place = self._next()
        self._stands = [(message, Page(())) for message in found["messages"]]
        if isinstance(self._place, TokenPlace):
            self._place.has_first = True

    async def _record(self) -> None:
        is_known = isinstance(self._place, TokenPlace) and len(self._stands) == 1  # the deferred response needs no record
        if self._on_post and not is_known:
            await self._on_post(json.dumps({"ways": len(self._ways), "messages": [message for message, _ in self._stands]}))

    async def show(self, pages: Sequence[Page], patience: Sequence[float] | None = None) -> None:
        """Make the answer's messages these pages; those that stand already are left alone.

        Raises:
            PlaceGone: no place is left.
            Faltered: Discord itself failed, and there was no patience.
        """
        while True:
            try:
                if self._place is None:
                    self._place = self._next()
                await self._fill(self._place, pages, PATIENCE if patience is None else patience)
            except (PlaceGone, discord.NotFound, discord.Forbidden) as gone:
                log.warning("place_gone", cause=type(gone).__name__, status=getattr(gone, "code", 0))
                self._place, self._stands, self._may_stand = None, [], False
                if not self._ways:
                    raise PlaceGone from None
            else:
                return

    def _next(self) -> Place:
        if not self._ways:
            raise PlaceGone
        return self._ways.pop(0)

    async def _fill(self, place: Place, pages: Sequence[Page], patience: Sequence[float]) -> None:
        first = replace(pages[0], texts=(self._elsewhere, *pages[0].texts)) if isinstance(place, DirectPlace) else pages[0]
        for number, page in enumerate([first, *pages[1:]]):
            if number >= len(self._stands) or self._stands[number][1] != page:
                await self._put_patiently(place, number, page, patience)
        while len(self._stands) > len(pages):
            await self._take_away(place, self._stands.pop()[0])

    @staticmethod
    async def _take_away(place: Place, message: int) -> None:
        """Delete a message that is needed no more; where that fails the answer stands all the same."""
        try:
            await place.delete(message)
        except FAILURES as error:
            log.warning("message_not_deleted", cause=type(error).__name__)

    async def _put_patiently(self, place: Place, number: int, page: Page, patience: Sequence[float]) -> None:
        for pause in patience:
            try:
                return await self._put(place, number, page)
            except Faltered:
                await asyncio.sleep(max(pause, self._bot.brake.left))
        try:
            await self._put(place, number, page)
        except Faltered:
            if patience:
                raise PlaceGone from None
            raise

    async def _put(self, place: Place, number: int, page: Page) -> None:
        """Post or replace one message; a picture that may not be sent here is left out."""
        if self._bot.brake.left:
            raise Faltered
        try:
            await self._write(place, number, page)
        except discord.Forbidden:
            if not page.figure:
                raise
            await self._write(place, number, replace(page, figure=None))
        except discord.NotFound:
            raise
        except FAILURES as error:
            if getattr(error, "code", 0) == EXPIRED or 400 <= getattr(error, "status", 500) < 429:
                raise PlaceGone from error
            raise Faltered from error

    async def _write(self, place: Place, number: int, page: Page) -> None:
        if number < len(self._stands):
            message = self._stands[number][0]
            await place.edit(message, page)
        else:
            is_unsure, self._may_stand = self._may_stand, True
            before = self._stands[-1][0] if is_unsure and self._stands else 0
            message = await place.post(page, f"{self._nonce}-{len(self._ways)}-{number}", before=before)
            if is_unsure:  # an earlier try may have posted it with older text
                await place.edit(message, page)
            self._may_stand = False
        is_new = number >= len(self._stands)
        self._stands[number : number + 1] = [(message, page)]
        if self._conversation:
            self._bot.threads.show(message, self._conversation)
        if is_new:
            await self._record()
