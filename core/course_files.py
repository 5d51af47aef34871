"""Writes cards into a course's topic files: each in its place, and no other byte of a file changes.

What is written is first loaded as a course, in memory; then every file is replaced in one step, so that a reader sees the
old one or the new one and never a half.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from core.errors import CourseError, SetupError
from core.french import flat
from core.knowledge import NO_TOPICS, Card, Course, Topic, load_course, slug, topic_files
from core.owner import keep_owner

_BETWEEN = re.compile(r"[ \t\r\n,:]*")
_DECODER = json.JSONDecoder()
INDENT = "  "


class Change(NamedTuple):
    """What an import makes of one card: new, changed or same; the fields that change, and those of them that are emptied."""

    topic: str
    card: str
    state: str
    fields: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()


class Member(NamedTuple):
    """A value inside a JSON text: its key or place, where it begins and ends, and what it is."""

    key: str | int
    start: int
    end: int
    value: Any


def members(text: str, opening: int) -> Iterator[Member]:
    """Yield what the object or array that opens at a place of a sound JSON text holds."""
    at, place = _skip(text, opening + 1), 0
    while text[at] not in "]}":
        key: str | int = place
        if text[opening] == "{":
            key, end = _DECODER.raw_decode(text, at)
            at = _skip(text, end)
        value, end = _DECODER.raw_decode(text, at)
        yield Member(key, at, end, value)
        at, place = _skip(text, end), place + 1


def _skip(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    return found.end() if found else at


def _member(text: str, opening: int, key: str) -> Member:
    return next(member for member in members(text, opening) if member.key == key)


class TopicFiles:
    """The topic files of a course, changed in memory until they are saved. The files on the disk must be sound JSON."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._texts = {name: (folder / name).read_bytes().decode() for name in topic_files(folder)}
        self.changed: dict[str, str] = {}

    def put(self, topic: Topic, card: Card | Mapping[str, Any]) -> str:
        """Set a card in its topic, in the place of the one with its id or behind the last; return the file's name."""
        fields = card_fields(card)
        for name, text in (self._texts | self.changed).items():
            for found in members(text, _member(text, _skip(text, 0), "topics").start):
                if found.value["id"] == topic.id:
                    self.changed[name] = _with_card(text, found.start, fields)
                    return name
        name = self._free_name(topic.id)
        self.changed[name] = _dump({"topics": [{"id": topic.id, "title": topic.title, "subtopics": [fields]}]}, INDENT, "") + "\n"
        return name

    def rename(self, topic: Topic) -> None:
        """Give a topic another title."""
        for name, text in (self._texts | self.changed).items():
            for found in members(text, _member(text, _skip(text, 0), "topics").start):
                title = _member(text, found.start, "title")
                if found.value["id"] == topic.id and title.value != topic.title:
                    self.changed[name] = text[: title.start] + json.dumps(topic.title, ensure_ascii=False) + text[title.end :]

    def load(self) -> Course:
        """Load the course as it would be. Raises CourseError."""
        return load_course(self._folder, self.changed)

    def save(self) -> None:
        """Write what has changed. Raises SetupError."""
        for name, text in self.changed.items():
            write_whole(self._folder / name, text)
        self._texts |= self.changed
        self.changed = {}

    def _free_name(self, topic_id: str) -> str:
        taken = {*self._texts, *self.changed, *NO_TOPICS}
        names = (f"{topic_id}{ending}.json" for ending in ("", *(f"-{number}" for number in range(2, len(taken) + 3))))
        return next(name for name in names if name not in taken)


def _with_card(text: str, topic: int, fields: Mapping[str, Any]) -> str:
    """Return a file's text with a card in the topic that opens at a place."""
    cards = _member(text, topic, "subtopics")
    held = list(members(text, cards.start))
    same = next((member for member in held if member.value["id"] == fields["id"]), None)
    found = re.search(r"^([ \t]+)", text, re.MULTILINE)
    unit = found[1] if found else INDENT
    own = _indent(text, cards.start)
    inner = _indent(text, held[-1].start) if held and text[: held[-1].start].rstrip(" \t").endswith("\n") else own + unit
    written = _dump(fields, unit, inner)
    if same:
        start, end = same.start, same.end
    elif held:
        start, end, written = held[-1].end, held[-1].end, f",\n{inner}{written}"
    else:
        start, end, written = cards.start, cards.end, f"[\n{inner}{written}\n{own}]"
    return text[:start] + (written.replace("\n", "\r\n") if "\r\n" in text else written) + text[end:]


