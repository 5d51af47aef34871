"""Cards as Markdown and back: what a teacher writes in an editor of texts instead of JSON.

`## Topic {#id}`, `### Card {#id}`, below it the text; `#### Débutant`, `#### Intermédiaire` and `#### Avancé` tell the levels;
a line that begins with a label (`Exemple :`, `Aussi appelé :`, `Mots-clés :`, `Formulations :`, `Idée fausse :` and `Correction :`, `Question :`
and `Réponse :`, `Voir aussi :`, `Niveau :`) or holds a picture alone fills another field. Only the headings and a text are
needed. What `to_markdown` writes, `from_markdown` reads as the same cards: every text is read back while it is written, and
one that would be read otherwise is put letter for letter into a fence called `texte`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import ValidationError

from core.errors import Fault, MarkdownError
from core.french import flat
from core.knowledge import Card, Topic, is_slug, read_level, slug
from core.markdown_page import VERBATIM, Label, Page, Section
from core.messages import Level

LEVEL_TITLES = {Level.BEGINNER: "Débutant", Level.INTERMEDIATE: "Intermédiaire", Level.ADVANCED: "Avancé"}
LABELS = {
    "difficulty": ("Niveau", "Difficulté"),
    "aliases": ("Aussi appelé", "Aussi appelée", "Aussi appelés", "Aussi appelées", "Alias", "Synonyme", "Synonymes"),
    "keywords": ("Mots-clés", "Mot-clé", "Mots clés", "Mot clé"),
    "phrasings": ("Formulations", "Formulation"),
    "examples": ("Exemple", "Exemples"),
    "claim": ("Idée fausse", "Idées fausses"),
    "correction": ("Correction",),
    "question": ("Question",),
    "answer": ("Réponse",),
    "related": ("Voir aussi", "Fiches liées"),
    "figure": ("Figure",),
}
"""Each field with its labels; the first is the one that is written."""
FIELDS = {flat(label): name for name, labels in LABELS.items() for label in labels}
PAIRS = {"claim": "correction", "question": "answer"}
NAMES = ("aliases", "keywords", "phrasings", "related")
"""Fields of one line each. All but the phrasings, which are sentences, may stand on one line between commas."""
_ID = re.compile(r"\s*\{#([^{}]*)\}$")


class CardPages(NamedTuple):
    """What a Markdown file holds: its topics, and the line of every card by its id."""

    topics: tuple[Topic, ...]
    lines: Mapping[str, int]


@dataclass
class _Draft:
    """A topic or a card being read; the texts are its levels', that of "" is the card's own."""

    id: str
    title: str
    line: int
    texts: dict[str, str] = field(default_factory=dict)
    labels: list[Label] = field(default_factory=list)
    cards: list["_Draft"] = field(default_factory=list)
    is_stray: bool = False


def from_markdown(text: str, file: str = "", known: Sequence[Topic] = ()) -> CardPages:
    """Read a teacher's Markdown. Raises MarkdownError with every fault at once.

    Args:
        text: the whole file; line ends of any system, with or without a byte order mark.
        file: its name, for the faults.
        known: topics whose ids hold where the file gives none and the title is the same.
    """
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    reader = _Reader(Page(plain, FIELDS), file, known)
    topics = reader.read()
    if reader.faults:
        raise MarkdownError(sorted(reader.faults, key=lambda fault: int(fault.path)))
    return CardPages(topics, {card.id: card.line for topic in reader.topics for card in topic.cards})


class _Reader:
    """Reads one page into drafts, then the drafts into topics; collects every fault on the way."""

    def __init__(self, page: Page, file: str, known: Sequence[Topic]) -> None:
        self.faults: list[Fault] = []
        self.topics: list[_Draft] = []
        self._page, self._file = page, file
        self._card: _Draft | None = None
        self._course_line = 0
        self._ids = {flat(topic.title): topic for topic in known}
        self._known = {topic.id: {flat(card.title): card.id for card in topic.subtopics} for topic in known}

    def read(self) -> tuple[Topic, ...]:
        """Return the topics; what is wrong stands in `faults`."""
        sections = list(self._page.sections())
        if self._page.open_fence:
            self._fault(self._page.open_fence, "fault-md-fence")
        if not any(section.depth == 2 for section in sections):
            self._fault(1, "fault-md-no-topic")
            return ()
        take: Mapping[int, Callable[[Section], None]] = {0: self._stray, 1: self._head, 2: self._topic, 3: self._a_card, 4: self._part}
        for section in sections:
            if section.depth and not _ID.sub("", section.title):
                self._fault(section.line, "fault-md-title")
            take[section.depth](section)
        self._check_ids()
        return tuple(filter(None, map(self._made_topic, self.topics)))

    def _fault(self, line: int, key: str, /, **details: str) -> None:
        self.faults.append(Fault(self._file, str(line), key, details))

    def _stray(self, section: Section) -> None:
        """Refuse text that stands in no card."""
        for number in range(section.start, section.end):
            if self._page.lines[number].strip(" \t-*_"):
                self._fault(number + 1, "fault-md-stray")
                if self.topics:
                    self.topics[-1].is_stray = True
                return

    def _head(self, section: Section) -> None:
        if self._course_line:
            self._fault(section.line, "fault-md-second-title", line=str(self._course_line))
        self._course_line = self._course_line or section.line
        self._card = None
        self._stray(section)

    def _topic(self, section: Section) -> None:
        title, given = _split_id(section.title)
        same = None if given is not None else self._ids.get(flat(title))
        draft = _Draft(same.id if same else self._id(section, title, given), same.title if same else title, section.line)
        self.topics.append(draft)
        self._card = None
        self._stray(section)

    def _a_card(self, section: Section) -> None:
        title, given = _split_id(section.title)
        if not self.topics:
            self._fault(section.line, "fault-md-orphan", title=title)
        topic = self.topics[-1].id if self.topics else ""
        same = self._known.get(topic, {}).get(flat(title)) if given is None else None
        self._card = _Draft(same or self._id(section, title, given), title, section.line)
        self._card.texts[""], self._card.labels = self._page.body(section)
        if self.topics:
            self.topics[-1].cards.append(self._card)

    def _part(self, section: Section) -> None:
        """Read a level or a labelled field that has a heading of its own."""
        name = section.title.rstrip(" :*_\u00a0\u202f").lstrip("*_")
        level, named = _level(name), self._page.field(name)
        if self._card is None:
            self._stray(section._replace(start=section.line - 1))
        elif level and level in self._card.texts:
            self._fault(section.line, "fault-md-twice", label=LEVEL_TITLES[level])
        elif level or named:
            text, labels = self._page.body(section, None if level else named)
            self._card.labels += labels
            if level:
                self._card.texts[level] = text
            elif text:
                self._fault(section.line, "fault-md-after-label", label=name)
        else:
            self._fault(section.line, "fault-md-section", title=name)

    def _id(self, section: Section, title: str, given: str | None) -> str:
        made = slug(title) if given is None else given
        if given is not None and not is_slug(given):
            self._fault(section.line, "fault-id", value=given)
        elif not made and title:
            self._fault(section.line, "fault-md-no-id", title=title, example="{#mon-sujet}")
        return made

    def _check_ids(self) -> None:
        for drafts in (self.topics, [card for topic in self.topics for card in topic.cards]):
            seen: dict[str, int] = {}
            for draft in drafts:
                if draft.id in seen and draft.id:
                    self._fault(draft.line, "fault-md-double", value=draft.id, line=str(seen[draft.id]), example="{#autre-nom}")
                seen.setdefault(draft.id, draft.line)

    def _made_topic(self, draft: _Draft) -> Topic | None:
        if not draft.cards and not draft.is_stray:
            self._fault(draft.line, "fault-md-no-card", title=draft.title)
        cards = [card for card in map(self._made_card, draft.cards) if card]
        return None if self.faults else Topic(id=draft.id, title=draft.title, subtopics=tuple(cards))

    def _made_card(self, draft: _Draft) -> Card | None:
        fields = dict(self._fields(draft))
        levels = {level: draft.texts[level] for level in Level if draft.texts.get(level)}
        fields.setdefault("difficulty", Level.BEGINNER if draft.texts[""] else next(iter(levels), Level.BEGINNER))
        content = draft.texts[""] or levels.get(fields["difficulty"])
        if not content and draft.title:
            self._fault(draft.line, "fault-md-no-text", title=draft.title)
        if self.faults:
            return None
        try:
            return Card.model_validate({"id": draft.id, "title": draft.title, "content": content, "levels": levels, **fields})
        except ValidationError as error:
            self._fault(draft.line, "fault-other", value=str(error.errors()[0]["input"])[:40])
            return None

    def _fields(self, draft: _Draft) -> Iterator[tuple[str, Any]]:
        """Yield a card's fields besides its texts."""
        by_name: dict[str, list[Label]] = {}
        for label in draft.labels:
            by_name.setdefault(label.field, []).append(label)
        for name in ("difficulty", "question", "answer", "figure"):
            for label in by_name.get(name, [])[1:]:
                self._fault(label.line, "fault-md-twice", label=LABELS[name][0])
        yield "examples", tuple(text for label in by_name.get("examples", []) for text in label.texts)
        for name in NAMES:
            yield name, tuple(text for label in by_name.get(name, []) for text in self._names(label))
        pairs = {first: list(self._pairs(draft.labels, first, second)) for first, second in PAIRS.items()}
        yield "misconceptions", tuple({"claim": claim, "correction": true} for claim, true in pairs["claim"])
        yield "check_question", next(({"question": asked, "answer": answer} for asked, answer in pairs["question"]), None)
        for label in by_name.get("figure", [])[:1]:
            yield "figure", self._figure(label)
        for label in by_name.get("difficulty", [])[:1]:
            yield "difficulty", self._difficulty(label)

    def _names(self, label: Label) -> Iterator[str]:
        ends = r"\n" if label.form == "verbatim" or label.field == "phrasings" else r"[,;\n]"
        for text in filter(None, map(str.strip, label.texts if label.form == "list" else re.split(ends, label.texts[0]))):
            yield text if label.field != "related" else self._card_named(text, label.line)

    def _card_named(self, name: str, line: int) -> str:
        """Return the id that a card's id or title names."""
        titles = {key: card_id for known in self._known.values() for key, card_id in known.items()}
        titles.update({flat(card.title): card.id for topic in self.topics for card in topic.cards})
        found = name if is_slug(name) else titles.get(flat(name)) or slug(name)
        if not found:
            self._fault(line, "fault-id", value=name[:40])
        return found

    def _pairs(self, labels: Sequence[Label], first: str, second: str) -> Iterator[tuple[str, str]]:
        """Yield what two labels say that only stand one behind the other."""
        waiting: Label | None = None
        for label in (*(label for label in labels if label.field in {first, second}), None):
            if label is None or label.field == first:
                if waiting:
                    self._fault(waiting.line, "fault-md-pair", label=LABELS[first][0], other=LABELS[second][0])
                waiting = label
            elif waiting is None:
                self._fault(label.line, "fault-md-pair-alone", label=LABELS[second][0], other=LABELS[first][0])
            else:
                yield "\n".join(waiting.texts), "\n".join(label.texts)
                waiting = None

    def _figure(self, label: Label) -> dict[str, str] | None:
        alt, _, file = label.texts[0].removeprefix("![").removesuffix(")").rpartition("](")
        if label.texts[0].startswith("![") and alt.strip() and file.strip():
            return {"file": file, "alt": alt}
        self._fault(label.line, "fault-md-figure")
        return None

    def _difficulty(self, label: Label) -> Level | None:
        level = _level(label.texts[0])
        if level is None:
            self._fault(label.line, "fault-level", value=label.texts[0][:40])
        return level


