"""What a model or a card wrote, made fit for a chat. Model text is never trusted.

`clean` is the one rendering; `settled` says how much of a text that is still being written will never be rendered
otherwise, so that a stream shows `clean(raw[:settled(raw)])` and never has to take anything back. Both read line by line,
and a line from left to right: what stands behind a finished word is not looked at again.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from core.latex import to_text

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;:<=>?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[PX^_][^\x1b\n]*\x1b\\|[ -/]*[0-~])")
_OPEN_ESCAPE = re.compile(r"\x1b(?:\[[0-9;:<=>?]*[ -/]*|\][^\x07\x1b\n]*\x1b?|[PX^_][^\x1b\n]*\x1b?|[ -/]*)$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^`]*)$")
_DISPLAY = {"$$": "$$", r"\[": r"\]"}
_PING = re.compile(r"<(?=@[!&]?\w|#\w|!(?:channel|here|everyone|subteam|date)\b|/[\w -]+:\d|id:\w)|@(?=(?:everyone|here|channel)\b)", re.IGNORECASE)
_INLINE = re.compile(
    r"""(?P<code>(?P<ticks>`+)(?!`)[^\n]*?(?<!`)(?P=ticks)(?!`))
    | (?P<math>\$(?![\s$])(?:\\.|[^$\n\\])+?(?<!\s)\$(?!\d) | \\\((?:[^\n\\]|\\[^)])+?\\\))
    | (?P<link>!?\[(?P<label>[^\[\]\n]*)\]\(\s*<?(?P<target>[^\s()<>]*(?:\([^\s()]*\)[^\s()<>]*)*)>?(?:\s+"[^"\n]*")?\s*\))
    | (?P<cited>\[(?P<source>[\w-]+(?:\s*[,;]\s*[\w-]+)*)\](?![(\[]))
    | (?P<html><!--[^\n]*?--> | </?[a-zA-Z][^<>\n]*>)
    | (?P<url>(?:[a-z][a-z0-9+.-]{1,12}:)?//[^\s<>`\])]+ | \bwww\.[^\s<>`\])]+ | \b(?:javascript|data|vbscript|mailto):[^\s<>`\])]+)""",
    re.VERBOSE | re.IGNORECASE,
)
_OPENER = re.compile(r"`|\$(?!\s)|\\\(|!?\[|<(?=[a-zA-Z/!@#])|\*{1,3}(?=\S)|(?<!\w)_{1,3}(?=\S)|~~(?=\S)")
_PAIRED = re.compile(r"(?P<mark>\*{1,3}|(?<!\w)_{1,3}|~~)(?=\S)(?P<inside>.*?\S)(?P=mark)(?!\w)")
_TRAILING = ".,;:!?…»\"'"


@dataclass(frozen=True)
class Rules:
    """What an answer may hold.

    Attributes:
        links: prefixes of addresses that may be shown as links.
        sources: ids of the cards that were retrieved; `[1]` names the first.
    """

    links: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


class Block(NamedTuple):
    """A run of lines: prose (one line), a fence or a display formula. `end` is where it ends; an open block has no end yet."""

    kind: str
    start: int
    end: int
    is_open: bool


def blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a text; every character belongs to one."""
    start, closing, kind, position = 0, "", "", 0
    for line in text.splitlines(keepends=True):
        position += len(line)
        bare, is_whole = line.strip(), line.endswith("\n")
        if closing:
            if _closes(bare, kind, closing) and (is_whole or kind == "display"):
                yield Block(kind, start, position, is_open=False)
                start, closing = position, ""
            continue
        fence = _FENCE.match(line.rstrip("\n"))
        if fence and is_whole:
            closing, kind = fence[1], "fence"
        elif bare[:2] in _DISPLAY and _DISPLAY[bare[:2]] not in bare[2:]:
            closing, kind = _DISPLAY[bare[:2]], "display"
        else:
            yield Block("prose", start, position, is_open=not is_whole)
            start = position
    if closing:
        yield Block(kind, start, len(text), is_open=True)


def _closes(bare: str, kind: str, closing: str) -> bool:
    if kind == "display":
        return bare.endswith(closing)
    return len(bare) >= len(closing) and not bare.strip(closing[0])


def visible(text: str) -> str:
    """Return text without control, invisible and direction-changing characters; line ends become `\\n`."""
    text = _ESCAPES.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return text if text.isascii() and text.isprintable() else "".join(filter(_is_visible, text.replace("\u2028", "\n").replace("\u2029", "\n")))


_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")


def _is_visible(letter: str) -> bool:
    if letter in "\n\t":
        return True
    if letter in _BLANK or unicodedata.category(letter) in {"Cc", "Cf", "Co", "Cs", "Cn"}:
        return False
    return not ("\ufe00" <= letter <= "\ufe0e" or "\U000e0100" <= letter <= "\U000e01ef")


def clean(text: str, rules: Rules | None = None) -> str:
    """Return text fit to be shown: see the module. The same text gives the same rendering, however it arrived."""
    rules, out = rules or Rules(), []
    text = visible(text)
    for block in blocks(text):
        piece = text[block.start : block.end]
        if block.kind == "fence":
            out.append(defuse(piece) if not block.is_open else _closed(defuse(piece)))
        elif block.kind == "display":
            out.append(_display(piece))
        else:
            out.append(_prose(piece, rules))
    return "".join(out)


def defuse(text: str) -> str:
    """Return text in which no platform's mention is alive: a space stands where the mark joined the name."""
    return _PING.sub(lambda found: found[0] + " ", text)


def _closed(fence: str) -> str:
    """Close a fence that was left open."""
    mark = _FENCE.match(fence.split("\n", 1)[0])
    return fence.rstrip("\n") + "\n" + (mark[1] if mark else "```") + "\n"


def _display(piece: str) -> str:
    inside = piece.strip()
    end = "\n" if piece.endswith("\n") else ""
    for opening, closing in _DISPLAY.items():
        if inside.startswith(opening):
            inside = inside.removeprefix(opening).removesuffix(closing)
    return to_text(" ".join(inside.split())) + end


def _prose(line: str, rules: Rules) -> str:
    out, position = [], 0
    for found in _INLINE.finditer(line):
        out += [_defused(line[position : found.start()]), _token(found, rules)]
        position = found.end()
    return "".join([*out, _defused(line[position:])])


def _defused(text: str) -> str:
    """Defuse what stands between tokens; a `<` that might begin something becomes harmless."""
    return re.sub(r"<(?=[a-zA-Z/!@#])", "< ", defuse(text))


def _token(found: re.Match[str], rules: Rules) -> str:
    kind = found.lastgroup if found.lastgroup not in {"ticks", "label", "target", "source"} else None
    kind = kind or next(name for name in ("code", "math", "link", "cited", "html", "url") if found[name] is not None)
    text = found[0]
    if kind == "code":
        return defuse(text)
    if kind == "math":
        return to_text(text[2:-2] if text.startswith("\\") else text[1:-1])
    if kind == "link":
        return _link(found, rules)
    if kind == "cited":
        return _cited(found["source"], rules) or ("" if _is_citation(found["source"]) else _defused(text))
    if kind == "html":
        return _html(text, rules)
    return _url(text, rules)


def _html(text: str, rules: Rules) -> str:
    """Take a tag out; keep `<https://…>` as the address it is."""
    return " " if re.match(r"<br\b", text, re.IGNORECASE) else ""


def _link(found: re.Match[str], rules: Rules) -> str:
    label, target = _prose(found["label"], Rules(sources=rules.sources)), found["target"]
    if is_allowed(target, rules):
        return f"[{label}]({target})"
    return label or _as_code(target)


def _url(text: str, rules: Rules) -> str:
    address = text.rstrip(_TRAILING)
    rest = text[len(address) :]
    return (address if is_allowed(address, rules) else _as_code(address)) + rest


def _as_code(address: str) -> str:
    """Show a foreign address as text that no chat turns into a link."""
    shown = re.sub(r"^(?:[a-z][a-z0-9+.-]*:)?(?://)?", "", address, flags=re.IGNORECASE).replace("`", "")
    return f"`{shown}`" if shown else ""


def is_allowed(address: str, rules: Rules) -> bool:
    """Whether an address lies below one of the allowed ones: same scheme, same host, same path or deeper."""
    try:
        asked = urlsplit(address)
        return any(_is_below(asked, urlsplit(prefix)) for prefix in rules.links)
    except ValueError:
        return False


def _is_below(asked: "object", prefix: "object") -> bool:
    same = (asked.scheme, asked.netloc.lower()) == (prefix.scheme, prefix.netloc.lower())  # type: ignore[attr-defined]
    path, below = asked.path or "/", prefix.path.rstrip("/")  # type: ignore[attr-defined]
    return same and bool(asked.netloc) and (path == below or path.startswith(f"{below}/")) and ".." not in path  # type: ignore[attr-defined]


def _is_citation(source: str) -> bool:
    return all(part.strip().isdigit() for part in re.split(r"[,;]", source))


def _cited(source: str, rules: Rules) -> str:
    """Return the numbers of the sources named that were retrieved, as `[1]`; nothing for those that were not."""
    numbers = []
    for part in re.split(r"\s*[,;]\s*", source.strip()):
        if part in rules.sources:
            numbers.append(rules.sources.index(part) + 1)
        elif part.isdigit() and 1 <= int(part) <= len(rules.sources):
            numbers.append(int(part))
    return "".join(f"[{number}]" for number in dict.fromkeys(numbers))


def cited(text: str, count: int) -> tuple[int, ...]:
    """Return the numbers of the sources that a cleaned text names, in order, each once."""
    found = (int(number) for number in re.findall(r"\[(\d{1,2})\](?!\()", text))
    return tuple(dict.fromkeys(number for number in found if 1 <= number <= count))


def settled(raw: str, *, keeps_fences: bool = False) -> int:
    """Return how many characters of a text still being written will never be rendered otherwise.

    An open marker, link, formula, table, source number or fence is held back until it is complete; with `keeps_fences`
    the finished lines of an open fence count as settled, for surfaces which can replace what they showed.
    """
    end, table = 0, None
    for block in blocks(raw):
        piece = raw[block.start : block.end]
        is_row = block.kind == "prose" and piece.lstrip().startswith("|")
        table = (table if table is not None else block.start) if is_row else None
        if block.kind == "prose":
            end = block.end if not block.is_open else block.start + _settled_in_line(piece)
        elif not block.is_open:
            end = block.end
        elif keeps_fences and block.kind == "fence":
            end = block.start + piece.rfind("\n") + 1
        else:
            end = block.start
    return end if table is None else table


def _settled_in_line(line: str) -> int:
    """Return how much of an unfinished line is settled: whole words, before any open marker."""
    if _FENCE.match(line) or line.strip()[:1] in {"`", "~", "$", "\\"} or not line.strip():
        return 0
    end = max(line.rfind(" "), line.rfind("\t")) + 1
    escape = _OPEN_ESCAPE.search(line)
    end = min(end, escape.start()) if escape else end
    masked = _PAIRED.sub(_blanked, _INLINE.sub(_blanked, line[:end]))
    opener = _OPENER.search(masked)
    spans = [found.span() for found in _INLINE.finditer(line) if found.start() < end < found.end()]
    return min([end, *([opener.start()] if opener else []), *(start for start, _ in spans)])


def _blanked(found: re.Match[str]) -> str:
    return "\u00b7" * len(found[0])


def plain(text: str) -> str:
    """Return Markdown as plain text: no stars, no backticks, no fences, bullets as `•`."""
    out = []
    for block in blocks(text):
        piece = text[block.start : block.end]
        if block.kind == "fence":
            lines = piece.rstrip("\n").split("\n")
            out.append("\n".join(lines[1:] if block.is_open else lines[1:-1]) + "\n")
            continue
        piece = re.sub(r"^(\s*)[-*+] ", r"\1• ", piece)
        piece = re.sub(r"^#{1,6} +", "", piece)
        piece = re.sub(r"\[([^\[\]\n]+)\]\(([^()\s]+)\)", r"\1 (\2)", piece)
        piece = re.sub(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", r"\2", piece)
        out.append(re.sub(r"`([^`\n]+)`", r"\1", piece))
    return "".join(out)


def links_in(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the addresses that stand in the course's own texts."""
    return tuple(dict.fromkeys(found.rstrip(_TRAILING) for text in texts for found in re.findall(r"https://[^\s<>`)\]]+", text)))
