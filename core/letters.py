"""A ranking by runs of four letters, beside the one by words: what a thumb misspells, glues or bends keeps most of its letters.

BM25 over overlapping runs of four letters, those across the space between two words included (McNamee & Mayfield 2004,
"Character N-Gram Tokenization for European Language Text Retrieval"). Nothing is stemmed, repaired or left out here: *sans*,
*combien* and the way in which a trouble is told say which card is meant, though no list of words could tell how.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import chain

from core.french import flat
from core.postings import Postings, text_of

RUN = 4
LONG = 60
"""Of a longer text so many runs are looked at, the rarest: a page holds something of everything, and takes its time."""
COMMON, MANY = 0.4, 500
"""What more than this share of the texts hold, or more than this many, hardly tells them apart and costs the most time."""
_LETTERS = bytes(code if chr(code).isalnum() and code < 128 else ord(" ") for code in range(256))


def runs(text: str) -> Iterable[int]:
    """Return a text's runs of four letters, each as the number that its four bytes make: numbers are small and fast."""
    words = flat(text).encode("ascii", "replace").translate(_LETTERS).split()
    line = memoryview(b" %s " % b" ".join(words))
    return chain.from_iterable(line[start : len(line) - (len(line) - start) % RUN].cast("I") for start in range(RUN))


class LetterIndex:
    """Texts, ready to be compared with a question letter by letter."""

    def __init__(self, texts: Iterable[str]) -> None:
        counted = [text_of(Counter(runs(text))) for text in texts]
        self._postings = Postings(counted, most=min(COMMON * len(counted), MANY))

    def scores(self, text: str) -> list[float]:
        """Return how much of a question's letters each text holds, in the order of the texts."""
        return self._postings.scores(set(runs(text)), LONG)
