"""A class on Discord at the same moment: the real bot, a local Discord and a local Mistral, each in a process of its own."""

import asyncio
import json
import re
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from aiohttp import web

from benchmarks.classroom import UNLIMITED, Classroom, a_classroom, course_words, distinct_questions, first_line, memory, processor, started
from benchmarks.report import Report, Row, Target, median, quantile, show
from tests.servers.mistral import USAGE, Fault, MistralServer

CLASSES, MENTIONS = (1, 10, 30, 100), (1, 10, 30)
CHUNKS, A_SECOND, FIRST_AFTER = 200, 40.0, 0.4
EPOCH_MS = 1_420_070_400_000
WITHIN = 60.0


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
def _chunks(model: str) -> list[bytes]:
    words = [f"{word} [1] " if number == 0 else f"{word} " for number, word in enumerate(course_words()[:CHUNKS])]
    blank = {"id": "0" * 32, "object": "chat.completion.chunk", "created": 0, "model": model}
    deltas: list[dict[str, Any]] = [{"delta": {"role": "assistant", "content": word}, "finish_reason": None} for word in words]
    events: list[dict[str, Any]] = [{**blank, "choices": [{"index": 0, **delta}]} for delta in deltas]
    events[-1]["choices"][0]["finish_reason"] = "stop"
    events[-1]["usage"] = {**USAGE}
    return [f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode() for event in events]


async def serve_model() -> None:
    """Serve until it is killed."""
    async with PacedMistral() as server:
        print(json.dumps({"url": server.url}), flush=True)
        await asyncio.Event().wait()


@dataclass
class Bench:
    """The three processes, and when the model wrote what."""

    classroom: Classroom
    bot: "asyncio.subprocess.Process"
    written: dict[str, dict[str, float]] = field(default_factory=dict)

    async def read(self, output: asyncio.StreamReader) -> None:
        """Keep what the model prints."""
        while line := await output.readline():
            times = json.loads(line)
            self.written[times.pop("question")] = times


def _sent_on(told: Mapping[str, Any]) -> float:
    """Return when something was asked, in seconds since 1970: the id says it."""
    return ((int(told["id"]) >> 22) + EPOCH_MS) / 1000


def _at(values: Sequence[float], share: float) -> float | None:
    return round(quantile(values, share), 3) if values else None


async def measure(bench: Bench, count: int, verb: str, questions: Sequence[str]) -> dict[str, Any]:
    """Ask as a whole class, at one moment, in one channel."""
    bench.written.clear()
    limited, used, asked = await bench.classroom.limited(), processor(bench.bot), questions[:count]
    orders = [{"options": {"question": each}, "command": "ask"} if verb == "slash" else {"text": each, "mention": True} for each in asked]
    found = await asyncio.gather(
        *(bench.classroom.do(verb, user=f"student-{number}", wait="Sources", within=WITHIN, **order) for number, order in enumerate(orders)),
        return_exceptions=True,
    )
    pairs = [(each, question) for each, question in zip(found, asked, strict=True) if not isinstance(each, BaseException)]
    told = [each for each, _ in pairs]
    times = [(each, bench.written[question], _sent_on(each)) for each, question in pairs if question in bench.written]
    acks = [each["acked_after"] * 1000 for each in told if verb == "slash"]
    first = [sent + each["first_after"] - wrote["first"] for each, wrote, sent in times]
    final = [sent + each["last_after"] - wrote["last"] for each, wrote, sent in times]
    after = processor(bench.bot)
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
        "429s": await bench.classroom.limited() - limited,
        "cpu_s": round(after - used, 2) if after is not None and used is not None else None,
        "rss_mib": memory(bench.bot, "VmRSS"),
    }


async def measure_all(folder: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Start everything, and measure each class."""
    questions = distinct_questions()[: max(CLASSES)]
    async with a_classroom() as (classroom, settings), started("benchmarks.discord", "model") as model:
        mistral = await first_line(model)
        settings |= {**UNLIMITED, "MISTRAL_SERVER_URL": mistral["url"], "MISTRAL_ANSWER_SECONDS": "120", "MISTRAL_FIRST_TEXT_SECONDS": "30"}
        start = time.monotonic()
        async with started("bots", "discord", folder=folder, **settings) as bot:
            bench = Bench(classroom, bot)
            assert model.stdout
            reading = asyncio.create_task(bench.read(model.stdout))
            facts: dict[str, Any] = {"commands_answered_after_s": round(await classroom.answered_after(start), 2)}
            for number in range(max(CLASSES)):  # everybody is told once what the bot is, before anything is measured
                await classroom.do("slash", user=f"student-{number}", command="usage", wait="machine" if number else "reste", within=10)
            facts["rss_idle_mib"] = memory(bot, "VmRSS")
            rows = [await measure(bench, count, "slash", questions) for count in CLASSES]
            facts["rss_most_mib"] = memory(bot, "VmHWM")
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
