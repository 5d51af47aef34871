"""French search over the course's cards: a ranking, a confidence, and one of three zones.

Two rankings are added up: one by words and one by letters (`core/letters.py`). That by words is BM25 over title, aliases,
keywords, phrasings and text (Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework"), fields weighted before
saturation, and something for names (title, alias) met, most for the first of several. Confidence is the score by words, and more
where a card's name is all that is asked, times the idf-weighted share of the question that the course has names for; and a tenth of
the score by letters.
All that is weighed against what the course is not about: subjects outside of it lie in the same index of letters, and confidence
keeps the third power of the course's share of the letters found. So *élaguer un arbre* and *les films Transformers* are told from
pruning and transformers by the company that words keep, not by a list of words (an out-of-scope class, as classifiers of intents
have one: Larson et al. 2019, "An Evaluation Dataset for Intent Classification and Out-of-Scope Prediction"). A card is sure only
where both rankings put it first. The constants were chosen on our own questions (docs/decisions.md), where none of them matters much.
"""

import heapq
import math
import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from core.french import Analysis, Vocabulary, asking_words, common_words, flat, terms, written_words
from core.knowledge import Card, Course
from core.letters import LetterIndex
from core.messages import Passage, Zone
from core.postings import Postings, text_of

TITLE, TEXT, ASIDE = 3.0, 1.0, 0.3
"""Weights of a card's title, of all else that says what it is about, and of examples and phrasings; its check question is the bot's to ask."""
ALONE, CALLED = 0.85, 6.0
"""From this share of a question's rarity on, a name is all that is asked; what that adds to the card's score and to its confidence."""
RARE = 0.4
"""The share of an unknown word's rarity from which on words of one title alone name it."""
LETTERS, SURE_LETTERS = 0.32, 0.1
USUAL_SHARE, FOREIGN_POWER = 2 / 3, 3.0
"""A question of the course holds about twice as much of it as of anything foreign: that one's confidence stays as it would be without."""
OFFERED_SHARE = 0.5
"""The course's share of the letters from which on what it names or tells is never sent away."""
LEAD, NAMED_LEAD = 1.1, 0.6
"""The first card is sure only if it scores this many times any other, by words and by letters: where two answer alike, the student chooses.
A card that is called by its name need not lead: "parler à l'IA" names one card, and is the words of another."""

CANDIDATES = 200
"""Of a course larger than this, names are looked at on the best cards only: a name's words are in the card's text score already."""
_SEGMENT = re.compile(r"[,:;()?]| et ")
"""A title names several things: "CPU, GPU, VRAM : quel matériel pour quoi" names a GPU."""


_CALENDAR = re.compile(r"\b(?:c.?est quand|quand est ce|quand c.?est|a quelle heure|quelle date|quel jour)\b(?! qu)")
"""What asks for a day or an hour: a course explains, its cards hold no calendar, so they are never sure of it."""


class Foreign(NamedTuple):
    """The subject outside the course that comes nearest to a question, if any does, and the course's share of the letters beside it."""

    subject: str = ""
    share: float = USUAL_SHARE


class Found(NamedTuple):
    """What a search found: passages, best first, the zone of the best, and why."""

    passages: tuple[Passage, ...]
    zone: Zone
    analysis: Analysis
    matched: tuple[str, ...] = ()
    leads: bool = False
    """Whether the best passage is clearly better than the next, or the question hardly more than its name."""
    foreign: Foreign = Foreign()

    @property
    def confidence(self) -> float:
        """The confidence of the best passage; 0 where nothing was found."""
        return self.passages[0].confidence if self.passages else 0.0


class Name(NamedTuple):
    """A title, a part of one, or an alias: its card, its words, the number of their stems and the sum of the stems' rarities.

    It is the card's subject unless it is a common word that ends a title: who types "test" alone tries the bot. It is rare where
    none of its words is an everyday one.
    `length` counts the words of the whole title or alias, stop words too: of two cards that bear a name the shorter one is called so.
    """

    card: int
    words: tuple[str, ...]
    size: int
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