def _split_id(title: str) -> tuple[str, str | None]:
    """Return a heading's title and the id it gives, if it gives one; a title without id loses the marks around it."""
    found = _ID.search(title)
    return (title[: found.start()], found[1]) if found else (title.strip("*_` "), None)


def _level(name: str) -> Level | None:
    found = read_level(flat(name).strip().removeprefix("niveau ").removesuffix("s"))
    return next((level for level in Level if level == found), None)


def to_markdown(topics: Sequence[Topic], title: str = "") -> str:
    """Write topics as Markdown; `title`, the course's, is the first heading."""
    lines = [f"# {_one_line(title)}"] if title else []
    for topic in topics:
        lines.append(f"## {_one_line(topic.title)} {{#{topic.id}}}")
        lines += [block for card in topic.subtopics for block in _card_blocks(card)]
    return "\n\n".join(lines) + "\n"


def _card_blocks(card: Card) -> Iterator[str]:
    """Yield a card's parts, the longest list last; behind a labelled list stands a heading or a label, never a text, which could run on."""
    yield f"### {_one_line(card.title)} {{#{card.id}}}"
    yield f"Niveau : {LEVEL_TITLES[card.difficulty].lower()}"
    if card.levels.get(card.difficulty) != card.content:
        yield _text(card.content)
    yield from (_names_label(name, values) for name in ("aliases", "keywords") if (values := getattr(card, name)))
    for level in (level for level in Level if level in card.levels):
        yield from (f"#### {LEVEL_TITLES[level]}", _text(card.levels[level]))
    yield from (_label("examples", text) for text in card.examples)
    for belief in card.misconceptions:
        yield from (_label("claim", belief.claim), _label("correction", belief.correction))
    if card.check_question:
        yield from (_label("question", card.check_question.question), _label("answer", card.check_question.answer))
    if card.related:
        yield _names_label("related", card.related)
    if card.figure:
        picture = f"![{card.figure.alt}]({_one_line(card.figure.file)})"
        yield picture if "\n" not in picture else _label("figure", picture)
    if card.phrasings:
        yield _names_label("phrasings", card.phrasings)


