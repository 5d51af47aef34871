"""A class on Slack at the same moment: the real bot, a local Slack with its limits and a local Mistral, each in a process of its own."""

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks.classroom import UNLIMITED, course_words, distinct_questions, first_line, memory, processor, started
from benchmarks.discord import A_SECOND, CHUNKS, FIRST_AFTER
from benchmarks.report import Report, Row, Target, quantile, show
from tests.servers.slack.remote import Remote, running

CLASSES = (1, 10, 30, 100)
WITHIN = 300.0
LOOK = 0.25
MENTION, ASK = "mention", "/ask"
SETTINGS = {**UNLIMITED, "MISTRAL_ANSWER_SECONDS": "120", "MISTRAL_FIRST_TEXT_SECONDS": "30", "PATIENCE_SECONDS": "300"}


@dataclass
class Bench:
    """The processes, and when the model wrote what."""

    slack: Remote
    bot: "asyncio.subprocess.Process"
    written: dict[str, dict[str, float]] = field(default_factory=dict)

    async def read(self, output: asyncio.StreamReader) -> None:
        """Keep what the model prints."""
        while line := await output.readline():
            times = json.loads(line)
            self.written[times.pop("question")] = times


@asynccontextmanager
async def opened(students: int, folder: str) -> AsyncIterator[Bench]:
    """Start a Slack without a past, a model and the bot; Slack's limits are counted by the minute."""
    async with running(students) as slack, started("benchmarks.discord", "model") as model:
        mistral = await first_line(model)
        where = slack.where
        tokens = {"SLACK_BOT_TOKEN": where["bot_token"], "SLACK_APP_TOKEN": where["app_token"], "SLACK_API_URL": where["api_url"]}
        async with started("bots", "slack", folder=folder, MISTRAL_SERVER_URL=mistral["url"], **tokens, **SETTINGS) as bot:
            assert bot.stdout
            assert model.stdout
            await bot.stdout.readline()
            bench = Bench(slack, bot)
            reading = asyncio.create_task(bench.read(model.stdout))
            await slack.act("command", user="alice", name="/profond", text="usage")
            yield bench
            reading.cancel()


async def measure(bench: Bench, count: int, way: str, questions: Sequence[str]) -> dict[str, Any]:
    """Ask as a whole class, at one moment, in one channel."""
    used, start, slack, asked = processor(bench.bot), time.monotonic(), bench.slack, questions[:count]
    handles = await asyncio.gather(*(_asked(slack, number, way, question) for number, question in enumerate(asked)))
    acks = [(await slack.act("acked", id=handle))["seconds"] * 1000 for handle in handles]
    ends = await asyncio.gather(*(_ended(slack, handle) for handle in handles))
    await asyncio.sleep(1.0)
    after, state = processor(bench.bot), await slack.state()
    messages = [(await slack.act("messages", id=handle))["messages"] for handle in handles]
    wall = time.time() - time.monotonic()
    final = [
        end + wall - bench.written[question]["last"]
        for end, question in zip(ends, asked, strict=True)
        if end is not None and question in bench.written
    ]
    return {
        "way": way,
        "students": count,
        "ack_p50_ms": round(quantile(acks, 0.5), 1),
        "ack_p99_ms": round(quantile(acks, 0.99), 1),
        "final_p50_s": round(quantile(final, 0.5), 2),
        "final_max_s": round(max(final), 2),
        "last_after_s": round(max((end - start for end in ends if end is not None), default=WITHIN), 1),
        "told_place": sum(any(message["recipient"] and "tu es" in message["shown"] for message in found) for found in messages),
        "lost": count - sum(map(_is_whole, messages)),
        "doubled": sum(map(_is_doubled, messages)),
        "429s": sum(counted["limited"] for counted in state["counts"].values()),
        "refused": len(state["errors"]),
        "cpu_s": round(after - used, 2) if after is not None and used is not None else None,
        "rss_mib": memory(bench.bot, "VmHWM"),
    }


async def _asked(slack: Remote, number: int, way: str, question: str) -> int:
    user = f"etudiant{number:03d}"
    if way == MENTION:
        return int((await slack.act("say", user=user, channel="general", text=question))["id"])
    return int((await slack.act("command", user=user, name="/ask", text=question))["id"])


async def _ended(slack: Remote, handle: int) -> float | None:
    """Return when the answer last changed, once it is whole; None where that takes too long."""
    start = time.monotonic()
    while time.monotonic() - start < WITHIN:
        for message in (await slack.act("messages", id=handle))["messages"]:
            if "Sources" in message["shown"] and not message["is_streaming"]:
                return float(message["last_shown"])
        await asyncio.sleep(LOOK)
    return None


WORDS = course_words()[:CHUNKS]
FIRST_WORDS, LAST_WORDS = " ".join(WORDS[2:7]), " ".join(WORDS[-5:])


def _times(messages: Sequence[Mapping[str, Any]], words: str) -> int:
    return sum(" ".join(message["shown"].split()).count(words) for message in messages)


def _is_whole(messages: Sequence[Mapping[str, Any]]) -> bool:
    return _times(messages, FIRST_WORDS) >= 1 and _times(messages, LAST_WORDS) >= 1


def _is_doubled(messages: Sequence[Mapping[str, Any]]) -> bool:
    return _times(messages, FIRST_WORDS) > 1 or _times(messages, LAST_WORDS) > 1


async def measure_all() -> list[dict[str, Any]]:
    """Measure each class in a Slack of its own."""
    questions, rows = distinct_questions(), []
    for way in (MENTION, ASK):
        for count in CLASSES:
            with tempfile.TemporaryDirectory() as folder:
                async with opened(count, folder) as bench:
                    rows.append(await measure(bench, count, way, questions))
    return rows


def targets(rows: Sequence[Mapping[str, Any]]) -> list[Target]:
    """Return what the figures should be."""
    by = {(row["way"], row["students"]): row for row in rows}
    mentions, asked = by[MENTION, 30], by[ASK, 30]
    return [
        Target("acknowledgement p99, 100 mentions", by[MENTION, 100]["ack_p99_ms"], 500, "ms"),
        Target("acknowledgement p99, 100 /ask", by[ASK, 100]["ack_p99_ms"], 500, "ms"),
        Target("final after the last chunk, 30 mentions, median", mentions["final_p50_s"], 2.0, "s"),
        Target("final after the last chunk, 30 mentions, last", mentions["final_max_s"], 12.0, "s"),
        Target("last of 30 /ask", asked["last_after_s"], 60.0, "s"),
        *(Target(f"{name}, all classes", sum(row[name] for row in rows), 0, "") for name in ("lost", "doubled", "429s")),
    ]


def main() -> None:
    rows = asyncio.run(measure_all())
    told: list[Row] = list(rows)
    show(Report("slack", told, targets(rows), {}, {"chunks": CHUNKS, "chunks_a_second": A_SECOND, "first_after_s": FIRST_AFTER}))


if __name__ == "__main__":
    main()
