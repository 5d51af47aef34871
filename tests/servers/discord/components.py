"""Discord's rules on components: in messages of both kinds, and in the forms called modals."""

from collections import Counter
from collections.abc import Sequence

from tests.servers.discord.entities import Json, Value, walk
from tests.servers.discord.refusals import Offences

ROW, BUTTON, SELECT, INPUT, USER_SELECT, ROLE_SELECT, ANY_SELECT, CHANNEL_SELECT = range(1, 9)
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR = range(9, 15)
CONTAINER, LABEL, UPLOAD, RADIO, CHECKBOXES, CHECKBOX = 17, 18, 19, 21, 22, 23
SELECTS = {SELECT, USER_SELECT, ROLE_SELECT, ANY_SELECT, CHANNEL_SELECT}
TOP_V2 = {ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER}
IN_CONTAINER = TOP_V2 - {CONTAINER}
IN_LABEL = {INPUT, UPLOAD, RADIO, CHECKBOXES, CHECKBOX, *SELECTS}
MOST_PARTS, MOST_TEXT, MOST_MODAL_PARTS = 40, 4000, 5
BLANKS: dict[int, Json] = {
    TEXT: {},
    CONTAINER: {"accent_color": None, "spoiler": False},
    SEPARATOR: {"spacing": 1, "divider": True},
    SELECT: {"min_values": 1, "max_values": 1},
    FILE: {"name": None, "size": None, "spoiler": False},
    THUMBNAIL: {"description": None, "spoiler": False},
}
"""What Discord adds to a component that leaves it out."""


