"""The course as a student leafs through it: topics, cards at a level, check questions, ready-made questions."""

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.fuzz import ratio
from rapidfuzz.process import extract

from core.errors import Unknown
from core.french import flat
from core.knowledge import Card, CheckQuestion, Course, Topic
from core.markup import Rules, clean, links_in
from core.messages import Choice, Figure, Level

CLOSE_ENOUGH = 75.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPage:
    """A card as it is shown: its text at a level, clean, and where one may go from it."""

    card: Card
    topic: Topic
    level: Level
    text: str
    previous: Choice | None
    following: Choice | None
    related: tuple[Choice, ...]
    figure: Figure | None


class Lessons:
    """The course's cards, opened one by one."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._names: dict[str, Topic | Card] = {}
        for topic in course.topics:
            for card in topic.subtopics:
                for name in (card.id, card.title, *card.aliases):
                    self._names.setdefault(flat(name), card)
            self._names.update({flat(topic.id): topic, flat(topic.title): topic})

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The map of the course."""
        return self._course.topics

    @property
    def questions(self) -> tuple[str, ...]:
        """Ready-made questions, for who does not know how to begin."""
        return self._course.info.example_questions

    def find(self, name: str) -> Topic | Card:
        """Return the topic or card of that id, title or alias; forgives accents and typos. Raises Unknown."""
        found = self.suggest(name, limit=1)
        if not found:
            raise Unknown("refusal-no-topic", name=clean(name[:60], Rules(())))
        return found[0]

    def suggest(self, typed: str, limit: int = 25) -> Sequence[Topic | Card]:
        """Return the topics and cards that come nearest to what was typed, best first."""
        key = flat(typed).strip()
        if not key:
            return self.topics[:limit]
        if key in self._names:
            return [self._names[key]]
        starting = [self._names[name] for name in self._names if name.startswith(key)]
        close = [self._names[name] for name, score, _ in extract(key, list(self._names), scorer=ratio, limit=limit) if score >= CLOSE_ENOUGH]
        return list({item.id: item for item in [*starting, *close]}.values())[:limit]

    def open_card(self, card_id: str, level: Level) -> CardPage:
        """Return a card's page at a level. Raises Unknown."""
        card = self._course.card(card_id)
        previous, following = self._course.neighbours(card_id)
        parts = [card.text(level), *card.examples]
        text = "\n\n".join(parts)
        return CardPage(
            card=card,
            topic=self._course.topic_of(card_id),
            level=level,
            text=clean(text, Rules((*self._course.info.allowed_links, *links_in([text])))),
            previous=_choice(previous),
            following=_choice(following),
            related=tuple(Choice(other.title, other.id) for other in self._course.related(card_id)),
            figure=Figure(str(self._course.folder / card.figure.file), card.figure.alt) if card.figure else None,
        )

    def quiz(self, card_id: str) -> CheckQuestion:
        """Return the card's check question with its answer. Raises Unknown where it has none."""
        check = self._course.card(card_id).check_question
        if check is None:
            raise Unknown("refusal-no-quiz", name=card_id)
        return check


def _choice(card: Card | None) -> Choice | None:
    return Choice(card.title, card.id) if card else None
