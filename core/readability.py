"""Kandel and Moles' reading ease for French (1958): 207 - 1.015 words/sentence - 73.6 syllables/word. Higher is easier.

Code, formulas and the card's own title are left out first: a term that must stand there says nothing of the writing.
"""

import re

_VOWELS = "aeiouyàâäéèêëîïôöùûüœæ"
_CODE = re.compile(r"```.*?```|`[^`]*`|\$[^$]*\$", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]+")


def words_in_text(text: str, title: str = "") -> list[str]:
    """Return the words of a text."""
    return _WORD.findall(_bare(text, title))


def sentences_in(text: str, title: str = "") -> list[str]:
    """Return the sentences that hold a word; every line ends one."""
    return [sentence for sentence in re.split(r"[.!?…]+|\n+", _bare(text, title)) if _WORD.search(sentence)]


def words_a_sentence(text: str, title: str = "") -> float:
    """Return the mean length of a sentence, in words."""
    return len(words_in_text(text, title)) / max(1, len(sentences_in(text, title)))


def reading_ease(text: str, title: str = "") -> float:
    """Return Kandel and Moles' figure."""
    words = words_in_text(text, title)
    return 207 - 1.015 * words_a_sentence(text, title) - 73.6 * sum(map(syllables, words)) / max(1, len(words))


def syllables(word: str) -> int:
    """Count a word's syllables: groups of vowels, the last silent e left out."""
    count = len(re.findall(f"[{_VOWELS}]+", word.lower()))
    is_silent = count > 1 and re.search(r"[^aeiouyéèêàâîôûù](e|es|ent)$", word.lower())
    return max(1, count - bool(is_silent))


def _bare(text: str, title: str) -> str:
    text = _CODE.sub(" ", text)
    return text.replace(title, " ") if title else text
