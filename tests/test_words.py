"""The catalogue: French first, English complete."""

import re
from pathlib import Path

import pytest

import core
from core.errors import AllowanceSpent, ProfondError, SetupError, Unknown
from core.words import LANGUAGES, duration, error_words, words_in

LOCALES = Path(core.__file__).parent / "locales"
CODE = Path(core.__file__).parent.parent


def entries(lang: str) -> dict[str, set[str]]:
    """Return each key of a language with the names that fill it."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((LOCALES / lang).glob("*.ftl")))
    found = re.findall(r"^([a-z][\w-]*) = (.*(?:\n[ \t]+.*|\n\})*)", text, flags=re.MULTILINE)
    return {key: set(re.findall(r"\{\s*\$(\w+)", value)) for key, value in found}


def test_languages_hold_the_same_sentences() -> None:
    """English has every key of French, filled by the same names."""
    assert entries("fr") == entries("en")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sentence_can_be_said(lang: str) -> None:
    """Each entry forms a sentence when it is filled, without a trace of the catalogue's own marks."""
    words = words_in(lang)
    for key, names in entries(lang).items():
        said = words(key, **dict.fromkeys(names, "x"))
        assert said.strip()
        assert not re.search(r"[{}\u2068\u2069]", said)


def test_every_key_of_the_code_is_in_the_catalogue() -> None:
    """A key that the code names exists, and an entry that nothing names does not."""
    source = "\n".join(path.read_text(encoding="utf-8") for room in ("bots", "core") for path in (CODE / room).rglob("*.py"))
    known, families = set(entries("fr")), ("small-talk-", "level-", "zone-", "kind-", "doctor-", "button-", "command-")
    named = set(re.findall(r"[\"']([a-z]+(?:-[a-z_0-9]+)+)[\"']", source))
    prefixes = ("refusal-", "setup-", "fault-", "note-", "chat-", "cli-", "doctor-", "kb-", "page-", "setting-", "usage-", "report", "card-")
    assert {key for key in named if key.startswith(prefixes)} - known - {"card-id"} == set()
    assert {key for key in known if not key.startswith(families) and not re.search(f"[\"']{key}[\"']", source)} == set()


def test_errors_speak_in_one_sentence() -> None:
    """An error is worded with its details, its wait as people say a length of time."""
    french = words_in("fr")

    assert "3 min" in error_words(french, AllowanceSpent(180))
    assert "«\u00a0cnn\u00a0»" in error_words(french, Unknown(name="cnn"))
    assert "PORT" in error_words(french, SetupError("setup-setting", name="PORT", mend="setting-mend-number"))
    assert error_words(words_in("en"), ProfondError()).startswith("Something failed")


@pytest.mark.parametrize(("seconds", "said"), [(0.2, "1 s"), (40, "40 s"), (180, "3 min"), (7200, "2 h")])
def test_lengths_of_time(seconds: float, said: str) -> None:
    """Seconds, minutes and hours, rounded as people do."""
    assert said == duration(words_in("fr"), seconds)


def test_an_unknown_key_is_a_programmers_fault() -> None:
    """A key that does not exist raises at once."""
    with pytest.raises((KeyError, LookupError)):
        words_in("fr")("no-such-key")


def test_french_sentences_never_break_before_their_marks() -> None:
    """Before : ; ? ! » and behind « stands a non-breaking space: a phone's narrow lines leave no mark alone."""
    for path in sorted((LOCALES / "fr").glob("*.ftl")):
        said = "\n".join(line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
        assert [] == re.findall(r"\S [:;?!»](?=\s|$)|« ", said), path.name
