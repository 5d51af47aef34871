"""What the app is sent when a person types a command, presses, chooses or submits."""

from collections.abc import Mapping

from tests.servers.slack.shapes import message_json, person_json, team_json, view_json
from tests.servers.slack.state import APP, TEAM, TEAM_NAME, Channel, Json, Message, Refused, User, View, Workspace, elements_of, labels_of

NAMES = {"channel": "", "group": "privategroup", "im": "directmessage"}
CHOICES = frozenset({"static_select", "multi_static_select", "radio_buttons", "checkboxes", "overflow"})


def command(space: Workspace, user: User, channel: Channel, name: str, text: str) -> dict[str, str]:
    """Return the form of a slash command."""
    return {
        "token": "verification",
        "team_id": TEAM,
        "team_domain": TEAM_NAME.lower(),
        "channel_id": channel.id,
        "channel_name": NAMES[channel.kind] or channel.name,
        "user_id": user.id,
        "user_name": user.name,
        "command": name,
        "text": text,
        "api_app_id": APP,
        "is_enterprise_install": "false",
        "response_url": space.new_hook(channel.id, user.id),
        "trigger_id": space.new_trigger(user.id),
    }


def _interaction(space: Workspace, kind: str, user: User) -> Json:
    basis = {"type": kind, "team": team_json(), "user": person_json(user), "api_app_id": APP, "token": "verification"}
    return {**basis, "trigger_id": space.new_trigger(user.id), "enterprise": None, "is_enterprise_install": False}


def _place(space: Workspace, message: Message) -> Json:
    channel = space.channels[message.channel]
    return {"id": channel.id, "name": NAMES[channel.kind] or channel.name}


def press(space: Workspace, user: User, on: Message | View, action: Json) -> Json:
    """Return a block_actions interaction on a message or a view."""
    found = _interaction(space, "block_actions", user) | {"actions": [action]}
    if isinstance(on, View):
        return found | {"container": {"type": "view", "view_id": on.id}, "view": view_json(on)}
    container = {"type": "message", "message_ts": on.ts, "channel_id": on.channel, "is_ephemeral": bool(on.recipient)}
    if on.thread_ts:
        container["thread_ts"] = on.thread_ts
    found |= {"container": container, "channel": _place(space, on), "state": {"values": {}}, "response_url": space.new_hook(on.channel, user.id, on)}
    return found if on.recipient else found | {"message": message_json(space, on)}


def shortcut(space: Workspace, user: User, callback_id: str, message: Message) -> Json:
    """Return a message shortcut."""
    found = _interaction(space, "message_action", user) | {"callback_id": callback_id, "message": message_json(space, message)}
    url = space.new_hook(message.channel, user.id)
    return found | {"message_ts": message.ts, "channel": _place(space, message), "response_url": url, "action_ts": space.new_ts()}


def submission(space: Workspace, user: User, view: View, values: Mapping[str, object]) -> Json:
    """Return a view_submission with what the person filled in."""
    state = {"values": state_of(view, values)}
    return _interaction(space, "view_submission", user) | {"view": view_json(view) | {"state": state}, "response_urls": []}


def closing(space: Workspace, user: User, view: View) -> Json:
    """Return a view_closed."""
    return _interaction(space, "view_closed", user) | {"view": view_json(view), "is_cleared": False}


def find_element(on: Message | View, wanted: str) -> Json:
    """Return the element with this action_id or label, as the person would press it."""
    elements = list(elements_of(on.blocks))
    for element in elements:
        if wanted in {element["action_id"], element.get("value")} or wanted in labels_of(element):
            return element
    raise Refused(f"there is no {wanted!r} to press among {[[element['action_id'], *labels_of(element)] for element in elements]}")


def action_of(space: Workspace, element: Json, option: str = "") -> Json:
    """Return the action that pressing an element makes."""
    action: Json = {name: element[name] for name in ("action_id", "block_id", "type", "text", "value") if name in element}
    action["action_ts"] = space.new_ts()
    if element["type"] in CHOICES:
        action |= _chosen(element, option)
    return action


def _chosen(element: Json, option: str) -> Json:
    groups = element.get("option_groups") or [element]
    options = [choice for group in groups for choice in group["options"]]
    found = next((choice for choice in options if option in {choice["value"], choice["text"]["text"]}), None)
    if found is None:
        raise Refused(f"{option!r} is not among {[choice['value'] for choice in options]}")
    many = element["type"] in {"multi_static_select", "checkboxes"}
    return {"selected_options": [found]} if many else {"selected_option": found}


def rate(element: Json, action: Json, *, positive: bool) -> Json:
    """Return the action of a feedback button."""
    button = element["positive_button" if positive else "negative_button"]
    return action | {"value": button["value"], "text": button["text"]}


def state_of(view: View, values: Mapping[str, object]) -> Json:
    """Return the state of a view's inputs; a value goes by label, block_id or action_id."""
    state: Json = {}
    left = dict(values)
    for block in view.blocks:
        element = block.get("element") or block.get("accessory") or {}
        if "action_id" in element:
            names = (block["block_id"], element["action_id"], ((block.get("label") or {}).get("text")))
            value = next((left.pop(name) for name in names if name in left), None)
            _must(block, element, value)
            state[block["block_id"]] = {element["action_id"]: {"type": element["type"], **_filled(element, value)}}
    if left:
        raise Refused(f"the view has no {sorted(left)}")
    return state


def _must(block: Json, element: Json, value: object) -> None:
    text = str(value or element.get("initial_value") or "")
    is_given = bool(text) or any(name in element for name in ("initial_option", "initial_options"))
    if block["type"] == "input" and not block.get("optional") and not is_given:
        raise Refused(f"{block['label']['text']!r} must be filled in")
    most, least = int(element.get("max_length") or 3000), int(element.get("min_length") or 0)
    if element["type"] == "plain_text_input" and not (least <= len(text) <= most or (not text and block.get("optional"))):
        raise Refused(f"{len(text)} characters where {least} to {most} are allowed")


def _filled(element: Json, value: object) -> Json:
    if element["type"] in CHOICES:
        initial = {"selected_option": element.get("initial_option")}
        many = {"selected_options": element.get("initial_options") or []}
        blank = many if element["type"] in {"multi_static_select", "checkboxes"} else initial
        return _chosen(element, str(value)) if value is not None else blank
    return {"value": str(value) if value is not None else element.get("initial_value")}
