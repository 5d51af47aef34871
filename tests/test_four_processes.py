"""Two Discord and two Slack processes on one PostgreSQL: one of each is killed in the middle, and everything is counted."""

import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from aiohttp import web
from sqlalchemy import Column, ColumnElement, func, select

from core.messages import MyData
from core.settings import Settings
from core.store import Store, open_store
from core.store.tables import answers, spending
from tests.chats import ASKING, WITHIN
from tests.killing import ROOT, SECRET, WRITTEN
from tests.servers.discord import Asked as Interaction
from tests.servers.discord import DiscordServer, Said
from tests.servers.mistral import Fault, MistralServer
from tests.servers.slack import Handle, SlackServer

TITLES = ("une convolution", "le dropout", "le pooling", "la matrice de confusion", "la tokenisation", "le RAG")
QUESTIONS = tuple(f"C'est quoi {title} ?" for title in TITLES)
AGAIN, SIZE, PER_DAY, RATE, FIRST = 50, 3, 20, 5, 4
PATIENT = "import core.store, runpy; core.store.ACCEPT_SECONDS = 30.0; runpy.run_module('bots', run_name='__main__')"
"""The program, with the patience that every test's store has: a busy machine is no fault."""


class TimedMistral(MistralServer):
    """A Mistral that notes when it is asked, and answers the first few alone until it is let go: who is killed leaves work behind."""

    def __init__(self) -> None:
        super().__init__(default=Fault(text=WRITTEN, delay=0.02))
        self.times: list[float] = []
        self.let_go = asyncio.Event()

    async def _play(self, request: web.Request, fault: Fault, model: str) -> web.StreamResponse:
        self.times.append(time.monotonic())
        if len(self.times) > FIRST:
            await self.let_go.wait()
        return await super()._play(request, fault, model)


class Crowd:
    """Two servers, a model, and the processes between them."""

    def __init__(self, discord: DiscordServer, slack: SlackServer, mistral: TimedMistral, database: str, folder: Path) -> None:
        self.discord, self.slack, self.mistral = discord, slack, mistral
        self.settings = Settings(
            _env_file=None,
            database_url=database,
            profond_secret_key=SECRET,
            allowance_size=SIZE,
            allowance_per_day=PER_DAY,
            allowance_refill_seconds=1e6,
        )
        self._folder = folder
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder),
            "DATABASE_URL": database,
            "PROFOND_SECRET_KEY": SECRET,
            "PROFOND_LOG_LEVEL": "info",
            "PROFOND_LOG_FORMAT": "json",
            "ALLOWANCE_SIZE": str(SIZE),
            "ALLOWANCE_PER_DAY": str(PER_DAY),
            "ALLOWANCE_REFILL_SECONDS": "1000000",
            "CACHE_SIZE": "0",
            "DISCORD_TOKEN": discord.knobs.token,
            "DISCORD_API_URL": discord.url,
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.api_url,
            "MISTRAL_API_KEY": "test",
            "MISTRAL_SERVER_URL": mistral.url,
            "MISTRAL_REQUESTS_PER_SECOND": str(RATE),
            "MISTRAL_FIRST_TEXT_SECONDS": "60",
        }
        self.processes: dict[str, asyncio.subprocess.Process] = {}

    async def start(self) -> None:
        """Start all four at the same moment, and wait until they are connected."""
        for name in ("discord-1", "discord-2", "slack-1", "slack-2"):
            with (self._folder / f"{name}.log").open("wb") as log:
                self.processes[name] = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-W",
                    "ignore",
                    "-c",
                    PATIENT,
                    name.partition("-")[0],
                    cwd=self._folder,
                    env=self._environment,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=log,
                )
        await self.discord.ready(2, within=WITHIN)
        await self.discord.registered(within=WITHIN)
        await self.slack.until(lambda: len(self.slack.sockets.connections) == 2, within=WITHIN)

    async def kill(self, *names: str) -> None:
        """End processes without a word."""
        for name in names:
            self.processes[name].kill()
        await asyncio.gather(*(self.processes[name].wait() for name in names))

    async def redeliver(self, handles: Sequence[Handle]) -> None:
        """Deliver everything that was asked many times more, to every process."""
        for _ in range(AGAIN):
            for session in self.discord.gateway.live:
                for event in [event for event in session.sent if event["t"] in ASKING][: 2 * len(QUESTIONS)]:
                    self.discord.gateway._send(session.socket, session.keep(event["t"], event["d"]))
            for handle in handles:
                self.slack.courier.repeat(handle.deliveries[0])
            await self.discord.gateway.settle()

    def logged(self, event: str) -> Counter[str]:
        """Return how often each process logged an event."""
        found = Counter[str]()
        for name in self.processes:
            lines = [json.loads(line) for line in (self._folder / f"{name}.log").read_text(encoding="utf-8").splitlines() if line.startswith("{")]
            found[name] = sum(line["event"] == event for line in lines)
        return +found

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        """The store that the processes share."""
        async with open_store(self.settings) as store:
            yield store


