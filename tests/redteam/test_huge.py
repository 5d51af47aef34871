"""Huge, deep and lying input: answered or refused in one clear sentence, in less than two seconds of work."""

import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.redteam.attempts import Attempt, picture
from tests.redteam.checks import seen_in
from tests.redteam.obeying import NOBODY
from tests.redteam.school import PLAIN, Run, School, open_school, play

MOST_SECONDS = 2.0
DEEP = 10_000
FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "notebook nested 10,000 deep": ("a.ipynb", lambda: b'{"cells": ' + b"[" * DEEP + b"]" * DEEP + b"}"),
    "cell nested 10,000 deep": ("a.ipynb", lambda: b'{"cells": [{"cell_type": "code", "source": ' + b"[" * DEEP + b"]" * DEEP + b"}]}"),
    "notebook of open brackets": ("a.ipynb", lambda: b"[" * 199_000),
    "notebook of objects": ("a.ipynb", lambda: b'{"cells":' * 20_000),
    "notebook of open strings": ("a.ipynb", lambda: b'"\\' * 99_000),
    "notebook of many cells": ("a.ipynb", lambda: json.dumps({"cells": [{"cell_type": "c", "source": "x"}] * 5_000}).encode()),
    "notebook of a big number": ("a.ipynb", lambda: b'{"cells": ' + b"9" * 190_000 + b"}"),
    "200 KB of one letter": ("a.txt", lambda: b"a" * 200_000),
    "200 KB of one mark": ("a.md", lambda: b"@" * 200_000),
    "200 KB of tags": ("a.txt", lambda: b"<question>" * 20_000),
    "200 KB of key beginnings": ("a.py", lambda: b"sk-proj-aB3" * 18_000),
    "201 KB": ("a.txt", lambda: b"a" * 201_000),
    "picture of 60,000 by 60,000": ("a.png", lambda: picture(60_000, 60_000)),
    "picture of four thousand million": ("a.png", lambda: picture(2**31 - 1, 2**31 - 1)),
    "picture of no size": ("a.png", lambda: picture(0, 0)),
    "picture cut in its header": ("a.png", lambda: picture(64, 64)[:20]),
    "picture with a long comment": ("a.png", lambda: picture(64, 64, "a" * 4_000_000)),
    "picture that says it is text": ("a.txt", lambda: picture(64, 64)),
    "text that says it is a picture": ("a.png", lambda: b"bonjour"),
    "zeros": ("a.txt", lambda: b"\0" * 200_000),
    "bytes that are no text": ("a.txt", lambda: b"\xff\xfe" * 50_000),
    "name of 10,000 letters": ("a" * 10_000 + ".exe", lambda: b"x"),
    "empty": ("a.txt", lambda: b""),
}
LETTERS = [*"a\n[`$<|*@\\\u200b😀", "> ", "a\n", "$a", "[1]", "(x)[", "```\n", "| - ", "https://", "é ", "\x1b["]
WORDS_OF_OURS = ("Error", "Exception", "Traceback", "errno", "core.", "NoneType", "object at")


@pytest.fixture(scope="module")
async def school(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[School]:
    """One class for all of them."""
    async with open_school(Path(str(tmp_path_factory.mktemp("enorme")))) as opened:
        yield opened


async def played(school: School, attempt: Attempt) -> tuple[Run, float]:
    """Play an attempt; return what came of it and the seconds of work."""
    run, start = Run(attempt), time.process_time()
    await play(school, run)
    return run, time.process_time() - start


def must_be_well(school: School, run: Run, seconds: float) -> None:
    """Check that something clear was said in time, and nothing that must not be shown."""
    assert not run.broke
    assert seconds < MOST_SECONDS
    assert run.seen
    assert {} == seen_in(run.seen, school.course(run))
    assert not [word for word in WORDS_OF_OURS if any(word in text for text in run.seen)]


@pytest.mark.parametrize("name", FILES)
async def test_a_file_is_answered_or_refused(school: School, name: str) -> None:
    """A bomb costs next to nothing; a refusal is one sentence or two, on one line, about the file."""
    file, make = FILES[name]
    run, seconds = await played(school, replace(NOBODY, question=PLAIN, files=((file, make()),)))
    must_be_well(school, run, seconds)
    if run.is_refused:
        [sentence] = run.seen
        assert "\n" not in sentence
        assert 20 < len(sentence) < 300
        assert sentence[-1] in ".:?!)"


@pytest.mark.parametrize("letter", LETTERS, ids=ascii)
async def test_a_huge_question_is_cut_and_answered(school: School, letter: str) -> None:
    """Two hundred thousand characters of one kind cost no more than a question does."""
    run, seconds = await played(school, replace(NOBODY, question=f"{PLAIN} {letter * (200_000 // len(letter))}"))
    must_be_well(school, run, seconds)
    assert all(len(message["content"]) < 20_000 for body in run.sent for message in body["messages"])


@pytest.mark.parametrize("letter", LETTERS, ids=ascii)
async def test_a_huge_answer_is_shown_in_time(school: School, letter: str) -> None:
    """Twelve thousand characters of one kind, three times the longest answer, are read as they grow without stopping the others."""
    says = f"Voici la réponse que tu demandes : {letter * (12_000 // len(letter))}"
    run, seconds = await played(school, replace(NOBODY, question=PLAIN, says=says))
    must_be_well(school, run, seconds)
