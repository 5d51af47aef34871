"""Letters that nobody sees: taken out of what is shown, of what goes to the model, and of where personal data is looked for."""

import json
import re
import unicodedata

ESCAPES = re.compile(r"\x1b(?:\[[0-9;:<=>?]*[ -/]*[@-~]|\][^\x07\x1b\r\n]*(?:\x07|\x1b\\)|[PX^_][^\x1b\r\n]*\x1b\\|[ -/]*[0-~])")
OPEN_ESCAPE = re.compile(r"\x1b(?:\[[0-9;:<=>?]*[ -/]*|\][^\x07\x1b\r\n]*\x1b?|[PX^_][^\x1b\r\n]*\x1b?|[ -/]*)\Z")
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f")
_UNCOMMON = re.compile("[^\n\t -~\u00a0-\u00ac\u00ae-\u024f\u0391-\u03a1\u03b1-\u03c9\u2010-\u2027\u202f-\u205e\u2080-\u208e\u20ac\u2190-\u22ff]")
"""What is looked at letter by letter: all but the letters and signs that make up nearly every text, none of which is unseen."""
_LINE_ENDS = str.maketrans("\r\u2028\u2029", "\n\n\n")


class _Seen(dict[str, str]):
    """Maps a character to itself, or to nothing where nobody would see it."""

    def __missing__(self, letter: str) -> str:
        is_gone = letter in _BLANK or unicodedata.category(letter) in {"Cc", "Cf", "Co", "Cs", "Cn"}
        is_gone = is_gone or "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"
        self[letter] = "" if is_gone else letter
        return self[letter]


_SEEN = _Seen()


def masked(text: str) -> str:
    r"""Return a text of the same length with zeros for terminal escapes; line ends become `\n`."""
    text = ESCAPES.sub(lambda found: "\0" * len(found[0]), text) if "\x1b" in text else text
    has_others = "\r" in text or "\u2028" in text or "\u2029" in text
    return text.replace("\r\n", "\n\0").translate(_LINE_ENDS) if has_others else text


def without_unseen(text: str) -> str:
    """Return a masked text without the characters that nobody sees."""
    return _UNCOMMON.sub(lambda found: _SEEN[found[0]], text)


def visible(text: str) -> str:
    r"""Return text without control, invisible and direction-changing characters; line ends become `\n`."""
    return without_unseen(masked(text))


def escaped(json_text: str) -> str:
    r"""Return JSON in which what nobody would see is written as `\u202e`; outside ASCII there are only the strings' own letters."""
    return _UNCOMMON.sub(lambda found: _SEEN[found[0]] or json.dumps(found[0])[1:-1], json_text)


def place_in_masked(text: str, count: int) -> int:
    """Return how many characters of a masked text make the first `count` visible ones."""
    places = (place for place, letter in enumerate(text, 1) if not _UNCOMMON.match(letter) or _SEEN[letter])
    return next((place for number, place in enumerate(places, 1) if number == count), 0)
