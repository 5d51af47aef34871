"""A class on Discord at the same moment: the real bot, a local Discord and a local Mistral, each in a process of its own."""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from benchmarks.report import Report, Row, Target, median, quantile, show
from core.knowledge import load_course
from core.messages import Level, Zone
from core.search import SearchIndex
from core.settings import shipped_course
from tests.servers.mistral import USAGE, Fault, MistralServer

ROOT = Path(__file__).resolve().parents[1]
CLASSES, MENTIONS = (1, 10, 30, 100), (1, 10, 30)
CHUNKS, A_SECOND, FIRST_AFTER = 200, 40.0, 0.4
EPOCH_MS = 1_420_070_400_000
WITHIN = 60.0
IS_LINUX = sys.platform == "linux"


class PacedMistral(MistralServer):
    """A Mistral that writes 200 chunks at 40 a second after 0.4 s, and prints when it began and ended."""

    async def _stream(self, request: web.Request, fault: Fault, model: str) -> web.StreamResponse:  # noqa: ARG002  # every answer is alike
        asked = re.search(r"<question>\s*(.*?)\s*</question>", (await request.json())["messages"][-1]["content"], re.DOTALL)
        start = time.monotonic() + FIRST_AFTER
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        times = []
        for number, chunk in enumerate(_chunks(model)):
            await asyncio.sleep(start + number / A_SECOND - time.monotonic())
            await response.write(chunk)
            times.append(time.time())
        await response.write(b"data: [DONE]\n\n")
        print(json.dumps({"question": asked[1] if asked else "", "first": times[0], "last": times[-1]}), flush=True)
        return response


@cache
def _text() -> list[str]:
    """Return 200 words that repeat nothing: a model that does is stopped."""
    course = load_course(shipped_course())
    words = " ".join(card.text(Level.BEGINNER) for card in course.cards).split()[:CHUNKS]
    return [f"{word} " if number else f"{word} [1] " for number, word in enumerate(words)]


@cache
def _chunks(model: str) -> list[bytes]:
    blank = {"id": "0" * 32, "object": "chat.completion.chunk", "created": 0, "model": model}
    deltas: list[dict[str, Any]] = [{"delta": {"role": "assistant", "content": word}, "finish_reason": None} for word in _text()]
    events: list[dict[str, Any]] = [{**blank, "choices": [{"index": 0, **delta}]} for delta in deltas]
    events[-1]["choices"][0]["finish_reason"] = "stop"
    events[-1]["usage"] = {**USAGE}
    return [f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode() for event in events]


async def serve_model() -> None:
    """Serve until it is killed."""
    async with PacedMistral() as server:
        print(json.dumps({"url": server.url}), flush=True)
        await asyncio.Event().wait()


class Unanswered(Exception):
    """What was waited for did not come."""


@dataclass
class Bench:
    """The three processes, and what is known of them."""

    control: str
    session: aiohttp.ClientSession
    bot: "asyncio.subprocess.Process"
    written: dict[str, dict[str, float]] = field(default_factory=dict)

    async def do(self, verb: str, **order: object) -> dict[str, Any]:
        """Have the local Discord act as a student."""
        async with self.session.post(f"{self.control}/{verb}", json=order) as response:
            told: dict[str, Any] = await response.json(content_type=None)
            if response.status != 200:
                raise Unanswered(str(told))
            return told

    async def limited(self) -> int:
        """Return how many 429s there were so far."""
        async with self.session.get(f"{self.control}/state") as response:
            return sum((await response.json(content_type=None))["rate_limited"].values())

    async def read(self, output: asyncio.StreamReader) -> None:
        """Keep what the model prints."""
        while line := await output.readline():
            times = json.loads(line)
            self.written[times.pop("question")] = times

    def memory(self, name: str) -> float | None:
        """Return the bot's memory in MiB: VmRSS now, VmHWM at most."""
        if not IS_LINUX:
            return None
        found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{self.bot.pid}/status").read_text(encoding="ascii"))
        return int(found[1]) / 1024 if found else None

    def processor(self) -> float | None:
        """Return the seconds of processor that the bot has used."""
        if not IS_LINUX:
            return None
        fields = Path(f"/proc/{self.bot.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _sent_on(told: Mapping[str, Any]) -> float:
    """Return when something was asked, in seconds since 1970: the id says it."""
    return ((int(told["id"]) >> 22) + EPOCH_MS) / 1000


def _at(values: Sequence[float], share: float) -> float | None:
    return round(quantile(values, share), 3) if values else None


async def measure(bench: Bench, count: int, verb: str, questions: Sequence[str]) -> dict[str, Any]:
    """Ask as a whole class, at one moment, in one channel."""
    bench.written.clear()
    limited, used, asked = await bench.limited(), bench.processor(), questions[:count]
    orders = [{"options": {"question": each}, "command": "ask"} if verb == "slash" else {"text": each, "mention": True} for each in asked]
    found = await asyncio.gather(
        *(bench.do(verb, user=f"student-{number}", wait="Sources", within=WITHIN, **order) for number, order in enumerate(orders)),
        return_exceptions=True,
    )
    pairs = [(each, question) for each, question in zip(found, asked, strict=True) if not isinstance(each, BaseException)]
    told = [each for each, _ in pairs]
    times = [(each, bench.written[question], _sent_on(each)) for each, question in pairs if question in bench.written]
    acks = [each["acked_after"] * 1000 for each in told if verb == "slash"]
    first = [sent + each["first_after"] - wrote["first"] for each, wrote, sent in times]
    final = [sent + each["last_after"] - wrote["last"] for each, wrote, sent in times]
    after = bench.processor()
    return {
        "way": "/ask" if verb == "slash" else "mention",
        "students": count,
        "unanswered": count - len(told),
        "by_cards": len(told) - len(times),
        "ack_p50_ms": round(quantile(acks, 0.5), 1) if acks else None,
        "ack_p99_ms": round(quantile(acks, 0.99), 1) if acks else None,
        "first_p50_s": _at(first, 0.5),
        "first_max_s": _at(first, 1.0),
        "final_p50_s": _at(final, 0.5),
        "final_max_s": _at(final, 1.0),
        "edits": median([each["states"] for each in told], 1),
        "429s": await bench.limited() - limited,
        "cpu_s": round(after - used, 2) if after is not None and used is not None else None,
        "rss_mib": round(bench.memory("VmRSS") or 0.0, 1) or None,
    }


@asynccontextmanager
async def started(*arguments: str, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run Python in a process of its own, until the end of the block."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP", "TMP", "LANG", "VIRTUAL_ENV") if name in os.environ}
    folder = environment.pop("folder", str(ROOT))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, cwd=folder, env={**kept, "PYTHONPATH": str(ROOT), "HOME": folder, **environment}, stdout=subprocess.PIPE
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _first_line(process: asyncio.subprocess.Process) -> dict[str, str]:
    assert process.stdout
    line: dict[str, str] = json.loads(await process.stdout.readline())
    return line


