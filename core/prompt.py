"""From a question, its passages and the turns before it to the messages of a prompt. Pure: no clock, no store, no secret.

The rules stand first and are the same for every question of a course, so that a provider's prompt cache can serve them;
passages, level and question come last. The student's text stands between tags which it cannot close.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from core.errors import SetupError
from core.knowledge import Course
from core.messages import ChatMessage, Level, Manner, Passage, Turn
from core.unseen import visible

CHARS_PER_TOKEN = 3
"""French text holds about three characters a token; a round figure that errs on the safe side."""
LEVEL_WORDS = {Level.BEGINNER: "débutant", Level.INTERMEDIATE: "intermédiaire", Level.ADVANCED: "avancé"}
LANGUAGE_WORDS = {"fr": "français", "en": "anglais"}
SECTIONS = ("system", "turn", *Level, *Manner, *(f"{level}_words" for level in Level))
_TAGS = re.compile(r"[<‹〈⟨][\s/\\⁄∕]*(?=(?:question|fiches?|fichiers?)\b)", re.IGNORECASE)


@dataclass(frozen=True)
class PromptTemplate:
    """A prompt file: its sections by name, and the version that is stored with each answer (`name:hash`)."""

    version: str
    sections: Mapping[str, str]


def read_template(path: Path) -> PromptTemplate:
    """Read a prompt file: `## name` begins a section, what stands before the first is a comment. Raises SetupError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise SetupError("setup-prompt-missing", file=str(path)) from None
    _, *pieces = re.split(r"^## +(\S+)[ \t]*$", text, flags=re.MULTILINE)
    sections = {name: body.strip() for name, body in zip(pieces[::2], pieces[1::2], strict=True)}
    missing = [name for name in SECTIONS if name not in sections]
    if missing:
        raise SetupError("setup-prompt-section", file=path.name, section=missing[0])
    return PromptTemplate(f"{path.stem}:{hashlib.sha256(text.encode()).hexdigest()[:8]}", sections)


def neutralise(text: str) -> str:
    """Return a student's text in which none of the prompt's tags can open or close, however it is spelt."""
    text = _TAGS.sub("(", visible(text))
    plain = unicodedata.normalize("NFKC", text)  # full-width and mathematical letters spell a tag as well
    return _TAGS.sub("(", plain) if _TAGS.search(plain) else text


def _attribute(name: str) -> str:
    """Return a file's name for a tag's attribute, which it cannot close."""
    return neutralise(re.sub(r"[\s\"'<>]+", " ", name)).strip()[:80]


def tokens_in(text: str) -> int:
    """Return about how many tokens a text makes."""
    return len(text) // CHARS_PER_TOKEN + 1


def build_prompt(  # noqa: PLR0913  # the whole of what a prompt is made of, each by name
    template: PromptTemplate,
    course: Course,
    question: str,
    *,
    passages: Sequence[Passage],
    level: Level,
    manner: Manner = Manner.PLAIN,
    lang: str = "fr",
    turns: Sequence[Turn] = (),
    files: Sequence[tuple[str, str]] = (),
    images: Sequence[str] = (),
    history_tokens: int = 600,
) -> list[ChatMessage]:
    """Return the messages for one question: the rules, the turns that fit the budget, and the turn itself with its pictures."""
    sections = template.sections
    filled = {
        "passages": "\n\n".join(f'<fiche numero="{n}" id="{p.card_id}">\n{p.text}\n</fiche>' for n, p in enumerate(passages, 1)),
        "level": LEVEL_WORDS[level],
        "level_rule": sections[level],
        "manner": sections[manner],
        "files": "\n".join(f'<fichier nom="{_attribute(name)}">\n{neutralise(text)}\n</fichier>' for name, text in files),
        "question": neutralise(question),
        "language": LANGUAGE_WORDS.get(lang, LANGUAGE_WORDS["fr"]),
        "words": sections[f"{level}_words"],
    }
    turn = ChatMessage("user", _fill(sections["turn"], **filled), tuple(images))
    return [ChatMessage("system", _system(template, course)), *_history(turns, history_tokens), turn]


def _system(template: PromptTemplate, course: Course) -> str:
    info = course.info
    domains = " ; ".join(info.example_domains)
    return _fill(template.sections["system"], audience=info.audience, subject=info.subject, title=info.title, domains=domains)


def instructions(template: PromptTemplate, course: Course) -> str:
    """Return what a prompt says of itself, whatever is asked: no cards, no student's words; what is filled in stays a `$name`."""
    return "\n".join([_system(template, course), *(text for name, text in template.sections.items() if name != "system")])


def _fill(text: str, **words: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", Template(text).safe_substitute(words)).strip()


def _history(turns: Sequence[Turn], budget: int) -> list[ChatMessage]:
    """Return the newest turns that fit the budget, oldest first."""
    kept: list[ChatMessage] = []
    for turn in reversed(turns):
        budget -= tokens_in(turn.question) + tokens_in(turn.answer)
        if budget < 0:
            break
        asked = f"<question>\n{neutralise(turn.question)}\n</question>"
        kept[:0] = [ChatMessage("user", asked), ChatMessage("assistant", turn.answer)]
    return kept


def card_passage_text(course: Course, passage: Passage, level: Level) -> str:
    """Return what the model reads of a card: its text at the level, its examples and its misconceptions."""
    card = course.card(passage.card_id)
    lines = [card.title, card.text(level), *(f"Exemple {example}" for example in card.examples)]
    lines += [f"Idée fausse : {m.claim} En fait : {m.correction}" for m in card.misconceptions]
    return "\n".join(lines)
