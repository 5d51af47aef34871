"""French search over the course's cards: a ranking, a confidence, and one of three zones.

Two rankings are added up: one by words and one by letters (`core/letters.py`). That by words is BM25 over title, aliases,
keywords, phrasings and text (Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework"), fields weighted before
saturation, and something for names (title, alias) met. Two scores by words are kept of each card: one ranks and knows
everything; the other makes the confidence and knows neither examples nor much of the keywords, because an example speaks
of GLPI or VLANs without the course being about them. Confidence is that score, and something for a title or an alias met
whole (more where nothing else is asked) and for what the other cards of its topic score, times two idf-weighted shares of
the question: what the card covers (to the power 0.6) and what the course teaches, where a word of keywords, examples or
phrasings alone counts half; and a twentieth of the letters' score. A card is sure only where both rankings put it first. The
constants were chosen on our own questions (docs/decisions.md), where none of them matters much.

"""

import heapq
import math
import re
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from core.french import Analysis, Vocabulary, common_words, flat, terms, written_words
from core.knowledge import Card, Course
from core.letters import K1, LetterIndex, norms, rarity_of
from core.messages import Passage, Zone

TITLE, ALIAS, TEXT, CHECK, KEYWORD, EXAMPLE, CORRECTION = 4.0, 2.0, 1.0, 0.6, 0.8, 0.3, 1.0
SURE_KEYWORD, PHRASING = 0.25, 0.3
NAMED_TITLE, NAMED_WHOLE = 0.8, 1.0
SURE_TITLE, SURE_ALIAS = 3.0, 2.0
ALONE, NAMED_ALONE, SURE_ALONE = 0.85, 6.0, 9.0
RARE = 0.4
"""The share of an unknown word's rarity from which on words of one title alone name it."""
SURE_NEIGHBOURS = 2.0
LETTERS, SURE_LETTERS = 0.35, 0.05
COVERED_POWER, KNOWN_POWER, HALF_KNOWN = 0.6, 1.0, 0.5
LEAD, NAMED_LEAD = 1.1, 0.6
"""The first card is sure only if it scores this many times any other, by words and by letters: where two answer alike, the student chooses.
A card that is called by its name need not lead: "parler à l'IA" names one card, and is the words of another."""

CANDIDATES = 200
"""Of a course larger than this, names are looked at on the best cards only: a name's words are in the card's text score already."""
_SEGMENT = re.compile(r"[,:;()?]| et ")
"""A title names several things: "CPU, GPU, VRAM : quel matériel pour quoi" names a GPU."""


_CALENDAR = re.compile(r"\b(?:c.?est quand|quand est ce|quand c.?est|a quelle heure|quelle date|quel jour)\b(?! qu)")
"""What asks for a day or an hour: a course explains, its cards hold no calendar, so they are never sure of it."""


class Found(NamedTuple):
    """What a search found: passages, best first, the zone of the best, and why."""

    passages: tuple[Passage, ...]
    zone: Zone
    analysis: Analysis
    matched: tuple[str, ...] = ()
    leads: bool = False
    """Whether the best passage is clearly better than the next, or the question hardly more than its name."""

    @property
    def confidence(self) -> float:
        """The confidence of the best passage; 0 where nothing was found."""
        return self.passages[0].confidence if self.passages else 0.0


class Posting(NamedTuple):
    """The cards that hold a term, its weight in their ranking and in their confidence."""

    cards: "array[int]"
    ranking: "array[float]"
    confidence: "array[float]"

    @classmethod
    def empty(cls) -> "Posting":
        """Return one that holds no card yet."""
        return cls(array("I"), array("f"), array("f"))


class Name(NamedTuple):
    """A title, a part of one, or an alias: its card, its words, the number of their stems and the sum of the stems' rarities.

    It is the card's subject unless it is a common word that ends a title: who types "test" alone tries the bot.
    `length` counts the words of the whole title or alias, stop words too: of two cards that bear a name the shorter one is called so.
    """

    card: int
    words: tuple[str, ...]
    size: int
    rarity: float
    is_title: bool
    is_subject: bool
    length: int


def _fields(card: Card) -> Iterator[tuple[float, float, str]]:
    """Yield a card's texts with their weights in the ranking and in the confidence."""
    yield TITLE, TITLE, card.title
    yield from ((ALIAS, ALIAS, alias) for alias in card.aliases)
    yield from ((KEYWORD, SURE_KEYWORD, keyword) for keyword in card.keywords)
    texts = list(card.levels.values()) or [card.content]
    yield from ((TEXT / len(texts), TEXT / len(texts), text) for text in texts)
    yield from ((TEXT, TEXT, misconception.claim) for misconception in card.misconceptions)
    if card.check_question:
        yield CHECK, CHECK, card.check_question.question


