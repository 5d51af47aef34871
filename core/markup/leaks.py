"""Runs of words of the instructions given to the model: twelve or more in a row are taken out of what it writes.

Only words count: case, punctuation and marks between them do not. But for its first words, a run's place is taken by a word of our own, so that
what stands on both sides cannot become a run in its turn. `settled` says how far a text that still grows is decided.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

LONGEST = 11
"""Words in a row that may be shown."""
OPENING = 3
"""Words of a run that stay: so few stand in any text, and a stream would stumble if it held each of them back."""
MARK = "…(retiré)…"
_GRAM, _STEP = 6, 7
"""Any run of twelve words holds one of six that begins at a multiple of seven."""
_LETTERS = r"[^\W_](?:[^\W_]|[\u0300-\u036f])*"
_WORD = re.compile(rf"^```.*$|{_LETTERS}", re.MULTILINE)
_FENCE = re.compile(r"^```.*$", re.MULTILINE)
_BARE_WORD, _COMBINING = re.compile(r"[^\W_]+"), re.compile(r"[\u0300-\u036f]")
_SECRET_WORD = re.compile(rf"\$[a-z_]+|{_LETTERS}")
_TAIL = 200
Span = tuple[int, int]


class Secret:
    """The words of the instructions, ready to be compared; a `$name` in them is a word that nobody writes."""

    def __init__(self, text: str) -> None:
        words = _SECRET_WORD.findall(_lower(unicodedata.normalize("NFC", text)))
        self.places: dict[str, list[int]] = {}
        for place, word in enumerate(words):
            self.places.setdefault(word, []).append(place)
        self._grams = frozenset(tuple(words[place : place + _GRAM]) for place in range(len(words) - _GRAM + 1))

    def may_be_in(self, words: Sequence[str]) -> bool:
        """Whether a run can stand in a text of these words."""
        return any(tuple(words[place : place + _GRAM]) in self._grams for place in range(0, len(words), _STEP))

    def lengths(self, words: Iterable[str]) -> Iterator[int]:
        """Yield, at each word, how many words that end there stand so in the instructions."""
        lengths: dict[int, int] = {}
        for word in words:
            lengths = {place: lengths.get(place - 1, 0) + 1 for place in self.places.get(word, ())}
            yield max(lengths.values(), default=0)

    def runs(self, words: Sequence[str]) -> list[Span]:
        """Return the runs as (first, last) word; those that share words are one."""
        found: list[Span] = []
        if not self.may_be_in(words):
            return found
        for last, length in enumerate(self.lengths(words)):
            if length > LONGEST:
                first = last - length + 1
                while found and found[-1][1] >= first:
                    first = min(first, found.pop()[0])
                found.append((first, last))
        return found


@lru_cache(maxsize=8)
def _secret(text: str) -> Secret:
    return Secret(text)


def _lower(text: str) -> str:
    """Return a text of the same length in small letters."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(letter.lower()[:1] for letter in text)


def _keys(text: str) -> list[str]:
    """Return the words of a text as they are compared, without the lines that open and close a fence."""
    text = _FENCE.sub("", text) if "```" in text else text
    if _COMBINING.search(text):
        return [unicodedata.normalize("NFC", word) for word in _WORD.findall(_lower(text))]
    return _BARE_WORD.findall(_lower(text))


def _spans(text: str, start: int = 0) -> list[Span]:
    return [found.span() for found in _WORD.finditer(text, start) if found[0][0] != "`"]


def taken_out(text: str, secret: str) -> str:
    """Return a cleaned text without the runs of the instructions."""
    if not secret:
        return text
    runs = _secret(secret).runs(_keys(text))
    return _without(text, _spans(text), runs) if runs else text


def settled(text: str, secret: str) -> str:
    """Return the beginning of a cleaned text that still grows, without runs: up to what may yet become one."""
    known = _secret(secret)
    words = _keys(text)
    length = max((0, *list(known.lengths(words[-LONGEST:]))[-1:]))
    runs = known.runs(words)
    if not runs:
        return text[: _last_spans(text, length - OPENING)[0][0]] if length > OPENING else text
    spans = _spans(text)
    first = _first_held(known, words, runs) + OPENING
    end = spans[first][0] if first < len(spans) else len(text)
    return _without(text[:end], spans, [run for run in runs if run[1] < first])


def begins(text: str, secret: str) -> int:
    """Return where the run begins in which a text that still grows may end; the text's length where it ends in none."""
    known, words = _secret(secret), _keys(text)
    first = _first_held(known, words, known.runs(words))
    return _last_spans(text, len(words) - first)[0][0] if first < len(words) else len(text)


def _first_held(known: Secret, words: Sequence[str], runs: Sequence[Span]) -> int:
    """Return the first word of the run in which words may end."""
    first = len(words) - max((0, *list(known.lengths(words[-LONGEST:]))[-1:]))
    return next((run[0] for run in reversed(runs) if run[1] >= first), first)


def _last_spans(text: str, count: int) -> list[Span]:
    """Return where the last words of a text stand, looking at its end alone where that is enough."""
    start = text.rfind(" ", 0, max(0, len(text) - _TAIL)) + 1
    spans = _spans(text, start)
    return (spans if len(spans) >= count else _spans(text))[-count:]


def _without(text: str, spans: Sequence[Span], runs: Sequence[Span]) -> str:
    out, position = [], 0
    for first, last in runs:
        mark = MARK
        for start, end in _pieces(spans[first + OPENING : last + 1], text):
            out += [text[position:start], _balanced(text, start, end, mark)]
            position, mark = end, ""
    return "".join([*out, text[position:]])


def _pieces(run: Sequence[Span], text: str) -> Iterator[Span]:
    """Yield where a run stands, line by line: ends of lines and fences stay."""
    start = run[0][0]
    for (_, end), (following, _) in pairwise(run):
        if "\n" in text[end:following]:
            yield start, end
            start = following
    yield start, run[-1][1]


def _balanced(text: str, start: int, end: int, mark: str) -> str:
    """Return what stands for a piece of a line: where it cuts through code, the code's other mark stays one of two."""
    if text.count("`", start, end) % 2 == 0:
        return mark
    is_in_code = text.count("`", text.rfind("\n", 0, start) + 1, start) % 2
    return f"{mark or '…'}`" if is_in_code else f" `{mark or '…'}"
