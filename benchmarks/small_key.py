"""A whole class on one small key, beside a plain bot on the same libraries: the real bots, a local Discord, a Mistral that refuses.

python -m benchmarks.small_key           # every scene, by Profond and by the plain variant
python -m benchmarks.small_key soak      # 2,000 questions, and the memory before and after
"""

import asyncio
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from benchmarks.classroom import Classroom, Unanswered, a_classroom, distinct_questions, first_line, memory, processor, started
from benchmarks.report import Report, Row, Target, median, show
from benchmarks.small_mistral import ENDING, FAST, OPENING
from core.settings import shipped_course

PROFOND, PLAIN = "profond", "plain"
BOTS = {PROFOND: ("bots", "discord"), PLAIN: ("benchmarks.plain_bot",)}
WHOLE = {PROFOND: "Sources", PLAIN: ENDING}
"""What stands in an answer that is finished."""
WITHIN = {PROFOND: 90.0, PLAIN: 12.0}
KEY = {"MISTRAL_API_KEY": "local", "PROFOND_LOG_LEVEL": "error"}
FAST_KEY = {
    **KEY,
    "MISTRAL_REQUESTS_PER_SECOND": "1000",
    "MISTRAL_TOKENS_PER_MINUTE": "100000000",
    "ALLOWANCE_SIZE": "1000",
    "ALLOWANCE_PER_DAY": "10000",
}
BEGUN = OPENING.removesuffix(" [1].")
WAIT = re.compile(r"Tu es (\d+)ᵉ|C'est bientôt à toi")
NOTICED = 2.0
"""Seconds to the first text beyond which a student wants to be told why."""
MEAGRE = 80
"""Characters below which a text explains nothing."""
CPU_ASKS = 5
SOAK_QUESTIONS, SOAK_WARM_UP, SOAK_AT_ONCE, SOAK_STUDENTS = 2_000, 400, 10, 100


@dataclass(frozen=True)
class Ask:
    """Who asks what, so many seconds after the beginning."""

    student: int
    question: str
    after: float = 0.0


@dataclass
class Told:
    """What a student sees at the end, and every text on the way, with the seconds since asking."""

    ask: Ask
    sent: float
    text: str
    states: list[tuple[float, str]]

    @property
    def first(self) -> float | None:
        """When the first word of an answer was there."""
        return next((after for after, text in self.states if text.strip() and not WAIT.search(text)), None)

    @property
    def is_models(self) -> bool:
        """Whether the model's whole answer was shown."""
        return BEGUN in self.text and ENDING in self.text

    @property
    def is_useful(self) -> bool:
        """Whether the student can do something with it: the model's whole answer, or the cards'."""
        return self.is_models or ("Sources" in self.text and len(self.text) > MEAGRE)

    @property
    def was_told(self) -> bool:
        """Whether a place in the queue was shown."""
        return any(WAIT.search(text) for _, text in self.states)

    @property
    def shows_error(self) -> bool:
        """Whether an exception's text was ever shown: names of errors, statuses, JSON; what the course itself says is none."""
        return any(set(_ODD.findall(text)) - _odd_in_course() for _, text in self.states)


_ODD = re.compile(
    r"\w*(?:Error|Exception|Traceback)\w*|\bstatus \d{3}|\b(?:429|50[0-4])\b|rate limit|Bad Gateway|httpx\w*|mistralai|\{\"\w+\":", re.IGNORECASE
)


@cache
def _odd_in_course() -> set[str]:
    return set(_ODD.findall(" ".join(path.read_text(encoding="utf-8") for path in shipped_course().glob("*.json"))))


@dataclass
class Room:
    """A class with one bot and a model; `requests` is what the model met."""

    classroom: Classroom
    bot: "asyncio.subprocess.Process"
    name: str
    requests: list[dict[str, Any]] = field(default_factory=list)

    async def read(self, output: asyncio.StreamReader) -> None:
        """Keep what the model prints."""
        while line := await output.readline():
            self.requests.append(json.loads(line))

    async def ask(self, ask: Ask) -> Told:
        """Ask, wait for the end of the answer, and return what was seen."""
        await asyncio.sleep(ask.after)
        sent = time.time()
        asked = await self.classroom.do("slash", user=f"student-{ask.student}", command="ask", options={"question": ask.question})
        with suppress(Unanswered):
            await self.classroom.do("show", id=asked["id"], wait=WHOLE[self.name], within=WITHIN[self.name])
        end, past = [await self.classroom.do(verb, id=asked["id"]) for verb in ("show", "states")]
        return Told(ask, sent, end["text"], [(state["after"], state["text"]) for state in past["states"]])

    async def ask_all(self, asks: Sequence[Ask]) -> list[Told]:
        """Have everybody ask."""
        return await asyncio.gather(*map(self.ask, asks))


