"""Native streams: started in a thread, appended to by one writer, stopped, or dead after about five minutes."""

import asyncio
from collections.abc import Iterator

from tests.servers.slack import events
from tests.servers.slack.blocks import block_offences, length_error
from tests.servers.slack.calls import Call, method
from tests.servers.slack.chat import CUSTOM, thread_of
from tests.servers.slack.rules import MARKDOWN_CHARS, check_blocks, named
from tests.servers.slack.shapes import message_json
from tests.servers.slack.state import BOT_ID, BOT_USER, Json, Message, SlackError, Stream

STATUSES = frozenset({"processing", "active", "suspended", "closed"})


@method("chat.startStream", "channel", "thread_ts")
def start_stream(call: Call) -> Json:
    """Begin a message that grows."""
    channel = call.postable()
    recipient = str(call.params.get("recipient_user_id") or "")
    if channel.kind != "im" and not recipient:
        raise SlackError("missing_recipient_user_id")
    if channel.kind != "im" and not call.params.get("recipient_team_id"):
        raise SlackError("missing_recipient_team_id")
    if any(call.params.get(name) for name in CUSTOM):
        call.need("chat:write.customize")
    added = _added(call)
    thread = thread_of(call, channel)
    message = Message(channel.id, call.space.new_ts(), BOT_USER, thread_ts=thread, bot_id=BOT_ID, stream=Stream(call.space.clock.now(), recipient))
    _grow(call, message, added)
    call.space.keep(message)
    events.posted(call.space, message)
    return {"ok": True, "channel": channel.id, "ts": message.ts}


@method("chat.appendStream", "channel", "ts")
async def append_stream(call: Call) -> Json:
    """Add to a stream; a second writer at the same moment is refused."""
    message = _streaming(call)
    if not call.params.get("markdown_text") and not call.params.get("chunks"):
        raise SlackError("no_text")
    await _write(call, message, _added(call))
    return {"ok": True, "channel": message.channel, "ts": message.ts}


@method("chat.stopStream", "channel", "ts")
async def stop_stream(call: Call) -> Json:
    """End a stream, with a last piece and blocks under it."""
    message, status = _streaming(call), call.params.get("session_status")
    if status and status not in STATUSES:
        raise SlackError("invalid_arguments")
    blocks = call.params.get("blocks") or []
    check_blocks(call.space, blocks)
    await _write(call, message, _added(call))
    message.blocks.extend(named(blocks, call.space))
    if message.stream:
        message.stream.over = "message_not_in_streaming_state"
    message.metadata = call.params.get("metadata") or {}
    if status:
        call.space.sessions.setdefault((message.channel, message.root), {})["status"] = status
    before = message_json(call.space, message)
    call.live(message, False)
    call.space.show(message)
    events.changed(call.space, message, before)
    return {"ok": True, "channel": message.channel, "ts": message.ts, "message": message_json(call.space, message)}


def _streaming(call: Call) -> Message:
    message = call.message(call.postable())
    call.space.age(message)
    if message.bot_id != BOT_ID:
        raise SlackError("message_not_owned_by_app")
    if message.stream is None or message.stream.over:
        raise SlackError(message.stream.over if message.stream else "message_not_in_streaming_state")
    return message


async def _write(call: Call, message: Message, added: list[Json]) -> None:
    stream = message.stream
    if stream is None or stream.is_writing:
        raise SlackError("streaming_state_conflict")
    stream.is_writing = True
    try:
        await asyncio.sleep(call.space.streams.write_seconds)
        _grow(call, message, added)
    finally:
        stream.is_writing = False
    call.space.show(message)


def _added(call: Call) -> list[Json]:
    """Return the chunks of a call, checked; `markdown_text` is one too, and excludes the others."""
    text: str = call.params.get("markdown_text") or ""
    chunks: list[Json] = call.params.get("chunks") or []
    if text and chunks:
        raise SlackError("invalid_arguments", response_metadata={"messages": ["[ERROR] markdown_text and chunks exclude each other"]})
    if text:
        chunks = [{"type": "markdown_text", "text": text}]
    if list(_chunk_offences(chunks)):
        raise SlackError("invalid_chunks", errors=list(_chunk_offences(chunks)))
    if any(len(chunk.get("text") or "") > MARKDOWN_CHARS for chunk in chunks):
        raise SlackError("msg_too_long")
    return chunks


def _chunk_offences(chunks: list[Json]) -> Iterator[str]:
    needed = {"markdown_text": {"text"}, "plan_update": {"title"}, "task_update": {"id", "title", "status"}, "blocks": {"blocks"}}
    for place, chunk in enumerate(chunks):
        if chunk.get("type") not in needed:
            yield f"unsupported type [json-pointer:/chunks/{place}/type]"
        elif needed[chunk["type"]] - set(chunk):
            yield f"missing required field [json-pointer:/chunks/{place}]"
        elif chunk["type"] == "blocks":
            yield from block_offences(chunk["blocks"], f"/chunks/{place}/blocks")
        elif chunk.get("status") not in {None, "pending", "in_progress", "complete", "error"}:
            yield f"must be a valid enum value [json-pointer:/chunks/{place}/status]"


def _grow(call: Call, message: Message, added: list[Json]) -> None:
    text = message.markdown + "".join(chunk["text"] for chunk in added if chunk["type"] == "markdown_text")
    blocks = [block for chunk in added if chunk["type"] == "blocks" for block in chunk["blocks"]]
    if len(text) > call.space.streams.chars or length_error([*blocks, {"type": "markdown", "text": text}]) == "msg_too_long":
        raise SlackError("msg_too_long")
    message.markdown = text
    message.blocks.extend(named(blocks, call.space))
    for chunk in added:
        _task(message, chunk)
    call.live(message, False)


def _task(message: Message, chunk: Json) -> None:
    """Show a task or a plan's title as a block that later chunks of the same id change."""
    if chunk["type"] in {"task_update", "plan_update"}:
        kind, name = ("task_card", chunk["id"]) if chunk["type"] == "task_update" else ("plan", "plan")
        card = next((block for block in message.blocks if block.get("block_id") == f"{kind}-{name}"), None)
        if card is None:
            card = {"type": kind, "block_id": f"{kind}-{name}"}
            message.blocks.append(card)
        card.update({key: value for key, value in chunk.items() if key not in {"type", "id"}})
