"""Two writers behind one verb: the model, and the cards alone; and the author who has both.

`write(asked)` yields pieces of Markdown and, last, one Completion. The cards' writer never sees a prompt and cannot
fail: it is what a student reads without a key, when the model is away, or when it stops half-way.
"""

import hashlib
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Protocol

from core.errors import BudgetSpent, ModelAway
from core.files import data_url, images_in, texts_in
from core.french import terms
from core.knowledge import Card, Course
from core.messages import ChatMessage, Completion, Handover, Level, Manner, Passage, Pieces, Question, Turn
from core.privacy import is_personal, scrub
from core.prompt import PromptTemplate, build_prompt, card_passage_text
from core.small_talk import REPLY, small_talk
from core.store.spending import Bill
from core.traffic import Errand, Traffic
from core.traffic.same import same_text
from core.words import Words, words_in

SIMPLER = {Level.ADVANCED: Level.INTERMEDIATE}
DEEPER = {Level.BEGINNER: Level.INTERMEDIATE, Level.INTERMEDIATE: Level.ADVANCED}
BELIEVED = 0.6
ATTACHED = "(image jointe)"
"""What stands in the prompt where a picture is attached to it."""


@dataclass(frozen=True)
class Asked:
    """What is to be answered: the question, what was found for it, and on whose bill.

    Attributes:
        nth: how often the first card was told there before.
        compares: the question is about the first two passages alike.
    """

    question: Question
    passages: Sequence[Passage]
    level: Level
    turns: Sequence[Turn] = ()
    nth: int = 0
    bill: Bill = field(default_factory=Bill)
    compares: bool = False


class AnswerWriter(Protocol):
    """Whatever writes an answer from passages."""

    def write(self, asked: Asked) -> Pieces:
        """Yield pieces of Markdown and, last, one Completion."""
        ...


@dataclass(frozen=True)
class ModelWriter:
    """Builds the prompt and fetches what a model writes. Raises ModelAway."""

    traffic: Traffic
    course: Course
    template: PromptTemplate
    history_tokens: int = 600
    sees: bool = False

    async def write(self, asked: Asked) -> Pieces:
        """Yield places in the queue, what the model writes and, last, its Completion."""
        edition = f"{self.course.version} {self.template.version}"
        errand = Errand(
            messages=self.prompt(asked),
            asked=asked.question,
            question=shared_question(asked, edition),
            edition=edition,
            cache_key=hashlib.sha256(f"{edition} {asked.level}".encode()).hexdigest()[:32],
        )
        async with aclosing(self.traffic.fetch(errand, asked.bill)) as pieces:
            async for piece in pieces:
                yield piece

    def prompt(self, asked: Asked) -> list[ChatMessage]:
        """Return the messages for a question, cleaned of personal data."""
        question, images = asked.question, images_in(asked.question.files)
        return build_prompt(
            self.template,
            self.course,
            scrub(question.text),
            passages=[replace(p, text=card_passage_text(self.course, p, asked.level)) for p in asked.passages],
            level=asked.level,
            manner=question.manner,
            lang=question.lang,
            turns=[replace(turn, question=scrub(turn.question)) for turn in asked.turns],
            files=[(scrub(name), scrub(text)) for name, text in (*texts_in(question.files), *((name, ATTACHED) for name, _ in images))],
            images=[data_url(content) for _, content in images],
            history_tokens=self.history_tokens,
        )


def shared_question(asked: Asked, edition: str) -> str:
    """Return what makes two questions the same; empty for one that is the asker's alone: told again, with a past, a file or personal data."""
    question = asked.question
    is_first = not (asked.turns or question.files or question.again) and question.manner is Manner.PLAIN
    if not is_first or is_personal(question.text):
        return ""
    cards = (passage.card_id for passage in asked.passages)
    return "\n".join([same_text(question.text), asked.level, question.lang, edition, *cards])


@dataclass(frozen=True)
class CardWriter:
    """Composes an answer from the best card: its text at the level, an example, the check question; first what is false in the question.

    Of two cards that are compared it tells the first, and what the other is.
    """

    course: Course

    async def write(self, asked: Asked) -> Pieces:
        """Yield the card as an answer, a paragraph at a time, and an empty Completion."""
        question, words = asked.question, words_in(asked.question.lang)
        if not asked.passages:
            yield words("card-none")
            yield Completion()
            return
        card = self.course.card(asked.passages[0].card_id)
        if card.check_question and small_talk(question.text) == REPLY:
            yield words("quiz-title", question=card.check_question.question) + "\n\n"
            yield words("quiz-answer", answer=card.check_question.answer)
            yield Completion()
            return
        for belief in card.misconceptions:
            if _is_believed(belief.claim, question.text):
                yield words("card-misconception", claim=belief.claim, correction=belief.correction) + "\n\n"
        level, manner = _level_for(asked.level, question.manner), question.manner
        if manner is Manner.SIMPLER and level is asked.level and asked.nth:
            manner = Manner.ANOTHER_EXAMPLE  # nothing simpler is written: once more what it is, by another example
        first, *others = _paragraphs(card, level, manner, asked.nth, words)
        if asked.compares and manner is not Manner.ANOTHER_EXAMPLE:
            other = self.course.card(asked.passages[1].card_id)
            others.insert(0, f"\n\n{_headed(other, _definition(other.text(level)))}")
        for paragraph in (first, *others):
            yield paragraph
        yield Completion()


@dataclass(frozen=True)
class Author:
    """The model where there is one, else the cards: whatever happens to the model, there is an answer."""

    cards: AnswerWriter
    model: AnswerWriter | None

    async def write(self, asked: Asked) -> Pieces:
        """Yield what the model writes; where there is none, or it is away or breaks off, a Handover and what the cards say."""
        if self.model is None:
            yield Handover("note-cards")
        else:
            try:
                async with aclosing(self.model.write(asked)) as pieces:
                    async for piece in pieces:
                        yield piece
            except ModelAway as away:
                yield Handover(away.note, away.cause, may_redo=not isinstance(away, BudgetSpent))
            else:
                return
        async with aclosing(self.cards.write(asked)) as pieces:
            async for piece in pieces:
                yield piece


def _is_believed(claim: str, question: str) -> bool:
    """Whether a question says a false belief: it holds most of the claim's words."""
    said = set(terms(claim))
    return len(said) > 1 and len(said & set(terms(question))) >= BELIEVED * len(said)


def _level_for(level: Level, manner: Manner) -> Level:
    if manner is Manner.SIMPLER:
        return SIMPLER.get(level, Level.BEGINNER)
    return DEEPER.get(level, Level.ADVANCED) if manner is Manner.DEEPER else level


def _definition(text: str) -> str:
    """Return a card's first line, which says what a thing is."""
    return text.split("\n", 1)[0]


def _headed(card: Card, text: str) -> str:
    return f"**{card.title}**\n\n{text}"


def _paragraphs(card: Card, level: Level, manner: Manner, nth: int, words: Words) -> list[str]:
    """Return an answer's paragraphs; `nth` turns the examples, so that another one comes when a card comes again."""
    text = card.text(level)
    if manner is Manner.ANOTHER_EXAMPLE:
        text, nth = _definition(text), nth or 1
    paragraphs = [_headed(card, text)]
    if card.examples:
        paragraphs.append(words("card-example", example=card.examples[nth % len(card.examples)]))
    if card.check_question:
        paragraphs.append(words("card-check", question=card.check_question.question))
    return [paragraph if place == 0 else f"\n\n{paragraph}" for place, paragraph in enumerate(paragraphs)]