def _example_fields(card: Card) -> Iterator[tuple[float, float, str]]:
    yield from ((EXAMPLE, 0.0, example) for example in card.examples)
    yield from ((CORRECTION, 0.0, misconception.correction) for misconception in card.misconceptions)


Weights = dict[str, list[float]]


class Weighed(NamedTuple):
    """A card as it is indexed.

    Attributes:
        weights: of its terms in the ranking and in the confidence.
        lent: the terms that stand in phrasings alone.
        taught: the terms that stand elsewhere than in keywords, examples and phrasings.
    """

    weights: Weights
    lent: frozenset[str]
    taught: frozenset[str]


def _short(card: Card) -> str:
    """Return what is compared letter by letter, in one line: long texts hold every run, and tell nothing."""
    texts = [*(card.title,) * 3, *card.aliases * 2, *card.keywords, *card.phrasings, *(belief.claim for belief in card.misconceptions)]
    return " ".join([*texts, card.check_question.question if card.check_question else ""])


def _weigh(card: Card, words: Counter[str]) -> Weighed:
    """Return a card as it is indexed; count its words.

    Phrasings add weight and, where a term is nowhere else in the card, the term itself: those are returned apart, since what
    makes a word rare is how many cards are about it. Their words are no vocabulary: half of them are misspelt on purpose.
    """
    weights: Weights = defaultdict(lambda: [0.0, 0.0])
    taught = set[str]()
    for ranking, confidence, text in (*_fields(card), *_example_fields(card)):
        written = written_words(text)
        for word in written:
            for term in word.stems:
                weight = weights[term]
                weight[0] += ranking
                weight[1] += confidence
        if confidence:  # a fault quoted in an example is no word of the course
            words.update({part for word in written for part in (word.whole, *word.parts)})
        if confidence > SURE_KEYWORD:
            taught.update(stem for word in written for stem in word.stems)
    own = frozenset(weights)
    for term in terms(" ".join(card.phrasings)):
        weight = weights[term]
        weight[0] += PHRASING
        weight[1] += PHRASING
    return Weighed(weights, frozenset(weights) - own, frozenset(taught))


def _lead(score: float, scores: Iterable[float]) -> float:
    """Return how many times the best of the other scores this one is."""
    first, second, *_ = (*heapq.nlargest(2, scores), 0.0, 0.0)
    other = second if score == first else first
    return score / other if other else math.inf if score else 0.0


def _leads(number: int, ranking: Mapping[int, float], letters: Sequence[float], *, is_named: bool) -> bool:
    """Return whether a card is clearly the best by words and by letters, or named and hardly worse than another by letters."""
    by_letters = _lead(letters[number], letters)
    return (is_named and by_letters >= NAMED_LEAD) or min(by_letters, _lead(ranking.get(number, 0.0), ranking.values())) >= LEAD


