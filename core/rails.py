"""What a prompt is before any model reads it: how long, how much of it a provider's cache can serve, and what it asks for.

A rail is found by its words, in French: that a prompt asks for something says nothing of whether a model obeys.
"""

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from core.assistant import worth_reading
from core.evaluation import ExamQuestion
from core.knowledge import Course
from core.messages import Level, Passage, Zone
from core.prompt import CHARS_PER_TOKEN, PromptTemplate, build_prompt, card_passage_text, tokens_in
from core.search import SearchIndex

RAILS = {
    "cards": r"appuie-toi sur les fiches",
    "cites": r"\bcite\b[^.]*(?:numéro|\[1\])",
    "invents-nothing": r"n['’]invente|aucun chiffre",
    "says-unsure": r"pas sûr|pas certain",
    "level": r"niveau",
    "level-rule": r"\$level_rule",
    "length": r"\$words|\b\d+ mots",
    "language": r"\$language",
    "definition": r"définition",
    "points": r"\b3 à 5 points|plusieurs points",
    "example": r"exemple",
    "one-way": r"une seule façon",
    "check-question": r"une seule question",
    "misconception": r"idée fausse",
    "missing": r"s['’]il te manque|il manque",
    "graded-work": r"exercice noté",
    "injection": r"jamais une\s+consigne",
}
"""What a good answer needs to be asked for, and how it is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A prompt in figures; tokens as characters divided by three.

    Attributes:
        rules: tokens of the first message, the same for every question.
        whole: the median of a first question's whole prompt.
        stable: tokens that stand first and are the same for every question of a level, at the least.
        rails: whether it asks for each thing.
    """

    rules: int
    whole: int
    stable: int
    rails: dict[str, bool]


def measure(template: PromptTemplate, course: Course, index: SearchIndex, questions: Sequence[ExamQuestion], levels: Sequence[Level]) -> Measure:
    """Measure a prompt on the questions that the course answers."""
    found = [(asked.question, given(index, asked.question)) for asked in questions if index.search(asked.question).zone is Zone.SURE]
    prompts = {level: [_whole(template, course, question, passages, level) for question, passages in found] for level in levels}
    sizes = [tokens_in(prompt) for level in levels for prompt in prompts[level]]
    return Measure(
        rules=tokens_in(_messages(template, course, "", [], levels[0])[0]),
        whole=round(statistics.median(sizes)) if sizes else 0,
        stable=min((_shared(same) // CHARS_PER_TOKEN for same in prompts.values() if same), default=0),
        rails=rails(template),
    )


def rails(template: PromptTemplate) -> dict[str, bool]:
    """Return what a prompt asks for, by name."""
    text = f"{template.sections['system']}\n{template.sections['turn']}"
    return {name: re.search(pattern, text, re.IGNORECASE) is not None for name, pattern in RAILS.items()}


def given(index: SearchIndex, question: str) -> list[Passage]:
    """Return the passages that the model is given for a first question."""
    return worth_reading((found := index.search(question)).passages, compares=found.compares)


def _whole(template: PromptTemplate, course: Course, question: str, passages: Sequence[Passage], level: Level) -> str:
    return "\n".join(_messages(template, course, question, passages, level))


def _messages(template: PromptTemplate, course: Course, question: str, passages: Sequence[Passage], level: Level) -> list[str]:
    read = [Passage(p.card_id, p.title, card_passage_text(course, p, level), p.score, p.confidence) for p in passages]
    return [message.content for message in build_prompt(template, course, question, passages=read, level=level)]


def _shared(texts: Sequence[str]) -> int:
    """Return how many characters texts begin with alike."""
    first, last = min(texts), max(texts)
    return next((place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), min(len(first), len(last)))
