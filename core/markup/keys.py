"""Strings that look like somebody's key. They are shown nowhere, not even in code that should stay copy-and-paste true."""

import re

from core.privacy import KEY_FORMS

MARK = "[clé]"
_FORMS = re.compile(
    rf"(?:{KEY_FORMS})[\w-]*"
    r"|eyJ[\w-]{8,400}\.[\w-]{8,2000}\.[\w-]{8,600}"
    r"|(?<![\w.-])[\w-]{23,30}\.[\w-]{6,7}\.[\w-]{27,45}(?![\w.-])"
)
_LONG = re.compile(r"(?<![\w/+=-])[\w/+=-]{28,}")
_PIECE = re.compile(r"[A-Za-z0-9]{16,}")
_INSIDE = re.compile(r"[\w-]")
_AFTER_NAME = re.compile(
    r"(?i)(?<![^\W_])((?:bearer\s+|(?:api[_-]?key|secret|token|password|passwd|pwd|mot de passe|mdp)\w{0,20}\s*[:=]\s*)[\"']?)"
    r"(?=[\w.~+/=-]*[a-z])(?=[\w.~+/=-]*\d)[\w.~+/=-]{12,}(?![\w(])"
)
_CANDIDATE = re.compile(r"[\w./+=~-]{12,}")


def without_keys(text: str, *, is_code: bool = False) -> str:
    """Return text in which what looks like a key is a mark; in code only what has the form of a real key is taken for one."""
    words = _CANDIDATE.findall(text)
    if not words or all(word.isalpha() and word[1:].islower() for word in words):
        return text
    text = _LONG.sub(_judged, _FORMS.sub(_found, text))
    return text if is_code else _AFTER_NAME.sub(rf"\1{MARK}", text)


def _found(found: re.Match[str]) -> str:
    """Tell a key from the end of a longer word (`task-…`), which holds next to no digits."""
    is_inside = found.start() and _INSIDE.match(found.string, found.start() - 1)
    return found[0] if is_inside and sum(map(str.isdigit, found[0])) < 4 else MARK


def _judged(found: re.Match[str]) -> str:
    """Tell a key from a long name: it holds a long piece in which capitals, small letters and digits mix."""
    is_key = any(
        sum(letter.isdigit() for letter in piece) > 2 and re.search(r"[A-Z]", piece) and re.search(r"[a-z]", piece)
        for piece in _PIECE.findall(found[0])
    )
    return MARK if is_key and not found.string.startswith("(", found.end()) else found[0]