class SearchIndex:
    """The cards of one course, ready to be searched."""

    def __init__(self, course: Course) -> None:
        self._cards = course.cards
        self._letters = LetterIndex(map(_short, self._cards))
        self._numbers = {card.id: number for number, card in enumerate(self._cards)}
        self._topics = [number for number, topic in enumerate(course.topics) for _ in topic.subtopics]
        self._sizes = Counter(self._topics)
        self._taught: set[str] = set()
        self._thresholds = course.thresholds
        self._postings: dict[str, Posting] = defaultdict(Posting.empty)
        words: Counter[str] = Counter()
        lent: Counter[str] = Counter()
        lengths = [self._add(number, _weigh(card, words), lent) for number, card in enumerate(self._cards)]
        count = len(self._cards)
        held = {term: len(posting.cards) - lent[term] or len(posting.cards) for term, posting in self._postings.items()}
        self._idf = {term: rarity_of(n, count) for term, n in held.items()}
        self._unknown = math.log(1 + 2 * count)
        self._saturate(lengths)
        self._places: dict[str, int] = {}
        self._borders = array("I", [0])
        self._packed = self._pack()
        self._titles = [frozenset(terms(card.title)) for card in self._cards]
        self._names: list[Name] = []
        self._names_with: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._vocabulary = Vocabulary(words)
        self._index_names()

    def _add(self, number: int, card: Weighed, lent: Counter[str]) -> float:
        """Add a card's bare weights to the postings; return the card's length. No card's weights are kept: they would be 20 MB."""
        lent.update(card.lent)
        self._taught |= card.taught
        for term, (ranking, confidence) in card.weights.items():
            posting = self._postings[term]
            posting.cards.append(number)
            posting.ranking.append(ranking)
            posting.confidence.append(confidence)
        return sum(ranking for ranking, _ in card.weights.values())

    def _saturate(self, lengths: Sequence[float]) -> None:
        """Turn the bare weights into BM25's."""
        saturations = norms(lengths)
        for term, posting in self._postings.items():
            scale = self._idf[term] * (K1 + 1)
            for place, number in enumerate(posting.cards):
                for weights in (posting.ranking, posting.confidence):
                    weights[place] = scale * weights[place] / (weights[place] + saturations[number])

    def _pack(self) -> Posting:
        """Lay all postings one behind the other: three arrays for each of thousands of terms take more room than what they hold."""
        packed = Posting.empty()
        for number, (term, posting) in enumerate(self._postings.items()):
            self._places[term] = number
            packed.cards.extend(posting.cards)
            packed.ranking.extend(posting.ranking)
            packed.confidence.extend(posting.confidence)
            self._borders.append(len(packed.cards))
        self._postings.clear()
        return packed

    def _place(self, term: str) -> slice | None:
        """Return where a term's cards and weights stand."""
        number = self._places.get(term)
        return None if number is None else slice(self._borders[number], self._borders[number + 1])

    def _index_names(self) -> None:
        """Read names as questions are read: `batch_size` is one word in both, `learning rate` may be one in both."""
        for number, card in enumerate(self._cards):
            aliases = [alias for alias in card.aliases if len(set(terms(alias))) > 1 or len(written_words(alias)) == 1]
            head, *parts = _SEGMENT.split(card.title)
            for text in dict.fromkeys((card.title, head, *parts, *aliases)):
                (stems, words, _), is_title = self._vocabulary.analyse(text), text in card.title
                rarity = sum(map(self._idf.__getitem__, stems))
                place = (len(self._names), number)
                for term in stems:
                    self._names_with[term].append(place)
                is_subject = text not in parts or flat(text).strip() not in common_words()
                length = len(written_words(text if text in aliases else card.title))
                self._names.append(Name(number, words, len(stems), rarity, is_title, is_subject, length))

    def search(self, text: str, limit: int = 5) -> Found:
        """Return up to `limit` passages for a student's text, best first, and the zone."""
        analysis = self._vocabulary.analyse(text)
        ranking = self._rank(analysis)
        besides, alone = self._add_names(analysis, ranking)
        letters = self._letters.scores(text)
        scores = [ranking.get(number, 0.0) + LETTERS * score for number, score in enumerate(letters)]
        best = [number for number in heapq.nlargest(limit, range(len(scores)), key=scores.__getitem__) if scores[number]]
        for number, score in self._neighbours(ranking, best).items():
            besides[number] += SURE_NEIGHBOURS * score
        passages = tuple(self._scored(number, scores[number], analysis, besides[number], letters[number]) for number in best)
        matched = tuple(term for term in analysis.terms if term in self._places)
        leads = any(_leads(number, ranking, letters, is_named=alone == {number}) for number in best[:1])
        found = Found(passages, Zone.SURE, analysis, matched, leads)
        return found._replace(zone=self._zone(found, text))

    def _rank(self, analysis: Analysis) -> dict[int, float]:
        """Return the CANDIDATES best cards by their words; a list is added up faster than a dictionary."""
        scores = [0.0] * len(self._cards)
        for term in analysis.terms:
            if place := self._place(term):
                for number, weight in zip(self._packed.cards[place], self._packed.ranking[place], strict=True):
                    scores[number] += weight
        return {number: scores[number] for number in heapq.nlargest(CANDIDATES, range(len(scores)), key=scores.__getitem__) if scores[number]}

    def warm(self) -> None:
        """Read now what is otherwise read when the first misspelt word comes; for whoever runs long."""
        self._vocabulary.analyse("kestion xylofonne")

    def passage(self, card_id: str) -> Passage:
        """Return a card as a passage that nothing was searched for."""
        card = self._cards[self._numbers[card_id]]
        return Passage(card.id, card.title, card.content, 1.0, 0.0)

    def _names_met(self, analysis: Analysis, cards: Container[int]) -> Iterator[tuple[Name, float, bool]]:
        """Yield the names of these cards that share a word with a question, with the rarity of what they share, and whether that is all of it."""
        met: dict[int, float] = defaultdict(float)
        sizes: Counter[int] = Counter()
        for term in analysis.terms:
            rarity = self._idf.get(term, 0.0)
            for number, card in self._names_with.get(term, ()):
                if card in cards:
                    met[number] += rarity
                    sizes[number] += 1
        for number, worth in met.items():
            name = self._names[number]
            yield name, worth, sizes[number] == name.size

    def _add_names(self, analysis: Analysis, ranking: dict[int, float]) -> tuple[dict[int, float], set[int]]:
        """Add what names met are worth to the ranking.

        Returns what whole names are worth to the confidence, by card, and the cards whose name is nearly all that is asked.
        """
        titles: dict[int, float] = defaultdict(float)
        whole: dict[int, float] = defaultdict(float)
        asked = frozenset(analysis.terms)
        sure: dict[int, float] = defaultdict(float)
        called: dict[int, tuple[bool, int]] = {}
        asked_rarity = sum(self._idf.get(term, self._unknown) for term in asked)
        for name, worth, is_whole in self._names_met(analysis, ranking):
            title = self._titles[name.card]
            if name.is_title:
                titles[name.card] = max(titles[name.card], worth * worth / name.rarity)
            if is_whole and (not name.is_title or title <= asked):
                whole[name.card] = max(whole[name.card], worth)
            if (is_whole and (name.size > 1 or name.words[0] not in common_words())) or (name.is_title and asked <= title):
                sure[name.card] = max(sure[name.card], SURE_TITLE if name.is_title else SURE_ALIAS)
            if is_whole and name.is_subject and worth >= ALONE * asked_rarity:
                is_bent = not {*name.words} <= {*analysis.words}  # "shape" and "SHAP" have one stem
                called[name.card] = min(called.get(name.card, (True, name.length)), (is_bent, name.length))
        alone = {card for card, nearness in called.items() if nearness == min(called.values())}
        if not alone and asked_rarity >= RARE * self._unknown and not common_words() >= {*analysis.words}:
            titled = {card for card in ranking if asked <= self._titles[card]}
            alone = titled if len(titled) == 1 else set()
        for card in {*titles, *whole, *alone}:
            ranking[card] += NAMED_TITLE * titles[card] + NAMED_WHOLE * whole[card] + NAMED_ALONE * (card in alone)
            sure[card] += SURE_ALONE * (card in alone)
        return sure, alone

    def _neighbours(self, ranking: Mapping[int, float], best: Sequence[int]) -> dict[int, float]:
        """Return what the other cards of each one's topic score on average: what is asked about the course touches several."""
        sums: dict[int, float] = defaultdict(float)
        for number, score in ranking.items():
            sums[self._topics[number]] += score
        return {number: (sums[self._topics[number]] - ranking.get(number, 0.0)) / max(1, self._sizes[self._topics[number]] - 1) for number in best}

    def _scored(self, number: int, score: float, analysis: Analysis, besides: float, letters: float) -> Passage:
        card, covered, known, whole, own = self._cards[number], 0.0, 0.0, 0.0, 0.0
        for term in analysis.terms:
            rarity = self._idf.get(term, self._unknown)
            whole += rarity
            known += rarity * (1.0 if term in self._taught else HALF_KNOWN if term in self._places else 0.0)
            weight = self._confidence(term, number)
            own += weight
            covered += rarity if weight else 0.0
        shares = (covered / whole) ** COVERED_POWER * (known / whole) ** KNOWN_POWER if whole else 0.0
        return Passage(card.id, card.title, card.content, score, (own + besides) * shares + SURE_LETTERS * letters)

    def _confidence(self, term: str, number: int) -> float:
        place = self._place(term)
        if place is None:
            return 0.0
        at = bisect_left(self._packed.cards, number, place.start, place.stop)
        return self._packed.confidence[at] if at < place.stop and self._packed.cards[at] == number else 0.0

    def _zone(self, found: Found, text: str) -> Zone:
        if found.confidence < self._thresholds.outside or not found.passages:
            return Zone.OUTSIDE
        is_sure = found.confidence >= self._thresholds.sure and found.leads and not _CALENDAR.search(flat(text))
        return Zone.SURE if is_sure else Zone.UNSURE