def distinct_questions() -> list[str]:
    """Return a hundred questions that the course answers, no two alike."""
    course = load_course(shipped_course())
    index = SearchIndex(course)
    found = [f"C'est quoi {card.title} ?" for card in course.cards]
    return [question for question in found if index.search(question).zone is Zone.SURE][: max(CLASSES)]


async def answered_after(bench: Bench, start: float) -> float:
    """Return the seconds until the bot answers a command."""
    while True:
        with suppress(Unanswered):
            await bench.do("slash", user="student-0", command="usage", wait="reste", within=10)
            return time.monotonic() - start
        await asyncio.sleep(0.05)


async def measure_all(folder: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Start everything, and measure each class."""
    questions = distinct_questions()
    async with (
        started("tests.servers.discord") as discord,
        started("benchmarks.discord", "model") as model,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None), connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        door, mistral = await _first_line(discord), await _first_line(model)
        settings = {
            "DISCORD_API_URL": door["api"],
            "DISCORD_TOKEN": door["token"],
            "MISTRAL_API_KEY": "local",
            "MISTRAL_SERVER_URL": mistral["url"],
            "MISTRAL_REQUESTS_PER_SECOND": "10000",
            "MISTRAL_TOKENS_PER_MINUTE": "100000000",
            "BUDGET_MONTH_EUR": "100000",
            "CACHE_SIZE": "0",
            "ALLOWANCE_SIZE": "1000",
            "ALLOWANCE_PER_DAY": "10000",
            "MISTRAL_ANSWER_SECONDS": "120",
            "MISTRAL_FIRST_TEXT_SECONDS": "30",
            "PROFOND_LOG_LEVEL": "error",
        }
        start = time.monotonic()
        async with started("bots", "discord", folder=folder, **settings) as bot:
            bench = Bench(door["control"], session, bot)
            assert model.stdout
            reading = asyncio.create_task(bench.read(model.stdout))
            facts: dict[str, Any] = {"commands_answered_after_s": round(await answered_after(bench, start), 2)}
            for number in range(max(CLASSES)):  # everybody is told once what the bot is, before anything is measured
                await bench.do("slash", user=f"student-{number}", command="usage", wait="machine" if number else "reste", within=10)
            facts["rss_idle_mib"] = bench.memory("VmRSS")
            rows = [await measure(bench, count, "slash", questions) for count in CLASSES]
            facts["rss_most_mib"] = bench.memory("VmHWM")
            rows += [await measure(bench, count, "say", questions) for count in MENTIONS]
            reading.cancel()
    return rows, facts


def targets(rows: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]) -> list[Target]:
    """Return what the figures should be."""
    by = {row["students"]: row for row in rows if row["way"] == "/ask"}
    return [
        Target("acknowledgement p99, 100 students", by[100]["ack_p99_ms"], 500, "ms"),
        Target("first text after the first chunk, 1 student", by[1]["first_max_s"], 0.3, "s"),
        Target("first text after the first chunk, 30 students", by[30]["first_max_s"], 1.0, "s"),
        Target("final after the last chunk, 1 student", by[1]["final_max_s"], 0.5, "s"),
        Target("final after the last chunk, 30 students", by[30]["final_max_s"], 1.0, "s"),
        Target("final after the last chunk, 100 students", by[100]["final_max_s"], 8.0, "s"),
        Target("429s, 30 students", by[30]["429s"], 0, ""),
        Target("memory, idle", facts["rss_idle_mib"], 150, "MiB"),
        Target("memory, at most", facts["rss_most_mib"], 200, "MiB"),
        Target("commands answered after the start", facts["commands_answered_after_s"], 6.0, "s"),
    ]


def main() -> None:
    if sys.argv[1:] == ["model"]:
        with suppress(KeyboardInterrupt):
            asyncio.run(serve_model())
        return
    with tempfile.TemporaryDirectory() as folder:
        rows, facts = asyncio.run(measure_all(folder))
    told: list[Row] = list(rows)
    show(Report("discord", told, targets(rows, facts), {}, {"chunks": CHUNKS, "chunks_a_second": A_SECOND, "first_after_s": FIRST_AFTER, **facts}))


if __name__ == "__main__":
    main()
