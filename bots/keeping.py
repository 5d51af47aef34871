"""`profond backup|rotate-key|erase`: what whoever runs the bot does to its database."""

import asyncio
import sys
from pathlib import Path

import click

from core.settings import Settings, read_settings
from core.store import open_store
from core.store.database import open_database
from core.store.keeping import back_up, rotate_secret
from core.words import words_in


@click.command(help="cli-backup")
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Copy the database while it is in use."""
    settings = read_settings()
    print(words_in(settings.profond_lang)("backup-done", file=str(back_up(settings, file))))


@click.command("rotate-key", help="cli-rotate")
@click.option("--stdin", "is_given", is_flag=True, help="cli-rotate-stdin")
def rotate_key(*, is_given: bool) -> None:
    """Wrap the database's keys with a new secret, read from standard input or made."""
    settings = read_settings()
    new = sys.stdin.readline().strip() if is_given else None

    async def run() -> None:
        async with open_database(settings) as database:
            await rotate_secret(database, settings, new)

    asyncio.run(run())
    words = words_in(settings.profond_lang)
    print(words("rotate-done", next=words("rotate-setting" if new else "rotate-file")))


@click.command(help="cli-erase")
@click.argument("person")
def erase(person: str) -> None:
    """Erase everything that is kept of a person, named as platform:id."""
    settings = read_settings()
    count = asyncio.run(_erase(settings, person))
    print(words_in(settings.profond_lang)("erase-done", count=count, person=person))


async def _erase(settings: Settings, person: str) -> int:
    async with open_store(settings) as store:
        return await store.people.forget(person)
