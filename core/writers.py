"""Two writers behind one verb: the model, and the cards alone.

`write(request)` yields pieces of Markdown and, last, one Completion. The cards' writer never sees a prompt and cannot
fail: it is what a student reads without a key, when the model is away, or when it stops half-way.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from core.french import terms
from core.knowledge import Card, Course
from core.messages import ChatMessage, Completion, Level, Manner, Passage, Question, Turn
from core.model import ChatModel
from core.privacy import scrub
from core.prompt import PromptTemplate, build_prompt
from core.traffic import Deadlines, stream_patiently
from core.words import Words, words_in

SIMPLER = {Level.ADVANCED: Level.INTERMEDIATE}
DEEPER = {Level.BEGINNER: Level.INTERMEDIATE, Level.INTERMEDIATE: Level.ADVANCED}
BELIEVED = 0.6
Pieces = AsyncGenerator[str | Completion, None]


class AnswerWriter(Protocol):
    """Whatever writes an answer from passages."""

    def write(self, question: Question, passages: Sequence[Passage], level: Level, turns: Sequence[Turn]) -> Pieces:
        """Yield pieces of Markdown and, last, one Completion."""
        ...


@dataclass(frozen=True)
class ModelWriter:
    """Builds the prompt and streams from a model. Raises ModelAway."""

    model: ChatModel
    course: Course
    template: PromptTemplate
    deadlines: Deadlines
    history_tokens: int = 600

    async def write(self, question: Question, passages: Sequence[Passage], level: Level, turns: Sequence[Turn]) -> Pieces:
        """Yield what the model writes and, last, its Completion."""
        async with aclosing(stream_patiently(self.model, self.prompt(question, passages, level, turns), self.deadlines)) as pieces:
            async for piece in pieces:
                yield piece

    def prompt(self, question: Question, passages: Sequence[Passage], level: Level, turns: Sequence[Turn]) -> list[ChatMessage]:
        """Return the messages for a question, cleaned of personal data."""
        clean_turns = [Turn(question=scrub(t.question), answer=t.answer, card_ids=t.card_ids, zone=t.zone) for t in turns]
        return build_prompt(
            self.template,
            self.course,
            scrub(question.text),
            passages=passages,
            level=level,
            manner=question.manner,
            lang=question.lang,
            turns=clean_turns,
            files=[(scrub(name), scrub(content.decode("utf-8", "replace"))) for name, content in question.files],
            history_tokens=self.history_tokens,
        )


@dataclass(frozen=True)
class CardWriter:
    """Composes an answer from the best card: its text at the level, an example, the check question; first what is false in the question."""

    course: Course

    async def write(self, question: Question, passages: Sequence[Passage], level: Level, turns: Sequence[Turn]) -> Pieces:
        """Yield the card as an answer, a paragraph at a time, and an empty Completion."""
        words = words_in(question.lang)
        card = self.course.card(passages[0].card_id)
        nth = sum(card.id in turn.card_ids for turn in turns)
        for belief in card.misconceptions:
            if _is_believed(belief.claim, question.text):
                yield words("card-misconception", claim=belief.claim, correction=belief.correction) + "\n\n"
        for paragraph in _paragraphs(card, _level_for(level, question.manner), question.manner, nth, words):
            yield paragraph
        yield Completion()


def _is_believed(claim: str, question: str) -> bool:
    """Whether a question says a false belief: it holds most of the claim's words."""
    said = set(terms(claim))
    return len(said) > 1 and len(said & set(terms(question))) >= BELIEVED * len(said)


def _level_for(level: Level, manner: Manner) -> Level:
    if manner is Manner.SIMPLER:
        return SIMPLER.get(level, Level.BEGINNER)
    return DEEPER.get(level, Level.ADVANCED) if manner is Manner.DEEPER else level


def _paragraphs(card: Card, level: Level, manner: Manner, nth: int, words: Words) -> list[str]:
    """Return an answer's paragraphs; `nth` turns the examples, so that another one comes when a card comes again."""
    text = card.text(level)
    if manner is Manner.ANOTHER_EXAMPLE:
        text, nth = text.split("\n", 1)[0], nth or 1
    paragraphs = [f"**{card.title}**\n\n{text}"]
    if card.examples:
        paragraphs.append(words("card-example", example=card.examples[nth % len(card.examples)]))
    if card.check_question:
        paragraphs.append(words("card-check", question=card.check_question.question))
    return [paragraph if place == 0 else f"\n\n{paragraph}" for place, paragraph in enumerate(paragraphs)]
