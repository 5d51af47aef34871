"""Kandel and Moles' reading ease for French (1958): 207 - 1.015 words/sentence - 73.6 syllables/word. Higher is easier."""

import re

_VOWELS = "aeiouyàâäéèêëîïôöùûüœæ"
_CODE = re.compile(r"```.*?```|`[^`]*`|\$[^$]*\$", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]+")


def words_in_text(text: str, title: str = "") -> list[str]:
    """Return the words of a text, without code, formulas and the card's own title."""
    return _WORD.findall(_CODE.sub(" ", text).replace(title, " ") if title else _CODE.sub(" ", text))


def sentences_in(text: str, title: str = "") -> list[str]:
    """Return the sentences that hold a word; every line ends one."""
    bare = _CODE.sub(" ", text)
    bare = bare.replace(title, " ") if title else bare
    return [sentence for sentence in re.split(r"[.!?…]+|\n+", bare) if _WORD.search(sentence)]


def syllables(word: str) -> int:
    """Count a word's syllables: groups of vowels, the last silent e left out."""
    count = len(re.findall(f"[{_VOWELS}]+", word.lower()))
    is_silent = count > 1 and re.search(r"[^aeiouyéèêàâîôûù](e|es|ent)$", word.lower())
    return max(1, count - bool(is_silent))


def reading_ease(text: str, title: str = "") -> float:
    """Return Kandel and Moles' figure."""
    words, sentences = words_in_text(text, title), sentences_in(text, title)
    return 207 - 1.015 * len(words) / max(1, len(sentences)) - 73.6 * sum(map(syllables, words)) / max(1, len(words))
