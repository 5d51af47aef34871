"""An inverted index by BM25: which texts hold a thing, and how much that tells of each (Robertson & Zaragoza 2009).

What a text holds is a number, be it a term's or a run of letters itself. Everything lies in flat arrays, one posting behind the
other: an array for each of tens of thousands of things would take more room than what they hold.
"""

import math
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise

K1, B = 1.2, 0.75

Text = tuple["array[int]", "array[float]"]
"""The things that a text holds, each once, and how much of each."""


def text_of(amounts: Mapping[int, float]) -> Text:
    """Return a text as it is indexed: far smaller than a dictionary."""
    return array("I", amounts), array("f", amounts.values())


class Postings:
    """The texts that hold each thing, ready to be added up.

    Attributes:
        rarities: of the things that are kept, in the order of their numbers.
    """

    def __init__(self, texts: Sequence[Text], *, most: float = math.inf, lent: Mapping[int, int] | None = None) -> None:
        """Index these texts, but not what more than `most` of them hold; what is `lent` to so many of them makes nothing less rare."""
        self._count = len(texts)
        held = Counter[int]()
        for things, _ in texts:
            held.update(things)
        self._things = array("I", sorted(thing for thing, number in held.items() if number <= most))
        self._borders = array("I", accumulate((held[thing] for thing in self._things), initial=0))
        lent = lent or {}
        self.rarities = array("d", (self._rarity(held[thing], lent.get(thing, 0)) for thing in self._things))
        self._texts = array("I", bytes(4 * self._borders[-1]))
        self._weights = array("f", bytes(4 * self._borders[-1]))
        held.clear()
        self._fill(texts)
        self._weigh()

    def _rarity(self, held: int, lent: int) -> float:
        own = held - lent or held
        return math.log(1 + (self._count - own + 0.5) / (own + 0.5))

    def _fill(self, texts: Sequence[Text]) -> None:
        """Write the texts that hold each thing, and how full of it each one is for its length."""
        numbers, weights, next_places = self._texts, self._weights, dict(zip(self._things, self._borders, strict=False))
        lengths = [sum(amounts) for _, amounts in texts]
        mean = sum(lengths) / max(1, len(lengths)) or 1.0
        for number, ((things, amounts), length) in enumerate(zip(texts, lengths, strict=True)):
            norm = K1 * (1 - B + B * length / mean)
            for thing, amount in zip(things, amounts, strict=True):
                if (place := next_places.get(thing)) is not None:
                    numbers[place] = number
                    weights[place] = amount / (amount + norm)
                    next_places[thing] = place + 1

    def _weigh(self) -> None:
        """Multiply by the rarities, last: a second dictionary of so many floats would be the most that the program ever holds."""
        for (start, end), rarity in zip(pairwise(self._borders), self.rarities, strict=True):
            self._weights[start:end] = array("f", [(K1 + 1) * rarity * weight for weight in self._weights[start:end]])

    def scores(self, things: Iterable[int], longest: int | None = None) -> list[float]:
        """Return what each text scores for things asked, in the order of the texts; of more than `longest` the rarest are looked at."""
        scores = [0.0] * self._count
        for start, end in sorted(self._spans(things), key=lambda span: span[1] - span[0])[:longest]:
            for number, weight in zip(self._texts[start:end], self._weights[start:end], strict=True):
                scores[number] += weight
        return scores

    def _spans(self, things: Iterable[int]) -> Iterator[tuple[int, int]]:
        """Yield where the posting of each thing that is kept begins and ends."""
        for thing in things:
            place = bisect_left(self._things, thing)
            if place < len(self._things) and self._things[place] == thing:
                yield self._borders[place], self._borders[place + 1]
