"""One line made safe: formulas, links, sources, code, tags, keys and pings."""

import re

from core.latex import to_text
from core.markup.keys import without_keys
from core.markup.mentions import defuse
from core.markup.rules import TRAILING, Rules, is_allowed, source_numbers
from core.privacy import MARKS
from core.unseen import visible

INLINE = re.compile(
    r"""(?=[`$\\!\[<])(?:(?P<code>(?<!`)(?P<ticks>`+)(?!`)[^\n]*?[^`\n](?P=ticks)(?!`))
    | (?P<math>\$\$(?:\\\$|[^$\n])+\$\$ | \\\[[^\n]+?\\\] | \\\([^\n]+?\\\)
        | (?<![\w$])\$(?![\s$,.;:!?)]|\d[\d.,]*\s*[,;]?\s+[^\W\d_]{2,}\s)(?:\\.|[^$\n\\])+?(?<!\s)\$(?![\d$]))
    | (?P<link>!?\[(?P<label>[^\[\]\n]*)\]\(\s*<?(?P<target>[^\s()<>`]*(?:\([^\s()<>`]*\)[^\s()<>`]*)*)>?(?:\s+"[^"\n]*")?\s*\))
    | (?P<cited>\[(?P<source>[\w-]+(?:\s*[,;]\s*[\w-]+)*)\](?!\())
    | (?P<html><!--[^\n]*?--> | </?[a-zA-Z][^<>\n]*>))""",
    re.VERBOSE,
)
_MARKS = r"(?P<code>`[^`\n]*`) | (?P<number>\[\d+\]) | (?P<target>\]\()(?=(?P<to>[^\s)]*)) | (?P<tag><(?=[a-z/!?@\#]))"
_URL = r"""(?P<url>(?:(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*:)?//[^\s<>`\])]+
    | (?<![a-z0-9])(?:www\.|(?:javascript|data|vbscript|mailto|file|tel):)[^\s<>`\])]+
    | (?<![a-z0-9/.-])(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,12}/\w[^\s<>`\])]*)"""
_GUARDED = re.compile(rf"{_MARKS} | {_URL}", re.VERBOSE | re.IGNORECASE)
_UNLINKED = re.compile(rf"(?=[`\[\]<])(?:{_MARKS} | (?P<url>(?!)))", re.VERBOSE | re.IGNORECASE)
"""The same for a line that holds no address."""
_ADDRESS = re.compile(r"//|[wW]\.|[A-Za-z]:\S|[A-Za-z]/\w")
_MARK, _GUARDED_MARK = re.compile(r"[`$\\\[<]"), re.compile(r"[`\]<]")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+|\d+")
_TILDES = re.compile(r"^[ \t]*~{3,}")
"""What would open a fence once the backtick behind it, or the tag before it, is gone."""
_BULLET = re.compile(r"^([ \t]*)\+(?=[ \t])")
_HEADING = re.compile(r"[ ]{0,3}(#{1,6})[ \t]+(?=\S)")
_ASIDE, _MOST_ASIDE = 0xE000, 6000
"""Pieces of a line that are put aside stand as private characters, which `visible` has taken out of the text itself."""


def prose(line: str, rules: Rules) -> str:
    """Return a line of prose as it may be shown."""
    line = without_keys(_Line(rules).assembled(line) if _MARK.search(line) else line)
    line = _TILDES.sub("", line) if "~~~" in line else line
    line = _BULLET.sub(r"\1-", line) if "+" in line else line
    return guarded(_as_heading(line, rules) if "#" in line else line, rules)


def is_line(line: str) -> bool:
    """Whether a line of Markdown is drawn as a line, or rules off a head: `---`, `* * *`, `===`, `--- | ---`."""
    bare = "".join(line.split())
    return len(bare) > 2 and ((bare[0] in "-*_=" and not bare.strip(bare[0])) or ("-" in bare and not bare.strip("|:-")))


def _as_heading(line: str, rules: Rules) -> str:
    """Return a heading too deep for the face as a bold line."""
    found = _HEADING.match(line)
    if not found or len(found[1]) <= rules.dialect.headings:
        return line
    text = line[found.end() :].replace("**", "").rstrip()
    return f"**{text}**" + line[len(line.rstrip()) :] if text else line


def formula(inside: str) -> str:
    """Return a formula as text; as code where its brackets could be read as a source or a link."""
    shown = visible(to_text(inside)).replace("\n", " ")
    return f"`{shown}`" if "`" not in shown and re.search(r"[\[\]]", shown) else shown


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
            before, line = line, INLINE.sub(self._token, line)
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
            return self._put(formula(text[2:-2] if text.startswith(("\\", "$$")) else text[1:-1]))
        if found["link"]:
            return self._put(self._link(self._rendered(found["label"]).replace("`", "'"), found["target"]))
        if found["cited"]:
            return self._put(text) if MARKS.fullmatch(text) else self._source(found["source"])
        if re.match(r"<(?:[a-z][a-z0-9+.-]*:|www\.)", text, re.IGNORECASE):
            return self._put(text[1:-1].split("|")[0].replace("`", "'"))
        return self._put(" ") if re.match(r"<br\b", text, re.IGNORECASE) else ""

    def _link(self, label: str, target: str) -> str:
        return f"[{label}]({target})" if is_allowed(target, self._rules) else label or _as_code(target)

    def _source(self, source: str) -> str:
        """Return the numbers of the sources named; nothing for what looks like a source and was not retrieved."""
        shown = source_numbers(source, self._rules)
        is_source = shown or all(_SLUG.fullmatch(part.strip()) for part in re.split(r"[,;]", source))
        return self._put(shown if is_source else f"[{source}]")


def guarded(text: str, rules: Rules) -> str:
    """Make harmless what formed where pieces met: tags, links, source numbers, pings."""
    has_address = _ADDRESS.search(text)
    if not has_address and not _GUARDED_MARK.search(text):
        return defuse(text)
    out, position = [], 0
    for found in (_GUARDED if has_address else _UNLINKED).finditer(text):
        out += [text[position : found.start()], _guard(found, rules)]
        position = found.end()
    joined = ""
    for piece in [*out, text[position:]]:
        if piece.startswith("`"):  # a backslash before it would make a chat read no code there
            joined = joined.rstrip("\\")
        joined += f" {piece}" if joined.endswith("`") and piece.startswith("`") else piece
    return defuse(joined)


def _guard(found: re.Match[str], rules: Rules) -> str:
    text = found[0]
    if found["number"]:
        return text if 1 <= int(text[1:-1][:4]) <= len(rules.sources) else f"({text[1:-1]})"
    if found["target"]:
        return text if is_allowed(found["to"], rules) else "] ("
    if found["url"]:
        address = text.rstrip(TRAILING)
        return (address if is_allowed(address, rules) else _as_code(address)) + text[len(address) :]
    return "< " if found["tag"] else text


def _as_code(address: str) -> str:
    """Show a foreign address as text that no chat turns into a link."""
    shown = re.sub(r"^(?:[a-z][a-z0-9+.-]*:)?(?://)?", "", address, flags=re.IGNORECASE).replace("`", "")
    return f"`{shown}`" if shown else ""
