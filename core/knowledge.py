"""The course as teachers write it: topics, cards, levels. Loads a folder whole or not at all.

A folder holds `course.json` (what the course is), one JSON file per topic in the course document's own shape, perhaps
`outside.json` (what the course is not about), and `thresholds.json` (written by `profond kb calibrate`). Content, not code:
every fault is told at once, with its file and its path, so that a teacher mends them in one go.
"""

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, WithJsonSchema

from core.errors import CourseError, Fault, Unknown
from core.french import flat, fold
from core.messages import Level
from core.words import LANGUAGES, words_in

LEVEL_NAMES = {
    "debutant": Level.BEGINNER,
    "debutante": Level.BEGINNER,
    "intermediaire": Level.INTERMEDIATE,
    "avance": Level.ADVANCED,
    "avancee": Level.ADVANCED,
}
COURSE_FILE, OUTSIDE_FILE, THRESHOLDS_FILE, SCHEMA_FILE = "course.json", "outside.json", "thresholds.json", "schema.json"
NO_TOPICS = frozenset({COURSE_FILE, OUTSIDE_FILE, THRESHOLDS_FILE, SCHEMA_FILE})
"""The files of a course's folder that hold no cards."""


def read_level(name: object) -> object:
    """Accept a level's code or its French name, with or without accents; anything else is returned as it came."""
    return LEVEL_NAMES.get(fold(name.strip().lower()), name.strip().lower()) if isinstance(name, str) else name


Content = TypeVar("Content", bound=BaseModel)


def level_named(name: str) -> Level:
    """Return the level of that code or French name. Raises Unknown."""
    try:
        return Level(str(read_level(name)))
    except ValueError:
        raise Unknown("level-unknown") from None


LONGEST_ID = 64
"""A button's code, which names a card, holds 100 characters on Discord."""
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=LONGEST_ID)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
SLUG_CHARS = 60
_ARTICLES = frozenset("l le la les un une des d".split())


def is_slug(text: str) -> bool:
    """Whether a text may be an id."""
    return re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", text) is not None


def slug(title: str) -> str:
    """Return the id that a title makes, without its first article; empty where it holds no letter or digit of an id."""
    found = re.findall(r"[a-z0-9]+", flat(title))
    bare = found[1:] if len(found) > 1 and found[0] in _ARTICLES else found
    return re.sub(r"-[^-]*$", "", made[: SLUG_CHARS + 1]) if len(made := "-".join(bare)) > SLUG_CHARS else made


_LEVEL_SCHEMA = {"enum": [*Level, "débutant", "intermédiaire", "avancé"], "type": "string"}
Difficulty = Annotated[Level, BeforeValidator(read_level), WithJsonSchema(_LEVEL_SCHEMA)]


