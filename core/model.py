"""The model behind one method: `ChatModel.stream` yields pieces of text and, last, one Completion.

The one place that knows mistralai. Its traps, seen by running it: a stream that is not closed goes on costing; an error
status with an empty body raises a plain RuntimeError; the text of an error may hold the request. None of it leaves here
but as ModelAway with a short cause for the log.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Protocol

from core.errors import ModelAway, SetupError
from core.messages import ChatMessage, Completion, TokenUsage
from core.settings import Settings

if TYPE_CHECKING:
    import httpx2
    from mistralai.client import Mistral, models
    from mistralai.client.utils.eventstreaming import EventStreamAsync

PASSING = frozenset({408, 429})
CLOSING_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Call:
    """Which model is called, how long its answer may be, and under which key the provider may keep the prompt's beginning."""

    model: str
    max_tokens: int
    cache_key: str = ""


class ChatModel(Protocol):
    """Whatever writes an answer from messages."""

    @property
    def name(self) -> str:
        """The model's name."""
        ...

    def stream(self, messages: Sequence[ChatMessage]) -> AsyncGenerator[str | Completion, None]:
        """Yield pieces of text and, last, one Completion. Raises ModelAway."""
        ...


class MistralModel:
    """A model spoken to by mistralai's client: Mistral's own API, or a server that speaks it."""

    def __init__(self, client: "Mistral", settings: Settings, call: Call | None = None) -> None:
        self._client = client
        self._settings = settings
        self._call = call or Call(settings.mistral_model, settings.mistral_max_tokens)
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def name(self) -> str:
        """The model's name."""
        return self._call.model

    def calling(self, call: Call) -> "MistralModel":
        """Return the same client, calling so."""
        other = MistralModel(self._client, self._settings, call)
        other._closing = self._closing  # whoever closes the client waits for all
        return other

    async def stream(self, messages: Sequence[ChatMessage]) -> AsyncGenerator[str | Completion, None]:
        """Yield pieces of text and, last, one Completion. Raises ModelAway."""
        usage, reason, name = TokenUsage(), "", self.name
        with _translated():
            async with await self._open(messages) as stream:
                async for event in stream:
                    chunk = event.data
                    name = chunk.model or name
                    usage = _usage(chunk.usage) if chunk.usage else usage
                    for choice in chunk.choices[:1]:
                        reason = str(choice.finish_reason) if choice.finish_reason else reason
                        if text := _text(choice.delta.content):
                            yield text
        if reason in {"", "error"}:
            raise ModelAway(f"stream ended by {reason or 'nothing'}", is_passing=True)
        yield Completion(usage=usage, finish_reason=reason, model=name)

    async def _open(self, messages: Sequence[ChatMessage]) -> "EventStreamAsync[models.CompletionEvent]":
        """Open a stream. Cancelled between the headers and the caller's hands, it is closed all the same."""
        from mistralai.client.types import UNSET  # noqa: PLC0415

        settings = self._settings
        opening = asyncio.create_task(
            self._client.chat.stream_async(
                model=self.name,
                messages=[{"role": message.role, "content": _content(message)} for message in messages],  # type: ignore[arg-type]  # dicts, as the SDK says
                temperature=settings.mistral_temperature,
                max_tokens=self._call.max_tokens,
                prompt_cache_key=self._call.cache_key or UNSET,
                stop=list(settings.mistral_stop) or UNSET,
                timeout_ms=int(settings.mistral_answer_seconds * 1000),
            )
        )
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            self._closing.add(closing := asyncio.create_task(_close(opening)))
            closing.add_done_callback(self._closing.discard)
            raise

    async def close(self) -> None:
        """Wait until every stream that nobody took is closed."""
        await asyncio.gather(*self._closing)

    async def check(self) -> list[str]:
        """Ask which models there are; return their ids. Raises ModelAway."""
        with _translated():
            found = await self._client.models.list_async(timeout_ms=10_000)
        return [model.id for model in found.data or [] if hasattr(model, "id")]


async def _close(opening: "asyncio.Task[EventStreamAsync[models.CompletionEvent]]") -> None:
    """Close a stream that is still being opened: at once where no headers came, else when they are there."""
    done, _ = await asyncio.wait({opening}, timeout=CLOSING_SECONDS)
    if not done:
        opening.cancel()
        await asyncio.wait({opening})
    if not opening.cancelled() and opening.exception() is None:
        await opening.result().close()  # type: ignore[no-untyped-call]  # the SDK's


