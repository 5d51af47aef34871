"""Clothes for a text: the same words in other letters, borders and marks, drawn by a seed."""

import html
import random
from collections.abc import Callable

HOMOGLYPHS = str.maketrans("aceiopsxyAEOPCTHMBK", "асеіорѕхуАЕОРСТНМВК")
FULL_WIDTH = str.maketrans({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
UNSEEN = "\u200b\u200c\u200d\u2060\u00ad\ufeff\u034f\U000e0041"
TURNS = ("\u202e", "\u202d", "\u2066", "\u2067", "\u200f")
BLANKS = (" ", "  ", "\u00a0", "\u2009", "\t", "\n", "\u3000")


def _case(text: str, draw: random.Random) -> str:
    return "".join(letter.upper() if draw.random() < 0.5 else letter.lower() for letter in text)


def _spacing(text: str, draw: random.Random) -> str:
    return "".join(draw.choice(BLANKS) if letter == " " else letter for letter in text)


def _homoglyphs(text: str, draw: random.Random) -> str:
    return "".join(letter.translate(HOMOGLYPHS) if draw.random() < 0.6 else letter for letter in text)


def _zero_width(text: str, draw: random.Random) -> str:
    return "".join(letter + (draw.choice(UNSEEN) if draw.random() < 0.4 else "") for letter in text)


def _fences(text: str, draw: random.Random) -> str:
    mark = draw.choice(("```", "~~~", "````", "`", "``"))
    return f"{mark}\n{text}\n{mark}" if len(mark) > 2 else f"{mark}{text}{mark}"


def _turned(text: str, draw: random.Random) -> str:
    return " ".join(draw.choice(TURNS) + word + ("\u202c" if draw.random() < 0.5 else "") for word in text.split(" "))


def _entities(text: str, draw: random.Random) -> str:
    def escaped(letter: str) -> str:
        return draw.choice((f"&#{ord(letter)};", f"&#x{ord(letter):x};", html.escape(letter)))

    return "".join(letter if letter.isspace() or draw.random() < 0.5 else escaped(letter) for letter in text)


def _full_width(text: str, draw: random.Random) -> str:
    return " ".join(word.translate(FULL_WIDTH) if draw.random() < 0.7 else word for word in text.split(" "))


def _same(text: str, draw: random.Random) -> str:
    """Return the text itself: its clothes are the borders, one letter a chunk."""
    return text


MUTATIONS: dict[str, Callable[[str, random.Random], str]] = {
    "case": _case,
    "spacing": _spacing,
    "homoglyphs": _homoglyphs,
    "zero-width": _zero_width,
    "fences": _fences,
    "rtl": _turned,
    "entities": _entities,
    "full-width": _full_width,
    "borders": _same,
}


def mutate(text: str, mutation: str, draw: random.Random) -> str:
    """Return a text in other clothes; as it is where no mutation is named."""
    return MUTATIONS[mutation](text, draw) if mutation else text


def borders(text: str, draw: random.Random, *, is_fine: bool = False) -> list[str]:
    """Return a text as chunks whose borders lie anywhere: between any two letters, or behind each one."""
    longest = 1 if is_fine and len(text) < 1_500 else max(12, len(text) // 8)
    chunks, start = [], 0
    while start < len(text):
        end = start + draw.randint(1, longest)
        chunks.append(text[start:end])
        start = end
    return chunks
