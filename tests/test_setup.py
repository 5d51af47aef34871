"""`profond setup` as a teacher meets it: the real program, what they paste, and local services that answer it."""

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path
from typing import NamedTuple, Self

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from bots.setup import env_file, pasted, start
from bots.setup.env_file import must_be_writable, quoted, with_values
from core.errors import SetupError
from core.settings import Settings, read_settings
from tests.courses import NETWORKS
from tests.owners import SOMEBODY, as_root, given_to, owner
from tests.programs import ended
from tests.servers.discord import DiscordServer
from tests.servers.mistral import MistralServer
from tests.servers.slack import Fault, SlackServer

TOKEN = "MTAxNTQ4NjI.GkZ3xq.s3cr3t-part_of-Discord"
KEY = "kQ7s3cr3tMistralKeyOf32Character"
OLD = "MTAxNTQ4NjI.Old111.s3cr3t-that_went"
LONG = 20.0
COURSE, QUESTION = str(NETWORKS), "C'est quoi une adresse IP ?"
NOWHERE = "http://127.0.0.1:9"
ROOT = str(Path(__file__).resolve().parents[1])
KEPT = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP") if name in os.environ} | {"PYTHONPATH": ROOT}
LAST = "écris `/ask` dans ton salon."
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals of POSIX")


class Run(NamedTuple):
    """How a run ended, and what a person saw."""

    code: int | None
    out: str
    err: str


def home(folder: Path) -> dict[str, str]:
    """Return the environment of a person whose home is empty."""
    return KEPT | {"HOME": str(folder), "USERPROFILE": str(folder)}


async def begun(folder: Path, **variables: str) -> asyncio.subprocess.Process:
    """Start the program in a folder, with an empty home."""
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-P", "-m", "bots", "setup")
    return await asyncio.create_subprocess_exec(*command, cwd=folder, env=home(folder) | variables, stdin=pipe, stdout=pipe, stderr=pipe)


async def answered(folder: Path, *answers: str, lang: str = "fr", **variables: str) -> Run:
    """Run the program to its end on these answers; no secret is ever shown."""
    options = () if lang == "fr" else ("--lang", lang)
    typed = "".join(f"{answer}\n" for answer in answers)
    done = await asyncio.to_thread(ended, folder, ("setup", *options), home(folder) | variables, typed)
    run = Run(done.returncode, done.stdout, done.stderr)
    assert "s3cr3t" not in run.out + run.err
    assert "Traceback" not in run.out + run.err
    return run


class Screen:
    """A terminal in which the program runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.seen = ""
        self._from = 0

    async def __aenter__(self) -> Self:
        self._master, slave = os.openpty()
        screen = {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bots", "setup"), cwd=self._folder, env=home(self._folder) | screen,
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        os.set_blocking(self._master, False)
        self._more = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._master, self._arrived)
        return self

    def _arrived(self) -> None:
        try:
            self.seen += os.read(self._master, 65_536).decode(errors="replace")
        except OSError:
            asyncio.get_running_loop().remove_reader(self._master)
        self._more.set()

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    async def read(self, words: str) -> None:
        """Wait until these words come, after those that were waited for before."""
        async with asyncio.timeout(15):
            while words not in self._new():
                self._more.clear()
                await self._more.wait()
        self._from += self._new().index(words) + len(words)

    def _new(self) -> str:
        return re.sub(r"\s+", " ", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.seen))[self._from :]

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)


def written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings as the next start reads them."""
    monkeypatch.chdir(folder)
    return read_settings()


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def mode(folder: Path) -> int:
    return (folder / ".env").stat().st_mode & 0o777


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(token=TOKEN) as server:
        yield server


class SecretiveSlack(SlackServer):
    bot_token = "xoxb-77-88-s3cr3t"
    app_token = "xapp-1-A0-s3cr3t"


@pytest.fixture
async def slack() -> AsyncIterator[SecretiveSlack]:
    async with SecretiveSlack() as server:
        yield server


