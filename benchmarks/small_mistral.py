"""A Mistral with a small key: refuses what comes faster than its rate, writes for some seconds, and fails now and then.

A process of its own: `python -m benchmarks.small_mistral --rate 1 --seconds 4 --chunks 40 --faults 0.3`. Prints its address, then a
line for each request: when it came, what was asked, and what became of it.
"""

import argparse
import asyncio
import json
import random
import re
import time
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import web

from benchmarks.classroom import course_words
from tests.servers.mistral import FAULTS, Fault, MistralServer

OPENING, ENDING = "Voilà comment on l'explique en classe [1].", "Ainsi finit cette explication."
"""How each answer begins and ends."""
FIRST_AFTER = 0.4
GOOD = frozenset({"answer", "chunks"})
BAD = sorted(set(FAULTS) - GOOD)
FAST = "too-fast"


@dataclass(frozen=True)
class Plan:
    """How the model behaves: requests a second that it allows (0: any), seconds and chunks of an answer, share of faults."""

    rate: float
    seconds: float
    chunks: int
    faults: float
    seed: int = 6


class SmallMistral(MistralServer):
    """Answers as planned. Faults come in an order that is the same each time."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan
        self._random = random.Random(plan.seed)  # noqa: S311  # no secret
        self._bad: list[str] = []
        self._left: list[float] = []

    async def _play(self, request: web.Request, fault: Fault, model: str) -> web.StreamResponse:  # noqa: ARG002  # the plan says what is played
        at, messages = time.time(), (await request.json())["messages"]
        name = self._next()
        asked = re.search(r"<question>\s*(.*?)\s*</question>", messages[-1]["content"], re.DOTALL)
        print(json.dumps({"at": at, "question": asked[1] if asked else messages[-1]["content"], "played": name}), flush=True)
        self.requests.clear()
        self.chunks.clear()
        if name == "answer":
            await asyncio.sleep(FIRST_AFTER if self._plan.seconds else 0.0)
            return await self._stream(request, _written(self._plan), model)
        return await super()._play(request, FAULTS["rate-limited" if name == FAST else name], model)

    def _next(self) -> str:
        """Return what this request meets."""
        now = time.monotonic()
        self._left = [left for left in self._left if now - left < 1.0]
        if self._plan.rate and len(self._left) >= self._plan.rate:
            return FAST
        self._left.append(now)
        if self._random.random() >= self._plan.faults:
            return "answer"
        self._bad = self._bad or self._random.sample(BAD, len(BAD))
        return self._bad.pop()


def _written(plan: Plan) -> Fault:
    """Return an answer of so many chunks in so many seconds."""
    words = [OPENING, *course_words()[: plan.chunks - 2], ENDING]
    pause = max(0.0, plan.seconds - FIRST_AFTER) / plan.chunks
    return Fault(contents=[f"{word} " for word in words], delay=pause)


async def serve(plan: Plan) -> None:
    """Serve until it is killed."""
    async with SmallMistral(plan) as server:
        print(json.dumps({"url": server.url}), flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A local Mistral with a small key.")
    parser.add_argument("--rate", type=float, default=1.0, help="requests a second; 0: any")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long an answer takes")
    parser.add_argument("--chunks", type=int, default=40)
    parser.add_argument("--faults", type=float, default=0.0, help="share of requests that meet one")
    given = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(Plan(given.rate, given.seconds, given.chunks, given.faults)))


if __name__ == "__main__":
    main()
