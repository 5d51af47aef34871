"""What an answer may hold, and what the face that shows it can draw."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from core.markup.blocks import blocks

TRAILING = ".,;:!?…»\"'"


@dataclass(frozen=True)
class Dialect:
    """What a face draws of Markdown. The default is what every chat can show; a face that draws more says so.

    Attributes:
        tables: tables are drawn; else they become aligned code, or lists where they are too wide for a phone.
        headings: the deepest heading that is drawn; deeper ones become bold lines.
        lines: horizontal lines are drawn; else they are left out.
    """

    tables: bool = False
    headings: int = 3
    lines: bool = False


@dataclass(frozen=True)
class Rules:
    """What an answer may hold.

    Attributes:
        links: prefixes of addresses that may be shown as links.
        sources: ids of the cards that were retrieved; `[1]` names the first.
        dialect: what the face draws.
        secret: the instructions given to the model; no twelve words of them in a row are shown.
    """

    links: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    dialect: Dialect = Dialect()
    secret: str = ""


def is_allowed(address: str, rules: Rules) -> bool:
    """Whether an address lies below one of the allowed ones: same scheme, same host, same path or deeper."""
    try:
        asked = urlsplit(address)
        return "\\" not in address and any(_is_below(asked, _split(prefix)) for prefix in rules.links)
    except ValueError:
        return False


@lru_cache(maxsize=1000)
def _split(prefix: str) -> SplitResult:
    return urlsplit(prefix)


def _is_below(asked: SplitResult, prefix: SplitResult) -> bool:
    same = (asked.scheme, asked.netloc.lower()) == (prefix.scheme, prefix.netloc.lower())
    path, below = asked.path or "/", prefix.path.rstrip("/")
    is_straight = ".." not in path.lower().replace("%2e", ".")
    return same and bool(asked.netloc) and is_straight and (path == below or path.startswith(f"{below}/"))


def source_numbers(source: str, rules: Rules) -> str:
    """Return the numbers of the sources named that were retrieved, as `[1]`; nothing for those that were not."""
    numbers = []
    for part in re.split(r"\s*[,;]\s*", source.strip()):
        if part in rules.sources:
            numbers.append(rules.sources.index(part) + 1)
        elif part.isdecimal() and 1 <= int(part[:4]) <= len(rules.sources):
            numbers.append(int(part[:4]))
    return "".join(f"[{number}]" for number in dict.fromkeys(numbers))


def cited(text: str, count: int) -> tuple[int, ...]:
    """Return the numbers of the sources that a cleaned text names outside code, in order, each once."""
    prose = "".join(text[block.start : block.end] for block in blocks(text) if block.kind != "fence")
    found = (int(number) for number in re.findall(r"\[(\d{1,2})\](?!\()", re.sub(r"`[^`\n]*`", "", prose)))
    return tuple(dict.fromkeys(number for number in found if 1 <= number <= count))


def links_in(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the addresses that stand in the course's own texts."""
    return tuple(dict.fromkeys(found.rstrip(TRAILING) for text in texts for found in re.findall(r"https://[^\s<>`)\]]+", text)))
