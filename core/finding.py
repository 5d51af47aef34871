"""What a question is about: its own search, the answer that is told again, its files, or the turn before."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.files import images_in, texts_in
from core.follow_ups import follow_up
from core.french import flat
from core.knowledge import Course
from core.messages import Manner, Question, Turn, Zone
from core.privacy import MARKS, scrub
from core.search import Found, SearchIndex
from core.small_talk import REPLY, small_talk

CHOICES = {
    **dict.fromkeys(("1", "le 1", "la 1", "le premier", "la premiere", "premier", "la 1ere", "le 1er", "the first"), 1),
    **dict.fromkeys(("2", "le 2", "la 2", "le deuxieme", "la deuxieme", "deuxieme", "le second", "la seconde", "the second"), 2),
    **dict.fromkeys(("3", "le 3", "la 3", "le troisieme", "la troisieme", "troisieme", "le dernier", "la derniere", "the third"), 3),
}
"""How one of the cards that were offered is chosen in words, folded."""
COMPARING = frozenset("diff difference differences vs compare comparer comparaison pareil rapport".split())
"""What asks for the card of the turn before beside the one that is named: *la diff avec X ?*. Folded."""
_LEANING = re.compile(r"(?:ok|oui|non|mais|donc|du coup)?\s*(?:et|mais|ou|du coup|donc|alors|pour|avec|dans|par|and|but|so|what about)\b")
"""How a text begins that goes on where the turn before ended."""
SEARCHED_IN_FILE = 2_000
"""Characters of a file that are searched together with the question."""


@dataclass(frozen=True)
class Finder:
    """Finds the cards for a question in its conversation. `has_reader`: a model may look at files."""

    course: Course
    index: SearchIndex
    has_reader: bool

    def find(self, question: Question, turns: Sequence[Turn], told: Sequence[str] = ()) -> tuple[Found, Manner]:
        """Return what was found, and how it is to be told; `told` are the cards of the answer that is told again."""
        text = _searched(question.text)
        found = self.index.search(text)
        if question.again:
            is_anew = question.manner is Manner.PLAIN and found.zone is Zone.SURE
            return found if is_anew else self._same_cards(told, found), question.manner
        if found.zone is not Zone.SURE and question.files:
            found = self._with_files(question, text, found, turns)
        if turns and turns[-1].zone is Zone.UNSURE and (meant := self._meant(turns[-1], text, found)):
            return meant, question.manner
        last = next((turn for turn in reversed(turns) if turn.card_ids), None)
        if last and COMPARING.intersection(flat(text).split()) and (joined := self._joined(last, text)).compares:
            return joined, question.manner
        if found.zone is Zone.SURE and not (turns and small_talk(question.text) == REPLY):
            return found, question.manner
        return self._after(last, question, text, found) if last else (found, question.manner)

    def _joined(self, last: Turn, text: str) -> Found:
        return self.index.search(f"{_searched(last.question)} {text}")

    def _meant(self, offer: Turn, text: str, found: Found) -> Found | None:
        """Return what is meant behind cards that were offered: one of them, by its number, or the same question in more words."""
        if nth := CHOICES.get(flat(text).strip(" .!")):
            offered = self.index.search(_searched(offer.question)).passages
            return self._same_cards([passage.card_id for passage in offered[nth - 1 : nth]], found)
        if found.zone is Zone.SURE or not _is_of_the_course(found):
            return None
        joined = self._joined(offer, text)
        is_better = joined.zone is Zone.SURE or (joined.zone is Zone.UNSURE and found.zone is Zone.OUTSIDE)
        return joined if is_better else None

    def _after(self, last: Turn, question: Question, text: str, found: Found) -> tuple[Found, Manner]:
        """Read a question that says too little by itself with the turn before."""
        if (manner := _manner(question.text)) is not None:
            return self._same_cards(last.card_ids, found), manner
        is_elsewhere = found.is_titled and found.passages[0].card_id not in last.card_ids
        if is_elsewhere and not _LEANING.match(flat(text)):
            return found, question.manner
        joined = self._joined(last, text)
        if joined.zone is Zone.SURE and _is_of_the_course(found):
            return joined, question.manner
        words = zip(found.analysis.terms, found.analysis.words, strict=True)
        told = [term for term, word in words if word not in COMPARING and follow_up(word) is None]
        return self._same_cards(last.card_ids, found) if self.index.tells(last.card_ids, told) else found, question.manner

    def _with_files(self, question: Question, text: str, found: Found, turns: Sequence[Turn]) -> Found:
        """Return what was found for a question and the text of its files together.

        Who attaches a file wants it looked at: a model looks at it even where no card is surely about it, or where nothing
        but a picture says what is asked. What is clearly none of the course's stays outside.
        """
        told = " ".join(content[:SEARCHED_IN_FILE] for _, content in texts_in(question.files))
        joined = self.index.search(f"{text} {_searched(told)}") if told else found
        found = found if joined.zone is Zone.OUTSIDE else joined
        is_picture_alone = bool(images_in(question.files)) and not found.analysis.terms and not turns
        return found._replace(zone=Zone.SURE) if self.has_reader and (found.zone is Zone.UNSURE or is_picture_alone) else found

    def _same_cards(self, card_ids: Sequence[str], found: Found) -> Found:
        passages = tuple(self.index.passage(card_id) for card_id in card_ids if self.course.has(card_id))
        compares = found.compares and len(passages) > 1
        return found._replace(passages=passages, zone=Zone.SURE, compares=compares) if passages else found


def _is_of_the_course(found: Found) -> bool:
    """Whether the course knows half of a question's words."""
    return len(found.matched) * 2 >= len(found.analysis.terms)


def goes_on(text: str) -> bool:
    """Whether a text says nothing by itself: it is about the turn before."""
    return _manner(text) is not None


def _manner(text: str) -> Manner | None:
    return Manner.PLAIN if small_talk(text) == REPLY else follow_up(text)


def _searched(text: str) -> str:
    """Return what is searched for in a student's text: all but personal data."""
    return MARKS.sub(" ", scrub(text))
