"""The values that travel between the rooms. All are frozen; none knows how to do anything but describe itself."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal


class Level(StrEnum):
    """How deep an explanation goes. Chosen by the student, never inferred."""

    BEGINNER = "beginner"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"


class Zone(StrEnum):
    """How sure the search is that the course answers the question."""

    SURE = "sure"
    UNSURE = "unsure"
    OUTSIDE = "outside"
    SMALL_TALK = "small_talk"


class Manner(StrEnum):
    """How one answer is told; the student's level stays."""

    PLAIN = "plain"
    SIMPLER = "simpler"
    DEEPER = "deeper"
    ANOTHER_EXAMPLE = "another_example"


class Writer(StrEnum):
    """Who wrote an answer."""

    MODEL = "model"
    CARDS = "cards"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a student asks, wherever it was asked.

    Attributes:
        text: the student's words.
        person: who asks, as `platform:id`.
        conversation: where the turns are held, such as `discord:guild:channel`.
        event: a key that the platform never gives twice.
        level: the level for this question alone; None takes the student's own.
        lang: the language of the words around the answer, `fr` or `en`.
        files: attached files as (name, content).
        manner: how the answer is told, this once.
        again: the id of the answer that is told again (redo, rephrase).
        is_private: nobody else may see the answer.
        reply_to: where the answer goes; opaque to the core, kept encrypted.
        is_exempt: asked by whoever runs the bot; takes no allowance.
    """

    text: str
    person: str
    conversation: str
    event: str
    level: Level | None = None
    lang: str = "fr"
    files: tuple[tuple[str, bytes], ...] = ()
    manner: Manner = Manner.PLAIN
    again: str = ""
    is_private: bool = False
    reply_to: str = ""
    is_exempt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a student has left: questions now and today, and seconds until the next one comes (0 when the bucket is full)."""

    left: int
    size: int
    left_today: int
    per_day: int
    next_in: float
    is_exempt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A question that was taken: the allowance is spent and the inbox remembers it until it is answered.

    Attributes:
        id: the inbox row's id, and the turn's.
        question: what was asked.
        person: the asker's pseudonym.
        is_free: small talk; nothing was spent.
    """

    id: str
    question: Question
    person: str
    is_free: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """A card found for a question. `score` ranks; `confidence` (>= 0) says how far the question is covered."""

    card_id: str
    title: str
    text: str
    score: float
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One question with its answer, as remembered.

    Attributes:
        is_own: asked by who asks now, not by others in the same place.
        is_whole: not torn.
        tellings: how often it was answered; the answer is the newest one.
    """

    id: str = field(default="", compare=False)
    question: str
    answer: str
    card_ids: tuple[str, ...]
    zone: Zone
    is_own: bool = field(default=True, compare=False)
    is_whole: bool = field(default=True, compare=False)
    tellings: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of a prompt, with its pictures as data URLs."""

    role: Literal["system", "user", "assistant"]
    content: str
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUsage:
    """Tokens as the provider counted them."""

    input: int = 0
    cached: int = 0
    output: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """How a model's answer ended. `finish_reason` other than `stop` means that it was cut."""

    usage: TokenUsage = field(default_factory=TokenUsage)
    finish_reason: str = "stop"
    model: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the queue: 1 is next. `seconds` is an estimate."""

    position: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Handover:
    """The cards go on from here. `note` is the key of the sentence that says why; `cause` is for the log alone."""

    note: str
    cause: str = ""
    may_redo: bool = False


Piece = str | Place | Handover | Completion
Pieces = AsyncGenerator[Piece, None]
"""An answer as it is written: places in the queue, text, perhaps a handover to the cards, and last one Completion."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that may be chosen next: a card to open, or a question to ask."""

    label: str
    card_id: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture of the course, with the words for who cannot see it."""

    path: str
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What comes back.

    Attributes:
        id: names this answer for feedback, report, redo and rephrase; empty for small talk.
        parts: the text, already clean and split into messages of the surface.
        sources: the cards it rests on.
        choices: cards (unsure zone) or example questions (outside the course) to offer.
        notes: plain sentences about the answer (written by the cards, cut question, first-contact notice).
        figure: a picture of the first card.
        may_redo_with_model: the cards answered because the model was busy or away; a redo may reach it.
    """

    id: str
    parts: tuple[str, ...]
    zone: Zone
    writer: Writer
    level: Level
    sources: tuple[Choice, ...] = ()
    choices: tuple[Choice, ...] = ()
    notes: tuple[str, ...] = ()
    figure: Figure | None = None
    completion: Completion = field(default_factory=Completion)
    prompt_version: str = ""
    is_whole: bool = True
    may_redo_with_model: bool = False

    @property
    def text(self) -> str:
        """The whole text."""
        return "\n\n".join(self.parts)


MyData = dict[str, Any]
"""Everything kept about one person, ready for JSON."""
