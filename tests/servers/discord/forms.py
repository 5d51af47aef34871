"""What a student's client accepts in an option, a select or a form before it is sent at all."""

from collections.abc import Callable, Sequence
from typing import Any

from tests.servers.discord.commands import BOOLEAN, INTEGER, NUMBER, STRING
from tests.servers.discord.components import CHECKBOX, CHECKBOXES, INPUT, LABEL, RADIO, ROW, SELECT, UPLOAD
from tests.servers.discord.entities import Attachment, Json, Value

MOST_STRING = 6000
Keep = Callable[[str, bytes], Attachment]


class Impossible(AssertionError):
    """A test asked for what no student's client lets happen."""


def option_value(option: Json, value: Value) -> Value:
    """Return the value of a command's option, as its type wants it."""
    kind, name = option["type"], option["name"]
    types: dict[int, type | tuple[type, ...]] = {STRING: str, INTEGER: int, BOOLEAN: bool, NUMBER: (int, float)}
    if not isinstance(value, types.get(kind, object)) or (isinstance(value, bool) and kind != BOOLEAN):
        raise Impossible(f"the option {name!r} does not take {value!r}")
    choices = option.get("choices")
    if choices and value not in [choice["value"] for choice in choices]:
        raise Impossible(f"{value!r} is not offered for {name!r}")
    if kind in {STRING, INTEGER, NUMBER}:
        measure, suffix = (len(str(value)), "length") if kind == STRING else (float(str(value)), "value")
        least, most = option.get(f"min_{suffix}"), option.get(f"max_{suffix}")
        if (least is not None and measure < least) or (most is not None and measure > most) or (kind == STRING and measure > MOST_STRING):
            raise Impossible(f"{name!r} is out of bounds: {value!r}")
    return value


def chosen(part: Json, values: Sequence[str]) -> list[str]:
    """Return what is chosen in a select, if it may be."""
    offered = [option["value"] for option in part["options"]]
    least = 1 if part.get("min_values") is None else part["min_values"]
    if not least <= len(values) <= (part.get("max_values") or 1) or any(value not in offered for value in values):
        raise Impossible(f"{values} cannot be chosen among {offered}")
    return list(values)


def filled(parts: Sequence[Json], values: dict[str, Any], keep: Keep) -> tuple[list[Json], list[Attachment]]:
    """Return a form's components as they are sent, with the files among them."""
    files: list[Attachment] = []
    sent = []
    for number, part in enumerate(parts, 1):
        if part["type"] == LABEL:
            sent.append({"type": LABEL, "id": number, "component": _field(part["component"], part["label"], values, keep, files)})
        elif part["type"] == ROW:
            inner = part["components"][0]
            sent.append({"type": ROW, "id": number, "components": [_field(inner, inner.get("label", ""), values, keep, files)]})
        else:
            sent.append({"type": part["type"], "id": number})
    if values:
        raise Impossible(f"the form has no {list(values)}")
    return sent, files


def _field(part: Json, label: str, values: dict[str, Any], keep: Keep, files: list[Attachment]) -> Json:
    name = part["custom_id"]
    value = values.pop(name, values.pop(label, None))
    sent = {"type": part["type"], "id": part.get("id") or 100 + len(name), "custom_id": name}
    is_required = part.get("required", True) is not False and part["type"] != CHECKBOX
    if is_required and value in (None, "", []) and not part.get("value"):
        raise Impossible(f"the form needs {label or name!r}")
    if part["type"] == INPUT:
        return {**sent, "value": _text(part, part.get("value") or "" if value is None else value)}
    if part["type"] == UPLOAD:
        kept = [keep(*file) for file in value or []]
        files += kept
        return {**sent, "values": [file.id for file in kept]}
    if part["type"] in {RADIO, CHECKBOX}:
        return {**sent, "value": _picked(part, value)}
    picks = [value] if isinstance(value, str) else list(value or [])
    if part["type"] in {SELECT, CHECKBOXES} and picks:
        picks = chosen({"max_values": len(part["options"]) if part["type"] == CHECKBOXES else 1, **_present(part)}, picks)
    return {**sent, "values": picks}


def _present(part: Json) -> Json:
    return {name: value for name, value in part.items() if value is not None}


def _picked(part: Json, value: Value) -> Value:
    if part["type"] == CHECKBOX:
        return bool(value)
    if value is not None and value not in [option["value"] for option in part["options"]]:
        raise Impossible(f"{value!r} is not offered in {part}")
    return value


def _text(part: Json, value: Value) -> str:
    least, most = part.get("min_length") or 0, part.get("max_length") or 4000
    if not isinstance(value, str) or len(value) > most or (value and len(value) < least):
        raise Impossible(f"the form does not take {value!r}")
    return value
