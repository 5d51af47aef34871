"""How far a course is: what each topic holds, counted."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from core.knowledge import Card, Course, Topic, to_write
from core.messages import Level


@dataclass(frozen=True, slots=True)
class TopicSummary:
    """One topic in figures. `levels` counts the cards that are written for all three levels."""

    topic: str
    cards: int
    levels: int
    aliases: int
    misconceptions: int
    questions: int
    figures: int
    warnings: int


def summaries(course: Course) -> Iterator[TopicSummary]:
    """Yield every topic's figures, in the course's order."""
    warned = Counter(fault.details["card"] for fault in course.warnings if "card" in fault.details)
    yield from (_summary(topic, sum(warned[card.id] for card in topic.subtopics)) for topic in course.topics)


def _summary(topic: Topic, warnings: int) -> TopicSummary:
    cards = topic.subtopics
    return TopicSummary(
        topic=topic.id,
        cards=len(cards),
        levels=sum(map(_has_every_level, cards)),
        aliases=sum(len(card.aliases) for card in cards),
        misconceptions=sum(len(card.misconceptions) for card in cards),
        questions=sum(card.check_question is not None for card in cards),
        figures=sum(card.figure is not None for card in cards),
        warnings=warnings,
    )


def _has_every_level(card: Card) -> bool:
    return set(card.levels) == set(Level) and not set(card.levels.values()) & set(to_write())
