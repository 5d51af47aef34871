"""`profond …`: reads the settings, opens the core, runs one face. The only wiring."""

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import click
import structlog
import truststore
from rich.console import Console

from bots import costs, evaluate, kb, keeping, privacy, reports, setup
from bots.terminal_bot import PERSON, Chat, ask_once, typed_lines
from core.errors import ProfondError
from core.knowledge import level_named, load_course
from core.logs import setup_logging
from core.messages import Question
from core.profond import Profond, open_profond
from core.settings import Settings, read_settings, unknown_names
from core.words import LANGUAGES, Words, duration, error_words, words_in


@click.group(help="cli-profond")
def app() -> None:
    """Before every command: warn of names that are no setting, and set up the logs."""
    settings = read_settings()
    words = words_in(settings.profond_lang)
    for name, near in unknown_names():
        print(words("setting-unknown", name=name, near=near or "none"), file=sys.stderr)
    setup_logging(settings)


KEEPING = (keeping.backup, keeping.rotate_key, keeping.erase)
for command in (kb.group, *KEEPING, costs.costs, reports.reports, evaluate.evaluate, privacy.command, setup.command):
    app.add_command(command)
lang_option = click.option("--lang", type=click.Choice(LANGUAGES), help="cli-lang")


def _with_core(settings: Settings, use: Callable[[Profond], Awaitable[int]]) -> None:
    async def run() -> int:
        async with open_profond(settings) as profond:
            return await use(profond)

    raise SystemExit(asyncio.run(run()))


