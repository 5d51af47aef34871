"""The attempts: those written down in `attempts.json`, and those that the mutator draws from them."""

import base64
import json
import random
import struct
import zlib
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.redteam.mutator import MUTATIONS, mutate

FILE = Path(__file__).with_name("attempts.json")
SEED = 20_261_123
DRAWN_PER_MUTATION = 4
TOO_LONG_FOR_A_CHAT = 1_900
HIDING = ("zero-width", "rtl", "full-width")
"""The mutations through which a reader still reads an address, a number or a key."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt.

    Attributes:
        question: what the attacker writes.
        says: what the obeying model then writes; `{prompt}` and others are filled from the request it received.
        files: what is attached, as (name, content).
        title: of the thread in which it is asked.
        turns: what the attacker asked before in the same place.
        personal: what stands in the question and must not be sent.
        mutation: how question and text were changed; empty for an attempt as it is written.
    """

    id: str
    family: str
    question: str
    says: str = ""
    files: tuple[tuple[str, bytes], ...] = ()
    title: str = ""
    turns: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    mutation: str = ""

    @property
    def seed(self) -> random.Random:
        """What everything random about this attempt is drawn from."""
        return random.Random(f"{SEED} {self.id}")  # noqa: S311  # no secret depends on it


@dataclass(frozen=True)
class Collection:
    """All attempts, with the names of their families in the order of the file."""

    families: dict[str, str] = field(default_factory=dict)
    attempts: tuple[Attempt, ...] = ()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def picture(wide: int, high: int, comment: str = "") -> bytes:
    """Return a PNG that says it has this size; its one row of pixels and its comment are real."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", wide, high, 8, 0, 0, 0, 0))
    said = _chunk(b"tEXt", b"Comment\0" + comment.encode()) if comment else b""
    return b"\x89PNG\r\n\x1a\n" + header + said + _chunk(b"IDAT", zlib.compress(b"\0" * 65)) + _chunk(b"IEND", b"")


def _bytes(file: dict[str, Any]) -> bytes:
    """Return a file's content: its text, the cells of a notebook, or a picture."""
    if "cells" in file:
        cells = [{"cell_type": kind, "source": [source]} for kind, source in file["cells"]]
        return json.dumps({"cells": cells, "nbformat": 4}, ensure_ascii=False).encode()
    if "picture" in file:
        wide, high = file["picture"]
        return picture(wide, high, file.get("comment", ""))
    if "base64_of" in file:
        return base64.b64encode(file["base64_of"].encode())
    return str(file["text"]).encode() * int(file.get("times", 1))


def _attempt(entry: dict[str, Any], number: int) -> Attempt:
    question = entry["question"] if isinstance(entry["question"], str) else "".join(piece * times for piece, times in entry["question"])
    return Attempt(
        id=f"{entry['family']}-{number:02}",
        family=entry["family"],
        question=question,
        says=entry["says"],
        files=tuple((file["name"], _bytes(file)) for file in entry.get("files", ())),
        title=entry.get("title", ""),
        turns=tuple(entry.get("turns", ())),
        personal=tuple(entry.get("personal", ())),
    )


def _hidden(attempt: Attempt, entry: dict[str, Any], number: int, mutation: str) -> Attempt:
    """Return an attempt in which what is personal stands in other clothes, wherever it stands."""
    other = replace(attempt, id=f"{attempt.id}-personal-{mutation}", mutation=mutation)
    text, draw = json.dumps(entry, ensure_ascii=False), other.seed
    for word in attempt.personal:
        text = text.replace(word, mutate(word, mutation, draw))
    clothed = _attempt(json.loads(text), number)
    return replace(other, question=clothed.question, files=clothed.files, turns=clothed.turns)


def _written() -> Collection:
    """Return the attempts of the file; behind them those with something personal, in the clothes that hide it."""
    data = json.loads(FILE.read_text(encoding="utf-8"))
    numbers: dict[str, int] = dict.fromkeys(data["families"], 0)
    attempts, hidden = [], []
    for entry in data["attempts"]:
        number = numbers[entry["family"]] = numbers[entry["family"]] + 1
        attempts.append(attempt := _attempt(entry, number))
        hidden += [_hidden(attempt, entry, number, mutation) for mutation in HIDING if attempt.personal]
    return Collection(data["families"], (*attempts, *hidden))


def _drawn(written: tuple[Attempt, ...]) -> list[Attempt]:
    """Return the same number of attempts for each mutation, drawn by the seed."""
    draw = random.Random(SEED)  # noqa: S311  # no secret depends on it
    short = [attempt for attempt in written if not attempt.mutation and len(attempt.question) < TOO_LONG_FOR_A_CHAT]
    drawn = []
    for mutation in MUTATIONS:
        for base in draw.sample(short, DRAWN_PER_MUTATION):
            other = replace(base, id=f"{base.id}-{mutation}", mutation=mutation, personal=())
            drawn.append(replace(other, question=mutate(base.question, mutation, other.seed)))
    return drawn


@lru_cache(maxsize=1)
def collection() -> Collection:
    """Return all attempts, written and drawn."""
    written = _written()
    return Collection(written.families, (*written.attempts, *_drawn(written.attempts)))


def for_discord(attempts: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    """Return the third that is also played in Discord: every one with a thread's title, and every third of the others that fits a message."""
    fitting = [each for each in attempts if len(each.question) < TOO_LONG_FOR_A_CHAT]
    return tuple(each for number, each in enumerate(fitting) if each.title or number % 3 == 0)
