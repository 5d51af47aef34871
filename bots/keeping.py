"""`profond backup|rotate-key|erase`: what whoever runs the bot does to its database."""

import asyncio
import sys
from pathlib import Path

import click

from core.errors import SetupError
from core.settings import PERSON, Settings, read_settings
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
    """Erase everything that is kept of a person, named as platform:id; say so where nothing is. Raises SetupError."""
    settings = read_settings()
    if not PERSON.fullmatch(person):
        raise SetupError("setup-person", person=person[:60])
    count = asyncio.run(_erase(settings, person))
    print(words_in(settings.profond_lang)("erase-none" if count is None else "erase-done", count=count or 0, person=person))


async def _erase(settings: Settings, person: str) -> int | None:
    """Return how many questions were erased, or None where nothing was kept of that person."""
    async with open_store(settings) as store:
        kept = await store.people.my_data(person)
        return await store.people.forget(person) if any(kept[name] for name in kept if name != "person") else None