@asynccontextmanager
async def a_crowd(database: str, folder: Path) -> AsyncIterator[Crowd]:
    """Open the servers and start the processes."""
    async with DiscordServer() as discord, SlackServer() as slack, TimedMistral() as mistral:
        crowd = Crowd(discord, slack, mistral, database, folder)
        try:
            await crowd.start()
            yield crowd
        finally:
            await crowd.kill(*[name for name, process in crowd.processes.items() if process.returncode is None])


async def until_stored(crowd: Crowd, person: str, found: Callable[[MyData], object]) -> MyData:
    """Return what the database holds of a person, as soon as it is so."""
    async with crowd.store() as store, asyncio.timeout(WITHIN):
        while not found(data := await store.people.my_data(person)):  # noqa: ASYNC110  # another process wakes nobody here
            await asyncio.sleep(0.02)
        return data


class Asked(NamedTuple):
    """What a class asked: by mention on Discord, by mention on Slack, and one student who asks more than they may; and who they are."""

    said: list[Said]
    handles: list[Handle]
    hurried: list[Interaction]
    people: list[str]


async def all_ask(crowd: Crowd) -> Asked:
    """Have everybody ask at the same moment; return when everything is taken."""
    discord, slack = crowd.discord, crowd.slack
    students, eager = [discord.user(f"etudiant-{number}") for number in range(len(QUESTIONS))], discord.user("pressee")
    classmates = [slack.add_user(f"eleve{number}") for number in range(len(QUESTIONS))]
    said = [await discord.say(student, discord.channel, each, mention=True) for student, each in zip(students, QUESTIONS, strict=True)]
    handles = [await slack.say(user, "general", each) for user, each in zip(classmates, QUESTIONS, strict=True)]
    hurried = [await discord.slash(eager, "ask", {"question": each, "private": False}) for each in QUESTIONS]
    people = [f"discord:{one.id}" for one in (*students, eager)] + [
        f"slack:{handles[0].deliveries[0].payload['team_id']}:{one}" for one in classmates
    ]
    for person in people:
        await until_stored(crowd, person, lambda data: data["allowance"])
    return Asked(said, handles, hurried, people)


async def test_one_killed_of_four_loses_nothing(postgres_url: str, tmp_path: Path) -> None:
    """One answer per event and exact allowances, though every event comes a hundred times, connections are resumed and two of four are killed."""
    async with a_crowd(postgres_url, tmp_path) as crowd:
        asked = await all_ask(crowd)
        await crowd.redeliver(asked.handles)
        await crowd.discord.gateway.drop()
        await crowd.discord.until(lambda: crowd.discord.gateway.resumes == 2, within=WITHIN)
        await crowd.kill("discord-1", "slack-1")
        crowd.mistral.let_go.set()
        await crowd.redeliver(asked.handles)
        for one in asked.said:
            await one.read("Sources", within=WITHIN)
        for handle in asked.handles:
            await answered(crowd.slack, handle)
        kept = [await until_stored(crowd, person, lambda data: not data["waiting"]) for person in asked.people]

        assert {1} == {answers_in(message.text for message in one.messages if not message.is_deleted) for one in asked.said}
        assert {1} == {answers_in(message.shown for message in handle.messages) for handle in asked.handles}
        assert Counter({1: SIZE, 0: len(QUESTIONS) - SIZE}) == Counter(answers_in([one.text]) for one in asked.hurried)
        assert Counter({1: 2 * len(QUESTIONS), SIZE: 1}) == Counter(len(data["turns"]) for data in kept)
        assert [len(data["turns"]) for data in kept] == [data["allowance"] and data["allowance"]["used"] for data in kept]
        assert crowd.logged("question_taken_over")
        assert 1 == crowd.logged("daily_job").total()
        assert RATE + 1 >= most_in_a_second(crowd.mistral.times)
        assert await costs_by_answers(crowd) == await costs_by_days(crowd)


async def answered(slack: SlackServer, handle: Handle) -> None:
    await slack.until(lambda: answers_in(message.shown for message in handle.messages), within=WITHIN)


def answers_in(texts: Iterable[str]) -> int:
    return sum("Sources" in text for text in texts)


def most_in_a_second(times: Sequence[float]) -> int:
    return max(sum(start <= time < start + 1 for time in times) for start in times)


async def costs_by_answers(crowd: Crowd) -> tuple[int, int]:
    return await _sums(crowd, func.count(answers.c.id), answers.c.cost_micros)


async def costs_by_days(crowd: Crowd) -> tuple[int, int]:
    return await _sums(crowd, func.sum(spending.c.questions), spending.c.cost_micros)


async def _sums(crowd: Crowd, questions: ColumnElement[int], micros: Column[int]) -> tuple[int, int]:
    async with crowd.store() as store, store._database.read() as connection:
        counted, summed = (await connection.execute(select(questions, func.sum(micros)))).one()
    return int(counted), int(summed)
