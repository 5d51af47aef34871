"""Where an answer stands in Slack, and where it goes when its place is gone: a private one never into a channel."""

import json
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, TypeVar

import structlog

from bots.slack_bot.door import PERSON, Away, Door, Refused
from bots.slack_bot.look import BLOCK_ERRORS, Drawing, Json, Sheet, draw

log = structlog.get_logger()
T = TypeVar("T")
HOOK_SECONDS = 29 * 60.0
"""A response_url lives half an hour."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a question came from; kept encrypted beside it, so that another process can answer there.

    Attributes:
        kind: `thread` answers in a thread (of a channel or of direct messages), `alone` shows the answer to the student only.
        thread_ts: empty while the thread's first message is still to be posted.
        response_url: of a command or a press, or empty.
        asked_at: seconds since 1970.
        opens: whether nothing stands in the thread yet: there Slack hides what is shown to one student alone.
    """

    kind: str
    team: str
    channel: str
    user: str
    thread_ts: str = ""
    response_url: str = ""
    asked_at: float = 0.0
    is_private: bool = False
    opens: bool = False

    @property
    def shown_in(self) -> str:
        """The thread in which a student sees what is shown to them alone; empty for the channel itself."""
        return "" if self.opens else self.thread_ts

    @property
    def is_direct(self) -> bool:
        """Whether the channel is a direct conversation, or a person who stands for theirs."""
        return self.channel.startswith(("D", *PERSON))

    def dump(self) -> str:
        """Return the address as text."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> "Address":
        """Return the address that was dumped."""
        return cls(**json.loads(text))


class Way(Protocol):
    """One way to show messages. Both verbs raise Refused and Away."""

    async def post(self, blocks: Sequence[Json], text: str) -> str:
        """Post one more message and return its `ts`, if it has one."""

    async def edit(self, ts: str, blocks: Sequence[Json], text: str) -> None:
        """Replace a message."""


class ThreadWay:
    """Messages in a thread."""

    def __init__(self, door: Door, address: Address) -> None:
        self._door = door
        self._channel = address.channel
        self._thread = address.thread_ts

    async def post(self, blocks: Sequence[Json], text: str) -> str:
        """Post a message. One to a person tells in which channel they are spoken to."""
        self._channel, ts = await self._door.post(self._channel, blocks, text, thread=self._thread)
        return ts

    async def edit(self, ts: str, blocks: Sequence[Json], text: str) -> None:
        """Replace a message."""
        await self._door.surely("chat.update", channel=self._channel, ts=ts, blocks=list(blocks), text=text)


class HookWay:
    """Messages to the student alone, through the response_url of what they did."""

    def __init__(self, door: Door, address: Address) -> None:
        self._door = door
        self._address = address

    async def post(self, blocks: Sequence[Json], text: str) -> str:
        """Show a message."""
        if time.time() > self._address.asked_at + HOOK_SECONDS:
            raise Refused("expired_url")
        thread = {"thread_ts": self._address.shown_in} if self._address.shown_in else {}
        await self._door.respond(self._address.response_url, {"blocks": list(blocks), "text": text, "replace_original": False, **thread})
        return ""

    async def edit(self, ts: str, blocks: Sequence[Json], text: str) -> None:  # noqa: ARG002  # as every way
        """Replace the message that was pressed on."""
        await self._door.respond(self._address.response_url, {"blocks": list(blocks), "text": text, "replace_original": True})


class AloneWay:
    """Messages to the student alone, in the channel where they are."""

    def __init__(self, door: Door, address: Address) -> None:
        self._door = door
        self._address = address

    async def post(self, blocks: Sequence[Json], text: str) -> str:
        """Show a message."""
        where = self._address
        place = {"channel": where.channel, "user": where.user, "thread_ts": where.shown_in or None}
        await self._door.surely("chat.postEphemeral", blocks=list(blocks), text=text, **place)
        return ""

    async def edit(self, ts: str, blocks: Sequence[Json], text: str) -> None:  # noqa: ARG002  # as every way
        """Show it anew."""
        await self.post(blocks, text)


class PlaceGone(Exception):  # it is no error of ours
    """There is no place left to show anything."""


class Moved(Exception):  # it tells the reply to show everything again
    """The place is another one now: nothing of the answer stands there yet."""


class Messages:
    """The messages of one answer: shown in the first place that takes them, else in the next."""

    def __init__(self, door: Door, address: Address, moved: str = "", on_first: Callable[[str], Awaitable[None]] | None = None) -> None:
        """`on_first` is told the `ts` of the first message that is posted where the question was asked."""
        self._door = door
        self._address = address
        self._moved = moved
        self._on_first = on_first
        self._ways = self._in_turn()
        self._way: Way | None = None
        self._shown: list[str] = []
        self._above = ""

    def _in_turn(self) -> Iterator[Callable[[], Way]]:
        door, address = self._door, self._address
        if address.kind == "thread":
            yield lambda: ThreadWay(door, address)
        elif address.response_url:
            yield lambda: HookWay(door, address)
        if address.kind == "alone" and not address.is_direct:
            yield lambda: AloneWay(door, address)
        if not (address.is_direct and address.kind == "thread" and not address.thread_ts):
            yield self._direct

    def _direct(self) -> Way:
        """Return the student's direct messages, when every other place is gone."""
        self._on_first = None
        if not self._address.is_direct:
            self._above = self._moved
        return ThreadWay(self._door, Address(kind="thread", team=self._address.team, channel=self._address.user, user=self._address.user))

    def adopt(self, ts: str) -> None:
        """Take a message that stands already for the first one."""
        self._way = next(self._ways)()
        self._shown = [ts]

    def leave(self) -> None:
        """Show nothing in the first place, where something may stand that cannot be found."""
        next(self._ways)

    async def show(self, number: int, sheet: Sheet) -> None:
        """Show one message. Raises Moved when the place changes and something stood there; PlaceGone when there is none left."""
        while True:
            way = self._way or self._next()
            try:
                await self._drawn(way, number, sheet)
            except (Refused, Away) as error:
                log.warning("place_gone", way=type(way).__name__, cause=getattr(error, "error", "away"))
                self._way = None
                if self._shown:
                    self._shown = []
                    raise Moved from None
            else:
                return

    async def replace(self, sheet: Sheet) -> None:
        """Replace the page that was pressed on; show a new one where that cannot be. Raises PlaceGone."""
        self.adopt("")
        try:
            await self.show(0, sheet)
        except Moved:
            await self.show(0, sheet)

    def _next(self) -> Way:
        make = next(self._ways, None)
        if make is None:
            raise PlaceGone
        self._way = make()
        return self._way

    async def _drawn(self, way: Way, number: int, sheet: Sheet) -> None:
        """Show a message as well as Slack takes it."""
        above = draw(Sheet(above=self._above)) if self._above else []
        await drawn(sheet, lambda blocks: self._put(way, number, [*above, *blocks], sheet.notification), self._door.drawing)

    async def _put(self, way: Way, number: int, blocks: Sequence[Json], text: str) -> None:
        if number < len(self._shown):
            await way.edit(self._shown[number], blocks, text)
            return
        self._shown.append(ts := await way.post(blocks, text))
        if ts and number == 0 and self._on_first:
            await self._on_first(ts)


async def drawn(sheet: Sheet, show: Callable[[list[Json]], Awaitable[T]], first: Drawing = Drawing.FULL) -> T:
    """Show a message, drawn more simply where Slack refuses how it is drawn. Raises Refused, Away."""
    for drawing in Drawing:
        if drawing < first:
            continue
        try:
            return await show(draw(sheet, drawing))
        except Refused as refused:
            if refused.error not in BLOCK_ERRORS or drawing is Drawing.PLAIN:
                raise
            log.warning("blocks_refused", error=refused.error, drawing=drawing.name)
    raise AssertionError


def now() -> float:
    """Return seconds since 1970."""
    return time.time()


def spot(**known: Any) -> Address:  # noqa: ANN401  # the fields of an address
    """Return an address of this moment."""
    return Address(asked_at=now(), **known)
