"""French search over the course's cards: a ranking, a confidence, and one of three zones.

BM25 over title, aliases and text (Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework"), fields weighted
before saturation. Two scores are kept of each card: one ranks and knows the examples; the other makes the confidence
and does not, because an example speaks of GLPI or VLANs without the course being about them. Confidence is that score
times the idf-weighted share of the question which the card covers, words unknown to the course counted at full weight.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from core.french import Analysis, Vocabulary, compounds, terms
from core.knowledge import Card, Course, Thresholds
from core.messages import Passage, Zone

K1, B = 1.2, 0.75
TITLE, ALIAS, TEXT, EXAMPLE = 3.0, 3.0, 1.0, 0.5


class Found(NamedTuple):
    """What a search found: passages, best first, the zone of the best, and why."""

    passages: tuple[Passage, ...]
    zone: Zone
    analysis: Analysis
    matched: tuple[str, ...] = ()

    @property
    def confidence(self) -> float:
        """The confidence of the best passage; 0 where nothing was found."""
        return self.passages[0].confidence if self.passages else 0.0


class Posting(NamedTuple):
    """One term's weights: the cards that hold it, its weight in their ranking and in their confidence."""

    cards: list[int]
    ranking: list[float]
    confidence: list[float]


def _fields(card: Card) -> Iterator[tuple[float, str]]:
    yield TITLE, card.title
    yield from ((ALIAS, alias) for alias in card.aliases)
    texts = list(card.levels.values()) or [card.content]
    yield from ((TEXT / len(texts), text) for text in texts)
    yield from ((TEXT, misconception.claim) for misconception in card.misconceptions)
    if card.check_question:
        yield TEXT, card.check_question.question


def _example_fields(card: Card) -> Iterator[tuple[float, str]]:
    yield from ((EXAMPLE, example) for example in card.examples)
    yield from ((EXAMPLE, misconception.correction) for misconception in card.misconceptions)


def _weigh(fields: Iterator[tuple[float, str]]) -> Counter[str]:
    weights: Counter[str] = Counter()
    for weight, text in fields:
        for term in terms(text):
            weights[term] += weight  # type: ignore[assignment]  # a Counter of floats
    return weights


class SearchIndex:
    """The cards of one course, ready to be searched."""

    def __init__(self, course: Course) -> None:
        self._cards = course.cards
        self._thresholds = course.thresholds
        own = [_weigh(_fields(card)) for card in self._cards]
        examples = [_weigh(_example_fields(card)) for card in self._cards]
        self._idf = self._rarity(own, examples)
        self._unknown = math.log(1 + 2 * len(self._cards))
        self._postings = self._invert(own, examples)
        self._vocabulary = Vocabulary(word for card in self._cards for _, text in (*_fields(card), *_example_fields(card)) for word in set(_words(text)))

    @staticmethod
    def _rarity(own: Sequence[Counter[str]], examples: Sequence[Counter[str]]) -> dict[str, float]:
        held = Counter(term for mine, theirs in zip(own, examples, strict=True) for term in {*mine, *theirs})
        return {term: math.log(1 + (len(own) - count + 0.5) / (count + 0.5)) for term, count in held.items()}

    def _invert(self, own: Sequence[Counter[str]], examples: Sequence[Counter[str]]) -> dict[str, Posting]:
        lengths = [sum(weights.values()) for weights in own]
        mean = sum(lengths) / max(1, len(lengths)) or 1.0
        postings: dict[str, Posting] = defaultdict(lambda: Posting([], [], []))
        for number, (mine, theirs) in enumerate(zip(own, examples, strict=True)):
            norm = K1 * (1 - B + B * lengths[number] / mean)
            for term in {*mine, *theirs}:
                posting = postings[term]
                posting.cards.append(number)
                for weights, weight in ((posting.ranking, mine[term] + theirs[term]), (posting.confidence, mine[term])):
                    weights.append(self._idf[term] * weight * (K1 + 1) / (weight + norm))
        return dict(postings)

    def search(self, text: str, limit: int = 5) -> Found:
        """Return up to `limit` passages for a student's text, best first, and the zone."""
        analysis = self._vocabulary.analyse(text)
        ranking: dict[int, float] = defaultdict(float)
        for term in analysis.terms:
            posting = self._postings.get(term)
            if posting:
                for number, weight in zip(posting.cards, posting.ranking, strict=True):
                    ranking[number] += weight
        best = sorted(ranking, key=lambda number: (-ranking[number], number))[:limit]
        passages = tuple(self._passage(number, ranking[number], analysis) for number in best)
        matched = tuple(term for term in analysis.terms if term in self._postings)
        return Found(passages, self._zone(passages, self._thresholds), analysis, matched)

    def passage(self, card_id: str) -> Passage:
        """Return a card as a passage that nothing was searched for."""
        card = next(card for card in self._cards if card.id == card_id)
        return Passage(card.id, card.title, card.content, 1.0, 0.0)

    def _passage(self, number: int, score: float, analysis: Analysis) -> Passage:
        card, covered, whole, own = self._cards[number], 0.0, 0.0, 0.0
        for term in analysis.terms:
            rarity = self._idf.get(term, self._unknown)
            whole += rarity
            posting = self._postings.get(term)
            weight = posting.confidence[posting.cards.index(number)] if posting and number in posting.cards else 0.0
            own += weight
            covered += rarity if weight else 0.0
        return Passage(card.id, card.title, card.content, score, own * covered / whole if whole else 0.0)

    @staticmethod
    def _zone(passages: Sequence[Passage], thresholds: Thresholds) -> Zone:
        confidence = passages[0].confidence if passages else 0.0
        if confidence >= thresholds.sure:
            return Zone.SURE
        return Zone.UNSURE if confidence >= thresholds.outside else Zone.OUTSIDE


def _words(text: str) -> Iterator[str]:
    for whole, parts in compounds(text):
        yield whole
        yield from parts
