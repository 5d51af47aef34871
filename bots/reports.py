"""`profond reports`: the answers that students reported or turned a thumb down on, for the teacher."""

import asyncio
import json
from dataclasses import asdict

import click

from core.markup import escaped, visible
from core.settings import Settings, read_settings
from core.store import open_store
from core.store.people import Complaint
from core.words import Words, words_in


@click.command(help="cli-reports")
@click.option("--json", "as_json", is_flag=True, help="cli-json")
@click.option("--done", metavar="ID", help="cli-done")
def reports(*, as_json: bool, done: str | None) -> None:
    """List reported answers and thumbs down, or mark one as settled. The store alone is opened: a fault in a card hides no report."""
    settings = read_settings()
    words = words_in(settings.profond_lang)
    if done:
        asyncio.run(_settle(settings, done))
        print(words("reports-done", id=done))
        return
    found = asyncio.run(_read(settings))
    if as_json:
        print(escaped(json.dumps([asdict(complaint) for complaint in found], ensure_ascii=False, indent=2)))
    elif not found:
        print(words("reports-none"))
    else:
        for complaint in found:
            _show(complaint, words)


async def _settle(settings: Settings, done: str) -> None:
    async with open_store(settings) as store:
        await store.people.settle(done)


async def _read(settings: Settings) -> list[Complaint]:
    async with open_store(settings) as store:
        return await store.people.complaints()


def _show(complaint: Complaint, words: Words) -> None:
    kind, cards = words(f"kind-{complaint.kind}"), ", ".join(complaint.cards)
    print(words("report-line", id=complaint.id, kind=kind, at=complaint.at, cards=cards, version=complaint.course_version))
    print("  " + words("report-question", question=_on_one_line(complaint.question)))
    if complaint.text:
        print("  " + words("report-text", text=_on_one_line(complaint.text)))


def _on_one_line(text: str) -> str:
    """Return what a student wrote so that it steers no terminal and looks like no line of ours."""
    return " ".join(visible(text).split())
