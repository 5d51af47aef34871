"""What comes back through a response_url or with an acknowledgement."""

from aiohttp import web

from tests.servers.slack import events
from tests.servers.slack.rules import check_content, named
from tests.servers.slack.shapes import message_json
from tests.servers.slack.state import BOT_ID, BOT_USER, Hook, Json, Message, SlackError, Workspace
from tests.servers.slack.web_api import WebApi

MOST_USES, SECONDS = 5, 1800.0


async def handle(space: Workspace, api: WebApi, request: web.Request) -> web.StreamResponse:
    """Answer a post to a response_url: five uses, thirty minutes."""
    hook = space.hooks.get(request.match_info["name"])
    if hook is None or hook.uses >= MOST_USES or space.clock.now() - hook.born > SECONDS:
        return web.json_response({"ok": False, "error": "used_url" if hook and hook.uses >= MOST_USES else "expired_url"}, status=404)
    try:
        body = await request.json()
    except ValueError:
        return web.Response(status=400, text="invalid_payload")
    hook.uses += 1
    try:
        answer(space, api, hook, body)
    except SlackError as error:
        return web.json_response(error.body)
    return web.Response(text="ok")


def answer(space: Workspace, api: WebApi, hook: Hook, body: Json) -> Message | None:
    """Show what the bot said, to the person alone or to the channel; or change or delete the message acted on."""
    if body.get("delete_original"):
        return _deleted(space, hook)
    if not any(body.get(name) for name in ("text", "blocks", "markdown_text", "attachments")):
        raise SlackError("no_text")
    check_content(space, body)
    message = hook.message if body.get("replace_original") and hook.message else None
    if message:
        _replaced(space, message, body)
    else:
        message = _new(space, hook, body)
    api.note(message)
    return message


def _new(space: Workspace, hook: Hook, body: Json) -> Message:
    recipient = "" if body.get("response_type") == "in_channel" else hook.user
    message = Message(hook.channel, space.new_ts(), BOT_USER, bot_id=BOT_ID, recipient=recipient, thread_ts=str(body.get("thread_ts") or ""))
    _fill(space, message, body)
    space.keep(message)
    hook.posted.append(message)
    if not recipient:
        events.posted(space, message)
    return message


def _replaced(space: Workspace, message: Message, body: Json) -> None:
    before = message_json(space, message)
    _fill(space, message, body)
    message.edited = space.new_ts()
    space.show(message)
    if not message.recipient:
        events.changed(space, message, before)


def _deleted(space: Workspace, hook: Hook) -> Message | None:
    message = hook.message
    if message and not message.is_gone:
        before = message_json(space, message)
        message.is_gone = True
        space.show(message)
        if not message.recipient:
            events.deleted(space, message, before)
    return message


def _fill(space: Workspace, message: Message, body: Json) -> None:
    message.text, message.markdown = body.get("text") or "", body.get("markdown_text") or ""
    message.blocks = named(body.get("blocks") or [], space)
