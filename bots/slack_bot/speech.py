"""What is said in Slack: the catalogue's sentences with the names that commands have there, and what a student's text says."""

import html
import re

from core.errors import ProfondError
from core.french import flat
from core.words import Words, error_words, words_in

_COMMAND = re.compile(r"(?<![\w/.])/(topic|usage|mydata|forget|privacy|help)\b")
_PRIVATE = re.compile(r"[\s*_]*(?:priv(?:e\u0301|[eé])e?|private)[\s*_]*[:：][\s*_]*", re.IGNORECASE)
"""A Mac may type é as two characters, a phone the word in bold."""
_MARK = re.compile(r"<([@#!]?)([^<>|\s]*)(?:\|([^<>]*))?>")


def here(text: str) -> str:
    """Return a sentence with the commands as Slack names them: it keeps /topic for itself, and the app has one for the others."""
    return _COMMAND.sub(lambda found: "/cours" if found[1] == "topic" else f"/profond {found[1]}", text)


def words_for(lang: str) -> Words:
    """Return the catalogue of one language, as it is said in Slack."""
    words = words_in(lang)
    return lambda key, **details: here(words(key, **details))


def sentence(words: Words, error: ProfondError) -> str:
    """Return the one sentence for an error of ours."""
    return error_words(words, error)


def said(text: str, me: str = "") -> str:
    """Return what a student's text says, as they typed it: without the bot's own name, without Slack's marks."""
    return html.unescape(_MARK.sub(lambda found: _unmarked(found, me), text)).strip()


def _unmarked(found: re.Match[str], me: str) -> str:
    kind, target, label = found[1], found[2], found[3]
    if kind == "@" and target == me:
        return " "
    if kind:
        return f"{'#' if kind == '#' else '@'}{label or target}"
    return label or target


def is_private(text: str) -> tuple[bool, str]:
    """Return whether a text asks for a private answer, and the text without that."""
    found = _PRIVATE.match(text)
    return (True, text[found.end() :]) if found else (False, text)


def mentions(text: str) -> set[str]:
    """Return the users whom a text names."""
    return {found[2] for found in _MARK.finditer(text) if found[1] == "@"}


VERBS = {
    "aide": "help",
    "help": "help",
    "usage": "usage",
    "mydata": "mydata",
    "forget": "forget",
    "privacy": "privacy",
    "stop": "stop",
    "topic": "topic",
    "cours": "topic",
    "level": "level",
    "niveau": "level",
    "ask": "ask",
}
"""What may be said to the bot, and what it means."""
ALONE = {"help", "usage", "mydata", "forget", "privacy", "stop"}
"""Verbs that are nothing but themselves: `usage des masques ?` is a question."""
_CLOSING = " .!…\u00a0\u202f"
"""What ends a sentence that asks nothing; French puts a space before some of it."""


def verb_in(text: str) -> tuple[str, str]:
    """Return the verb that a text begins with, or an empty string, and the rest; marks alone are no rest."""
    first, rest = (*text.split(maxsplit=1), "", "")[:2]
    verb, rest = VERBS.get(flat(first.lstrip("/").rstrip(f"{_CLOSING}?")), ""), rest.strip()
    if not rest.strip(f"{_CLOSING}?"):
        return verb, ""
    return ("", text) if verb in ALONE else (verb, rest)


def named(text: str) -> str:
    """Return the name that is said, of a level or a topic, without what ends the sentence."""
    return text.rstrip(_CLOSING)
