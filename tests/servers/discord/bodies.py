"""Messages that Discord refuses, each with the field that is wrong, and the parts that they are made of."""

from tests.servers.discord.entities import COMPONENTS_V2, Json, Value


def text_parts(*texts: str) -> list[Json]:
    """Return text displays."""
    return [{"type": 10, "content": text} for text in texts]


def buttons(*names: str, **more: Value) -> list[Json]:
    """Return a row of buttons, each with its name as its custom id."""
    return [{"type": 1, "components": [{"type": 2, "style": 1, "label": name, "custom_id": name, **more} for name in names]}]


def choices(count: int) -> list[Json]:
    """Return a row with one select of so many options."""
    options = [{"label": str(number), "value": str(number)} for number in range(count)]
    return [{"type": 1, "components": [{"type": 3, "custom_id": "s", "options": options}]}]


REFUSED: dict[str, tuple[Json, str]] = {
    "a long text": ({"content": "x" * 2001}, "content"),
    "an unknown file": ({"content": "x", "attachments": [{"id": 0}]}, "attachments"),
    "a long nonce": ({"content": "x", "nonce": "9" * 26}, "nonce"),
    "a text beside components": ({"content": "x", "flags": COMPONENTS_V2, "components": text_parts("y")}, "content"),
    "components without the flag": ({"components": text_parts("y")}, "components"),
    "41 components": ({"flags": COMPONENTS_V2, "components": [{"type": 17, "components": text_parts(*["y"] * 40)}]}, "components"),
    "4,001 characters": ({"flags": COMPONENTS_V2, "components": text_parts("y" * 2001, "y" * 2000)}, "components"),
    "an empty text display": ({"flags": COMPONENTS_V2, "components": text_parts("")}, "components"),
    "six buttons": ({"content": "x", "components": buttons(*"abcdef")}, "components"),
    "six rows": ({"content": "x", "components": [row for name in "abcdef" for row in buttons(name)]}, "components"),
    "the same custom id": ({"content": "x", "components": buttons("a", "a")}, "components"),
    "a long custom id": ({"content": "x", "components": buttons("a", custom_id="x" * 101)}, "components"),
    "a long label": ({"content": "x", "components": buttons("x" * 81, custom_id="a")}, "components"),
    "an emoji in letters": ({"content": "x", "components": buttons("a", emoji={"name": ":+1:"})}, "components"),
    "26 options": ({"content": "x", "components": choices(26)}, "components"),
    "no option": ({"content": "x", "components": choices(0)}, "components"),
    "a file that is not there": ({"flags": COMPONENTS_V2, "components": [{"type": 13, "file": {"url": "attachment://a.png"}}]}, "components"),
    "eleven embeds": ({"embeds": [{"title": "x"}] * 11}, "embeds"),
    "a long embed": ({"embeds": [{"description": "x" * 4097}]}, "embeds"),
}
