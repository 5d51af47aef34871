"""A small bot on the real discord.py that the server's own tests drive: each test says what the bot does."""

import asyncio
import json
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp
import yarl

from tests.servers.discord.entities import Found, Signal
from tests.servers.discord.handles import WITHIN
from tests.servers.discord.server import DiscordServer

with warnings.catch_warnings():  # discord.py imports audioop, which Python 3.13 no longer has
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord
    from discord import app_commands, ui
    from discord.gateway import DiscordWebSocket
    from discord.http import Route

Spot = discord.Interaction[Any]
React = Callable[[Spot], Awaitable[Any]]


class Vote(ui.DynamicItem[ui.Button[Any]], template=r"vote:(?P<way>up|down)"):
    """A button that survives a restart: its meaning is in its custom id."""

    def __init__(self, way: str) -> None:
        super().__init__(ui.Button(label=way, custom_id=f"vote:{way}"))
        self.way = way

    @classmethod
    async def from_custom_id(cls, _: Spot, __: ui.Item[Any], match: Any) -> "Vote":  # noqa: ANN401  # re.Match, as the library has it
        return cls(match["way"])

    async def callback(self, interaction: Spot) -> None:
        await interaction.response.send_message(f"noté : {self.way}", ephemeral=True)


class Card(ui.LayoutView):
    """A text with its buttons, made of components alone."""

    def __init__(self, text: str) -> None:
        super().__init__(timeout=None)
        box: ui.Container[Any] = ui.Container()
        row: ui.ActionRow[Any] = ui.ActionRow()
        box.add_item(ui.TextDisplay(text))
        row.add_item(Vote("up")).add_item(Vote("down"))
        self.add_item(box.add_item(row))


class Report(ui.Modal, title="Signaler"):
    """A form with a text, a choice and a file."""

    why: ui.Label[Any] = ui.Label(text="Pourquoi", component=ui.TextInput(custom_id="why", max_length=200))
    kind: ui.Label[Any] = ui.Label(text="Genre", component=ui.Select(custom_id="kind", options=[discord.SelectOption(label="Faux", value="wrong")]))
    proof: ui.Label[Any] = ui.Label(text="Preuve", component=ui.FileUpload(custom_id="proof", required=False))

    async def on_submit(self, interaction: Spot) -> None:
        why, kind, proof = (label.component for label in (self.why, self.kind, self.proof))
        assert isinstance(why, ui.TextInput)
        assert isinstance(kind, ui.Select)
        assert isinstance(proof, ui.FileUpload)
        content = (await proof.values[0].read()).decode() if proof.values else ""
        await interaction.response.send_message(f"{why.value} / {kind.values[0]} / {content}", ephemeral=True)


class SampleBot(discord.AutoShardedClient):
    """The bot. `react` is what it does with `/ask`, `hear` with a message; `errors` is what came of it.

    Attributes:
        heard: the messages that it was told of, its own too.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  # the client's own
        settings = {"intents": discord.Intents.default(), "guild_ready_timeout": 0.01, "max_messages": None}
        super().__init__(allowed_mentions=discord.AllowedMentions.none(), **{**settings, **options})
        self.tree = app_commands.CommandTree(self)
        self.heard: list[discord.Message] = []
        self.errors: list[BaseException] = []
        self.asked: dict[str, Any] = {}
        self.signal = Signal()
        self.has_begun = False
        self.react: React = _answer
        self.hear: Callable[[discord.Message], Awaitable[Any]] = _silent

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify at once; the library's own waits five seconds."""

    async def setup_hook(self) -> None:
        self.tree.add_command(app_commands.Command(name="ask", description="Demander", callback=_ask))
        self.tree.add_command(app_commands.ContextMenu(name="Expliquer", callback=_explain))
        self.tree.error(self._failed)
        self.add_dynamic_items(Vote)
        await self.tree.sync()

    async def on_ready(self) -> None:
        self.has_begun = True
        self.signal.notify()

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message)
        self.signal.notify()
        if message.author != self.user:
            try:
                await self.hear(message)
            except discord.DiscordException as error:
                self._came(error)

    async def _failed(self, _: Spot, error: app_commands.AppCommandError) -> None:
        self._came(error.original if isinstance(error, app_commands.CommandInvokeError) else error)

    def _came(self, error: BaseException) -> None:
        self.errors.append(error)
        self.signal.notify()

    async def until(self, found: Callable[[], Found | None]) -> Found:
        """Return the first true value of `found()`, looked at after each message and each error."""
        return await self.signal.until(found, WITHIN)


async def _offer(_: Spot, typed: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=name, value=name[:3]) for name in ("convolution", "récurrence") if typed in name]


@app_commands.autocomplete(topic=_offer)
async def _ask(
    interaction: Spot,
    question: app_commands.Range[str, 1, 1000],
    private: bool = False,
    topic: str = "",
    file: discord.Attachment | None = None,
) -> None:
    bot = interaction.client
    bot.asked = {"question": question, "private": private, "topic": topic, "file": file}
    await bot.react(interaction)


async def _explain(interaction: Spot, message: discord.Message) -> None:
    await interaction.response.send_message(f"expliqué : {message.content}", ephemeral=True)


async def _answer(interaction: Spot) -> None:
    """Answer as a teaching assistant does: wait, then a part, then the whole with buttons."""
    asked = interaction.client.asked
    await interaction.response.defer(thinking=True, ephemeral=asked["private"])
    await interaction.edit_original_response(content="Je cherche…")
    await interaction.edit_original_response(content=None, view=Card(f"Réponse à {asked['question']}"))


async def _silent(_: discord.Message) -> None:
    """Say nothing."""


class Direct:
    """REST without discord.py, which would refuse or wait before the server does."""

    def __init__(self, server: DiscordServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session
        self.headers: dict[str, str] = {}

    async def __call__(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Send a request, and return its status with its body."""
        headers = {"Authorization": f"Bot {self.server.knobs.token}"}
        async with self.session.request(method, self.server.url + path, json=body, headers=headers) as response:
            self.headers = dict(response.headers)
            text = await response.text()
            return response.status, json.loads(text) if response.headers.get("Content-Type") == "application/json" else text


@contextmanager
def aimed(server: DiscordServer) -> Iterator[None]:
    """Point discord.py at the local server, the gateway that it falls back to as well, until the end of the block."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = server.url, yarl.URL(server.gateway_url)
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before


@asynccontextmanager
async def running(server: DiscordServer, bot: SampleBot) -> AsyncIterator[asyncio.Task[None]]:
    """Run a bot until the end of the block."""
    with aimed(server):
        life = asyncio.create_task(bot.start(server.knobs.token))
        life.add_done_callback(lambda _: bot.signal.notify())
        try:
            await bot.until(lambda: bot.has_begun or life.done())
            yield life
        finally:
            await bot.close()
            await asyncio.gather(life, return_exceptions=True)
