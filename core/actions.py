"""What may be done with an answer, a card, or a question that was not answered: every button's meaning, in one place.

A face draws the buttons and brings the press back as (action, target); what it means is said here and done by core's verbs.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from core.errors import Unknown
from core.knowledge import Course
from core.lessons import CardPage
from core.messages import Answer, Choice, Manner, Zone
from core.words import Words

LONGEST_LABEL = 75
"""The shortest of the platforms' limits (Slack's)."""
AT_MOST = 5
"""Buttons under an answer; the others stand behind MORE."""


class Action(StrEnum):
    """What a press asks for. The target is named behind it."""

    GOOD = "good"  # an answer
    BAD = "bad"  # an answer
    SIMPLER = "simpler"  # an answer
    DEEPER = "deeper"  # an answer
    EXAMPLE = "example"  # an answer
    REDO = "redo"  # an answer
    REPORT = "report"  # an answer
    SHARE = "share"  # an answer: shows it as the class would see it
    PUBLISH = "publish"  # an answer: shares it
    THREAD = "thread"  # an answer
    MORE = "more"  # an answer
    STOP = "stop"  # a ticket
    QUIZ = "quiz"  # a card
    REVEAL = "reveal"  # a card: the check question's answer
    OPEN = "open"  # a card
    ABOUT = "about"  # a card: ask a question about it
    TOPIC = "topic"  # a topic: its cards
    READY = "ready"  # the number of a ready-made question
    ASK = "ask"  # nothing: a form to ask a question
    PIN = "pin"  # nothing: post a message with ASK
    PRIVATE = "private"  # "yes" or "no": answers are private by default
    FORGET = "forget"  # nothing: erase it all
    DATA = "data"  # nothing: my data


RETOLD = {Action.SIMPLER: Manner.SIMPLER, Action.DEEPER: Manner.DEEPER, Action.EXAMPLE: Manner.ANOTHER_EXAMPLE, Action.REDO: Manner.PLAIN}
"""Actions that tell an answer again, each with its manner."""
STORED_SOON = (0.1, 0.3, 0.5)
"""Seconds between looks for an answer that was just shown."""
Done = TypeVar("Done")


async def once_stored(work: Callable[[], Awaitable[Done]]) -> Done:
    """Do what a press asks for; one that comes faster than its answer is stored waits a moment. Raises Unknown."""
    for pause in STORED_SOON:
        try:
            return await work()
        except Unknown:
            await asyncio.sleep(pause)
    return await work()


@dataclass(frozen=True, slots=True)
class Button:
    """One thing to press: what it does, to what, and what stands on it."""

    action: Action
    target: str
    label: str

    @property
    def code(self) -> str:
        """The button as a platform keeps it."""
        return f"{self.action.value}:{self.target}"


def read_code(code: str) -> tuple[Action, str]:
    """Return a code's action and target. Raises ValueError for a code that is none of ours."""
    name, _, target = code.partition(":")
    return Action(name), target


def button(words: Words, action: Action, target: str = "", label: str = "") -> Button:
    """Return a button with its label in the student's language, or with one given."""
    return Button(action, target, _short(label or words(f"button-{action.value}")))


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1].rstrip()}…"


def under_answer(words: Words, answer: Answer, course: Course, *, is_private: bool, can_thread: bool = False) -> tuple[Button, ...]:
    """Return the buttons that stand under an answer, at most five; MORE is the last where there are others."""
    if answer.zone is Zone.UNSURE or (answer.zone is Zone.OUTSIDE and answer.choices):
        return tuple(dict.fromkeys(_chosen(words, choice, course) for choice in answer.choices))
    if not answer.id:
        return ()
    buttons = (*_first(words, answer, course), *more_about(words, answer.id, is_private=is_private, can_thread=can_thread))
    return buttons if len(buttons) <= AT_MOST else (*_first(words, answer, course), button(words, Action.MORE, answer.id))


def _first(words: Words, answer: Answer, course: Course) -> tuple[Button, ...]:
    card = next((source.card_id for source in answer.sources if course.card(source.card_id).check_question), "")
    told = (Action.GOOD, Action.BAD, Action.SIMPLER)
    return (*(button(words, action, answer.id) for action in told), *([button(words, Action.QUIZ, card)] if card else []))


def more_about(words: Words, answer_id: str, *, is_private: bool, can_thread: bool = False) -> tuple[Button, ...]:
    """Return the buttons behind MORE."""
    actions = [Action.DEEPER, Action.EXAMPLE, Action.REDO, Action.REPORT]
    actions += [Action.SHARE] if is_private else [Action.THREAD] if can_thread else []
    return tuple(button(words, action, answer_id) for action in actions)


def _chosen(words: Words, choice: Choice, course: Course) -> Button:
    if choice.card_id:
        return button(words, Action.OPEN, choice.card_id, choice.label)
    return button(words, Action.READY, str(course.info.example_questions.index(choice.label)), choice.label)


def ready_questions(words: Words, questions: Sequence[str], limit: int = AT_MOST) -> tuple[Button, ...]:
    """Return the ready-made questions as buttons."""
    return tuple(button(words, Action.READY, str(number), question) for number, question in enumerate(questions[:limit]))


def under_card(words: Words, page: CardPage) -> tuple[tuple[Button, ...], ...]:
    """Return a card page's rows: previous, following, ask, quiz; then the related cards."""
    ways = [("‹ ", page.previous, ""), ("", page.following, " ›")]
    moves = [button(words, Action.OPEN, choice.card_id, f"{before}{choice.label}{behind}") for before, choice, behind in ways if choice]
    verbs = [button(words, Action.ABOUT, page.card.id)]
    if page.card.check_question:
        verbs.append(button(words, Action.QUIZ, page.card.id))
    related = [button(words, Action.OPEN, choice.card_id, choice.label) for choice in page.related]
    shown = {move.target for move in moves}
    rows = (tuple(moves), tuple(verbs), tuple(one for one in related if one.target not in shown))
    return tuple(row for row in rows if row)