def _indent(text: str, at: int) -> str:
    """Return the blanks that open the line of a place."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _dump(value: object, unit: str, indent: str) -> str:
    return json.dumps(value, ensure_ascii=False, indent=unit).replace("\n", f"\n{indent}")


def card_fields(card: Card | Mapping[str, Any]) -> dict[str, Any]:
    """Return a card as a topic file holds it: without the fields that say nothing."""
    return card.model_dump(mode="json", exclude_defaults=True) if isinstance(card, BaseModel) else dict(card)


def write_whole(path: Path, text: str) -> None:
    """Replace a file in one step. Raises SetupError."""
    path = path.resolve()
    part = path.with_name(f".{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        with part.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            keep_owner(file.fileno(), path)
        if path.exists():
            shutil.copymode(path, part)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise SetupError("setup-output-file", file=str(path)) from None


def topics_of(folder: Path) -> tuple[Topic, ...]:
    """Return a course's topics; none where the course has no topic file yet. Raises CourseError."""
    try:
        return load_course(folder).topics
    except CourseError as error:
        if [fault.key for fault in error.faults] == ["fault-no-topics"]:
            return ()
        raise


def find_topic(topics: Sequence[Topic], name: str) -> Topic:
    """Return the topic of that id or title, in any case and accents. Raises SetupError naming the nearest."""
    names = {flat(key): topic for topic in topics for key in (topic.title, topic.id)}
    asked = flat(name).strip()
    if asked in names:
        return names[asked]
    near = get_close_matches(asked, names, n=5, cutoff=0.4) or list(names)
    ids = dict.fromkeys(names[key].id for key in near)
    raise SetupError("setup-topic-unknown", name=name[:60], near=", ".join(list(ids)[:3]) or "–")


def add_skeleton(files: TopicFiles, topics: Sequence[Topic], topic: Topic, title: str, text: str) -> tuple[str, str]:
    """Put a card that is still to be written into a topic; return its id and the file's name. Raises SetupError."""
    taken = {card.id for each in topics for card in each.subtopics}
    first = slug(title)
    if not first:
        raise SetupError("setup-no-id", title=title[:60])
    card_id = next(name for name in (first, *(f"{first}-{number}" for number in range(2, len(taken) + 3))) if name not in taken)
    fields: dict[str, Any] = {
        "id": card_id,
        "title": title.strip(),
        "content": text,
        "examples": [],
        "difficulty": "beginner",
        "levels": {"beginner": text, "intermediate": text, "advanced": text},
        "aliases": [],
        "keywords": [],
        "misconceptions": [],
        "check_question": None,
        "related": [],
    }
    return card_id, files.put(topic, fields)


def merge(files: TopicFiles, known: Sequence[Topic], told: Sequence[Topic]) -> list[Change]:
    """Put the cards told into their topics; those of the topics that are not told stay. Return what became of each."""
    cards = {(topic.id, card.id): card for topic in known for card in topic.subtopics}
    changes = []
    for topic in told:
        files.rename(topic)
        for card in topic.subtopics:
            before = cards.get((topic.id, card.id))
            if before != card:
                files.put(topic, card)
            changes.append(_change(topic, before, card))
    return changes


def _change(topic: Topic, before: Card | None, card: Card) -> Change:
    if before is None:
        return Change(topic.id, card.id, "new")
    fields = tuple(name for name in Card.model_fields if getattr(before, name) != getattr(card, name))
    emptied = tuple(name for name in fields if not getattr(card, name))
    return Change(topic.id, card.id, "changed" if fields else "same", fields, emptied)
