"""The way to the model: retries within a deadline, and a watch over a stream that stalls.

Retries stand here and not in the client, because the client's sleep as long as the server says, whatever the deadline.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from core.errors import ModelAway
from core.messages import ChatMessage, Completion
from core.model import ChatModel

log = structlog.get_logger()
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 4.0


@dataclass(frozen=True)
class Deadlines:
    """How long a student waits: for the first text (retries included; later also between two pieces), and for the whole."""

    first_text: float = 10.0
    whole: float = 30.0


async def stream_patiently(
    model: ChatModel, messages: Sequence[ChatMessage], deadlines: Deadlines, *, clock: Callable[[], float] = time.monotonic
) -> AsyncGenerator[str | Completion, None]:
    """Yield what the model writes, trying again while nothing was written and the fault may pass.

    Raises ModelAway when the deadline is over, the fault stays, or the stream breaks after text was written.
    """
    start, pause = clock(), FIRST_PAUSE
    while True:
        wrote = False
        try:
            async with aclosing(_watched(model, messages, deadlines, start, clock)) as pieces:
                async for piece in pieces:
                    wrote = wrote or (isinstance(piece, str) and bool(piece.strip()))
                    yield piece
        except ModelAway as away:
            wait = max(away.retry_after or 0.0, pause * random.uniform(0.75, 1.25))  # noqa: S311  # no secret depends on it
            left = start + deadlines.first_text - clock()
            log.warning("model_away", cause=away.cause, retry_after=away.retry_after, wrote=wrote)
            if wrote or not away.is_passing or wait >= left:
                raise
            await asyncio.sleep(wait)
            pause = min(pause * 2, LONGEST_PAUSE)
        else:
            return


async def _watched(
    model: ChatModel, messages: Sequence[ChatMessage], deadlines: Deadlines, start: float, clock: Callable[[], float]
) -> AsyncGenerator[str | Completion, None]:
    """Yield a stream's pieces; raise ModelAway when it stalls, is over its time or stays empty."""
    stream, wrote = model.stream(messages), False
    try:
        while True:
            whole = start + deadlines.whole - clock()
            patience = min(whole, deadlines.first_text if wrote else start + deadlines.first_text - clock())
            try:
                async with asyncio.timeout(patience):
                    piece = await anext(stream)
            except TimeoutError:
                raise ModelAway("stalled" if wrote else "no text in time") from None
            except StopAsyncIteration:
                return
            if isinstance(piece, Completion) and not wrote:
                raise ModelAway("empty answer", is_passing=True)
            wrote = wrote or (isinstance(piece, str) and bool(piece.strip()))
            yield piece
    finally:
        await stream.aclose()
