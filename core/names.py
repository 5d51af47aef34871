"""The names of a course's cards (titles, parts of them, aliases), and what those that a question holds say of it."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import product
from typing import NamedTuple

from core.french import Analysis, Vocabulary, asking_words, common_words, flat, terms, written_words
from core.knowledge import Card

ALONE, CALLED = 0.85, 6.0
"""From this share of a question's rarity on, a name is all that is asked; what that adds to the card's score and to its confidence."""
RARE = 0.4
"""The share of an unknown word's rarity from which on words of one title alone name it."""
_SEGMENT = re.compile(r"[,:;()?]| et ")
"""A title names several things: "CPU, GPU, VRAM : quel matériel pour quoi" names a GPU."""


class Name(NamedTuple):
    """A title, a part of one, or an alias: its card, its words, their stems and the sum of the stems' rarities.

    It is the card's subject unless it is a common word that ends a title: who types "test" alone tries the bot. It is rare where
    none of its words is an everyday one.
    `length` counts the words of the whole title or alias, stop words too: of two cards that bear a name the shorter one is called so.
    """

    card: int
    words: tuple[str, ...]
    stems: frozenset[str]
    rarity: float
    is_title: bool
    is_subject: bool
    is_rare: bool
    length: int


class Met(NamedTuple):
    """A name that shares words with a question: how rare these are together, where in the question the first stands, and if they are all of it."""

    name: Name
    worth: float
    start: int
    is_whole: bool


class Called(NamedTuple):
    """What the names in a question say of it.

    Attributes:
        added: what they add to the cards' scores by words.
        alone: the cards whose name is nearly all that is asked.
        themes: the cards that are named before others, and how rare these names are: *A ou B ?* is asked of A.
        names: those that stand whole in it, written as they are.
    """

    added: Mapping[int, float]
    alone: frozenset[int]
    themes: Mapping[int, float]
    names: Sequence[Name]

    @property
    def is_rare(self) -> bool:
        """Whether a card is called by a rare name, whatever else is said."""
        return any(name.is_rare for name in self.names)


def own(analysis: Analysis) -> Analysis:
    """Return what in a question says of what one asks, not how or why; all of it where nothing does."""
    pairs = [(term, word) for term, word in zip(analysis.terms, analysis.words, strict=True) if word not in asking_words()]
    return Analysis(tuple(term for term, _ in pairs), tuple(word for _, word in pairs), analysis.repaired) if pairs else analysis


def _is_bent(name: Name, analysis: Analysis) -> bool:
    """Whether a name is written otherwise in a question: "shape" and "SHAP" have one stem."""
    return not {*name.words} <= {*analysis.words}


def _themes(met: Iterable[Met]) -> dict[int, float]:
    """Return the cards of the first names that stand whole, with the names' rarities, if others are named behind them."""
    whole = [each for each in met if each.is_whole]
    start = min((each.start for each in whole), default=0)
    first: dict[int, float] = defaultdict(float)
    for each in whole:
        if each.start == start:
            first[each.name.card] = max(first[each.name.card], each.worth)
    return first if any(each.name.card not in first for each in whole) else {}


