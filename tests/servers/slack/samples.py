"""Blocks that Slack takes, and blocks that it refuses."""

from collections.abc import Mapping

from tests.servers.slack.state import Json


def plain(text: str) -> Json:
    """Return a plain text."""
    return {"type": "plain_text", "text": text}


def button(name: str = "go", **more: object) -> Json:
    """Return a button."""
    return {"type": "button", "action_id": name, "text": plain(name), **more}


def actions(*elements: Json) -> Json:
    """Return a row of buttons."""
    return {"type": "actions", "elements": list(elements)}


def section(text: str = "bonjour") -> Json:
    """Return a paragraph."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def icon(name: str) -> Json:
    """Return an icon button."""
    return {"type": "icon_button", "icon": name, "text": plain("x")}


def option(value: str) -> Json:
    """Return a choice."""
    return {"text": plain("o"), "value": value}


THUMBS: Json = {
    "type": "feedback_buttons",
    "action_id": "thumbs",
    "positive_button": {"text": plain("Utile"), "value": "up"},
    "negative_button": {"text": plain("Pas utile"), "value": "down"},
}
FIELD: Json = {"type": "input", "block_id": "why", "label": plain("Pourquoi ?"), "element": {"type": "plain_text_input", "action_id": "text"}}
MODAL: Json = {"type": "modal", "callback_id": "report", "title": plain("Signaler"), "submit": plain("Envoyer"), "blocks": [FIELD]}
SELECT: Json = {"type": "static_select", "action_id": "s", "options": [option(str(place)) for place in range(101)]}

BAD_BLOCKS: Mapping[str, tuple[list[Json], str]] = {
    "section": ([section("a" * 3001)], "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    "empty": ([section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    "fifty": ([{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    "header": ([{"type": "header", "text": plain("a" * 151)}], "must be less than 151 characters [json-pointer:/blocks/0/text/text]"),
    "label": ([actions(button("a" * 76))], "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]"),
    "value": ([actions(button(value="v" * 2001))], "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]"),
    "id": ([actions(button() | {"action_id": "i" * 256})], "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]"),
    "twins": ([actions(button(), button())], '`action_id` "go" already exists [json-pointer:/blocks/0/elements/1/action_id]'),
    "actions": ([actions(*(button(str(place)) for place in range(26)))], "no more than 25 items allowed [json-pointer:/blocks/0/elements]"),
    "context": ([{"type": "context", "elements": [plain("a")] * 11}], "no more than 10 items allowed [json-pointer:/blocks/0/elements]"),
    "thumbs": ([{"type": "context_actions", "elements": [button()]}], "unsupported type: button [json-pointer:/blocks/0/elements/0/type]"),
    "icon": ([{"type": "context_actions", "elements": [icon("star")]}], "must be a valid enum value [json-pointer:/blocks/0/elements/0/icon]"),
    "image": ([{"type": "image", "image_url": "https://x.fr/a.png"}], "missing required field: alt_text [json-pointer:/blocks/0]"),
    "file": ([{"type": "image", "slack_file": {"id": "F1"}, "alt_text": "a"}], "invalid slack file [json-pointer:/blocks/0/slack_file]"),
    "select": ([section() | {"accessory": SELECT}], "no more than 100 items allowed [json-pointer:/blocks/0/accessory/options]"),
    "unknown": ([{"type": "marquee"}], "unsupported type: marquee [json-pointer:/blocks/0/type]"),
}
"""What is refused, and the words that name the place."""

HALF: Json = {"type": "markdown", "text": "a" * 6001}
BAD_TEXTS: Mapping[str, tuple[str, Json]] = {
    "text": ("msg_too_long", {"text": "a" * 40_001}),
    "markdown": ("msg_too_long", {"markdown_text": "a" * 12_001}),
    "halves": ("msg_too_long", {"text": "repli", "blocks": [HALF, HALF]}),
    "sum": ("msg_blocks_too_long", {"text": "repli", "blocks": [section("a" * 3000)] * 5}),
    "headings": ("msg_blocks_too_long", {"markdown_text": "# t\n\nun\n\n" * 26}),
    "both": ("markdown_text_conflict", {"text": "a", "markdown_text": "b"}),
    "nothing": ("no_text", {"text": ""}),
}
"""Texts that are refused, with the error."""

MANIFEST: Json = {
    "display_information": {"name": "Profond"},
    "features": {"slash_commands": [{"command": "/cours"}], "shortcuts": [{"callback_id": "explain"}]},
    "oauth_config": {"scopes": {"bot": ["chat:write"]}},
}
