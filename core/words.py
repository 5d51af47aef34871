"""Every sentence a person reads, from a catalogue in Fluent's format: French first, English complete.

Numbers are given as text where they are already formed; Fluent's own marks around a filled-in value are off, since
invisible characters are taken out of everything that is shown.
"""

from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files

from fluent.runtime import FluentBundle, FluentResource

from core.errors import ProfondError

LANGUAGES = ("fr", "en")
Words = Callable[..., str]
"""`words("key", name=value)` -> the sentence, in one language."""


@lru_cache(maxsize=len(LANGUAGES))
def _bundle(lang: str) -> FluentBundle:
    bundle = FluentBundle([lang], use_isolating=False)
    for name in ("people.ftl", "chats.ftl", "terminal.ftl"):
        text = (files("core").joinpath("locales", lang, name)).read_text(encoding="utf-8")
        bundle.add_resource(FluentResource(text))
    return bundle


@lru_cache(maxsize=len(LANGUAGES))
def words_in(lang: str) -> Words:
    """Return the catalogue of one language; an unknown one gives French."""
    bundle = _bundle(lang if lang in LANGUAGES else LANGUAGES[0])

    def words(key: str, **details: str | float) -> str:
        message = bundle.get_message(key)
        if message.value is None:
            raise KeyError(key)
        text, problems = bundle.format_pattern(message.value, details)
        if problems:
            raise KeyError(key) from problems[0]
        return str(text)

    return words


def error_words(words: Words, error: ProfondError) -> str:
    """Return the one sentence for an error of ours."""
    details = {name: words(value) if name == "mend" else value for name, value in error.details.items()}
    if hasattr(error, "wait"):
        details["wait"] = duration(words, error.wait)
    return words(error.key, **details)


def duration(words: Words, seconds: float) -> str:
    """Return a length of time as people say it: `40 s`, `3 min`, `2 h`."""
    if seconds < 90:
        return words("seconds", count=max(1, round(seconds)))
    if seconds < 5400:
        return words("minutes", count=round(seconds / 60))
    return words("hours", count=round(seconds / 3600))