@pytest.fixture
async def mistral() -> AsyncIterator[MistralServer]:
    async with MistralServer(key=KEY) as server:
        yield server


async def test_discord_with_a_key(tmp_path: Path, discord: DiscordServer, mistral: MistralServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token and the key are tried and written for their owner alone; the link comes with its clicks; the last word is where to ask."""
    school = "Lycée d'Arsonval, 65 rue du Pont # bât. B"
    answers = ("1", TOKEN, KEY, school, 'Mme Roy, salle "12"', "n")
    run = await answered(tmp_path, *answers, DISCORD_API_URL=discord.url, MISTRAL_SERVER_URL=mistral.url)
    settings = written(tmp_path, monkeypatch)

    assert (0, "") == (run.code, run.err)
    assert [f"{number}." for number in (1, 2, 3, 4, 1, 2, 1, 2)] == re.findall(r"^ +(\d\.) ", run.out, re.MULTILINE)
    assert "✓ Discord accepte ce jeton." in run.out
    assert "✓ Mistral accepte cette clé." in run.out
    assert re.search(
        r"^ +https://discord.com/oauth2/authorize\?client_id=\d+&scope=bot\+applications.commands&permissions=\d+$", run.out, re.MULTILINE
    )
    assert str(tmp_path / ".env") in run.out
    assert run.out.rstrip().endswith(LAST)
    assert settings.discord_token is not None
    assert settings.mistral_api_key is not None
    assert (TOKEN, KEY) == (settings.discord_token.get_secret_value(), settings.mistral_api_key.get_secret_value())
    assert (school, 'Mme Roy, salle "12"') == (settings.school_name, settings.school_contact)
    assert sys.platform == "win32" or mode(tmp_path) == 0o600
    assert [".env"] == names(tmp_path)


async def test_slack(tmp_path: Path, slack: SecretiveSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The manifest can be pasted as it stands, the steps are numbered through, both tokens are tried and written."""
    run = await answered(tmp_path, "2", slack.bot_token, slack.app_token, "", "", "", "n", SLACK_API_URL=slack.api_url)
    settings = written(tmp_path, monkeypatch)
    manifest = json.loads(run.out[run.out.index("\n{") : run.out.index("\n}") + 2])

    assert (0, "") == (run.code, run.err)
    assert {"/ask", "/level", "/cours", "/profond"} == {command["command"] for command in manifest["features"]["slash_commands"]}
    assert [1, 2, 3, 4, 5, 6, 7, 1, 2, 1] == [int(number) for number in re.findall(r"^ +(\d)\. ", run.out, re.MULTILINE)]
    assert ["auth.test", "auth.test", "apps.connections.open"] == [call.method for call in slack.requests]
    assert "/invite @Profond" in run.out
    assert "profond slack\n" in run.out
    assert run.out.rstrip().endswith(LAST)
    assert settings.slack_bot_token is not None
    assert settings.slack_app_token is not None
    assert (slack.bot_token, slack.app_token) == (settings.slack_bot_token.get_secret_value(), settings.slack_app_token.get_secret_value())


async def test_without_anything_a_question_is_answered(tmp_path: Path) -> None:
    """With no token and no key nothing is written, and a first question is answered in the terminal."""
    run = await answered(tmp_path, "4", "", "", PROFOND_COURSE=COURSE)

    assert (0, "") == (run.code, run.err)
    assert "Profond marche sans réglage" in run.out
    assert "Sources\u00a0: L'adresse IP (adresse-ip)" in run.out
    assert "«\u00a0profond chat\u00a0»" in run.out
    assert not (tmp_path / ".env").exists()


async def test_what_is_started_is_this_program(tmp_path: Path) -> None:
    """In a folder that holds another program and another course, as the unzipped source does, the installed one answers."""
    shutil.copytree(Path(ROOT) / "bots", tmp_path / "bots")
    shutil.copytree(NETWORKS, tmp_path / "knowledge_base")
    run = await answered(tmp_path, "4", "", "")

    assert (0, "") == (run.code, run.err)
    assert "Essayer ici avec une question, «\u00a0C'est quoi une convolution" in run.out
    assert "(convolution)" in run.out


async def test_a_platform_without_its_token_is_left_for_later(tmp_path: Path) -> None:
    """Enter skips a token; whoever skips them all is told how to come back, and which setting will not be read from the file."""
    run = await answered(tmp_path, "3", "", "", "", "", "", "n", lang="en", PROFOND_LANG="fr")

    assert (0, "") == (run.code, run.err)
    assert "come back by “profond setup”" in run.out
    assert "Start the bot now" not in run.out
    assert "PROFOND_LANG=en\n" == (tmp_path / ".env").read_text(encoding="utf-8").split("\n", 1)[1]
    assert "✗ PROFOND_LANG is also a variable of your machine" in run.out


@posix
async def test_both_bots_are_started(tmp_path: Path, discord: DiscordServer, slack: SecretiveSlack) -> None:
    """A yes starts each bot; both come online, answer, and end when the program is told to."""
    process = await begun(tmp_path, DISCORD_API_URL=discord.url, SLACK_API_URL=slack.api_url, PROFOND_COURSE=COURSE)
    try:
        await both_answer(process, discord, slack)
    finally:
        process.terminate()
        out, err = await process.communicate()
    assert "s3cr3t" not in out.decode() + err.decode()


async def both_answer(process: asyncio.subprocess.Process, discord: DiscordServer, slack: SecretiveSlack) -> None:
    """Install both bots, wait until they say that they are online, and ask each a question."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("".join(f"{line}\n" for line in ("3", TOKEN, slack.bot_token, slack.app_token, "", "", "", "oui")).encode())
    seen = ""
    while not ("ligne sur Discord" in seen and "ligne sur Slack" in seen):
        line = await asyncio.wait_for(process.stdout.readline(), LONG)
        assert line, seen
        seen += line.decode()
    asked = await discord.slash(discord.user("Léa"), "ask", {"question": QUESTION})
    said = await slack.say("alice", "general", QUESTION)
    await asked.read("Sources")
    assert "Sources" in (await said.answer()).shown
    assert f"Le bot démarre\u00a0; Ctrl-C l'arrête. Quand il est en ligne, {LAST}" in seen
    assert "s3cr3t" not in seen


async def test_a_wrong_one_is_told_and_asked_again(
    tmp_path: Path, discord: DiscordServer, slack: SecretiveSlack, mistral: MistralServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each mistake is told in one sentence with its mend; the good one that follows is written, without what came with it."""
    discords = (slack.bot_token, OLD, f'  "{TOKEN}" ')
    bots = (slack.app_token, "xoxb-1-2-s3cr3tbad", f"SLACK_BOT_TOKEN={slack.bot_token}")
    apps = (slack.bot_token, "xapp-1-2-s3cr3tbad", f"\u200b{slack.app_token};")
    answers = ("9", "3", *discords, *bots, *apps, "s3cr3tbad", f"« {KEY} »", "", "", "peut-être", "n")
    urls = {"DISCORD_API_URL": discord.url, "SLACK_API_URL": slack.api_url, "MISTRAL_SERVER_URL": mistral.url}
    run = await answered(tmp_path, *answers, **urls)
    settings = written(tmp_path, monkeypatch)

    assert (0, "") == (run.code, run.err)
    told = [line for line in run.out.splitlines() if line.startswith("✗")]
    said = ["de 1 à 4", "jeton Slack", "Discord refuse", "xapp-", "Slack refuse", "xox…", "Slack refuse", f"{mistral.url} refuse", "o pour oui"]
    for line, part in zip(told, said, strict=True):
        assert part in line
    assert 1 == [request.status for request in discord.requests].count(401)
    found = (settings.discord_token, settings.slack_bot_token, settings.slack_app_token, settings.mistral_api_key)
    assert [TOKEN, slack.bot_token, slack.app_token, KEY] == [secret and secret.get_secret_value() for secret in found]


async def test_what_cannot_be_tried_now(tmp_path: Path, slack: SecretiveSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a service is away, or an app lacks a right, a token is tried again, kept, or left, as the person says."""
    slack.fault("auth.test", Fault("status", status=503), 1)
    slack.app.scopes = set(slack.app.scopes) - {"chat:write"}
    discords, slacks, mistrals = (TOKEN, "1", "2"), (slack.bot_token, "1", "2", slack.app_token, "2"), (KEY, "3", "")
    urls = {"DISCORD_API_URL": NOWHERE, "SLACK_API_URL": slack.api_url, "MISTRAL_SERVER_URL": NOWHERE}
    run = await answered(tmp_path, "3", *discords, *slacks, *mistrals, "", "", "n", **urls)
    settings = written(tmp_path, monkeypatch)

    assert (0, "") == (run.code, run.err)
    assert 2 == run.out.count("✗ Discord\u00a0: ne répond pas")
    assert 1 == run.out.count("✗ Slack\u00a0: ne répond pas")
    assert 2 == run.out.count("✗ Il manque au bot le droit chat:write")
    assert 1 == run.out.count("✗ Mistral\u00a0: http://127.0.0.1:9 ne répond pas")
    assert "«\u00a0profond discord --invite\u00a0»" in run.out
    found = (settings.discord_token, settings.slack_bot_token, settings.slack_app_token, settings.mistral_api_key)
    assert [TOKEN, slack.bot_token, slack.app_token, None] == [secret and secret.get_secret_value() for secret in found]


async def test_an_existing_file_keeps_its_lines(tmp_path: Path, discord: DiscordServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there is tried too and may be kept; comments, other names and unknown ones stay byte for byte."""
    text = f"# à moi\r\nALLOWANCE_SIZE = 7  # pas plus\r\n\r\nexport DISCORD_TOKEN={OLD} # vieux\r\nAUTRE='deux\r\nlignes'\r\nSCHOOL_NAME=Ici"
    (tmp_path / ".env").write_bytes(text.encode())
    run = await answered(tmp_path, "1", "", TOKEN, "", "", "Mme Roy", "n", DISCORD_API_URL=discord.url)

    assert (0, "") == (run.code, run.err)
    assert "déjà là" in run.out
    assert "developers/applications" not in run.out
    assert 1 == run.out.count("✗ Discord refuse ce jeton")
    assert "«\u00a0Ici\u00a0»" in run.out
    assert f'{text.replace(OLD, TOKEN)}\r\nSCHOOL_CONTACT="Mme Roy"\r\n' == (tmp_path / ".env").read_bytes().decode()
    assert sys.platform == "win32" or mode(tmp_path) == 0o600
    assert 7 == written(tmp_path, monkeypatch).allowance_size


@as_root
def test_what_root_writes_belongs_to_who_reads_it(tmp_path: Path) -> None:
    """A new file is its folder's owner's, one that was there stays whose it was; only that user may read it."""
    given_to(SOMEBODY, tmp_path)
    env_file.write(tmp_path / ".env", {"NAME": "1"}, "x")
    assert (SOMEBODY, 0o600) == (owner(tmp_path / ".env"), mode(tmp_path))

    given_to(0, tmp_path)
    env_file.write(tmp_path / ".env", {"NAME": "2"}, "x")
    assert (SOMEBODY, 0o600) == (owner(tmp_path / ".env"), mode(tmp_path))


async def test_the_end_of_the_answers_changes_nothing(tmp_path: Path) -> None:
    """Whoever stops before the end finds everything as it was, and reads one sentence."""
    (tmp_path / ".env").write_text("ALLOWANCE_SIZE=7\n", encoding="utf-8")
    run = await answered(tmp_path, "4")

    assert (130, "Arrêté\u00a0: rien n'a changé.") == (run.code, run.err.strip())
    assert "ALLOWANCE_SIZE=7\n" == (tmp_path / ".env").read_text(encoding="utf-8")
    assert [".env"] == names(tmp_path)


async def test_a_faulty_course_is_told_first(tmp_path: Path) -> None:
    """Nobody pastes a token before a course without which no bot would start is mended."""
    (tmp_path / "cours").mkdir()
    run = await answered(tmp_path, "3", TOKEN, PROFOND_COURSE="cours")

    assert (1, "", 1) == (run.code, run.out, len(run.err.splitlines()))
    assert "profond kb check" in run.err
    assert ["cours"] == names(tmp_path)


def test_a_place_that_cannot_be_written_is_told_first(tmp_path: Path) -> None:
    """Nobody pastes a token that cannot be kept."""
    for path in (tmp_path, tmp_path / "nowhere" / ".env"):
        with pytest.raises(SetupError) as caught:
            must_be_writable(path)
        assert "setup-output-file" == caught.value.key


@posix
async def test_at_a_screen_a_secret_shows_as_stars_and_ctrl_c_stops(tmp_path: Path) -> None:
    """In a terminal what is pasted, with its line breaks, is never echoed; Ctrl-C leaves everything as it was."""
    async with Screen(tmp_path) as screen:
        await screen.read("Entrée : 1)")
        screen.type("4\r")
        await screen.read("Entrée seule pour passer)")
        screen.type(f"\x1b[200~\n {TOKEN}\n\x1b[201~")
        await screen.read("****")
        screen.type("\r")
        await screen.read("pas une clé Mistral")
        await screen.read("Entrée seule pour passer)")
        screen.type("\x03")
        await screen.read("rien n'a changé")
        assert 130 == await screen.process.wait()

    assert "s3cr3t" not in screen.seen
    assert [] == names(tmp_path)


@pytest.mark.parametrize(
    "text",
    [TOKEN, f" {TOKEN}\r\n", f'"{TOKEN}"', f"'{TOKEN}',", f"DISCORD_TOKEN={TOKEN}", f"export DISCORD_TOKEN = '{TOKEN}'", f"Bot {TOKEN}",
     f"\ufeff{TOKEN}\u200b", f"{TOKEN[:20]}\n{TOKEN[20:]}", f"« {TOKEN} »", f"<{TOKEN}>", f"\u00a0{TOKEN}\t"],
)  # fmt: skip
def test_what_comes_with_a_paste_is_taken_off(text: str) -> None:
    """Spaces, line breaks, quotes, marks that nobody sees, and the setting's name are no part of a token."""
    assert TOKEN == pasted.clean(text)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (TOKEN, None),
        ("xapp-1-2-abc", "install-mix-discord-slack"),
        ("CR8UbizwLgyES9LuHK7eIrXHbRTuqoEs", "install-mix-discord-secret"),
        ("0123456789abcdef" * 4, "install-mix-discord-public"),
        ("1015486200000000000", "install-mix-discord-id"),
        (TOKEN.rpartition(".")[0], "install-mix-discord-part"),
        ("MTAx.abc.", "install-mix-discord-part"),
        ("https://discord.com/oauth2/authorize?client_id=1", "install-mix-address"),
        ("•" * 40, "install-mix-hidden"),
    ],
)
def test_mix_ups_for_discord(text: str, mistake: str | None) -> None:
    """What is no bot's token is named by what it is."""
    assert mistake == pasted.discord_mix_up(text)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("xoxb-1-2-abc", None),
        ("xapp-1-A0-1-abc", "install-mix-bot-app"),
        ("xoxp-1-2-abc", "install-mix-bot-user"),
        ("xoxe.xoxp-1-abc", "install-mix-bot-user"),
        ("0123456789abcdef" * 2, "install-mix-slack-secret"),
        (TOKEN, "install-mix-slack-discord"),
        ("xoxb-", "install-mix-bot-part"),
        ("xoxb-123", "install-mix-bot-part"),
        ("A012345", "install-mix-bot-other"),
        ("xoxb-••••-1", "install-mix-hidden"),
        ("https://api.slack.com/apps", "install-mix-address"),
    ],
)
def test_mix_ups_for_the_slack_bot(text: str, mistake: str | None) -> None:
    """What is no bot token is named by what it is."""
    assert mistake == pasted.slack_bot_mix_up(text)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("xapp-1-A0-1-abc", None),
        ("xoxb-1-2-abc", "install-mix-app-bot"),
        ("xapp-1", "install-mix-app-part"),
        ("0123456789abcdef" * 2, "install-mix-slack-secret"),
        ("connections:write", "install-mix-app-other"),
    ],
)
def test_mix_ups_for_the_slack_app(text: str, mistake: str | None) -> None:
    """What is no app-level token is named by what it is."""
    assert mistake == pasted.slack_app_mix_up(text)