def _content(message: ChatMessage) -> str | list[dict[str, str]]:
    """Return a message's text, or its text and then its pictures."""
    if not message.images:
        return message.content
    return [{"type": "text", "text": message.content}, *({"type": "image_url", "image_url": image} for image in message.images)]


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


@contextmanager
def _translated() -> Iterator[None]:
    """Raise a client's error as ours: its kind, never its text, which may hold the request."""
    import httpx2  # noqa: PLC0415  # imported with the client, only where a key is set
    from mistralai.client import errors  # noqa: PLC0415

    try:
        yield
    except (errors.MistralError, errors.NoResponseError, httpx2.HTTPError, httpx2.StreamError, ValueError) as error:
        raise ModelAway(type(error).__name__, is_passing=True) from None
    except httpx2.InvalidURL as error:
        raise ModelAway(type(error).__name__) from None


async def _look_at(response: "httpx2.Response") -> None:
    """Raise ModelAway for a refusal, and drop a header.

    The status is read here because the client cannot read the empty body of a streamed error; the header makes the
    client read the body of a stream that it has not opened yet, which fails every question once a model is deprecated.
    """
    response.headers.pop("x-model-deprecation-timestamp", None)
    status = response.status_code
    if status >= 400:
        after = _retry_after(response.headers.get("retry-after"))
        raise ModelAway(f"status {status}", retry_after=after, is_passing=status in PASSING or status >= 500, status=status)


def _retry_after(value: str | None) -> float | None:
    """Return a Retry-After header, seconds or HTTP date (RFC 9110, 10.2.3), as seconds from now."""
    if not value:
        return None
    if re.fullmatch(r"\d+(\.\d+)?", value.strip()):
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _keep_readers() -> None:
    """Have the client keep what reads an event: it makes a pydantic model for every event anew, nine tenths of the time of a stream.

    Measured: 3,000 events a second, 39,000 when kept. It also copies every event deeply to look at its fields, a quarter of what is left.
    A client that reads in another way is left as it is.
    """
    from mistralai.client.utils import eventstreaming, serializers  # noqa: PLC0415

    if hasattr(eventstreaming, "asdict"):
        setattr(eventstreaming, "asdict", vars)  # noqa: B010  # the same fields, as they are
    make, kept = getattr(serializers, "create_model", None), dict[object, Any]()
    if make is None or hasattr(make, "kept"):
        return

    def create_model(name: str, **fields: Any) -> Any:  # noqa: ANN401  # the library's own
        try:
            key = (name, fields["body"][0])
            if key not in kept:
                kept[key] = make(name, **fields)
            return kept[key]
        except (KeyError, TypeError):  # other fields, or a type that is no key
            return make(name, **fields)

    create_model.kept = kept  # type: ignore[attr-defined]  # says that it was done
    setattr(serializers, "create_model", create_model)  # noqa: B010  # the library's name, which its types do not export


def _http() -> "httpx2.AsyncClient":
    """Make what carries the requests. Raises SetupError where the environment names a proxy or certificates that cannot be used."""
    import httpx2  # noqa: PLC0415  # slow to import, and needed only with a key

    try:
        return httpx2.AsyncClient(follow_redirects=True, event_hooks={"response": [_look_at]})
    except (ValueError, ImportError, httpx2.InvalidURL):  # a scheme that it does not know, or SOCKS
        raise SetupError("setup-proxy") from None
    except OSError:
        raise SetupError("setup-certificates") from None


@asynccontextmanager
async def open_model(settings: Settings) -> AsyncIterator[MistralModel | None]:
    """Open the model's client, closed at the end; None without a key. Raises SetupError."""
    if settings.mistral_api_key is None:
        yield None
        return
    from mistralai.client import Mistral  # noqa: PLC0415  # slow to import, and needed only with a key

    _keep_readers()
    async with _http() as http:
        key = settings.mistral_api_key.get_secret_value()
        client = Mistral(api_key=key, server_url=settings.mistral_server_url, async_client=http)
        _ = client.chat  # made at its first use: not while a first question's moment at the gate passes
        model = MistralModel(client, settings)
        try:
            yield model
        finally:
            await model.close()
