"""The model behind one method: `ChatModel.stream` yields pieces of text and, last, one Completion.

The one place that knows mistralai. Its traps, seen by running it: a stream that is not closed goes on costing; an error
status with an empty body raises a plain RuntimeError; the text of an error may hold the request. None of it leaves here
but as ModelAway with a short cause for the log.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Protocol

from core.errors import ModelAway
from core.messages import ChatMessage, Completion, TokenUsage
from core.settings import Settings

if TYPE_CHECKING:
    from mistralai.client import Mistral, models
    from mistralai.client.utils.eventstreaming import EventStreamAsync

PASSING = frozenset({408, 429})


class ChatModel(Protocol):
    """Whatever writes an answer from messages."""

    name: str

    def stream(self, messages: Sequence[ChatMessage]) -> AsyncGenerator[str | Completion, None]:
        """Yield pieces of text and, last, one Completion. Raises ModelAway."""
        ...


class MistralModel:
    """A model spoken to by mistralai's client: Mistral's own API, or a server that speaks it."""

    def __init__(self, client: "Mistral", settings: Settings) -> None:
        self.name = settings.mistral_model
        self._client = client
        self._settings = settings

    async def stream(self, messages: Sequence[ChatMessage]) -> AsyncGenerator[str | Completion, None]:
        """Yield pieces of text and, last, one Completion. Raises ModelAway."""
        import httpx2  # noqa: PLC0415  # imported with the client, only where a key is set
        from mistralai.client import errors  # noqa: PLC0415

        usage, reason, name = TokenUsage(), "", self.name
        try:
            async with await self._open(messages) as stream:
                async for event in stream:
                    chunk = event.data
                    name = chunk.model or name
                    usage = _usage(chunk.usage) if chunk.usage else usage
                    for choice in chunk.choices[:1]:
                        reason = str(choice.finish_reason) if choice.finish_reason else reason
                        if text := _text(choice.delta.content):
                            yield text
        except (errors.MistralError, errors.NoResponseError, httpx2.HTTPError, httpx2.StreamError, ValueError) as error:
            raise _translated(error) from None
        if not reason:
            raise ModelAway("stream ended without a finish reason", is_passing=True)
        yield Completion(usage=usage, finish_reason=reason, model=name)

    async def _open(self, messages: Sequence[ChatMessage]) -> "EventStreamAsync[models.CompletionEvent]":
        settings = self._settings
        return await self._client.chat.stream_async(
            model=self.name,
            messages=[{"role": message.role, "content": message.content} for message in messages],  # type: ignore[arg-type]  # dicts, as the SDK says
            temperature=settings.mistral_temperature,
            max_tokens=settings.mistral_max_tokens,
            stop=list(settings.mistral_stop) or None,
            timeout_ms=int(settings.mistral_answer_seconds * 1000),
        )

    async def check(self) -> list[str]:
        """Ask which models there are; return their ids. Raises ModelAway."""
        import httpx2  # noqa: PLC0415
        from mistralai.client import errors  # noqa: PLC0415

        try:
            found = await self._client.models.list_async(timeout_ms=10_000)
        except (errors.MistralError, errors.NoResponseError, httpx2.HTTPError, httpx2.StreamError, ValueError) as error:
            raise _translated(error) from None
        return [model.id for model in found.data or [] if hasattr(model, "id")]


def _text(content: object) -> str:
    """Return a delta's text: reasoning is left out, a reference becomes its number."""
    if isinstance(content, str):
        return content
    pieces = []
    for chunk in content if isinstance(content, list) else ():
        if chunk.type == "text":
            pieces.append(chunk.text)
        elif chunk.type == "reference":
            pieces += [f"[{number}]" for number in chunk.reference_ids]
    return "".join(pieces)


def _usage(usage: "models.UsageInfo") -> TokenUsage:
    extra = usage.additional_properties or {}
    details = extra.get("prompt_tokens_details") or {}
    cached = extra.get("num_cached_tokens") or (details.get("cached_tokens") if isinstance(details, dict) else 0)
    return TokenUsage(input=usage.prompt_tokens or 0, cached=int(cached or 0), output=usage.completion_tokens or 0)


def _translated(error: Exception) -> ModelAway:
    """Return the error as ours: the kind and the status, never the text, which may hold the request."""
    status = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
    kind = type(error).__name__
    if status is None or status == 200:
        return ModelAway(kind, is_passing=True)
    headers = getattr(error, "headers", None) or {}
    is_passing = status in PASSING or status >= 500
    return ModelAway(f"{kind} {status}", retry_after=_retry_after(headers.get("retry-after")), is_passing=is_passing)


def _retry_after(value: str | None) -> float | None:
    """Return a Retry-After header, seconds or HTTP date (RFC 9110, 10.2.3), as seconds from now."""
    if not value:
        return None
    if re.fullmatch(r"\d+(\.\d+)?", value.strip()):
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


@asynccontextmanager
async def open_model(settings: Settings) -> AsyncIterator[MistralModel | None]:
    """Open the model's client, closed at the end; None without a key."""
    if settings.mistral_api_key is None:
        yield None
        return
    from mistralai.client import Mistral  # noqa: PLC0415  # slow to import, and needed only with a key

    client = Mistral(api_key=settings.mistral_api_key.get_secret_value(), server_url=settings.mistral_server_url)
    async with client:
        yield MistralModel(client, settings)