class Judge:
    """Walks over components and notes what breaks a rule."""

    def __init__(self, offences: Offences, files: Sequence[str] = ()) -> None:
        self.offences = offences
        self.files = set(files)

    def message(self, parts: Value, *, is_v2: bool) -> None:
        """Judge the components of a message."""
        if not self.offences.size("components", parts, 0, MOST_PARTS if is_v2 else 5):
            return
        for place, part in enumerate(parts):
            self._part(f"components.{place}", part, TOP_V2 if is_v2 else {ROW})
        if self.offences.found:
            return
        every = list(walk(parts))
        if len(every) > MOST_PARTS:
            self.offences.add("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", f"The maximum number of components is {MOST_PARTS}")
        if sum(len(part["content"]) for part in every if part["type"] == TEXT) > MOST_TEXT:
            sentence = f"The total displayable text size exceeds the maximum size of {MOST_TEXT}"
            self.offences.add("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", sentence)
        self._unique(every)

    def modal(self, data: Value) -> None:
        """Judge the form of a callback of type 9."""
        self.offences.length("data.title", data.get("title"), 1, 45)
        self.offences.length("data.custom_id", data.get("custom_id"), 1, 100)
        parts = data.get("components")
        if not self.offences.size("data.components", parts, 1, MOST_MODAL_PARTS):
            return
        for place, part in enumerate(parts):
            self._modal_part(f"data.components.{place}", part)
        if not self.offences.found:
            self._unique(list(walk(parts)))

    def _unique(self, every: Sequence[Json]) -> None:
        for name in ("custom_id", "id"):
            counted = Counter(part[name] for part in every if part.get(name))
            if any(count > 1 for count in counted.values()):
                self.offences.add("components", f"COMPONENT_{name.upper()}_DUPLICATED", f"Component {name} cannot be duplicated")

    def _kind(self, where: str, part: Value, allowed: set[int]) -> int:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in allowed:
            listed = ", ".join(map(str, sorted(allowed)))
            self.offences.add(f"{where}.type", "UNION_TYPE_CHOICES", f'Value of field "type" must be one of ({listed}).')
            return 0
        return int(kind)

    def _part(self, where: str, part: Value, allowed: set[int]) -> None:
        kind = self._kind(where, part, allowed)
        if kind == ROW:
            self._row(where, part)
        elif kind == TEXT:
            self.offences.length(f"{where}.content", part.get("content"), 1, MOST_TEXT)
        elif kind == CONTAINER:
            self._children(f"{where}.components", part.get("components"), IN_CONTAINER, MOST_PARTS)
        elif kind == SECTION:
            self._children(f"{where}.components", part.get("components"), {TEXT}, 3)
            self._leaf(f"{where}.accessory", part.get("accessory"), {BUTTON, THUMBNAIL})
        elif kind == GALLERY:
            if self.offences.size(f"{where}.items", part.get("items"), 1, 10):
                for place, item in enumerate(part["items"]):
                    self._media(f"{where}.items.{place}.media", item.get("media"))
        elif kind == FILE:
            self._media(f"{where}.file", part.get("file"), must_be_attached=True)

    def _children(self, where: str, parts: Value, allowed: set[int], most: int) -> None:
        if self.offences.size(where, parts, 1, most):
            for place, part in enumerate(parts):
                self._part(f"{where}.{place}", part, allowed)

    def _media(self, where: str, media: Value, *, must_be_attached: bool = False) -> None:
        url = (media or {}).get("url", "")
        if url.startswith("attachment://"):
            if url.removeprefix("attachment://") not in self.files:
                code = "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"
                self.offences.add(f"{where}.url", code, "The referenced attachment was not found")
        elif must_be_attached or not url.startswith(("http://", "https://")):
            self.offences.add(f"{where}.url", "URL_TYPE_INVALID_SCHEME", "Must be an attachment:// reference" if must_be_attached else "Not a URL")

    def _row(self, where: str, row: Json) -> None:
        parts = row.get("components")
        if not self.offences.size(f"{where}.components", parts, 1, 5):
            return
        assert isinstance(parts, list)
        if len(parts) > 1 and any(part.get("type") in SELECTS for part in parts):
            self.offences.add(f"{where}.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width")
        for place, part in enumerate(parts):
            self._leaf(f"{where}.components.{place}", part, {BUTTON, *SELECTS})

    def _leaf(self, where: str, part: Value, allowed: set[int]) -> None:
        kind = self._kind(where, part, allowed)
        if kind == BUTTON:
            self._button(where, part)
        elif kind in SELECTS:
            self._select(where, part)
        elif kind == THUMBNAIL:
            self._media(f"{where}.media", part.get("media"))

    def _button(self, where: str, part: Json) -> None:
        style = int(part.get("style") or 0)
        if style not in range(1, 7):
            self.offences.add(f"{where}.style", "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3, 4, 5, 6}.")
        elif style == 5:
            self._link(where, part)
        elif style < 5:
            self.offences.length(f"{where}.custom_id", part.get("custom_id"), 1, 100)
            if part.get("url"):
                self.offences.add(f"{where}.url", "BUTTON_COMPONENT_URL_AND_CUSTOM_ID", "A custom id and url cannot both be specified")
        if part.get("label") is not None:
            self.offences.length(f"{where}.label", part["label"], 0, 80)
        if not part.get("label") and not part.get("emoji") and style != 6:
            self.offences.add(where, "BUTTON_COMPONENT_INVALID", "A button must have a label or emoji")
        self._emoji(where, part)

    def _link(self, where: str, part: Json) -> None:
        self.offences.length(f"{where}.url", part.get("url"), 1, 512)
        if part.get("custom_id"):
            self.offences.add(f"{where}.custom_id", "BUTTON_COMPONENT_URL_AND_CUSTOM_ID", "A custom id and url cannot both be specified")
        if not str(part.get("url")).startswith(("http://", "https://", "discord://")):
            self.offences.add(f"{where}.url", "URL_TYPE_INVALID_SCHEME", "Scheme must be one of ('discord', 'http', 'https').")

    def _emoji(self, where: str, part: Json) -> None:
        emoji = part.get("emoji") or {}
        if emoji and not emoji.get("id") and (not emoji.get("name") or str(emoji["name"]).isascii()):
            self.offences.add(f"{where}.emoji.name", "COMPONENT_INVALID_EMOJI", "Invalid emoji")

    def _select(self, where: str, part: Json) -> None:
        self.offences.length(f"{where}.custom_id", part.get("custom_id"), 1, 100)
        if part.get("placeholder") is not None:
            self.offences.length(f"{where}.placeholder", part["placeholder"], 0, 150)
        if part["type"] == SELECT:
            self._options(where, part, 1, 25)
        self._range(where, part, 25)

    def _range(self, where: str, part: Json, most: int) -> None:
        least = int(1 if part.get("min_values") is None else part["min_values"])
        highest = int(1 if part.get("max_values") is None else part["max_values"])
        count = len(part["options"]) if isinstance(part.get("options"), list) else most
        if not 0 <= least <= highest <= min(most, count):
            self.offences.add(f"{where}.max_values", "NUMBER_TYPE_MAX", f"int value should be less than or equal to {min(most, count)}.")

    def _options(self, where: str, part: Json, least: int, most: int) -> None:
        if not self.offences.size(f"{where}.options", part.get("options"), least, most):
            return
        for place, option in enumerate(part["options"]):
            for name in ("label", "value"):
                self.offences.length(f"{where}.options.{place}.{name}", option.get(name), 1, 100)
            if option.get("description") is not None:
                self.offences.length(f"{where}.options.{place}.description", option["description"], 0, 100)
            self._emoji(f"{where}.options.{place}", option)
        values = [option.get("value") for option in part["options"]]
        if len(set(values)) < len(values):
            self.offences.add(f"{where}.options", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is already used")

    def _modal_part(self, where: str, part: Value) -> None:
        kind = self._kind(where, part, {ROW, TEXT, LABEL})
        if kind == TEXT:
            self.offences.length(f"{where}.content", part.get("content"), 1, MOST_TEXT)
        elif kind == LABEL:
            self.offences.length(f"{where}.label", part.get("label"), 1, 45)
            if part.get("description") is not None:
                self.offences.length(f"{where}.description", part["description"], 1, 100)
            self._field(f"{where}.component", part.get("component"), IN_LABEL, needs_label=False)
        elif kind == ROW and self.offences.size(f"{where}.components", part.get("components"), 1, 1):
            self._field(f"{where}.components.0", part["components"][0], {INPUT}, needs_label=True)

    def _field(self, where: str, part: Value, allowed: set[int], *, needs_label: bool) -> None:
        kind = self._kind(where, part, allowed)
        if not kind:
            return
        self.offences.length(f"{where}.custom_id", part.get("custom_id"), 1, 100)
        if kind == INPUT:
            self._input(where, part, needs_label=needs_label)
        elif kind in SELECTS:
            self._select(where, part)
        elif kind in {RADIO, CHECKBOXES}:
            self._options(where, part, 2 if kind == RADIO else 1, 10)
        elif kind == UPLOAD:
            self._range(where, part, 10)

    def _input(self, where: str, part: Json, *, needs_label: bool) -> None:
        if part.get("style") not in {1, 2}:
            self.offences.add(f"{where}.style", "BASE_TYPE_CHOICES", "Value must be one of {1, 2}.")
        if needs_label or part.get("label") is not None:
            self.offences.length(f"{where}.label", part.get("label"), 1, 45)
            if not needs_label:
                self.offences.add(f"{where}.label", "TEXT_INPUT_LABEL_IN_LABEL", "A text input in a label has no label of its own")
        for name, most in (("placeholder", 100), ("value", MOST_TEXT)):
            if part.get(name) is not None:
                self.offences.length(f"{where}.{name}", part[name], 0, most)
        least = int(part.get("min_length") or 0)
        highest = int(MOST_TEXT if part.get("max_length") is None else part["max_length"])
        if not 0 <= least <= highest <= MOST_TEXT or highest == 0:
            self.offences.add(f"{where}.max_length", "NUMBER_TYPE_MAX", f"int value should be less than or equal to {MOST_TEXT}.")


def numbered(parts: Sequence[Json]) -> list[Json]:
    """Return the components as Discord gives them back: each with a number and with what it left out."""
    copies = [_copied(part) for part in parts]
    taken = {part["id"] for part in walk(copies) if part.get("id")}
    free = (number for number in range(1, 10_000) if number not in taken)
    for part in walk(copies):
        if not part.get("id"):
            part["id"] = next(free)
    return copies


def _copied(part: Json) -> Json:
    copy = BLANKS.get(part["type"], {}) | {name: value for name, value in part.items() if value is not None or name == "accent_color"}
    if "components" in copy:
        copy["components"] = [_copied(each) for each in copy["components"]]
    for name in ("accessory", "component"):
        if copy.get(name):
            copy[name] = _copied(copy[name])
    return copy
