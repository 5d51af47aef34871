"""The command itself."""

import sys
from pathlib import Path

import click

from bots.setup import env_file
from bots.setup.guide import Guide
from bots.setup.talk import Talk, quiet
from core.knowledge import load_course
from core.logs import setup_logging
from core.settings import read_settings
from core.words import LANGUAGES, words_in

FILE = Path(".env")


@click.command("setup", help="cli-setup")
@click.option("--lang", type=click.Choice(LANGUAGES), help="cli-lang")
def command(lang: str | None) -> None:
    """Ask, write `.env`, start. Raises SetupError before anything is asked where the course or the folder is to be mended first."""
    read = read_settings()
    settings = read.model_copy(update={"profond_lang": lang or read.profond_lang})
    setup_logging(settings.model_copy(update={"profond_log_level": "error"}))
    words = words_in(settings.profond_lang)
    env_file.must_be_writable(FILE)
    guide = Guide(Talk(words), settings, load_course(settings.course_folder).info, FILE)
    if settings.profond_lang != read.profond_lang:
        guide.values["PROFOND_LANG"] = settings.profond_lang
    try:
        with quiet():
            guide.ask()
    except (EOFError, KeyboardInterrupt):
        print("\n" + words("install-stopped"), file=sys.stderr)
        raise SystemExit(130) from None
    guide.write()
    raise SystemExit(guide.finish())