@asynccontextmanager
async def a_room(name: str, plan: Sequence[str], settings: Mapping[str, str]) -> AsyncIterator[Room]:
    """Start a Discord, a model and a bot; everybody has heard before what the bot is."""
    with tempfile.TemporaryDirectory() as folder:
        async with a_classroom() as (classroom, doors), started("benchmarks.small_mistral", *plan) as model:
            server = await first_line(model)
            async with started(*BOTS[name], folder=folder, MISTRAL_SERVER_URL=server["url"], **doors, **settings) as bot:
                await classroom.ready("ask")
                room = Room(classroom, bot, name)
                assert model.stdout
                reading = asyncio.create_task(room.read(model.stdout))
                yield room
                reading.cancel()


@dataclass(frozen=True)
class Scene:
    """What a class does, and how its model behaves."""

    name: str
    asks: Sequence[Ask]
    plan: Sequence[str]
    settings: Mapping[str, str]
    bots: Sequence[str] = (PROFOND, PLAIN)


def scenes() -> list[Scene]:
    """Return every scene."""
    asked, one_a_second = distinct_questions(), ("--rate", "1", "--seconds", "4")
    greedy = [Ask(0, question) for question in asked[:4]] + [Ask(number, asked[4 + number], 0.3) for number in range(1, 9)]
    each, moments = random.Random(20), iter(range(100))  # noqa: S311  # no secret
    twenty = [Ask(20 * nth + number, question, next(moments) / 20) for nth in range(5) for number, question in enumerate(each.sample(asked[:20], 20))]
    return [
        Scene("30 students", [Ask(number, asked[number], number / 100) for number in range(30)], one_a_second, KEY),
        Scene("one asks 4, then 8 ask 1", greedy, one_a_second, KEY, (PROFOND,)),
        Scene("30 equal questions", [Ask(number, asked[0], number / 100) for number in range(30)], one_a_second, KEY),
        Scene("100 asks of 20", twenty, ("--rate", "0", "--seconds", "1"), FAST_KEY),
        Scene(
            "100/s, faults",
            [Ask(number, q, number / 100) for number, q in enumerate(asked[:100])],
            ("--rate", "0", "--seconds", "2", "--faults", "0.3"),
            FAST_KEY,
        ),
    ]


async def play(scene: Scene, name: str) -> Row:
    """Play a scene with one bot."""
    async with a_room(name, scene.plan, scene.settings) as room:
        told = await room.ask_all(scene.asks)
        await asyncio.sleep(0.5)  # what is still being asked for nobody is counted too
        return row_of(scene, name, told, room.requests)


def row_of(scene: Scene, name: str, told: Sequence[Told], requests: Sequence[Mapping[str, Any]]) -> Row:
    """Return the figures of one scene by one bot."""
    firsts = [one.first for one in told if one.first is not None]
    useful = [one.states[-1][0] for one in told if one.is_useful]
    return {
        "scene": scene.name,
        "bot": name,
        "asked": len(told),
        "by_model": sum(one.is_models for one in told),
        "by_cards": sum(one.is_useful and not one.is_models for one in told),
        "no_use": sum(not one.is_useful for one in told),
        "first_p50_s": median(firsts, 1),
        "first_max_s": round(max(firsts), 1) if firsts else None,
        "last_max_s": round(max(useful), 1) if useful else None,
        "model_calls": len(requests),
        "429s": sum(request["played"].startswith("rate-limited") or request["played"] == FAST for request in requests),
        "told_wait": sum(one.was_told for one in told),
        "untold": sum((one.first or 0.0) > NOTICED and not one.was_told for one in told),
        "overtaken": overtaken(told),
        "errors_shown": sum(one.shows_error for one in told),
    }


def overtaken(told: Sequence[Told]) -> int:
    """Return how many first questions were begun to be answered after somebody's second one that was asked before or after."""
    begun = sorted((one for one in told if one.first is not None), key=lambda one: one.sent + (one.first or 0.0))
    seconds, seen, found = 0, set[int](), 0
    for one in begun:
        found += seconds > 0 and one.ask.student not in seen
        seconds += one.ask.student in seen
        seen.add(one.ask.student)
    return found