def _own(analysis: Analysis) -> Analysis:
    """Return what in a question says of what one asks, not how or why; all of it where nothing does."""
    pairs = [(term, word) for term, word in zip(analysis.terms, analysis.words, strict=True) if word not in asking_words()]
    own = Analysis(tuple(term for term, _ in pairs), tuple(word for _, word in pairs), analysis.repaired)
    return own if pairs else analysis


def _themes(met: Iterable[Met]) -> dict[int, float]:
    """Return the cards that a question names first, with the rarity of these names, if it names others behind them: *A ou B ?* is asked of A."""
    whole = [each for each in met if each.is_whole]
    start = min((each.start for each in whole), default=0)
    first: dict[int, float] = defaultdict(float)
    for each in whole:
        if each.start == start:
            first[each.name.card] = max(first[each.name.card], each.worth)
    return first if any(each.name.card not in first for each in whole) else {}


def _fields(card: Card) -> Iterator[tuple[float, str]]:
    """Yield a card's texts with their weights; its levels tell one thing in other words, and together weigh as one text."""
    beliefs = (text for belief in card.misconceptions for text in (belief.claim, belief.correction))
    levels = list(card.levels.values()) or [card.content]
    yield TITLE, card.title
    yield TEXT, "\n".join((*card.aliases, *card.keywords, *beliefs))
    yield TEXT / len(levels), "\n".join(levels)


def _short(card: Card) -> str:
    """Return what is compared letter by letter, in one line: long texts hold every run, and tell nothing."""
    beliefs = [belief.claim for belief in card.misconceptions]
    return " ".join([*(card.title,) * 3, *card.aliases * 2, *card.keywords, *card.phrasings, *beliefs])


