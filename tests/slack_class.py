"""A class in the local Slack, with the real bot beside it; one course for all tests."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

from pydantic import SecretStr

from bots.slack_bot import SlackFace
from bots.slack_bot.client import SlackBot
from core.model import ChatModel
from core.profond import Profond, open_profond
from core.settings import Settings
from core.store import open_store
from tests.courses import course_of
from tests.servers.slack import Handle, Message, SlackServer, View

_made: list[Path] = []
QUESTION = "C'est quoi une convolution ?"
READY = QUESTION.replace(" ?", "\u00a0?")
"""The same question as the course prints it."""
PLENTY = {"allowance_size": 1000, "allowance_per_day": 10000, "mistral_requests_per_second": 1000, "cache_size": 0}


class Lesson:
    """The workspace, the bot's core and its face."""

    def __init__(self, slack: SlackServer, profond: Profond, face: SlackFace) -> None:
        self.slack = slack
        self.profond = profond
        self.face = face

    @property
    def bot(self) -> SlackBot:
        assert self.face._bot is not None
        return self.face._bot

    async def ask(self, who: str = "alice", text: str = QUESTION, channel: str = "general") -> tuple[Handle, Message]:
        """Mention the bot and wait for its answer."""
        handle = await self.slack.say(who, channel, text)
        return handle, await handle.answer()

    async def alone(self, handle: Handle) -> Message:
        """Return the newest message that only the student sees."""
        return (await self.slack.until(lambda: [one for one in handle.messages if one.recipient]))[-1]

    async def found(self, text: str, channel: str = "general") -> Message:
        """Return the bot's first message that shows a text, as soon as there is one."""
        return (await self.slack.until(lambda: [one for one in self.slack.messages(channel) if one.bot_id and text in one.shown]))[0]

    async def home(self, who: str) -> View:
        """Return a student's home tab, once it is filled."""
        return (await self.slack.until(lambda: [view for view in [self.slack.home(who)] if view]))[0]

    async def modal(self, who: str, other: View | None = None) -> View:
        """Return the modal in front of a student, once it is another one."""
        return (await self.slack.until(lambda: [view for view in [self.slack.modal(who)] if view and view is not other]))[0]

    async def leave(self) -> None:
        """Cut the bot off, as when its process dies."""
        assert self.face._socket is not None
        await self.face._socket.client.close()  # type: ignore[no-untyped-call]  # the library's

    async def idle(self) -> None:
        """Wait until everything that was taken is answered and stored."""
        while self.bot.asking._tasks:
            await asyncio.wait(set(self.bot.asking._tasks), timeout=10)


@asynccontextmanager
async def core_of(settings: Settings, model: ChatModel | None = None) -> AsyncIterator[Profond]:
    """Open the core on the course that is loaded already."""
    with patch("core.profond.load_course", course_of):
        async with open_profond(settings, model) as profond:
            yield profond


async def _database(path: Path) -> None:
    """Put a database in place, made once: migrations take half a second each time."""
    if not _made:
        _made.append(Path(tempfile.mkdtemp()) / "made.db")
        async with open_store(Settings(_env_file=None, database_url=SecretStr(str(_made[0])), profond_secret_key=SecretStr("x" * 40))):
            pass
    if not path.exists():  # noqa: ASYNC240  # a test's own file
        shutil.copy(_made[0], path)


def settings_for(slack: SlackServer, folder: Path, **changes: object) -> Settings:
    tokens = {"slack_bot_token": slack.bot_token, "slack_app_token": slack.app_token, "slack_signing_secret": slack.signing_secret}
    values = {
        "database_url": str(folder / "profond.db"),
        "profond_secret_key": "x" * 40,
        "slack_api_url": slack.api_url,
        **tokens,
        **PLENTY,
        **changes,
    }
    return Settings(_env_file=None, **values)  # type: ignore[arg-type]  # fields by name


@asynccontextmanager
async def served(
    slack: SlackServer, profond: Profond, *, on_away: Callable[[float], None] = lambda _: None, is_http: bool = False
) -> AsyncIterator[Lesson]:
    """Let the bot serve the workspace."""
    online = asyncio.Event()
    face = SlackFace(profond, is_http=is_http, on_away=on_away, on_online=lambda _: online.set())
    running = asyncio.create_task(face.run())
    ready = asyncio.create_task(online.wait())
    try:
        await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED, timeout=10)
        if running.done():
            running.result()
        yield Lesson(slack, profond, face)
    finally:
        for task in (running, ready):
            task.cancel()
        await asyncio.gather(running, ready, return_exceptions=True)


@asynccontextmanager
async def lesson(folder: Path, *, model: ChatModel | None = None, **changes: object) -> AsyncIterator[Lesson]:
    """Open a workspace with the bot in it."""
    await _database(folder / "profond.db")
    async with SlackServer() as slack, core_of(settings_for(slack, folder, **changes), model) as profond, served(slack, profond) as opened:
        yield opened