class _Content(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Misconception(_Content):
    """A false belief that students hold, and what is true."""

    claim: Text
    correction: Text


class CheckQuestion(_Content):
    """One question that shows whether the card was understood."""

    question: Text
    answer: Text


class CardFigure(_Content):
    """A picture, as a path below the course's folder, and its description in words."""

    file: Text
    alt: Text


class Card(_Content):
    """One idea of the course (a `subtopic` of the course document), told for up to three levels."""

    id: Slug
    title: Text
    content: Text
    examples: tuple[Text, ...] = ()
    difficulty: Difficulty
    levels: dict[Difficulty, Text] = Field(default_factory=dict)
    aliases: tuple[Text, ...] = ()
    keywords: tuple[Text, ...] = ()
    misconceptions: tuple[Misconception, ...] = ()
    check_question: CheckQuestion | None = None
    related: tuple[Slug, ...] = ()
    figure: CardFigure | None = None
    phrasings: tuple[Text, ...] = ()

    def text(self, level: Level) -> str:
        """Return the card as told for a level; its own text where that level was not written."""
        return self.levels.get(level, self.content)


class Topic(_Content):
    """A chapter of the course."""

    id: Slug
    title: Text
    subtopics: tuple[Card, ...]


class CourseFile(_Content):
    """One file of the course."""

    topics: tuple[Topic, ...]


class Subject(_Content):
    """What the course is not about, though people ask: the tree that is pruned, the film that is called as a network is."""

    title: Text
    phrasings: tuple[Text, ...] = Field(min_length=1)


class OutsideFile(_Content):
    """`outside.json`."""

    subjects: tuple[Subject, ...] = ()


class CourseInfo(_Content):
    """`course.json`: all that the words and the prompts may know about the course."""

    title: Text
    audience: Text
    language: Text = "fr"
    subject: Text
    example_domains: tuple[Text, ...] = Field(min_length=1)
    example_questions: tuple[Text, ...] = Field(min_length=3)
    allowed_links: tuple[Text, ...] = ()
    contact: str = ""
    topics: tuple[Slug, ...] = ()
    prompt: Slug = "profond-1"


class Thresholds(_Content):
    """Where the zones begin: a confidence >= `sure` is sure, one < `outside` is outside the course."""

    sure: float
    outside: float
    questions: int = 0


FEW_ALIASES, MANY_ALIASES = 4, 14
MANY_RELATED = 10
LONG_LEVEL = 130
"""Words of one level, without code: what is read in a minute."""
LONG_CARD = 2_000
"""Characters of a card as one message shows it: title, longest level, longest example, check question."""


UNCALIBRATED_SURE, UNCALIBRATED_OUTSIDE = 2.6, 0.8
"""Shares of the rarity of a word that no card holds. Measured on parts of the shipped course of 4 to 140 cards: so scaled, nine off-topic
questions of ten lie below 0.2 to 0.5 where `outside.json` is kept and below 0.5 to 1.2 without, and none that leads above 2.5; nineteen
on-topic ones of twenty lie above 0.6 to 1.5, and their median between 2.2 and 4.9."""


def uncalibrated(cards: int) -> Thresholds:
    """Return the zones of a course of so many cards that was never calibrated; `profond kb check` says so."""
    rarity = math.log(1 + 2 * cards)
    return Thresholds(sure=UNCALIBRATED_SURE * rarity, outside=UNCALIBRATED_OUTSIDE * rarity)


@cache
def to_write() -> tuple[str, ...]:
    """Return what stands in a new card where its text is still to be written, in every language."""
    return tuple(words_in(lang)("card-to-write") for lang in LANGUAGES)


@dataclass(frozen=True)
class Course:
    """A course that was loaded whole. Shown, it is its folder, its data sheet and its version: half a million letters would be the rest.

    Attributes:
        outside: what the course is not about.
        version: 12 hex digits that change when anything a student can read changes.
        warnings: what a teacher should mend, though the course works.
    """

    folder: Path
    info: CourseInfo
    topics: tuple[Topic, ...] = field(repr=False)
    thresholds: Thresholds
    version: str
    outside: tuple[Subject, ...] = field(default=(), repr=False)
    warnings: tuple[Fault, ...] = field(default=(), repr=False)
    _cards: dict[str, Card] = field(default_factory=dict, repr=False)
    _topic_of: dict[str, Topic] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for topic in self.topics:
            for card in topic.subtopics:
                self._cards[card.id] = card
                self._topic_of[card.id] = topic

    @property
    def cards(self) -> tuple[Card, ...]:
        """Every card, in the course's order."""
        return tuple(self._cards.values())

    def card(self, card_id: str) -> Card:
        """Return a card. Raises Unknown."""
        try:
            return self._cards[card_id]
        except KeyError:
            raise Unknown(name=card_id) from None

    def has(self, card_id: str) -> bool:
        """Whether the course holds such a card."""
        return card_id in self._cards

    def topic_of(self, card_id: str) -> Topic:
        """Return the topic that holds a card. Raises Unknown."""
        self.card(card_id)
        return self._topic_of[card_id]

    def neighbours(self, card_id: str) -> tuple[Card | None, Card | None]:
        """Return the cards before and after this one, across topics."""
        ids = list(self._cards)
        place = ids.index(self.card(card_id).id)
        previous = self._cards[ids[place - 1]] if place else None
        following = self._cards[ids[place + 1]] if place + 1 < len(ids) else None
        return previous, following

    def related(self, card_id: str) -> tuple[Card, ...]:
        """Return the cards that a card points to and that exist, each once, as many as a message has buttons for."""
        return tuple(self._cards[other] for other in dict.fromkeys(self.card(card_id).related) if other in self._cards)[:MANY_RELATED]


def topic_files(folder: Path) -> list[str]:
    """Return the names of a course's topic files."""
    return sorted(path.name for path in folder.glob("*.json") if path.name not in NO_TOPICS)


def load_course(folder: Path, changed: Mapping[str, str] | None = None) -> Course:
    """Load the course of a folder, with other texts for some topic files. Raises CourseError with every fault at once."""
    faults: list[Fault] = []
    changed = changed or {}
    info = _read(folder, COURSE_FILE, CourseInfo, faults)
    files = sorted({*topic_files(folder), *changed})
    loaded = [(name, content) for name in files if (content := _read(folder, name, CourseFile, faults, changed.get(name))) is not None]
    outside = _read(folder, OUTSIDE_FILE, OutsideFile, faults) if (folder / OUTSIDE_FILE).exists() else OutsideFile()
    has_thresholds = (folder / THRESHOLDS_FILE).exists()
    thresholds = _read(folder, THRESHOLDS_FILE, Thresholds, faults) if has_thresholds else uncalibrated(len([*_located(loaded)]))
    faults += [*_doubles(loaded), *_missing_figures(folder, loaded)]
    if not files:
        faults.append(Fault(str(folder), "", "fault-no-topics"))
    if faults or info is None or thresholds is None or outside is None:
        raise CourseError(faults)
    topics = _in_order(info, [topic for _, content in loaded for topic in content.topics])
    warnings = [*_warnings(loaded)]
    if not has_thresholds:
        warnings.append(Fault(THRESHOLDS_FILE, "", "fault-not-calibrated"))
    version = _version(folder, [COURSE_FILE, *files], changed)
    return Course(folder, info, topics, thresholds, version, outside.subjects, tuple(warnings))


def _read(folder: Path, name: str, kind: type[Content], faults: list[Fault], text: str | None = None) -> Content | None:
    try:
        return kind.model_validate(json.loads((folder / name).read_text(encoding="utf-8") if text is None else text))
    except FileNotFoundError:
        faults.append(Fault(name, "", "fault-file-missing"))
    except UnicodeDecodeError:
        faults.append(Fault(name, "", "fault-not-utf8"))
    except OSError:
        faults.append(Fault(name, "", "fault-unreadable"))
    except json.JSONDecodeError as error:
        faults.append(Fault(name, "", "fault-not-json", {"line": str(error.lineno), "column": str(error.colno)}))
    except RecursionError:
        faults.append(Fault(name, "", "fault-too-nested"))
    except ValidationError as error:
        faults += [_fault(name, dict(entry)) for entry in error.errors(include_url=False)]
    return None


_FAULT_KEYS = {
    "missing": "fault-field-missing",
    "extra_forbidden": "fault-field-unknown",
    "enum": "fault-level",
    "string_pattern_mismatch": "fault-id",
    "string_too_short": "fault-empty",
    "string_too_long": "fault-id-long",
    "string_type": "fault-not-text",
    "tuple_type": "fault-not-list",
    "dict_type": "fault-not-object",
    "model_type": "fault-not-object",
    "too_short": "fault-too-few",
}


def _fault(file: str, entry: dict[str, Any]) -> Fault:
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in entry["loc"])
    return Fault(file, f"${path}", _FAULT_KEYS.get(entry["type"], "fault-other"), {"value": str(entry["input"])[:40], "limit": str(LONGEST_ID)})