@asynccontextmanager
async def _meanwhile(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do something beside a bot that runs, for as long as it does."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _tell_key(settings: Settings, words: Words) -> None:
    """Tell whoever starts a bot why the model cannot be asked: the class is answered all the same, by the cards."""
    from bots.doctor import key_finding  # noqa: PLC0415  # only a bot needs it

    finding = await key_finding(settings)
    if finding.key in {"doctor-key-bad", "doctor-key-model", "setup-proxy", "setup-certificates"}:
        print(words(finding.key, **finding.details), file=sys.stderr, flush=True)


async def _tell_places(settings: Settings, words: Words) -> None:
    """Tell whoever starts a bot of a place in the settings that it does not see: there, or everywhere, it would be mute."""
    from bots.discord_bot import UNSEEN, check_token  # noqa: PLC0415  # slow to import

    if settings.discord_servers or settings.discord_channels:
        async for _, key, details in check_token(settings):
            if key == UNSEEN:
                print(words(key, **details), file=sys.stderr, flush=True)


def _console() -> Console:
    return Console(highlight=False)


@app.command(help="cli-ask")
@click.argument("question")
@click.option("--level", help="cli-level")
@lang_option
def ask(question: str, level: str | None, lang: str | None) -> None:
    """Answer one question. Whoever runs the program takes no allowance: the limit is for students in chats."""
    settings, depth = read_settings(), level_named(level) if level else None
    key = secrets.token_hex(8)
    asked = Question(
        text=question,
        person=PERSON,
        conversation=f"terminal:{key}",
        event=f"terminal:{key}",
        level=depth,
        lang=lang or settings.profond_lang,
        is_exempt=True,
    )
    _with_core(settings, lambda profond: ask_once(profond, _console(), asked))


@app.command(help="cli-chat")
@lang_option
def chat(lang: str | None) -> None:
    """Hold a conversation, with the chats' own commands and a student's allowance."""
    settings = read_settings()

    async def talk(profond: Profond) -> int:
        conversation = Chat(profond, _console(), lang or settings.profond_lang)
        return await conversation.run(typed_lines(conversation, [*profond.course.topics, *profond.course.cards]))

    _with_core(settings, talk)


@app.command(help="cli-discord")
@click.option("--invite", is_flag=True, help="cli-invite")
def discord(*, invite: bool) -> None:
    """Serve a class's Discord until it is stopped, or print the link that invites the bot."""
    from bots.discord_bot import DiscordFace, invite_link  # noqa: PLC0415  # slow to import
    from bots.life import live  # noqa: PLC0415  # as above

    settings = read_settings()
    words = words_in(settings.profond_lang)
    if invite:
        print(words("discord-invite"), asyncio.run(invite_link(settings)), sep="\n")
        return

    async def serve(profond: Profond) -> int:
        face = DiscordFace(
            profond,
            on_online=lambda guilds: print(words("discord-ready", guilds=guilds), flush=True),
            on_away=lambda wait: print(words("discord-away", wait=duration(words, wait)), file=sys.stderr, flush=True),
        )
        async with _meanwhile(_tell_key(settings, words), _tell_places(settings, words)):
            await live(profond, face, port=settings.port)
        return 0

    _with_core(settings, serve)


@app.command(help="cli-slack")
@click.option("--http", is_flag=True, help="cli-http")
@click.option("--manifest", is_flag=True, help="cli-manifest")
def slack(*, http: bool, manifest: bool) -> None:
    """Serve a class's Slack until it is stopped, or print the manifest of its app."""
    from bots import slack_bot  # noqa: PLC0415  # slow to import
    from bots.life import health_of, live  # noqa: PLC0415  # as above

    settings = read_settings()
    words = words_in(settings.profond_lang)
    if manifest:
        print(slack_bot.manifest(settings, load_course(settings.course_folder).info, is_http=http))
        return

    async def serve(profond: Profond) -> int:
        face = slack_bot.SlackFace(
            profond,
            is_http=http,
            on_online=lambda name: print(words("slack-ready", name=name), flush=True),
            on_away=lambda wait: print(words("slack-away", wait=duration(words, wait)), file=sys.stderr, flush=True),
        )
        face.routes = health_of(profond, face) if http else ()
        async with _meanwhile(_tell_key(settings, words)):
            await live(profond, face, port=None if http else settings.port)
        return 0

    _with_core(settings, serve)


@app.command(help="cli-doctor")
def doctor() -> None:
    """Say what is right, what is wrong and the mend; exit 1 on a fault."""
    from bots.doctor import examine  # noqa: PLC0415  # only here

    settings = read_settings()
    words = words_in(settings.profond_lang)

    async def run() -> bool:
        is_good = True
        async for finding in examine(settings):
            print(f"{words(f'doctor-{finding.state}'):8} {words(finding.key, **finding.details)}")
            is_good = is_good and finding.state != "fault"
        return is_good

    is_good = asyncio.run(run())
    if is_good:
        print(words("doctor-good"))
    raise SystemExit(0 if is_good else 1)


@app.command(help="cli-migrate")
def migrate() -> None:
    """Bring the database's schema up to date."""
    from core.store.database import database_health  # noqa: PLC0415

    settings = read_settings()
    health = asyncio.run(database_health(settings))
    print(words_in(settings.profond_lang)("migrate-done", version=health.version))


def _say_usage(error: click.UsageError, lang: str) -> str:
    """Return one sentence for a command line that cannot be understood."""
    words = words_in(lang)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.ctx.get_help()
    command = error.ctx.info_name if error.ctx and error.ctx.parent else "ask"
    if isinstance(error, click.NoSuchOption):
        return words("cli-unknown-option", name=error.option_name)
    if isinstance(error, click.MissingParameter):
        return words("cli-missing", name=(error.param.human_readable_name if error.param else ""), command=command or "")
    if isinstance(error, click.BadParameter):
        return words("cli-bad-value", name=(error.param.human_readable_name if error.param else ""), command=command or "")
    return words("cli-unknown-command" if error.ctx and isinstance(error.ctx.command, click.Group) else "cli-usage")


def _translate(command: click.Command, lang: str) -> None:
    """Replace the catalogue's keys in a command's help by its sentences."""
    words = words_in(lang)
    for param in command.params:
        help_key = getattr(param, "help", None) or ""
        if help_key.startswith("cli-"):
            param.help = words(help_key)
    if (command.help or "").startswith("cli-"):
        command.help = words(command.help or "")
    for below in getattr(command, "commands", {}).values():
        _translate(below, lang)


def main() -> None:
    """Run a command; an error is one sentence and a non-zero exit code."""
    truststore.inject_into_ssl()  # the system's certificates, before a library makes its context: Python's own are missing on a new macOS
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    lang = "fr"
    try:
        lang = read_settings().profond_lang
        _translate(app, lang)
        code = app.main(prog_name="profond", standalone_mode=False)
    except click.UsageError as error:
        code = _fail(_say_usage(error, lang), 2)
    except (click.Abort, KeyboardInterrupt):
        code = _fail(words_in(lang)("cli-stopped"), 130)
    except ProfondError as error:
        code = _fail(error_words(words_in(lang), error), 1)
    except BrokenPipeError:
        code = 0
    except Exception as error:  # noqa: BLE001  # the last boundary: no traceback reaches a person
        if structlog.is_configured():
            structlog.get_logger().error("unexpected", cause=type(error).__name__)
        code = _fail(words_in(lang)("error-unexpected"), 70)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
