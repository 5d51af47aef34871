"""`profond costs`: what the model cost in a month, by topic and by model, and what shared answers saved."""

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table

from core.errors import SetupError
from core.knowledge import load_course
from core.settings import Settings, read_settings
from core.store import open_store
from core.store.spending import Costs
from core.words import Words, words_in

HEADS = ("costs-questions", "costs-shared", "costs-input", "costs-cached", "costs-output", "costs-euros", "costs-saved-euros")
Month = tuple[Costs, list[Costs], list[Costs]]


@click.command(help="cli-costs")
@click.option("--month", metavar="YYYY-MM", help="cli-month")
@click.option("--json", "as_json", is_flag=True, help="cli-json")
def costs(month: str | None, *, as_json: bool) -> None:
    """Print a month's costs; this month's where none is named."""
    if month and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise SetupError("setup-month")
    settings = read_settings()
    found = asyncio.run(_read(settings, month))
    if as_json:
        print(json.dumps(_told(found, settings), ensure_ascii=False, indent=2))
    else:
        _show(found, settings, words_in(settings.profond_lang))


async def _read(settings: Settings, month: str | None) -> Month:
    async with open_store(settings) as store:
        return await store.spending.month(month or store.spending.today()[:7])


def euros(micros: int) -> float:
    """Return millionths of a euro as euros."""
    return round(micros / 1_000_000, 6)


def _told(found: Month, settings: Settings) -> dict[str, object]:
    whole, topics, models = found
    lines = {"topics": [_line(line) for line in topics], "models": [_line(line) for line in models]}
    return {"month": whole.name, "budget_euros": settings.budget_month_eur, **_counts(whole), **lines}


def _line(line: Costs) -> dict[str, object]:
    return {"name": line.name, **_counts(line)}


def _counts(line: Costs) -> dict[str, object]:
    counts = asdict(line)
    del counts["name"]
    return counts | {"euros": euros(counts.pop("cost_micros")), "saved_euros": euros(counts.pop("saved_micros"))}


def _show(found: Month, settings: Settings, words: Words) -> None:
    whole, topics, models = found
    titles = {topic.id: topic.title for topic in load_course(settings.course_folder).topics}
    console = Console(highlight=False)
    if not whole.questions:
        print(words("costs-none", month=whole.name))
        return
    budget = f"{settings.budget_month_eur:.2f}"
    print(words("costs-month", month=whole.name, questions=whole.questions, euros=_amount(whole.cost_micros), budget=budget))
    print(words("costs-tokens", input=whole.tokens_input, cached=whole.tokens_cached, output=whole.tokens_output))
    print(words("costs-saved", shared=whole.shared, euros=_amount(whole.saved_micros)))
    _table(console, words, words("costs-topic"), [(titles.get(line.name, line.name or words("costs-no-topic")), line) for line in topics])
    _table(console, words, words("costs-model"), [(line.name or words("costs-no-model"), line) for line in models])


def _amount(micros: int) -> str:
    return f"{micros / 1_000_000:.4f}"


def _cells(line: Costs) -> list[str]:
    counts = (line.questions, line.shared, line.tokens_input, line.tokens_cached, line.tokens_output)
    return [*map(str, counts), _amount(line.cost_micros), _amount(line.saved_micros)]


def _table(console: Console, words: Words, head: str, lines: Sequence[tuple[str, Costs]]) -> None:
    """Print a table on a screen, tab-separated lines into a pipe."""
    heads = [head, *map(words, HEADS)]
    rows = [[name, *_cells(line)] for name, line in lines]
    if not console.is_terminal:
        for row in [heads, *rows]:
            click.echo("\t".join(row))
        return
    table = Table(heads[0])
    for title in heads[1:]:
        table.add_column(title, justify="right")
    for row in rows:
        table.add_row(*row)
    console.print(table)
