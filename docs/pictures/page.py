"""A conversation as a page of a phone. What the platforms add themselves is drawn too: names, marks, what was typed or pressed."""

import base64
import html
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from core.settings import shipped_course

STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
DARK, LIGHT = "dark", "light"
LOOKS: Mapping[tuple[str, str], str] = {
    ("discord", DARK): "--paper:#1a1a1e;--ink:#e1e2e6;--soft:#9a9ba4;--line:#2e2f36;--plain:#313239;--word:#e1e2e6;--edge:#3b3c45;--first:#5865f2",
    ("discord", LIGHT): "--paper:#fff;--ink:#2a2b31;--soft:#63656f;--line:#e3e4e8;--plain:#eff0f3;--word:#2a2b31;--edge:#dcdde2;--first:#5865f2",
    ("slack", DARK): "--paper:#1a1d21;--ink:#d8d9db;--soft:#a3a5a9;--line:#303338;--plain:#1a1d21;--word:#e8e8e8;--edge:#565a61;--first:#00795a",
    ("slack", LIGHT): "--paper:#fff;--ink:#1d1c1d;--soft:#616061;--line:#e2e2e2;--plain:#fff;--word:#1d1c1d;--edge:#c4c4c6;--first:#00795a",
}
HUES = ("#c2410c", "#0f766e", "#7a3e82")
READ = MarkdownIt("commonmark", {"html": False})


def page(platform: str, ground: str, conversation: Mapping[str, Any]) -> str:
    """Return the page of a conversation, on a dark or a light ground."""
    people = list(dict.fromkeys(each["by"] for each in conversation["messages"] if "did" in each))
    body = "".join(_message(each, people) for each in conversation["messages"])
    head = f'<!doctype html><html lang="fr"><meta charset="utf-8"><style>{STYLE}</style>'
    place = f"<header><i>#</i>{html.escape(conversation['place'])}</header>"
    return f'{head}<body><main class="{platform} {ground}" style="{LOOKS[platform, ground]}">{place}{body}</main></body></html>'


def _message(message: Mapping[str, Any], people: list[str]) -> str:
    name = message["by"]
    hue = HUES[people.index(name) % len(HUES)] if name in people else "#5865f2"
    face = f'<div class="face" style="background:{hue}">{html.escape(name[0])}</div>'
    title = f'<div class="name">{html.escape(name)}'
    if "did" in message:
        return f'<article class="mine">{face}<div>{title}</div><div class="did">{_did(message["did"])}</div></div></article>'
    body = "".join(_part(part) for part in message["parts"])
    if message["only_for"]:
        return f'<article class="alone"><div></div><div>{body}</div></article>'
    return f"<article>{face}<div>{title}<b>APP</b></div>{body}</div></article>"


def _did(text: str) -> str:
    """Return what a student typed: a command or a mention is marked."""
    return re.sub(r"^([/@]\w+)", r"<code>\1</code>", html.escape(text))


def _part(part: Mapping[str, Any]) -> str:
    if "buttons" in part:
        return f'<div class="buttons">{"".join(_button(*each) for each in part["buttons"])}</div>'
    if "picture" in part:
        content = (shipped_course() / "figures" / part["picture"]).read_bytes()
        return f'<img src="data:image/png;base64,{base64.b64encode(content).decode()}">'
    return "".join(_text(part["text"]))


def _button(label: str, kind: str) -> str:
    return f'<span class="{kind}">{html.escape(label)}</span>'


def _text(text: str) -> Iterator[str]:
    """Yield a text as both platforms show it: Markdown, and small print behind `-# `."""
    plain = "\n".join(line for line in text.splitlines() if not line.startswith("-# "))
    if plain.strip():
        yield f'<div class="text">{READ.render(plain)}</div>'
    yield from (f'<div class="small">{html.escape(line[3:])}</div>' for line in text.splitlines() if line.startswith("-# "))
