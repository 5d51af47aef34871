"""One native stream: text is only ever added, by one writer, for four minutes at most."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from bots.slack_bot.door import Away, Door, Limited, Refused, Unsent
from bots.slack_bot.look import Drawing, Json, Sheet, calm, draw
from bots.slack_bot.places import Address

log = structlog.get_logger()
LONGEST = 240.0
"""Slack lets a stream die about five minutes after its start."""


class StreamOver(Exception):  # it tells the reply to go on another way
    """The stream takes no more; what it shows so far is uncertain."""


class Stream:
    """A message that grows in a thread. What was not sent yet goes with the next text, or with the end.

    Attributes:
        ts: the message, once it stands.
        is_lost: it may stand, and nobody knows where.
    """

    def __init__(self, door: Door, address: Address, on_message: Callable[[str], Awaitable[None]]) -> None:
        self._door = door
        self._on_message = on_message
        self._place = {"channel": address.channel, "thread_ts": address.thread_ts}
        self._recipient = {} if address.is_direct else {"recipient_team_id": address.team, "recipient_user_id": address.user}
        self._sent = ""
        self._born = 0.0
        self._has_seat = True
        self.ts = ""
        self.is_lost = False

    async def show(self, text: str) -> None:
        """Show the whole text so far, if it may be sent now. Raises StreamOver."""
        rest = self._rest(text)
        if not rest:
            return
        if not self.ts:
            await self._start(text)
        elif time.monotonic() - self._born > LONGEST:
            raise StreamOver
        elif self._door.limits.may("chat.appendStream"):
            await self._add(rest)

    def _rest(self, text: str) -> str:
        if not text.startswith(self._sent):
            raise StreamOver
        return text[len(self._sent) :]

    async def _start(self, text: str) -> None:
        self._born, began = time.monotonic(), time.time()
        try:
            found = await self._door.call("chat.startStream", waits=False, markdown_text=text, **self._place, **self._recipient)
        except Unsent:
            raise StreamOver from None
        except Away:
            await self._look(text, began)
            raise StreamOver from None
        except Refused as refused:
            log.warning("stream_refused", error=refused.error)
            raise StreamOver from None
        self._sent = text
        await self._stands(str(found["ts"]))

    async def _look(self, text: str, began: float) -> None:
        """Look whether the message stands that Slack said nothing of."""
        try:
            await self._stands(await self._door.find(self._place["channel"], self._place["thread_ts"], began, lambda message: _begins(message, text)))
        except Away:
            self.is_lost = True

    async def _stands(self, ts: str) -> None:
        self.ts = ts
        if ts:
            self._door.remember(ts)
            await self._on_message(ts)

    async def _add(self, rest: str) -> None:
        try:
            await self._door.call("chat.appendStream", waits=False, channel=self._place["channel"], ts=self.ts, markdown_text=rest)
        except Limited:
            return
        except (Refused, Away) as error:
            log.info("stream_over", cause=getattr(error, "error", "away"))
            raise StreamOver from None
        self._sent += rest

    async def stop(self, sheet: Sheet, session: str = "") -> None:
        """Show the end: what is left of the text, and what stands under it. Raises StreamOver."""
        text = sheet.texts[0]
        if calm(text) != text:
            raise StreamOver
        rest = self._rest(text)
        if not self.ts:
            await self._start(text)
            rest = ""
        more: Json = {"markdown_text": rest or None, "blocks": _under(sheet, self._door.drawing) or None, "session_status": session or None}
        try:
            await self._stop(**more)
        except (Refused, Away) as error:
            log.info("stream_over", cause=getattr(error, "error", "away"))
            raise StreamOver from None

    async def _stop(self, **more: Any) -> None:  # noqa: ANN401  # what the method takes
        self.leave()
        await self._door.call("chat.stopStream", channel=self._place["channel"], ts=self.ts, **more)

    def leave(self) -> None:
        """Give the place among the streams back, once."""
        if self._has_seat:
            self._has_seat = False
            self._door.limits.leave()

    async def close(self) -> None:
        """End it as it stands, so that the message can be replaced."""
        self.leave()
        if not self.ts:
            return
        try:
            await self._door.call("chat.stopStream", channel=self._place["channel"], ts=self.ts)
        except (Refused, Away):
            return


def _under(sheet: Sheet, drawing: Drawing) -> list[Json]:
    return draw(sheet, drawing, with_texts=False)


def _begins(message: Json, text: str) -> bool:
    """Whether a message shows this beginning of a stream."""
    blocks = (str(block.get("text", "")) for block in message.get("blocks", ()))
    return any(shown.startswith(text[:40]) for shown in (str(message.get("text", "")), *blocks) if shown)
