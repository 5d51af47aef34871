"""The rules of Block Kit: what Slack refuses, in the words it refuses it with."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tests.servers.slack.state import Json

Offences = Iterator[str]
Check = Callable[[Json, str], Offences]

MARKDOWN_CHARS = 12_000
MESSAGE_CHARS = 13_200
MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
MESSAGE_ONLY = frozenset({"markdown", "context_actions", "task_card", "plan", "table", "card", "carousel", "container"})
INPUTS = frozenset(
    """plain_text_input static_select multi_static_select external_select multi_external_select users_select multi_users_select
    conversations_select multi_conversations_select channels_select multi_channels_select datepicker timepicker datetimepicker checkboxes
    radio_buttons number_input email_text_input url_text_input file_input rich_text_input""".split()
)
ACTIONS = (INPUTS - {"plain_text_input", "number_input", "email_text_input", "url_text_input", "file_input"}) | {
    "button",
    "overflow",
    "workflow_button",
}
BREAK = re.compile(r"^(?:#{1,6} [^\n]*|```.*?(?:^```|\Z)|(?:-{3,}|\*{3,}|_{3,})\s*|(?:\|[^\n]*\n?)+)$", re.MULTILINE | re.DOTALL)


def offence(message: str, where: str) -> str:
    """Return a refusal with the place it is about."""
    return f"{message} [json-pointer:{where}]"


def block_offences(blocks: object, where: str = "/blocks", *, surface: str = "message") -> Offences:
    """Yield what is wrong with the blocks of a message, a modal or a home tab."""
    if not isinstance(blocks, list):
        yield offence("must provide an array", where)
        return
    most = MESSAGE_BLOCKS if surface == "message" else VIEW_BLOCKS
    if len(blocks) > most:
        yield offence(f"no more than {most} items allowed", where)
    seen: set[str] = set()
    for place, block in enumerate(blocks):
        yield from _block(block, f"{where}/{place}", surface)
        name = block.get("block_id") if isinstance(block, dict) else None
        if name and name in seen:
            yield offence(f"`block_id` already exists: {name}", f"{where}/{place}/block_id")
        seen.add(name or "")


def length_error(blocks: Sequence[Json]) -> str:
    """Return the error of blocks that are well formed and too long together, or nothing."""
    markdown = [block["text"] for block in blocks if block["type"] == "markdown"]
    if sum(map(len, markdown)) > MARKDOWN_CHARS:
        return "msg_too_long"
    rendered = sum(map(rendered_blocks, markdown)) + len(blocks) - len(markdown)
    return "msg_blocks_too_long" if rendered > MESSAGE_BLOCKS or _chars(list(blocks)) > MESSAGE_CHARS else ""


def rendered_blocks(markdown: str) -> int:
    """Return how many blocks Slack makes of a Markdown text: headings, fences, tables and rules each stand alone."""
    runs = [run for run in BREAK.split(markdown) if run.strip()]
    return len(runs) + len(BREAK.findall(markdown))


def _chars(node: object) -> int:
    if isinstance(node, dict):
        return sum(len(value) if isinstance(value, str) and key in {"text", "alt_text"} else _chars(value) for key, value in node.items())
    return sum(map(_chars, node)) if isinstance(node, list) else 0


def _block(block: object, where: str, surface: str) -> Offences:
    if not isinstance(block, dict):
        yield offence("must provide an object", where)
        return
    kind = block.get("type")
    if kind not in BLOCKS or (surface != "message" and kind in MESSAGE_ONLY):
        yield offence(f"unsupported type: {kind}", f"{where}/type")
        return
    yield from _string(block, "block_id", where, 255)
    yield from BLOCKS[kind](block, where)


def _string(holder: Json, name: str, where: str, most: int, *, least: int = 0, is_needed: bool = False) -> Offences:  # noqa: PLR0913
    value = holder.get(name)
    if value is None:
        if is_needed:
            yield offence(f"missing required field: {name}", where)
    elif not isinstance(value, str):
        yield offence("must provide a string", f"{where}/{name}")
    elif len(value) > most:
        yield offence(f"must be less than {most + 1} characters", f"{where}/{name}")
    elif len(value) < least:
        yield offence("must be more than 0 characters", f"{where}/{name}")


def _text(holder: Json, name: str, where: str, most: int, *, kinds: Sequence[str] = ("plain_text", "mrkdwn"), is_needed: bool = True) -> Offences:  # noqa: PLR0913
    value = holder.get(name)
    if value is None:
        if is_needed:
            yield offence(f"missing required field: {name}", where)
    elif not isinstance(value, dict):
        yield offence("must provide an object", f"{where}/{name}")
    elif value.get("type") not in kinds:
        yield offence(f"unsupported type: {value.get('type')}", f"{where}/{name}/type")
    else:
        found = list(_string(value, "text", f"{where}/{name}", most, least=1, is_needed=True))
        if found:
            yield offence("failed to match all allowed schemas", f"{where}/{name}")
        yield from found


def _plain(holder: Json, name: str, where: str, most: int, *, is_needed: bool = True) -> Offences:
    yield from _text(holder, name, where, most, kinds=("plain_text",), is_needed=is_needed)


def _items(holder: Json, name: str, where: str, most: int, least: int = 1) -> Offences:
    value = holder.get(name)
    if value is None:
        yield offence(f"missing required field: {name}", where)
    elif not isinstance(value, list):
        yield offence("must provide an array", f"{where}/{name}")
    elif len(value) > most:
        yield offence(f"no more than {most} items allowed", f"{where}/{name}")
    elif len(value) < least:
        yield offence(f"no fewer than {least} items allowed", f"{where}/{name}")


def _elements(block: Json, where: str, most: int, allowed: frozenset[str]) -> Offences:
    yield from _items(block, "elements", where, most)
    elements = block.get("elements")
    seen: set[str] = set()
    for place, element in enumerate(elements if isinstance(elements, list) else []):
        yield from _element(element, f"{where}/elements/{place}", allowed)
        name = element.get("action_id") if isinstance(element, dict) else None
        if name and name in seen:
            yield offence(f'`action_id` "{name}" already exists', f"{where}/elements/{place}/action_id")
        seen.add(name or "")


def _element(element: object, where: str, allowed: frozenset[str]) -> Offences:
    if not isinstance(element, dict):
        yield offence("must provide an object", where)
        return
    kind = element.get("type")
    if kind not in allowed:
        yield offence(f"unsupported type: {kind}", f"{where}/type")
        return
    yield from _string(element, "action_id", where, 255)
    yield from _plain(element, "placeholder", where, 150, is_needed=False)
    yield from ELEMENTS.get(kind, _nothing)(element, where)


def _nothing(element: Json, where: str) -> Offences:
    yield from ()


def _button(element: Json, where: str) -> Offences:
    yield from _plain(element, "text", where, 75)
    yield from _string(element, "value", where, 2000)
    yield from _string(element, "url", where, 3000)
    yield from _string(element, "accessibility_label", where, 75)
    if element.get("style") not in {None, "primary", "danger"}:
        yield offence("must be a valid enum value", f"{where}/style")
    yield from _confirm(element, where)


def _confirm(element: Json, where: str) -> Offences:
    confirm = element.get("confirm")
    if isinstance(confirm, dict):
        for name, most in (("title", 100), ("confirm", 30), ("deny", 30)):
            yield from _plain(confirm, name, f"{where}/confirm", most, is_needed=False)
        yield from _text(confirm, "text", f"{where}/confirm", 300)


def _icon_button(element: Json, where: str) -> Offences:
    if element.get("icon") != "trash":
        yield offence("must be a valid enum value", f"{where}/icon")
    yield from _plain(element, "text", where, 75)
    yield from _string(element, "value", where, 2000)
    yield from _confirm(element, where)


def _feedback_buttons(element: Json, where: str) -> Offences:
    for name in ("positive_button", "negative_button"):
        button = element.get(name)
        if isinstance(button, dict):
            yield from _plain(button, "text", f"{where}/{name}", 75)
            yield from _string(button, "value", f"{where}/{name}", 2000, is_needed=True)
        else:
            yield offence(f"missing required field: {name}", where)


def _select(element: Json, where: str) -> Offences:
    if "option_groups" in element:
        yield from _items(element, "option_groups", where, 100)
        for place, group in enumerate(element["option_groups"] if isinstance(element["option_groups"], list) else []):
            yield from _plain(group, "label", f"{where}/option_groups/{place}", 75)
            yield from _options(group, f"{where}/option_groups/{place}", 100)
    else:
        yield from _options(element, where, 100)


def _options(element: Json, where: str, most: int) -> Offences:
    yield from _items(element, "options", where, most)
    options = element.get("options")
    for place, option in enumerate(options if isinstance(options, list) else []):
        yield from _text(option, "text", f"{where}/options/{place}", 75)
        yield from _string(option, "value", f"{where}/options/{place}", 150, is_needed=True)
        yield from _text(option, "description", f"{where}/options/{place}", 75, is_needed=False)


def _plain_text_input(element: Json, where: str) -> Offences:
    for name, most in (("min_length", 3000), ("max_length", 3000)):
        value = element.get(name)
        if value is not None and not 0 <= int(value) <= most:
            yield offence(f"must be less than {most + 1}", f"{where}/{name}")
    yield from _string(element, "initial_value", where, int(element.get("max_length") or 3000))


def _image(element: Json, where: str) -> Offences:
    yield from _string(element, "alt_text", where, 2000, is_needed=True)
    yield from _string(element, "image_url", where, 3000)
    if ("image_url" in element) == ("slack_file" in element):
        yield offence("failed to match exactly one allowed schema", where)
    elif not str(element.get("image_url", "https://")).startswith(("https://", "http://")):
        yield offence("invalid image url", f"{where}/image_url")
    elif "slack_file" in element and not (isinstance(element["slack_file"], dict) and {"id", "url"} & set(element["slack_file"])):
        yield offence("invalid slack file", f"{where}/slack_file")


def _image_block(block: Json, where: str) -> Offences:
    yield from _image(block, where)
    yield from _plain(block, "title", where, 2000, is_needed=False)


def _section(block: Json, where: str) -> Offences:
    fields = block.get("fields")
    yield from _text(block, "text", where, 3000, is_needed=not fields)
    if fields is not None:
        yield from _items(block, "fields", where, 10)
        for place in range(len(fields) if isinstance(fields, list) else 0):
            yield from _text({str(place): fields[place]}, str(place), f"{where}/fields", 2000)
    if "accessory" in block:
        yield from _element(block["accessory"], f"{where}/accessory", ACTIONS | {"image"})


def _context(block: Json, where: str) -> Offences:
    yield from _items(block, "elements", where, 10)
    elements = block.get("elements")
    for place, element in enumerate(elements if isinstance(elements, list) else []):
        if isinstance(element, dict) and element.get("type") == "image":
            yield from _image(element, f"{where}/elements/{place}")
        else:
            yield from _text({str(place): element}, str(place), f"{where}/elements", 3000)


def _input(block: Json, where: str) -> Offences:
    yield from _plain(block, "label", where, 2000)
    yield from _plain(block, "hint", where, 2000, is_needed=False)
    if "element" in block:
        yield from _element(block["element"], f"{where}/element", INPUTS)
    else:
        yield offence("missing required field: element", where)


def _table(block: Json, where: str) -> Offences:
    yield from _items(block, "rows", where, 100)
    rows = block.get("rows")
    for place, row in enumerate(rows if isinstance(rows, list) else []):
        if not isinstance(row, list) or not 1 <= len(row) <= 20:
            yield offence("no more than 20 items allowed", f"{where}/rows/{place}")
    if _chars(rows) > 10_000:
        yield offence("invalid_tables: cells exceed 10000 characters", f"{where}/rows")


def _rich_text(block: Json, where: str) -> Offences:
    yield from _items(block, "elements", where, 1000, least=0)


def _task_card(block: Json, where: str) -> Offences:
    yield from _string(block, "task_id", where, 255, is_needed=True)
    yield from _string(block, "title", where, 256, is_needed=True)
    if block.get("status") not in {None, "pending", "in_progress", "complete", "error"}:
        yield offence("must be a valid enum value", f"{where}/status")


def _plan(block: Json, where: str) -> Offences:
    yield from _string(block, "title", where, 256, is_needed=True)


def _alert(block: Json, where: str) -> Offences:
    yield from _text(block, "text", where, 3000)
    if block.get("level") not in {None, "default", "info", "warning", "error", "success"}:
        yield offence("must be a valid enum value", f"{where}/level")


def _header(block: Json, where: str) -> Offences:
    yield from _plain(block, "text", where, 150)


def _markdown(block: Json, where: str) -> Offences:
    yield from _string(block, "text", where, 10**9, least=1, is_needed=True)


def _actions(block: Json, where: str) -> Offences:
    yield from _elements(block, where, 25, ACTIONS)


def _context_actions(block: Json, where: str) -> Offences:
    yield from _elements(block, where, 5, frozenset({"feedback_buttons", "icon_button"}))


BLOCKS: Mapping[Any, Check] = {
    "section": _section,
    "divider": _nothing,
    "image": _image_block,
    "context": _context,
    "actions": _actions,
    "context_actions": _context_actions,
    "header": _header,
    "markdown": _markdown,
    "input": _input,
    "rich_text": _rich_text,
    "table": _table,
    "task_card": _task_card,
    "plan": _plan,
    "alert": _alert,
    "card": _nothing,
    "carousel": _nothing,
    "container": _nothing,
    "video": _nothing,
    "file": _nothing,
}
ELEMENTS: Mapping[Any, Check] = {
    "button": _button,
    "icon_button": _icon_button,
    "feedback_buttons": _feedback_buttons,
    "static_select": _select,
    "multi_static_select": _select,
    "overflow": lambda element, where: _options(element, where, 5),
    "checkboxes": lambda element, where: _options(element, where, 10),
    "radio_buttons": lambda element, where: _options(element, where, 10),
    "plain_text_input": _plain_text_input,
    "image": _image,
}
