"""What a model or a card wrote, made fit for a chat. Model text is never trusted.

`clean` is the one rendering; `settled` says how much of a text that is still being written will never be rendered
otherwise, so that a stream shows `clean(raw[:settled(raw)])` and never has to take anything back. Both read line by line.
In a line, what is code, a formula, a link or a source number is rendered and put aside; tags are taken out until none is
left; and what has been put together again is guarded once more, so that nothing dangerous can form where pieces meet.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from core.latex import to_text

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;:<=>?]*[ -/]*[@-~]|\][^\x07\x1b\r\n]*(?:\x07|\x1b\\)|[PX^_][^\x1b\r\n]*\x1b\\|[ -/]*[0-~])")
_OPEN_ESCAPE = re.compile(r"\x1b(?:\[[0-9;:<=>?]*[ -/]*|\][^\x07\x1b\r\n]*\x1b?|[PX^_][^\x1b\r\n]*\x1b?|[ -/]*)\Z")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})([^`]*)\Z")
_LANGUAGE = re.compile(r"[\w+#.-]{1,20}(?!\S)")
_DISPLAY = {"$$": "$$", r"\[": r"\]"}
_PING = re.compile(r"<(?=@[!&]?\w|#\w|!(?:channel|here|everyone|group|subteam|date))|@(?=everyone|here|channel|group)", re.IGNORECASE)
_INLINE = re.compile(
    r"""(?P<code>(?<!`)(?P<ticks>`+)(?!`)[^\n]*?[^`\n](?P=ticks)(?!`))
    | (?P<math>\$\$[^$\n]+\$\$ | \\\[[^\n]+?\\\] | \\\([^\n]+?\\\)
        | (?<![\w$])\$(?![\s$,.;:!?)]|\d[\d.,]*\s*[,;]?\s+[^\W\d_]{2,}\s)(?:\\.|[^$\n\\])+?(?<!\s)\$(?![\d$]))
    | (?P<link>!?\[(?P<label>[^\[\]\n]*)\]\(\s*<?(?P<target>[^\s()<>`]*(?:\([^\s()<>`]*\)[^\s()<>`]*)*)>?(?:\s+"[^"\n]*")?\s*\))
    | (?P<cited>\[(?P<source>[\w-]+(?:\s*[,;]\s*[\w-]+)*)\](?!\())
    | (?P<html><!--[^\n]*?--> | </?[a-zA-Z][^<>\n]*>)""",
    re.VERBOSE | re.IGNORECASE,
)
_GUARDED = re.compile(
    r"""(?P<code>`[^`\n]*`)
    | (?P<number>\[\d+\])
    | (?P<target>\]\()(?=(?P<to>[^\s)]*))
    | (?P<url>(?:[a-z][a-z0-9+.-]*:)?//[^\s<>`\])]+ | (?<![a-z0-9])(?:www\.|(?:javascript|data|vbscript|mailto|file|tel):)[^\s<>`\])]+)
    | (?P<tag><(?=[a-z/!?@\#]))""",
    re.VERBOSE | re.IGNORECASE,
)
_OPENER = re.compile(r"`|(?<![\w$])\$(?!\s)|\$\$|\\[(\[]|\[|<(?![\s=\d])|\*{1,3}(?=\S)|(?<!\w)_{1,3}(?=\S)|~~(?=\S)")
_PAIRED = re.compile(r"(?P<mark>\*{1,3}|(?<!\w)_{1,3}|~~)(?=\S)(?P<inside>.*?\S)(?P=mark)(?!\w)")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+|\d+")
_PLAIN = re.compile(r"`([^`\n]+)`|\[([^\[\]\n]+)\]\(([^()\s]+)\)|(\*\*|__)(?=\S)((?:`[^`\n]*`|[^`\n])+?)(?<=\S)\4")
_TRAILING = ".,;:!?…»\"'"
_ASIDE, _MOST_ASIDE = 0xE000, 6000
"""Pieces of a line that are put aside stand as private characters, which `visible` has taken out of the text itself."""


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
    """A run of lines: prose (one line), a fence or a display formula. An open block may still grow."""

    kind: str
    start: int
    end: int
    is_open: bool


def blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a text; every character belongs to one."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    at = start = 0
    while at < len(lines):
        kind, last = _block_at(lines, at)
        end = start + sum(map(len, lines[at:last]))
        is_closed = kind == "prose" or (last - at > 1 and _closes(lines[last - 1], kind, lines[at]))
        yield Block(kind, start, end, is_open=not (is_closed and lines[last - 1].endswith("\n")))
        at, start = last, end


def _block_at(lines: Sequence[str], at: int) -> tuple[str, int]:
    """Return the kind of the block that begins with a line, and the line behind it; a blank line ends no formula well."""
    bare = lines[at].strip()
    if _FENCE.match(lines[at].rstrip("\n")):
        kind = "fence"
    elif bare[:2] in _DISPLAY and _DISPLAY[bare[:2]] not in bare[2:]:
        kind = "display"
    else:
        return "prose", at + 1
    for number in range(at + 1, len(lines)):
        if _closes(lines[number], kind, lines[at]):
            return kind, number + 1
        if kind == "display" and not lines[number].strip() and lines[number].endswith("\n"):
            return "prose", at + 1
    return kind, len(lines)


def _closes(line: str, kind: str, opening: str) -> bool:
    bare = line.strip()
    if kind == "display":
        return bare.endswith(_DISPLAY[opening.strip()[:2]])
    mark = _mark(opening)
    return len(bare) >= len(mark) and not bare.strip(mark[0])


def _mark(opening: str) -> str:
    found = _FENCE.match(opening.rstrip("\n"))
    return found[1] if found else "```"


_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f")


class _Visible(dict[int, int | None]):
    """Maps a character to itself, or to nothing where nobody would see it."""

    def __missing__(self, code: int) -> int | None:
        letter = chr(code)
        is_gone = letter in _BLANK or unicodedata.category(letter) in {"Cc", "Cf", "Co", "Cs", "Cn"}
        is_gone = is_gone or "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"
        self[code] = None if is_gone else code
        return self[code]


_VISIBLE = _Visible({0x09: 0x09, 0x0A: 0x0A})
_LINE_ENDS = str.maketrans("\r\u2028\u2029", "\n\n\n")


def _masked(text: str) -> str:
    r"""Return a text of the same length with zeros for terminal escapes; line ends become `\n`."""
    text = _ESCAPES.sub(lambda found: "\0" * len(found[0]), text) if "\x1b" in text else text
    return text.replace("\r\n", "\n\0").translate(_LINE_ENDS)


def visible(text: str) -> str:
    r"""Return text without control, invisible and direction-changing characters; line ends become `\n`."""
    return _masked(text).translate(_VISIBLE)


def clean(text: str, rules: Rules | None = None) -> str:
    """Return text fit to be shown: see the module. The same text gives the same rendering, however it arrived."""
    rules, out = rules or Rules(), []
    text = visible(text)
    for block in blocks(text):
        piece = text[block.start : block.end]
        lines = piece.splitlines(keepends=True)
        if block.kind == "fence":
            out.append(_fence(lines))
        elif block.kind == "display" and len(lines) > 1 and _closes(lines[-1], "display", lines[0]):
            out.append(_display(piece, rules))
        else:
            out += [_prose(line, rules) for line in lines]
    return "".join(out)


def defuse(text: str) -> str:
    """Return text in which no platform's mention is alive: a space stands where the mark joined the name."""
    return _PING.sub(lambda found: found[0] + " ", text)


def _fence(lines: Sequence[str]) -> str:
    """Return a fence as every chat reads it: three backticks, a language, closed; nothing where there is no code."""
    is_closed = len(lines) > 1 and _closes(lines[-1], "fence", lines[0])
    code = "".join(lines[1:-1] if is_closed else lines[1:])
    if not code.strip():
        return ""
    language = _LANGUAGE.match(lines[0].strip().lstrip("`~").strip())
    code = defuse(code.replace("```", "'''"))
    return f"```{language[0] if language else ''}\n{code}" + ("" if code.endswith("\n") else "\n") + "```\n"


def _display(piece: str, rules: Rules) -> str:
    inside = piece.strip()
    end = "\n" if piece.endswith("\n") else ""
    return _guarded(_formula(" ".join(inside[2:-2].split())), rules) + end


def _formula(inside: str) -> str:
    """Return a formula as text; as code where its brackets could be read as a source or a link."""
    shown = visible(to_text(inside)).replace("\n", " ")
    return f"`{shown}`" if "`" not in shown and re.search(r"[\[\]]", shown) else shown


def _prose(line: str, rules: Rules) -> str:
    return _guarded(_Line(rules).assembled(line), rules)


class _Line:
    """One line being rendered: what is final is put aside, so that nothing is read twice."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._aside: list[str] = []

    def assembled(self, line: str) -> str:
        """Render the tokens of a line and put it together again."""
        line = self._rendered(line).replace("`", "'")
        for number in reversed(range(len(self._aside))):
            line = line.replace(chr(_ASIDE + number), self._aside[number])
        return line

    def _rendered(self, line: str) -> str:
        before = ""
        while before != line:
            before, line = line, _INLINE.sub(self._token, line)
        return line

    def _put(self, text: str) -> str:
        if not text or len(self._aside) >= _MOST_ASIDE:
            return ""
        self._aside.append(text)
        return chr(_ASIDE + len(self._aside) - 1)

    def _token(self, found: re.Match[str]) -> str:
        text = found[0]
        if found["code"]:
            inner = re.sub(r"[\ue000-\uf8ff]", "", text.strip("`").replace("`", "'"))
            return self._put(f"`{inner}`" if inner else "")
        if found["math"]:
            return self._put(_formula(text[2:-2] if text.startswith(("\\", "$$")) else text[1:-1]))
        if found["link"]:
            return self._put(self._link(self._rendered(found["label"]).replace("`", "'"), found["target"]))
        if found["cited"]:
            return self._source(found["source"])
        if re.match(r"<(?:[a-z][a-z0-9+.-]*:|www\.)", text, re.IGNORECASE):
            return self._put(text[1:-1].split("|")[0].replace("`", "'"))
        return self._put(" ") if re.match(r"<br\b", text, re.IGNORECASE) else ""

    def _link(self, label: str, target: str) -> str:
        return f"[{label}]({target})" if is_allowed(target, self._rules) else label or _as_code(target)

    def _source(self, source: str) -> str:
        """Return the numbers of the sources named; nothing for what looks like a source and was not retrieved."""
        shown = _cited(source, self._rules)
        is_source = shown or all(_SLUG.fullmatch(part.strip()) for part in re.split(r"[,;]", source))
        return self._put(shown if is_source else f"[{source}]")


def _guarded(text: str, rules: Rules) -> str:
    """Make harmless what formed where pieces met: tags, links, source numbers, pings."""
    out, position = [], 0
    for found in _GUARDED.finditer(text):
        out += [text[position : found.start()], _guard(found, rules)]
        position = found.end()
    joined = ""
    for piece in [*out, text[position:]]:
        joined += f" {piece}" if joined.endswith("`") and piece.startswith("`") else piece
    return defuse(joined)


def _guard(found: re.Match[str], rules: Rules) -> str:
    text = found[0]
    if found["number"]:
        return text if 1 <= int(text[1:-1][:4]) <= len(rules.sources) else f"({text[1:-1]})"
    if found["target"]:
        return text if is_allowed(found["to"], rules) else "] ("
    if found["url"]:
        address = text.rstrip(_TRAILING)
        return (address if is_allowed(address, rules) else _as_code(address)) + text[len(address) :]
    return "< " if found["tag"] else text


def _as_code(address: str) -> str:
    """Show a foreign address as text that no chat turns into a link."""
    shown = re.sub(r"^(?:[a-z][a-z0-9+.-]*:)?(?://)?", "", address, flags=re.IGNORECASE).replace("`", "")
    return f"`{shown}`" if shown else ""


def is_allowed(address: str, rules: Rules) -> bool:
    """Whether an address lies below one of the allowed ones: same scheme, same host, same path or deeper."""
    try:
        asked = urlsplit(address)
        return "\\" not in address and any(_is_below(asked, urlsplit(prefix)) for prefix in rules.links)
    except ValueError:
        return False


def _is_below(asked: SplitResult, prefix: SplitResult) -> bool:
    same = (asked.scheme, asked.netloc.lower()) == (prefix.scheme, prefix.netloc.lower())
    path, below = asked.path or "/", prefix.path.rstrip("/")
    is_straight = ".." not in path.lower().replace("%2e", ".")
    return same and bool(asked.netloc) and is_straight and (path == below or path.startswith(f"{below}/"))


def _cited(source: str, rules: Rules) -> str:
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


def settled(raw: str, *, keeps_fences: bool = False) -> int:
    """Return how many characters of a text still being written will never be rendered otherwise.

    An open marker, link, formula, table, source number or fence is held back until it is complete; with `keeps_fences`
    the finished lines of an open fence count as settled, for surfaces which can replace what they showed.
    """
    escape = _OPEN_ESCAPE.search(raw)
    masked = _masked(raw[: escape.start()] if escape else raw)
    shown = masked.translate(_VISIBLE)
    end = _settled_in_visible(shown, keeps_fences=keeps_fences)
    if len(shown) == len(masked) or not end:
        return end
    places = [place for place, letter in enumerate(masked, 1) if _VISIBLE[ord(letter)] is not None]
    return places[end - 1]


def _settled_in_visible(text: str, *, keeps_fences: bool) -> int:
    end, table = 0, None
    for block in blocks(text):
        piece = text[block.start : block.end]
        is_row = block.kind == "prose" and piece.lstrip().startswith("|")
        table = (table if table is not None else block.start) if is_row else None
        if not block.is_open:
            end = block.end
        elif block.kind == "prose":
            end = block.start + _settled_in_line(piece)
        else:
            end = block.start + (piece.rfind("\n") + 1 if keeps_fences and block.kind == "fence" else 0)
    return end if table is None else table


def _settled_in_line(line: str) -> int:
    """Return how much of an unfinished line is settled: whole words, before any open marker."""
    end = max(line.rfind(" "), line.rfind("\t")) + 1
    if not line[:end].strip() or line.lstrip().startswith(("```", "~~~", "$$", r"\[")):
        return 0
    tokens = [found for found in _INLINE.finditer(line) if not found["html"]]
    masked = line[:end]
    for found in tokens:
        if found.end() <= end and not (found["cited"] and line[found.end() :][:1] not in set(" \t.,;:!?)[")):
            masked = masked[: found.start()] + "\u00b7" * len(found[0]) + masked[found.end() :]
    masked = _PAIRED.sub(lambda found: "\u00b7" * len(found[0]), masked)
    opener = _OPENER.search(masked)
    held = min([end, *([opener.start()] if opener else []), *(found.start() for found in tokens if found.start() < end < found.end())])
    return max(masked.rfind(" ", 0, held), masked.rfind("\t", 0, held)) + 1 if line[:held].strip() else 0


def plain(text: str) -> str:
    """Return Markdown as plain text: no stars, no backticks, no fences, bullets as `•`."""
    out = []
    for block in blocks(text):
        piece = text[block.start : block.end]
        lines = piece.splitlines(keepends=True)
        if block.kind == "fence":
            is_closed = len(lines) > 1 and _closes(lines[-1], "fence", lines[0])
            out += lines[1:-1] if is_closed else lines[1:]
        else:
            out += [_plain_line(line) for line in lines]
    return "".join(out)


def _plain_line(line: str) -> str:
    line = re.sub(r"^#{1,6} +", "", re.sub(r"^(\s*)[-*+] ", r"\1• ", line))
    return _PLAIN.sub(_bare, line)


def _bare(found: re.Match[str]) -> str:
    if found[1]:
        return found[1]
    return f"{found[2]} ({found[3]})" if found[2] else _PLAIN.sub(_bare, found[5])


def links_in(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the addresses that stand in the course's own texts."""
    return tuple(dict.fromkeys(found.rstrip(_TRAILING) for text in texts for found in re.findall(r"https://[^\s<>`)\]]+", text)))