def _weigh(card: Card, words: Counter[str]) -> tuple[dict[str, float], frozenset[str]]:
    """Return the weights of a card's terms, and the terms that stand in phrasings alone; count the card's words.

    Those alone make no word less rare, since what makes it rare is how many cards are about it. Words of phrasings and examples
    are no vocabulary: half of the ones are misspelt on purpose, and the others may quote a fault.
    """
    weights: dict[str, float] = defaultdict(float)
    seen: list[str] = []
    for weight, text in _fields(card):
        for word in written_words(text):
            seen += {word.whole, *word.parts}
            for term in word.stems:
                weights[term] += weight
    words.update(seen)
    for term in terms("\n".join(card.examples)):
        weights[term] += ASIDE
    own = frozenset(weights)
    for term in terms("\n".join(card.phrasings)):
        weights[term] += ASIDE
    return weights, frozenset(weights) - own


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
        self._subjects = tuple(subject.title for subject in course.outside)
        outside = (" ".join((subject.title, *subject.phrasings)) for subject in course.outside)
        self._letters = LetterIndex((*map(_short, self._cards), *outside))
        self._numbers = {card.id: number for number, card in enumerate(self._cards)}
        self._thresholds = course.thresholds
        self._unknown = math.log(1 + 2 * len(self._cards))
        words: Counter[str] = Counter()
        self._places: dict[str, int] = {}
        self._words = self._indexed(words)
        self._idf = dict(zip(self._places, self._words.rarities, strict=True))
        self._titles = [frozenset(terms(card.title)) for card in self._cards]
        self._names: list[Name] = []
        self._names_with: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._vocabulary = Vocabulary(words)
        self._told = lru_cache(self._told_by)
        self._index_names()

    def _indexed(self, words: Counter[str]) -> Postings:
        """Number the cards' terms, index the cards by them, and count their words. Phrasings only lend what is in no other text."""
        lent: Counter[int] = Counter()
        texts = []
        for card in self._cards:
            weights, borrowed = _weigh(card, words)
            texts.append(text_of({self._places.setdefault(term, len(self._places)): weight for term, weight in weights.items()}))
            lent.update(self._places[term] for term in borrowed)
        return Postings(texts, lent=lent)

    def _index_names(self) -> None:
        """Read names as questions are read: `batch_size` is one word in both, `learning rate` may be one in both."""
        for number, card in enumerate(self._cards):
            aliases = [alias for alias in card.aliases if len(set(terms(alias))) > 1 or len(written_words(alias)) == 1]
            head, *parts = _SEGMENT.split(card.title)
            for text in dict.fromkeys((card.title, head, *parts, *aliases)):
                (stems, words, _), is_title = self._vocabulary.analyse(text), text in card.title
                rarity = self._rarity(stems)
                place = (len(self._names), number)
                for term in stems:
                    self._names_with[term].append(place)
                is_subject = text not in parts or flat(text).strip() not in common_words()
                length = len(written_words(text if text in aliases else card.title))
                is_rare = common_words().isdisjoint(words)
                self._names.append(Name(number, words, len(stems), rarity, is_title, is_subject, is_rare, length))

    def search(self, text: str, limit: int = 5) -> Found:
        """Return up to `limit` passages for a student's text, best first, and the zone."""
        analysis = self._vocabulary.analyse(text)
        words = self._rank(analysis)
        met = self._names_met(analysis, words)
        (ranking, alone), themes = self._with_names(analysis, words, met), _themes(met)
        letters, foreign = self._by_letters(text)
        scores = [ranking.get(number, 0.0) + themes.get(number, 0.0) + LETTERS * score for number, score in enumerate(letters)]
        best = [number for number in heapq.nlargest(limit, range(len(scores)), key=scores.__getitem__) if scores[number]]
        named, passages = self._named((_own(analysis) if alone else analysis).terms), []
        kept = 1.0 if alone else (foreign.share / USUAL_SHARE) ** FOREIGN_POWER  # who types a card's name means the card
        for number in best:
            by_words = named * (words.get(number, 0.0) + CALLED * (number in alone))
            confidence = (by_words + SURE_LETTERS * letters[number]) * kept
            passages.append(self._passage(number, scores[number], confidence))
        matched = tuple(term for term in analysis.terms if term in self._places)
        leads = any(_leads(number, ranking, letters, is_named=alone == {number}) for number in best[:1])
        found = Found(tuple(passages), Zone.SURE, analysis, matched, leads, foreign)
        is_named = any(each.is_whole and each.name.is_subject and each.name.is_rare for each in met)
        return found._replace(zone=self._zone(found, text, is_named=is_named))

    def _is_offered(self, found: Found, *, is_named: bool) -> bool:
        """Return whether a question is the course's, however little speaks for it.

        It calls a card by a rare name, whatever else it says; or the first card tells all that is asked, a rare word among this. And of what is
        asked the course holds no less than anything foreign does.
        """
        own, first = _own(found.analysis), found.passages[0].card_id
        is_rare = not common_words().issuperset(own.words) and self._places.keys() >= {*own.terms}
        is_the_courses = (is_named or is_rare) and self._by_letters(" ".join(own.words))[1].share >= OFFERED_SHARE
        return is_the_courses and (is_named or self.tells((first,), own.terms))

    def tells(self, card_ids: Iterable[str], asked: Iterable[str]) -> bool:
        """Return whether all these terms stand in the cards themselves, phrasings left out."""
        numbers = [self._numbers[card_id] for card_id in card_ids if card_id in self._numbers]
        return frozenset(asked).issubset(chain.from_iterable(map(self._told, numbers)))

    def _told_by(self, number: int) -> frozenset[str]:
        """Return the terms of a card, its phrasings left out."""
        card = self._cards[number]
        return frozenset(terms("\n".join((*(text for _, text in _fields(card)), *card.examples))))

    def _by_letters(self, text: str) -> tuple[list[float], Foreign]:
        """Return how much of a text's letters each card holds, and the subject outside the course that holds the most."""
        scores = self._letters.scores(text)
        letters, others = scores[: len(self._cards)], scores[len(self._cards) :]
        best, nearest = max(letters, default=0.0), max(others, default=0.0)
        if not nearest:
            return letters, Foreign()
        return letters, Foreign(self._subjects[others.index(nearest)], best / (best + nearest))

    def _rank(self, analysis: Analysis) -> dict[int, float]:
        """Return the CANDIDATES best cards by their words."""
        scores = self._words.scores(self._places[term] for term in analysis.terms if term in self._places)
        return {number: scores[number] for number in heapq.nlargest(CANDIDATES, range(len(scores)), key=scores.__getitem__) if scores[number]}

    def warm(self) -> None:
        """Read now what is otherwise read when the first misspelt word comes; for whoever runs long."""
        self._vocabulary.analyse("kestion xylofonne")

    def passage(self, card_id: str) -> Passage:
        """Return a card as a passage that nothing was searched for."""
        return self._passage(self._numbers[card_id], 1.0, 0.0)

    def _passage(self, number: int, score: float, confidence: float) -> Passage:
        card = self._cards[number]
        return Passage(card.id, card.title, card.content, score, confidence)

    def _names_met(self, analysis: Analysis, cards: Container[int]) -> list[Met]:
        """Return the names of these cards that share a word with a question, in the order in which it comes to them."""
        met: dict[int, float] = defaultdict(float)
        sizes: Counter[int] = Counter()
        starts: dict[int, int] = {}
        for place, term in enumerate(analysis.terms):
            rarity = self._idf.get(term, 0.0)
            for number, card in self._names_with.get(term, ()):
                if card in cards:
                    met[number] += rarity
                    sizes[number] += 1
                    starts.setdefault(number, place)
        named = ((self._names[number], number, worth) for number, worth in met.items())
        return [Met(name, worth, starts[number], sizes[number] == name.size) for name, number, worth in named]

    def _with_names(self, analysis: Analysis, words: Mapping[int, float], met: Iterable[Met]) -> tuple[dict[int, float], set[int]]:
        """Return the ranking by words and by the names that were met, and the cards whose name is nearly all that is asked."""
        ranking = dict(words)
        titles: dict[int, float] = defaultdict(float)
        whole: dict[int, float] = defaultdict(float)
        asked = frozenset(analysis.terms)
        called: dict[int, tuple[bool, int]] = {}
        asked_rarity = self._rarity(_own(analysis).terms)
        for name, worth, _, is_whole in met:
            title = self._titles[name.card]
            if name.is_title:
                titles[name.card] = max(titles[name.card], worth * worth / name.rarity)
            if is_whole and (not name.is_title or title <= asked):
                whole[name.card] = max(whole[name.card], worth)
            if is_whole and name.is_subject and worth >= ALONE * asked_rarity:
                is_bent = not {*name.words} <= {*analysis.words}  # "shape" and "SHAP" have one stem
                called[name.card] = min(called.get(name.card, (True, name.length)), (is_bent, name.length))
        alone = {card for card, nearness in called.items() if nearness == min(called.values())}
        if not alone and asked_rarity >= RARE * self._unknown and not common_words() >= {*analysis.words}:
            titled = {card for card in ranking if asked <= self._titles[card]}
            alone = titled if len(titled) == 1 else set()
        for card in {*titles, *whole, *alone}:
            ranking[card] += titles[card] + whole[card] + CALLED * (card in alone)
        return ranking, alone

    def _named(self, asked: Sequence[str]) -> float:
        """Return the share of these terms that the course has names for, weighed by rarity."""
        return self._rarity(term for term in asked if term in self._names_with) / (self._rarity(asked) or 1.0)

    def _rarity(self, told: Iterable[str]) -> float:
        """Return how rare these terms are together; what no card holds is the rarest."""
        return sum(self._idf.get(term, self._unknown) for term in told)

    def _zone(self, found: Found, text: str, *, is_named: bool) -> Zone:
        if not found.passages:
            return Zone.OUTSIDE
        if found.confidence < self._thresholds.outside:
            return Zone.UNSURE if self._is_offered(found, is_named=is_named) else Zone.OUTSIDE
        is_sure = found.confidence >= self._thresholds.sure and found.leads and not _CALENDAR.search(flat(text))
        return Zone.SURE if is_sure else Zone.UNSURE
