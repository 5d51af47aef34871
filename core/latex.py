r"""LaTeX as a chat can show it: Unicode where Unicode can carry it, else code.

A small reader of its own, because what matters here (scripts, fractions that keep their meaning on one line) is what the
converters leave out; the names of some 1,500 symbols come from pylatexenc.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from pylatexenc.latex2text import LatexNodes2Text
from pylatexenc.latexwalker import LatexWalkerError

_UP = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWαβγδεθφχ−",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵅᵝᵞᵟᵋᶿᵠᵡ⁻",
        strict=True,
    )
)
_DOWN = dict(zip("0123456789+-=()aehijklmnoprstuvxβγρφχ−", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ₋", strict=True))
_TOKEN = re.compile(r"\\(?:[A-Za-z]+|.)|[{}^_]|\s+|[^\\{}^_\s]", re.DOTALL)
_FUNCTIONS = frozenset("log ln exp sin cos tan tanh max min argmax argmin softmax lim det dim ker arg Pr".split())
_TEARING = _FUNCTIONS | {"/", "div", "operatorname"}
"""What takes only the first half of a fraction that follows, were it not in brackets."""
_TEXTS = frozenset("text mathrm mathbf mathit mathsf mathbb mathcal operatorname boldsymbol textbf textit".split())
_SILENT = frozenset("left right displaystyle textstyle limits nolimits big Big bigg Bigg bigl bigr Bigl Bigr quad qquad , ; : ! ".split(" "))
_SPACED = frozenset(
    "le leq ge geq ne neq approx sim equiv to rightarrow leftarrow Rightarrow gets times cdot in notin subset mid pm mp propto ll gg div".split()
)
_CLOSING = frozenset({"right", "bigr", "Bigr"})
_OWN = {
    "lVert": "‖",
    "rVert": "‖",
    "Vert": "‖",
    "lvert": "|",
    "rvert": "|",
    "vert": "|",
    "{": "{",
    "}": "}",
    "%": "%",
    "_": "_",
    "|": "‖",
    "phi": "φ",
    "epsilon": "ε",
    "dots": "…",
    "ldots": "…",
    "cdots": "…",
}
_ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "vec": "\u20d7", "dot": "\u0307"}
_SIMPLE = re.compile(r"[\w.,'’∂∇√\u0300-\u036f⁰¹²³⁴⁵⁶⁷⁸⁹ᵀ₀-₉ₐ-ₜᵢ-ᵥⱼ]+|[‖|][^‖|]+[‖|]|√?\([^()]*\)|\w+\([^()]*\)")


class _Unreadable(Exception):
    """Something that no line of text can carry."""


class _Reader:
    """Reads one formula from left to right."""

    def __init__(self, formula: str) -> None:
        self._tokens: list[str] = _TOKEN.findall(formula)
        self._at = 0
        self._tears = False

    def read(self, *, is_group: bool = False) -> str:
        """Return the text up to the end, or to the bracket that closes the group."""
        out: list[str] = []
        while self._at < len(self._tokens):
            piece = self._tokens[self._at]
            if piece == "}":
                if not is_group:
                    raise _Unreadable
                self._at += 1
                return "".join(out)
            is_script = piece in "^_"
            tears = self._tears and (is_script or piece.isspace() or piece == "-" or piece.removeprefix("\\") in _SILENT)
            out.append(self._script(piece) if is_script else self._one())
            self._tears = tears or piece.removeprefix("\\") in _TEARING
        if is_group:
            raise _Unreadable
        return "".join(out)

    def _one(self) -> str:
        """Return one group, command or letter."""
        if self._at >= len(self._tokens):
            raise _Unreadable
        piece = self._tokens[self._at]
        self._at += 1
        if piece == "{":
            return self.read(is_group=True)
        if piece.startswith("\\"):
            return self._command(piece[1:])
        if piece in "<>":
            return f" {piece} "
        return " " if piece.isspace() else piece

    def _argument(self) -> str:
        while self._at < len(self._tokens) and self._tokens[self._at].isspace():
            self._at += 1
        return self._one().strip()

    def _script(self, mark: str) -> str:
        self._at += 1
        inside = self._argument()
        table = _UP if mark == "^" else _DOWN
        letters = [table.get(letter) for letter in inside.replace(" ", "")]
        if letters and all(letters):
            return "".join(letter for letter in letters if letter)
        return mark + (inside if len(inside) == 1 or inside.isalnum() else f"({inside})")

    def _command(self, name: str) -> str:
        if name in {"frac", "dfrac", "tfrac"}:
            tears = self._tears
            top, bottom = self._argument(), self._argument()
            fraction = f"{_grouped(top)} / {_grouped(bottom)}"
            return f"({fraction})" if tears or self._is_multiplied() else fraction
        if name == "sqrt":
            return f"√{_grouped(self._argument())}"
        if name in _ACCENTS or name in _TEXTS:
            return self._argument() + _ACCENTS.get(name, "")
        if name in _SILENT:
            return " " if name in {"quad", "qquad", ",", ";", ":"} else ""
        if name in _FUNCTIONS:
            return f" {name}{self._gap()}"
        sign = _symbol(name)
        return f" {sign} " if name in _SPACED else sign

    def _is_multiplied(self) -> bool:
        """Whether what follows a fraction would read as part of its denominator."""
        rest = [piece for piece in self._tokens[self._at : self._at + 2] if not piece.isspace()]
        return bool(rest) and rest[0] not in "+-=<>,;.)]}|" and rest[0].lstrip("\\") not in _SPACED | _CLOSING

    def _gap(self) -> str:
        """Return the space between a function's name and what it is taken of."""
        following = self._tokens[self._at] if self._at < len(self._tokens) else " "
        return "" if following in "([{^_ " or following.isspace() else " "


def _grouped(text: str) -> str:
    """Put brackets around what a fraction or a root would otherwise tear apart."""
    return text if _SIMPLE.fullmatch(text.strip()) else f"({text.strip()})"


@lru_cache(maxsize=2000)
def _symbol(name: str) -> str:
    if name in _OWN:
        return _OWN[name]
    try:
        sign = str(LatexNodes2Text(keep_comments=True).latex_to_text(f"\\{name}")).strip()  # type: ignore[no-untyped-call]  # pylatexenc has no types
    except (LatexWalkerError, LookupError, AttributeError):  # commands that take arguments, such as \textcolor, miss them here
        raise _Unreadable from None
    if not sign or len(sign) > 4 or "\\" in sign or name in {"begin", "end", "\\"}:
        raise _Unreadable
    return sign


def to_text(formula: str) -> str:
    r"""Return a LaTeX formula (without its `$`) for a chat: Unicode, or code in backticks where Unicode cannot carry it.

    `\frac{1}{n}\sum_{i=1}^{n} e_i^2` becomes `(1 / n)∑ᵢ₌₁ⁿ eᵢ²`.
    """
    try:
        shown = re.sub(r"\s+", " ", _Reader(formula).read()).strip()
    except (_Unreadable, RecursionError):
        shown = ""
    if shown and not re.search(r"[_^&`]", shown):
        return shown
    return "`" + re.sub(r"\s+", " ", shown or formula).strip().replace("`", "'") + "`"


def formulas(text: str) -> Iterator[str]:
    """Yield the formulas between single `$` of a text."""
    yield from re.findall(r"\$([^$\n]+)\$", text)