def _located(loaded: Sequence[tuple[str, CourseFile]]) -> Iterator[tuple[str, str, Card]]:
    """Yield every card with its file and its JSON path."""
    for name, content in loaded:
        for t, topic in enumerate(content.topics):
            for c, card in enumerate(topic.subtopics):
                yield name, f"$.topics[{t}].subtopics[{c}]", card


def _doubles(loaded: Sequence[tuple[str, CourseFile]]) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for name, path, card in _located(loaded):
        if card.id in seen:
            yield Fault(name, f"{path}.id", "fault-double", {"value": card.id, "other": seen[card.id]})
        seen.setdefault(card.id, name)
    topics: dict[str, str] = {}
    for name, content in loaded:
        for t, topic in enumerate(content.topics):
            if topic.id in topics:
                yield Fault(name, f"$.topics[{t}].id", "fault-double", {"value": topic.id, "other": topics[topic.id]})
            topics.setdefault(topic.id, name)


def _missing_figures(folder: Path, loaded: Sequence[tuple[str, CourseFile]]) -> Iterator[Fault]:
    """Yield a fault for every figure whose file is not there, or does not lie below the course's folder."""
    for name, path, card in _located(loaded):
        file = folder / card.figure.file if card.figure else None
        if file and not (file.is_file() and file.resolve().is_relative_to(folder.resolve())):
            yield Fault(name, f"{path}.figure.file", "fault-figure-missing", {"value": file.name, "card": card.id})