@pytest.mark.parametrize(
    ("text", "server", "mistake"),
    [
        (KEY, "https://api.eu.mistral.ai", None),
        (KEY[:20], "https://api.eu.mistral.ai", "install-mix-mistral-part"),
        (KEY[:20], "http://localhost:8080", None),
        ("sk-abc", "https://api.mistral.ai", "install-mix-mistral-other"),
        (TOKEN, "https://api.mistral.ai", "install-mix-mistral-token"),
        ("xoxb-1-2-abc", "http://localhost:8080", "install-mix-mistral-token"),
        ("clé", "http://localhost:8080", "install-mix-hidden"),
    ],
)
def test_mix_ups_for_mistral(text: str, server: str, mistake: str | None) -> None:
    """What is no key is named by what it is; a server of one's own takes any key."""
    assert mistake == pasted.mistral_mix_up(text, server)


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))))
def test_every_value_is_read_back_as_it_was(value: str) -> None:
    """Quotes, spaces, dollars and number signs come back from the file."""
    text = f"A=1\nNAME={quoted(value)}\nB=2\n"

    assert {"A": "1", "NAME": value, "B": "2"} == dotenv_values(stream=StringIO(text))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "NAME=new\n"),
        ("NAME=old", "NAME=new"),
        ("name = 'o#d' # why\nB=1\n", "name = new # why\nB=1\n"),
        ("NAME= # why\n", "NAME=new # why\n"),
        ("NAME=\nNAME=old\n", "NAME=new\nNAME=new\n"),
        ('NAME="two\nlines"\nB=1\n', "NAME=new\nB=1\n"),
        ("#NAME=old\nNAMES=1", "#NAME=old\nNAMES=1\nNAME=new\n"),
        ("not a line\n'\nB", "not a line\n'\nB\nNAME=new\n"),
        ("NAME\n", "NAME\nNAME=new\n"),
        ("\ufeffB=1\n\n\n  export NAME=old\n", "B=1\n\n\n  export NAME=new\n"),
    ],
)
def test_only_the_asked_values_change(before: str, after: str) -> None:
    """A value takes the place of the old one, or the end; whatever else stands there stays."""
    assert after == with_values(before, {"NAME": "new"})
    assert "new" == dotenv_values(stream=StringIO(after)).get("NAME", "new")


@pytest.mark.parametrize(("argument", "typed"), [("/usr/bin/python", "profond"), (".venv/bin/profond", ".venv/bin/profond")])
def test_what_to_type(monkeypatch: pytest.MonkeyPatch, argument: str, typed: str) -> None:
    """The commands that are told can be typed: by name where it is found, else by the path of this start."""
    monkeypatch.setattr(sys, "argv", [argument])
    monkeypatch.setattr(shutil, "which", lambda _: None)

    assert typed == start.typed().replace("\\", "/")