async def cpu(name: str) -> Row:
    """Return the processor's seconds that a bot takes for one streamed answer of 300 chunks."""
    settings, plan = {**FAST_KEY, "CACHE_SIZE": "0"}, ("--rate", "0", "--seconds", "6", "--chunks", "300")
    async with a_room(name, plan, settings) as room:
        used = []
        for number, question in enumerate(distinct_questions()[: CPU_ASKS + 1]):
            before = processor(room.bot)
            told = await room.ask(Ask(0, question))
            await asyncio.sleep(0.5)
            after = processor(room.bot)
            assert told.is_models, told.text
            if number and after is not None and before is not None:
                used.append(after - before)
        return {"bot": name, "answers": len(used), "cpu_p50_s": median(used), "cpu_max_s": round(max(used), 3) if used else None}


def targets(rows: Sequence[Mapping[str, Any]], processors: Sequence[Mapping[str, Any]]) -> list[Target]:
    """Return what the figures should be."""
    by = {(row["scene"], row["bot"]): row for row in rows}
    thirty, fair = by["30 students", PROFOND], by["one asks 4, then 8 ask 1", PROFOND]
    equal, faults = by["30 equal questions", PROFOND], by["100/s, faults", PROFOND]
    calls = [by["100 asks of 20", name]["model_calls"] for name in (PROFOND, PLAIN)]
    return [
        Target("30 students: not answered by the model", thirty["asked"] - thirty["by_model"], 0, ""),
        Target("30 students: waits that were not told", thirty["untold"], 0, ""),
        Target("30 students: errors shown", thirty["errors_shown"], 0, ""),
        Target("30 students: last first text", thirty["first_max_s"], 35, "s"),
        Target("first questions behind anybody's second", fair["overtaken"], 0, ""),
        Target("30 equal: model calls", equal["model_calls"], 1, ""),
        Target("30 equal: last done", equal["last_max_s"] if equal["by_model"] == equal["asked"] else None, 6, "s"),
        Target("100 asks of 20: model calls, share of plain", round(calls[0] / calls[1], 2) if calls[1] else None, 0.25, ""),
        Target("faults: without a useful answer", faults["no_use"], 0, ""),
        Target("faults: last useful answer", faults["last_max_s"], 30, "s"),
        Target("faults: errors shown", faults["errors_shown"], 0, ""),
        Target("processor, an answer of 300 chunks", processors[0]["cpu_p50_s"], 0.25, "s"),
    ]


async def measure_all() -> tuple[list[Row], list[Row]]:
    """Play everything, one after the other."""
    rows = [await play(scene, name) for scene in scenes() for name in scene.bots]
    return rows, [await cpu(name) for name in BOTS]


async def soak() -> list[Row]:
    """Ask 2,000 questions, ten at a time; return the memory of the bot on the way, and how many had no useful answer."""
    questions, settings, lost = distinct_questions(), {**FAST_KEY, "CACHE_SIZE": "200"}, 0
    rows: list[Row] = []
    async with a_room(PROFOND, ("--rate", "0", "--seconds", "0"), settings) as room:
        for start in range(0, SOAK_QUESTIONS, SOAK_AT_ONCE):
            end = start + SOAK_AT_ONCE
            asks = [Ask(number % SOAK_STUDENTS, f"{questions[number % len(questions)]} (question {number})") for number in range(start, end)]
            told = await room.ask_all(asks)
            useless = [one for one in told if not one.is_useful]
            lost += len(useless)
            print(*{one.text[:80] for one in useless}, sep="\n", end="", file=sys.stderr, flush=True)
            if end % 200 == 0:
                used = processor(room.bot)
                rows.append(
                    {"questions": end, "rss_mib": memory(room.bot, "VmRSS"), "cpu_s": used, "model_calls": len(room.requests), "no_use": lost}
                )
                print(rows[-1], file=sys.stderr, flush=True)
    return rows


def growth(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """Return by which share the memory is larger at the end than after the warm-up."""
    warm = next(row["rss_mib"] for row in rows if row["questions"] >= SOAK_WARM_UP)
    return round(rows[-1]["rss_mib"] / warm - 1, 3) if warm else None


def main() -> None:
    if sys.argv[1:] == ["soak"]:
        found = asyncio.run(soak())
        show(Report("small_key soak", found, [Target("memory at the end, more than after the warm-up", growth(found), 0.05, "")]))
        return
    rows, processors = asyncio.run(measure_all())
    show(Report("small_key", [*rows, *processors], targets(rows, processors), facts={"faults": 0.3, "answer_s": 4}))


if __name__ == "__main__":
    main()