def _warnings(loaded: Sequence[tuple[str, CourseFile]]) -> Iterator[Fault]:
    """Yield what a teacher should mend though the course works; the details name the card."""
    known = {card.id for _, _, card in _located(loaded)}
    aliases: dict[str, str] = {}
    for name, path, card in _located(loaded):
        for step, key, details in (*_lacks(card), *_lengths(card), *_links(card, known)):
            yield Fault(name, f"{path}.{step}", key, {"card": card.id, **details})
        for alias in card.aliases:
            holder = aliases.setdefault(fold(alias.lower()), card.id)
            if holder != card.id:
                yield Fault(name, f"{path}.aliases", "fault-alias-double", {"card": card.id, "value": alias, "other": holder})


def _lacks(card: Card) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield what a card lacks: where, the key of the sentence, and what fills it."""
    texts = {"content": card.content, **{f"levels.{level}": text for level, text in card.levels.items()}}
    yield from ((place, "fault-to-write", {}) for place, text in texts.items() if text in to_write())
    if card.levels.get(card.difficulty, card.content) != card.content:
        yield "content", "fault-content-differs", {}
    yield from (("levels", "fault-level-missing", {"value": level.value}) for level in Level if level not in card.levels)
    if len(card.aliases) < FEW_ALIASES:
        yield "aliases", "fault-few-aliases", {"count": str(FEW_ALIASES)}


def _lengths(card: Card) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield where a card is too long."""
    for place, text in {"content": card.content, **{f"levels.{level}": text for level, text in card.levels.items()}}.items():
        words = len(re.findall(r"\S*\w\S*", re.sub(r"```.*?```", "", text, flags=re.DOTALL)))
        if words > LONG_LEVEL and (place != "content" or text not in card.levels.values()):
            yield place, "fault-long-level", {"count": str(words), "limit": str(LONG_LEVEL)}
    asked = card.check_question.question if card.check_question else ""
    longest = [max(map(len, texts), default=0) for texts in ((card.content, *card.levels.values()), card.examples)]
    size = len(card.title) + sum(longest) + len(asked)
    if size > LONG_CARD:
        yield "content", "fault-long-card", {"count": str(size), "limit": str(LONG_CARD)}
    if len(card.aliases) > MANY_ALIASES:
        yield "aliases", "fault-many-aliases", {"limit": str(MANY_ALIASES)}


def _links(card: Card, known: set[str]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield what is wrong with the cards that a card points to."""
    for other, times in Counter(card.related).items():
        if other not in known:
            yield "related", "fault-dead-link", {"value": other}
        if times > 1:
            yield "related", "fault-related-double", {"value": other}
    if len(card.related) > MANY_RELATED:
        yield "related", "fault-many-related", {"limit": str(MANY_RELATED)}


def _in_order(info: CourseInfo, topics: Sequence[Topic]) -> tuple[Topic, ...]:
    place = {topic_id: number for number, topic_id in enumerate(info.topics)}
    return tuple(sorted(topics, key=lambda topic: place.get(topic.id, len(place))))


def _version(folder: Path, names: Sequence[str], changed: Mapping[str, str]) -> str:
    digest = hashlib.sha256()
    for name in names:
        digest.update(changed[name].encode() if name in changed else (folder / name).read_bytes())
    return digest.hexdigest()[:12]


def schema() -> dict[str, Any]:
    """Return the JSON schema of a topic file, as `schema.json` must hold it."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **CourseFile.model_json_schema()}