def _one_line(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", text)


def _text(text: str) -> str:
    return text if _reads_back(text, text, []) else _fenced(text)


def _label(name: str, text: str) -> str:
    line = f"{LABELS[name][0]} : {text}"
    if "\n" not in text or _reads_back(line, "", [(name, (text,))]):
        return line
    return f"{LABELS[name][0]} :\n\n{_fenced(text)}"


def _names_label(name: str, values: Sequence[str]) -> str:
    """Write names with commas; where one holds a comma as a list; where that would be read otherwise, one a line in a fence."""
    label, names = LABELS[name][0], [_one_line(value) for value in values]
    if name != "phrasings" and not any(re.search(r"[,;]", value) for value in names):
        return f"{label} : {', '.join(names)}"
    listed = f"{label} :\n\n" + "\n".join(f"- {value}" for value in names)
    return listed if _reads_back(listed, "", [(name, tuple(names))]) else f"{label} :\n\n" + _fenced("\n".join(names))


def _fenced(text: str) -> str:
    fence = "`" * max(4, *(len(ticks) + 1 for ticks in re.findall(r"`+", text)), 0)
    return f"{fence}{VERBATIM}\n{text}\n{fence}"


def _reads_back(written: str, text: str, labels: Sequence[tuple[str, tuple[str, ...]]]) -> bool:
    """Whether a piece of a page, with another one below it, is read as this text and these labels."""
    page = Page(f"{written}\n\n#### {LEVEL_TITLES[Level.BEGINNER]}\n", FIELDS)
    sections = list(page.sections())
    if len(sections) != 2 or page.open_fence:
        return False
    found, named = page.body(sections[0])
    return found == text and [(label.field, label.texts) for label in named] == labels