class Names:
    """All names of a course's cards, read as questions are: `batch_size` is one word in both, `learning rate` may be one in both.

    Attributes:
        titles: the terms of each card's title.
    """

    def __init__(self, cards: Sequence[Card], vocabulary: Vocabulary, rarities: Mapping[str, float], unknown: float) -> None:
        """Index the names; `rarities` are those of the course's terms, `unknown` is that of any other."""
        self._rarities, self._unknown = rarities, unknown
        self.titles = [frozenset(terms(card.title)) for card in cards]
        self._names: list[Name] = []
        self._with: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, card in enumerate(cards):
            self._index(number, card, vocabulary)

    def _index(self, number: int, card: Card, vocabulary: Vocabulary) -> None:
        aliases = [alias for alias in card.aliases if len(set(terms(alias))) > 1 or len(written_words(alias)) == 1]
        head, *parts = _SEGMENT.split(card.title)
        for text in dict.fromkeys((card.title, head, *parts, *aliases)):
            (stems, words, _), is_title = vocabulary.analyse(text), text in card.title
            for term in stems:
                self._with[term].append((len(self._names), number))
            is_subject = text not in parts or flat(text).strip() not in common_words()
            length = len(written_words(text if text in aliases else card.title))
            is_rare = common_words().isdisjoint(words)
            self._names.append(Name(number, words, frozenset(stems), self.rarity(stems), is_title, is_subject, is_rare, length))

    def rarity(self, told: Iterable[str]) -> float:
        """Return how rare these terms are together; what no card holds is the rarest."""
        return sum(self._rarities.get(term, self._unknown) for term in told)

    def share(self, asked: Sequence[str]) -> float:
        """Return the share of these terms that stand in names, weighed by rarity."""
        return self.rarity(term for term in asked if term in self._with) / (self.rarity(asked) or 1.0)

    def called(self, analysis: Analysis, asked: Analysis, cards: Collection[int]) -> Called:
        """Return what the names of these cards say of a question, of which `asked` says of what one asks."""
        met = self._met(analysis, cards)
        added, alone = self._added(analysis, met), self._alone(analysis, asked, met, cards)
        for card in alone:
            added[card] += CALLED
        names = [each.name for each in met if each.is_whole and each.name.is_subject and not _is_bent(each.name, analysis)]
        return Called(added, alone, _themes(met), names)

    def are_both(self, asked: Analysis, names: Iterable[Name], cards: Collection[int]) -> bool:
        """Return whether these names call both cards in different words, and are nearly all that is asked: *A ou B ?*."""
        if any(self.titles[card].issuperset(asked.terms) for card in cards):
            return False  # a title may name two things, one of which is another card
        by = [[name for name in names if name.card == card] for card in cards]
        return any(one.stems.isdisjoint(other.stems) and self._say_all(asked, (one, other)) for one, other in product(*by))

    def _say_all(self, asked: Analysis, names: Collection[Name]) -> bool:
        """Return whether these names are hardly less than what is asked; the parts of a word that was joined are in it."""
        said = [word for name in names for word in name.words]
        left = [term for term, word in zip(asked.terms, asked.words, strict=True) if not any(word in each for each in said)]
        return self.rarity(left) <= (1 - ALONE) * self.rarity(asked.terms)

    def _met(self, analysis: Analysis, cards: Collection[int]) -> list[Met]:
        """Return the names that stand whole in a question, and the titles that share a word with it, in the order in which it comes to them."""
        met: dict[int, float] = defaultdict(float)
        sizes: Counter[int] = Counter()
        starts: dict[int, int] = {}
        for place, term in enumerate(analysis.terms):
            rarity = self._rarities.get(term, 0.0)
            for number, card in self._with.get(term, ()):
                if card in cards:
                    met[number] += rarity
                    sizes[number] += 1
                    starts.setdefault(number, place)
        found = ((self._names[number], sizes[number], number) for number in met)
        return [
            Met(name, met[number], starts[number], is_whole=size == len(name.stems))
            for name, size, number in found
            if name.is_title or size == len(name.stems)
        ]

    def _added(self, analysis: Analysis, met: Iterable[Met]) -> dict[int, float]:
        """Return for each card what its title holds of a question, and its rarest name that stands there whole."""
        asked = frozenset(analysis.terms)
        titles: dict[int, float] = defaultdict(float)
        whole: dict[int, float] = defaultdict(float)
        for name, worth, _, is_whole in met:
            if name.is_title:
                titles[name.card] = max(titles[name.card], worth * worth / name.rarity)
            if is_whole and (not name.is_title or self.titles[name.card] <= asked):
                whole[name.card] = max(whole[name.card], worth)
        return defaultdict(float, {card: titles[card] + whole[card] for card in {*titles, *whole}})

    def _alone(self, analysis: Analysis, wanted: Analysis, met: Iterable[Met], cards: Iterable[int]) -> frozenset[int]:
        """Return the cards whose name is nearly all that is asked: those that are called so most nearly, or the one whose title alone holds it."""
        asked, asked_rarity = frozenset(analysis.terms), self.rarity(wanted.terms)
        called: dict[int, tuple[bool, int]] = {}
        for name, worth, _, is_whole in met:
            if is_whole and name.is_subject and worth >= ALONE * asked_rarity:
                called[name.card] = min(called.get(name.card, (True, name.length)), (_is_bent(name, analysis), name.length))
        alone = frozenset(card for card, nearness in called.items() if nearness == min(called.values()))
        if alone or asked_rarity < RARE * self._unknown or common_words() >= {*analysis.words}:
            return alone
        titled = frozenset(card for card in cards if asked <= self.titles[card])
        return titled if len(titled) == 1 else frozenset()
