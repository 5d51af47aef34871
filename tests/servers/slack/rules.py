"""Lengths, live pings, views and the manifest: what Slack checks before it takes anything."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.servers.slack.blocks import block_offences, length_error, offence, rendered_blocks
from tests.servers.slack.state import App, Json, Message, SlackError, Workspace

POST_CHARS, UPDATE_CHARS, MARKDOWN_CHARS = 40_000, 4_000, 12_000
VIEW_BYTES = 250_000
RESERVED = frozenset(
    """/apps /archive /away /active /call /collapse /dm /dnd /expand /feed /feedback /invite /invite_people /join /kick /leave /list /me
    /msg /mute /open /part /prefs /remind /remove /rename /search /shortcuts /shrug /star /status /topic /unarchive /who""".split()
)
PINGS = re.compile(
    r"<!(?P<all>channel|here|everyone)(?:\|[^>]*)?>|<@(?P<user>[UW][A-Z0-9]+)(?:\|[^>]*)?>|<!subteam\^(?P<subteam>S[A-Z0-9]+)(?:\|[^>]*)?>"
)
NAMES = re.compile(r"(?<![\w<])@(channel|here|everyone)\b")
LINKS = re.compile(r"<([a-zA-Z][a-zA-Z0-9+.-]*:[^|>\s]+)(?:\|([^>]*))?>|\[([^\]]*)\]\(\s*<?([^)\s>]+)")


@dataclass(frozen=True)
class Live:
    """A ping or a link that would work: `kind` is channel, here, everyone, user, subteam or link."""

    kind: str
    target: str
    label: str
    channel: str
    ts: str
    text: str
    is_ephemeral: bool


def mrkdwn_of(node: object) -> Iterator[str]:
    """Yield the texts in which Slack looks for mentions: mrkdwn objects and markdown blocks, not plain_text."""
    if isinstance(node, list):
        for item in node:
            yield from mrkdwn_of(item)
    elif isinstance(node, dict):
        if node.get("type") in {"mrkdwn", "markdown"} and isinstance(node.get("text"), str):
            yield node["text"]
        for value in node.values():
            yield from mrkdwn_of(value)


def lives(message: Message, *, link_names: bool = False) -> Iterator[Live]:
    """Yield what would be live in a message as it stands; `@channel` counts only in text whose names are to be linked."""
    for text in (message.text, message.markdown, *mrkdwn_of(message.blocks)):
        for kind, target, label in _live_in(text, link_names=link_names and text == message.text):
            yield Live(kind, target, label, message.channel, message.ts, text, bool(message.recipient))


def _live_in(text: str, *, link_names: bool) -> Iterator[tuple[str, str, str]]:
    for found in PINGS.finditer(text):
        kind = "user" if found["user"] else "subteam" if found["subteam"] else found["all"]
        yield kind, found["user"] or found["subteam"] or found["all"], found[0]
    for found in NAMES.finditer(text) if link_names else ():
        yield found[1], found[1], found[0]
    for found in LINKS.finditer(text):
        yield "link", found[1] or found[4], found[2] or found[3] or ""


def check_content(space: Workspace, params: Json, *, most: int = POST_CHARS) -> None:
    """Refuse text or blocks that Slack would refuse."""
    text, markdown, blocks = params.get("text") or "", params.get("markdown_text") or "", params.get("blocks")
    if markdown and (text or blocks):
        raise SlackError("markdown_text_conflict")
    if len(text) > most or len(markdown) > MARKDOWN_CHARS:
        raise SlackError("msg_too_long")
    if rendered_blocks(markdown) > 50:
        raise SlackError("msg_blocks_too_long")
    if blocks:
        check_blocks(space, blocks)


def check_blocks(space: Workspace, blocks: object) -> None:
    """Refuse malformed blocks with the place of each offence, and well formed ones that are too long."""
    found = list(block_offences(blocks))
    if not found and isinstance(blocks, list):
        found = list(_file_offences(space, blocks))
    if found:
        raise SlackError("invalid_blocks", errors=found, response_metadata={"messages": [f"[ERROR] {one}" for one in found]})
    error = length_error(blocks) if isinstance(blocks, list) else ""
    if error:
        raise SlackError(error)


def _file_offences(space: Workspace, blocks: list[Json]) -> Iterator[str]:
    """Yield the pictures whose file the bot has not finished to upload."""
    for place, block in enumerate(blocks):
        wanted = block.get("slack_file") if block["type"] == "image" else None
        if wanted:
            file = space.files.get(wanted.get("id", "")) or next((file for file in space.files.values() if file.url == wanted.get("url")), None)
            if file is None or not file.is_complete or not file.mimetype.startswith("image/"):
                yield offence("invalid slack file", f"/blocks/{place}/slack_file")


def named(blocks: list[Json], space: Workspace) -> list[Json]:
    """Return blocks whose every block and element has an id, as Slack gives them."""
    copy: list[Json] = json.loads(json.dumps(blocks))
    for block in copy:
        block.setdefault("block_id", space.new_id("b"))
        for element in [*(block.get("elements") or []), block.get("accessory"), block.get("element")]:
            if isinstance(element, dict) and element.get("type") not in {"mrkdwn", "plain_text", "image"} and block["type"] != "rich_text":
                element.setdefault("action_id", space.new_id("a"))
    return copy


def check_view(view: object, *kinds: str) -> Json:
    """Return a view, or refuse it as Slack does."""
    if not isinstance(view, dict):
        raise _invalid([offence("must provide an object", "/view")])
    found = list(_view_offences(view, kinds))
    if found:
        raise _invalid([offence("failed to match all allowed schemas", "/view"), *found])
    if len(json.dumps(view)) > VIEW_BYTES:
        raise SlackError("view_too_large")
    return view


def _view_offences(view: Json, kinds: tuple[str, ...]) -> Iterator[str]:
    kind = view.get("type")
    if kind not in kinds:
        yield offence("must be a valid enum value", "/view/type")
        return
    for name in ("title", "submit", "close"):
        yield from _label_offences(view, name, is_needed=name == "title" and kind == "modal")
        if kind == "home" and name != "title" and view.get(name):
            yield offence(f"invalid additional property: {name}", "/view")
    for name, most in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
        if len(view.get(name) or "") > most:
            yield offence(f"must be less than {most + 1} characters", f"/view/{name}")
    blocks = view.get("blocks")
    yield from block_offences(blocks, "/view/blocks", surface=str(kind))
    if kind == "modal" and isinstance(blocks, list) and not view.get("submit") and any(block.get("type") == "input" for block in blocks):
        yield offence("missing required field: submit", "/view")


def _label_offences(view: Json, name: str, *, is_needed: bool) -> Iterator[str]:
    label = view.get(name)
    if label is None:
        if is_needed:
            yield offence(f"missing required field: {name}", "/view")
    elif not isinstance(label, dict) or label.get("type") != "plain_text":
        yield offence("must provide an object", f"/view/{name}")
    elif not 1 <= len(label.get("text", "")) <= 24:
        yield offence("must be less than 25 characters", f"/view/{name}/text")


def _invalid(found: list[str]) -> SlackError:
    return SlackError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {one}" for one in found]})


def check_manifest(manifest: Json) -> App:
    """Return what a manifest installs; one wrong command refuses the whole manifest."""
    features, settings = manifest.get("features", {}), manifest.get("settings", {})
    found: list[str] = []
    commands = [command.get("command", "") for command in features.get("slash_commands", [])]
    for place, command in enumerate(commands):
        if command in RESERVED or not re.fullmatch(r"/[a-z0-9-]{1,31}", command):
            found.append(offence(f"invalid or reserved slash command: {command}", f"/features/slash_commands/{place}/command"))
    if not (manifest.get("display_information") or {}).get("name"):
        found.append(offence("missing required field: name", "/display_information"))
    if found:
        raise SlackError("invalid_manifest", errors=[{"message": one} for one in found])
    scopes = manifest.get("oauth_config", {}).get("scopes", {}).get("bot", [])
    events = settings.get("event_subscriptions", {}).get("bot_events", [])
    shortcuts = {shortcut["callback_id"] for shortcut in features.get("shortcuts", [])}
    return App(set(scopes), set(events), set(commands), shortcuts)
