"""The real bots as processes that are killed: asked by several students, killed at a moment, started again, counted.

By hand, many times: `python -m tests.killing --rounds 30 [--chat slack] [--database postgresql://…]`.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.messages import MyData
from core.settings import Settings
from core.store import Store, open_store
from core.words import words_in
from tests.chats import CHATS, WITHIN, Asking, Chat
from tests.servers.mistral import TEXT, Fault, MistralServer

ROOT = Path(__file__).resolve().parents[1]
SECRET = "k" * 40
STORED_WITHIN = 5.0
PER_DAY = Settings.model_fields["allowance_per_day"].default
TOO_SLOW = words_in("fr")("error-store-away")
AGAIN = 100
QUESTIONS = (
    "C'est quoi une convolution ?",
    "C'est quoi le dropout ?",
    "C'est quoi le pooling ?",
    "C'est quoi la matrice de confusion ?",
    "C'est quoi la tokenisation ?",
    "C'est quoi le RAG ?",
)
WRITTEN = (
    f"{TEXT}\n\nUn exemple de plus : le classement des tickets du support, où chaque mot compte, et où l'on vérifie ce qui sort avant de le croire."
)


@dataclass
class Count:
    """What came of one round: questions, those never answered, those answered more than once, allowances that do not add up."""

    questions: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    miscounted: list[str] = field(default_factory=list)


class Killing:
    """A class, a model that takes its time, and a bot that may be killed."""

    def __init__(self, chat: Chat, mistral: MistralServer, database: str) -> None:
        self.chat = chat
        self.database = database
        mistral.default = Fault(text=WRITTEN, delay=0.02)
        self._environment = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": database,
            "PROFOND_SECRET_KEY": SECRET,
            **chat.variables(),
            "MISTRAL_API_KEY": "test",
            "MISTRAL_SERVER_URL": mistral.url,
            "MISTRAL_REQUESTS_PER_SECOND": "20",
            "PYTHONPATH": str(ROOT),
        }
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the bot and wait until it is connected."""
        before = self.chat.connections()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "ignore", "-m", "bots", self.chat.program, env=self._environment, stdout=asyncio.subprocess.DEVNULL
        )
        await self.chat.connected(before)

    async def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the bot."""
        if self._process and self._process.returncode is None:
            self._process.send_signal(how)
            await self._process.wait()

    async def round(self, name: str, spread: float) -> Count:
        """Ask over `spread` seconds, kill as soon as the last is taken, start again, and count.

        The first questions are then nearly answered, those between are being written, the last has only been taken.
        """
        count = Count(questions=len(QUESTIONS))
        asked: list[Asking] = []
        async with self._store() as store:
            for number, question in enumerate(QUESTIONS):
                asked.append(await self._taken(store, f"{name}-{number}", question, number))
                await asyncio.sleep(spread / len(QUESTIONS) * (number < len(QUESTIONS) - 1))
        await self.kill()
        await self.start()
        await self._redeliver(asked)
        for question, asking in zip(QUESTIONS, asked, strict=True):
            await self._settle(asking, question, count)
        await self._audit([asking.person for asking in asked], count)
        return count

    async def _redeliver(self, asked: Sequence[Asking]) -> None:
        """Deliver what was asked before the restart many times more."""
        for _ in range(AGAIN):
            for asking in asked:
                asking.again()
            await self.chat.heard()

    async def _taken(self, store: Store, name: str, question: str, number: int) -> Asking:
        """Ask, and once more where the student is told that the store was too slow; return as soon as the question is in the database."""
        asking = await self.chat.asked(name, question, number)
        async with asyncio.timeout(WITHIN):
            while (is_late := TOO_SLOW in "".join(asking.texts())) or (await store.usage(asking.person)).left_today == PER_DAY:
                if is_late:
                    asking = await self.chat.asked(name, question, number)
                await asyncio.sleep(0.01)
        return asking

    def _store(self) -> AbstractAsyncContextManager[Store]:
        return open_store(Settings(_env_file=None, database_url=self.database, profond_secret_key=SECRET))

    async def _settle(self, asking: Asking, question: str, count: Count) -> None:
        """Wait for the whole answer, and see whether there is one."""
        try:
            await asking.until(lambda: any("Sources" in text for text in asking.texts()))
        except (AssertionError, TimeoutError):
            count.lost.append(question)
        if sum("Sources" in text for text in asking.texts()) > 1:
            count.doubled.append(question)

    async def _audit(self, people: list[str], count: Count) -> None:
        """Compare with the database: nothing goes on waiting, and each student has paid for one question."""
        async with self._store() as store:
            for person in people:
                data = await nothing_waits(store, person)
                usage = await store.usage(person)
                if usage.left_today != usage.per_day - 1 or len(data["turns"]) != 1 or data["waiting"]:
                    count.miscounted.append(f"{usage.left_today} {len(data['turns'])} {len(data['waiting'])}")


async def nothing_waits(store: Store, person: str) -> MyData:
    """Return what is kept of a person once all their questions are stored, or at last when that takes too long: an answer is shown before it is."""
    end = time.monotonic() + STORED_WITHIN
    while (data := await store.people.my_data(person))["waiting"] and time.monotonic() < end:  # noqa: ASYNC110  # another process wakes nobody here
        await asyncio.sleep(0.02)
    return data


@asynccontextmanager
async def a_killing(bot: str, database: str) -> AsyncIterator[Killing]:
    """Open the servers and start the bot."""
    async with CHATS[bot]() as chat, MistralServer() as mistral:
        killing = Killing(chat, mistral, database)
        try:
            await killing.start()
            yield killing
        finally:
            await killing.kill()


async def _soak(bot: str, rounds: int, database: str, seed: int) -> None:
    moments = random.Random(seed)  # noqa: S311  # no secret
    total = Count()
    async with a_killing(bot, database) as killing:
        for number in range(rounds):
            count = await killing.round(f"r{number}", moments.uniform(0, 2.5))
            total.questions += count.questions
            total.lost += count.lost
            total.doubled += count.doubled
            total.miscounted += count.miscounted
            print(number + 1, count, file=sys.stderr, flush=True)
    figures = {
        "rounds": rounds,
        "questions": total.questions,
        "lost": len(total.lost),
        "doubled": len(total.doubled),
        "miscounted": len(total.miscounted),
    }
    print(json.dumps(figures))


def main() -> None:
    """Kill the bot many times and print what was lost or doubled."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--chat", choices=CHATS, default="discord")
    parser.add_argument("--database", default="")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_soak(given.chat, given.rounds, given.database or f"{folder}/profond.db", given.seed))


if __name__ == "__main__":
    main()
