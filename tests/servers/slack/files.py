"""Files: uploaded in three steps, downloaded with the bot's token or met by a login page."""

import mimetypes
from urllib.parse import quote

from aiohttp import web

from tests.servers.slack import events
from tests.servers.slack.calls import Call, method
from tests.servers.slack.chat import thread_of
from tests.servers.slack.shapes import file_json
from tests.servers.slack.state import BOT_ID, BOT_USER, Channel, File, Json, Message, SlackError, Workspace

LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Slack</title></head><body><form id='signin_form'>Sign in to your workspace</form></body></html>"


def new_file(space: Workspace, name: str, owner: str, content: bytes | None = None, length: int = 0) -> File:
    """Take a file in, with or without its bytes yet."""
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    file = File(space.new_id("F"), name, owner, length=length, content=content, mimetype=kind, is_complete=content is not None)
    file.url = f"{space.url}/files-pri/T0PROFOND1-{file.id}/{quote(name)}"
    space.files[file.id] = file
    return file


@method("files.getUploadURLExternal", "filename", "length")
def get_upload_url(call: Call) -> Json:
    """Return where a file's bytes may be sent."""
    if call.number("length", 0) <= 0:
        raise SlackError("invalid_arguments")
    file = new_file(call.space, str(call.params["filename"]), BOT_USER, length=call.number("length", 0))
    file.alt_text = str(call.params.get("alt_txt") or "")
    return {"ok": True, "upload_url": f"{call.space.url}/upload/v1/{file.id}", "file_id": file.id}


@method("files.completeUploadExternal", "files")
def complete_upload(call: Call) -> Json:
    """Finish uploads and share them, in a channel or nowhere."""
    found = [_uploaded(call, wanted) for wanted in call.params["files"]]
    names = [name for name in (call.params.get("channel_id"), *str(call.params.get("channels") or "").split(",")) if name]
    for name in names:
        _share(call, call.writable(name), found)
    for file in found:
        file.is_complete = True
    call.space.bell.ring()
    return {"ok": True, "files": [file_json(file) for file in found]}


def _uploaded(call: Call, wanted: object) -> File:
    file = call.space.files.get(wanted.get("id", "")) if isinstance(wanted, dict) else None
    if file is None or file.content is None or file.owner != BOT_USER:
        raise SlackError("file_not_found")
    file.title = str(wanted.get("title") or file.name) if isinstance(wanted, dict) else ""
    return file


def _share(call: Call, channel: Channel, files: list[File]) -> None:
    message = Message(channel.id, call.space.new_ts(), BOT_USER, text=str(call.params.get("initial_comment") or ""), bot_id=BOT_ID, files=files)
    message.thread_ts = thread_of(call, channel)
    message.subtype = "file_share"
    for file in files:
        file.channels.add(channel.id)
    call.live(message, False)
    call.space.keep(message)
    events.posted(call.space, message)


@method("files.info", "file")
def file_info(call: Call) -> Json:
    """Return a file."""
    file = call.space.files.get(str(call.params["file"]))
    if file is None:
        raise SlackError("file_not_found")
    return {"ok": True, "file": file_json(file), "comments": [], "response_metadata": {"next_cursor": ""}}


async def upload(space: Workspace, request: web.Request) -> web.StreamResponse:
    """Take the bytes of a file whose upload was announced, raw or as a form."""
    file = space.files.get(request.match_info["file"])
    if file is None or file.content is not None:
        return web.Response(status=404, text="not found")
    file.content = await _bytes_of(request)
    space.bell.ring()
    return web.Response(text=f"OK - {len(file.content)}")


async def _bytes_of(request: web.Request) -> bytes:
    if request.content_type == "multipart/form-data":
        for value in (await request.post()).values():
            return value.file.read() if isinstance(value, web.FileField) else bytes(str(value), "utf-8")
    return await request.read()


def download(space: Workspace, request: web.Request, *, is_bot: bool) -> web.StreamResponse:
    """Return the bytes of a file to a bot that may read it; to anyone else, the login page with status 200."""
    file = space.files.get(request.match_info["file"].rpartition("-")[2])
    may_read = is_bot and "files:read" in space.app.scopes and file is not None and _is_seen(space, file)
    if file is None or file.content is None or not may_read:
        return web.Response(text=LOGIN_PAGE, content_type="text/html")
    return web.Response(body=file.content, content_type=file.mimetype)


def _is_seen(space: Workspace, file: File) -> bool:
    return file.owner == BOT_USER or any(space.channels[channel].with_bot for channel in file.channels)
