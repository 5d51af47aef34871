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
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from core.french import Analysis, Vocabulary, common_words, flat, terms, written_words
from core.knowledge import Card, Course
from core.letters import LetterIndex
from core.messages import Passage, Zone
from core.names import CALLED, Names, own
from core.postings import Postings, text_of

TITLE, TEXT, ASIDE = 3.0, 1.0, 0.3
"""Weights of a card's title, of all else that says what it is about, and of examples and phrasings; its check question is the bot's to ask."""
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
_CALENDAR = re.compile(r"\b(?:c.?est quand|quand est ce|quand c.?est|a quelle heure|quelle date|quel jour)\b(?! qu)")
"""What asks for a day or an hour: a course explains, its cards hold no calendar, so they are never sure of it."""


class Foreign(NamedTuple):
    """The subject outside the course that comes nearest to a question, if any does, and the course's share of the letters beside it."""

    subject: str = ""
    share: float = USUAL_SHARE


def _kept(foreign: Foreign) -> float:
    """Return how much of a confidence is kept beside what the course is not about."""
    return math.pow(foreign.share / USUAL_SHARE, FOREIGN_POWER)


class Found(NamedTuple):
    """What a search found: passages, best first, the zone of the best, and why."""

    passages: tuple[Passage, ...]
    zone: Zone
    analysis: Analysis
    matched: tuple[str, ...] = ()
    leads: bool = False
    """Whether the best passage is clearly better than the next, or the question hardly more than its name."""
    foreign: Foreign = Foreign()
    compares: bool = False
    """Whether the question names the first two cards, and asks hardly anything else."""
    is_titled: bool = False
    """Whether all that is asked stands in the title of the first card, or of its topic where nothing better was found."""

    @property
    def confidence(self) -> float:
        """The confidence of the best passage; 0 where nothing was found."""
        return self.passages[0].confidence if self.passages else 0.0


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
        self._topics = [(frozenset(terms(topic.title)), [self._numbers[card.id] for card in topic.subtopics]) for topic in course.topics]
        self._thresholds = course.thresholds
        unknown = math.log(1 + 2 * len(self._cards))
        words: Counter[str] = Counter()
        self._places: dict[str, int] = {}
        self._told: list[array[int]] = []
        self._words = self._indexed(words)
        self._vocabulary = Vocabulary(words)
        self._names = Names(self._cards, self._vocabulary, dict(zip(self._places, self._words.rarities, strict=True)), unknown)

    def _indexed(self, words: Counter[str]) -> Postings:
        """Number the cards' terms, index the cards by them, and count their words. Phrasings only lend what is in no other text, and tell nothing."""
        lent: Counter[int] = Counter()
        texts = []
        for card in self._cards:
            weights, borrowed = _weigh(card, words)
            texts.append(text_of({self._places.setdefault(term, len(self._places)): weight for term, weight in weights.items()}))
            lent.update(self._places[term] for term in borrowed)
            self._told.append(array("I", (self._places[term] for term in weights if term not in borrowed)))
        return Postings(texts, lent=lent)

    def search(self, text: str, limit: int = 5) -> Found:
        """Return up to `limit` passages for a student's text, best first, and the zone."""
        analysis = self._vocabulary.analyse(text)
        words = self._rank(analysis)
        asked = own(analysis)
        called = self._names.called(analysis, asked, words)
        letters, foreign = self._by_letters(text)
        ranking = {number: score + called.added.get(number, 0.0) for number, score in words.items()}
        scores = [LETTERS * score for score in letters]
        for number, score in (*ranking.items(), *called.themes.items()):
            scores[number] += score
        best = [number for number in heapq.nlargest(limit, range(len(scores)), key=scores.__getitem__) if scores[number]]
        # who types a card's name means the card
        named, kept = (self._names.share(asked.terms), 1.0) if called.alone else (self._names.share(analysis.terms), _kept(foreign))
        passages = []
        for number in best:
            by_words = named * (words.get(number, 0.0) + CALLED * (number in called.alone))
            passages.append(self._passage(number, scores[number], (by_words + SURE_LETTERS * letters[number]) * kept))
        matched = tuple(term for term in analysis.terms if term in self._places)
        leads = any(_leads(number, ranking, letters, is_named=called.alone == {number}) for number in best[:1])
        compares = len(best) > 1 and self._names.are_both(asked, called.names, best[:2])
        is_titled = any(asked.terms and self._names.titles[number].issuperset(asked.terms) for number in best[:1])
        found = Found(tuple(passages), Zone.SURE, analysis, matched, leads, foreign, compares, is_titled)
        found = found._replace(zone=self._zone(found, asked, text, is_named=called.is_rare))
        return self._of_topic(found, asked.terms, scores, limit) if found.zone is Zone.OUTSIDE else found

    def _of_topic(self, found: Found, asked: Sequence[str], scores: Sequence[float], limit: int) -> Found:
        """Return the nearest cards of the topic whose title holds all that is asked: *la sécurité* is no card's name."""
        numbers = next((cards for title, cards in self._topics if asked and title.issuperset(asked)), ())
        best = sorted(numbers, key=scores.__getitem__, reverse=True)[:limit]
        passages = tuple(self._passage(number, scores[number], 0.0) for number in best)
        return found._replace(passages=passages, zone=Zone.UNSURE, is_titled=True) if passages else found

    def _is_offered(self, found: Found, asked: Analysis, *, is_named: bool) -> bool:
        """Return whether a question is the course's, however little speaks for it.

        All that is asked stands in the title of the first card. Or it calls a card by a rare name, whatever else it says, or the first card tells
        all that is asked, a rare word among this; and of what is asked the course holds no less than anything foreign does.
        """
        if found.is_titled:
            return True
        is_told = not common_words().issuperset(asked.words) and self.tells((found.passages[0].card_id,), asked.terms)
        return (is_named or is_told) and self._by_letters(" ".join(asked.words))[1].share >= OFFERED_SHARE

    def tells(self, card_ids: Iterable[str], asked: Iterable[str]) -> bool:
        """Return whether all these terms stand in the cards themselves, phrasings left out."""
        told = chain.from_iterable(self._told[self._numbers[card_id]] for card_id in card_ids if card_id in self._numbers)
        return frozenset(self._places.get(term, -1) for term in asked).issubset(told)

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

    def _zone(self, found: Found, asked: Analysis, text: str, *, is_named: bool) -> Zone:
        if not found.passages:
            return Zone.OUTSIDE
        if found.compares:
            return Zone.SURE
        if found.confidence < self._thresholds.outside:
            return Zone.UNSURE if self._is_offered(found, asked, is_named=is_named) else Zone.OUTSIDE
        is_sure = found.confidence >= self._thresholds.sure and found.leads and not _CALENDAR.search(flat(text))
        return Zone.SURE if is_sure else Zone.UNSURE
