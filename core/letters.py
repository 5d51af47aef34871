"""A ranking by runs of four letters, beside the one by words: what a thumb misspells, glues or bends keeps most of its letters.

BM25 over overlapping runs of four letters, those across the space between two words included (McNamee & Mayfield 2004,
"Character N-Gram Tokenization for European Language Text Retrieval"). Nothing is stemmed, repaired or left out here: *sans*,
*combien* and the way in which a trouble is told say which card is meant, though no list of words could tell how.
"""

import math
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, pairwise

from core.french import flat

RUN = 4
K1, B = 1.2, 0.75
LONG = 80
"""Of a longer text so many runs are looked at, the rarest: a page holds something of everything, and takes its time."""
COMMON, MANY = 0.4, 500
"""What more than this share of the texts hold, or more than this many, hardly tells them apart and costs the most time."""
_LETTERS = bytes(code if chr(code).isalnum() and code < 128 else ord(" ") for code in range(256))


def runs(text: str) -> Iterable[int]:
    """Return a text's runs of four letters, each as the number that its four bytes make: numbers are small and fast."""
    words = flat(text).encode("ascii", "replace").translate(_LETTERS).split()
    line = memoryview(b" %s " % b" ".join(words))
    return chain.from_iterable(line[start : len(line) - (len(line) - start) % RUN].cast("I") for start in range(RUN))


def rarity_of(held: int, count: int) -> float:
    """Return BM25's weight of what so many of `count` texts hold."""
    return math.log(1 + (count - held + 0.5) / (held + 0.5))


def norms(lengths: Sequence[float]) -> list[float]:
    """Return what saturates the counts of each text, by its length: BM25's K1 and B."""
    mean = sum(lengths) / max(1, len(lengths)) or 1.0
    return [K1 * (1 - B + B * length / mean) for length in lengths]


class LetterIndex:
    """Texts, ready to be compared with a question letter by letter."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Count the runs of each text and lay them one behind the other, in their order, weighed by BM25."""
        counted = [(array("I", counts), array("I", counts.values())) for counts in (Counter(runs(text)) for text in texts)]
        self._count = len(counted)
        held: Counter[int] = Counter()
        for found, _ in counted:
            held.update(found)
        self._runs = array("I", sorted(run for run, number in held.items() if number <= min(COMMON * self._count, MANY)))
        self._borders = array("I", accumulate((held[run] for run in self._runs), initial=0))
        self._texts = array("I", bytes(4 * self._borders[-1]))
        self._weights = array("f", bytes(4 * self._borders[-1]))
        held.clear()
        self._fill(counted)
        self._weigh()

    def _fill(self, counted: list[tuple["array[int]", "array[int]"]]) -> None:
        """Write the texts that hold each run, and how full of it each one is."""
        texts, weights, next_places = self._texts, self._weights, dict(zip(self._runs, self._borders, strict=False))
        saturations = norms([sum(counts) for _, counts in counted])
        for number, ((found, counts), norm) in enumerate(zip(counted, saturations, strict=True)):
            for run, count in zip(found, counts, strict=True):
                if (place := next_places.get(run)) is not None:
                    texts[place] = number
                    weights[place] = count / (count + norm)
                    next_places[run] = place + 1

    def _weigh(self) -> None:
        """Multiply by what each run tells: a second dictionary of so many floats would be the most that the program ever holds."""
        for start, end in pairwise(self._borders):
            scale = (K1 + 1) * rarity_of(end - start, self._count)
            self._weights[start:end] = array("f", [scale * weight for weight in self._weights[start:end]])

    def scores(self, text: str) -> list[float]:
        """Return how much of a question's letters each text holds, in the order of the texts."""
        scores = [0.0] * self._count
        for start, end in sorted(self._postings(text), key=lambda borders: borders[1] - borders[0])[:LONG]:
            for number, weight in zip(self._texts[start:end], self._weights[start:end], strict=True):
                scores[number] += weight
        return scores

    def _postings(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where the postings of each run that tells something begin and end."""
        for run in set(runs(text)):
            place = bisect_left(self._runs, run)
            if place < len(self._runs) and self._runs[place] == run:
                yield self._borders[place], self._borders[place + 1]
