"""What every benchmark prints: tables for people, then one line of JSON."""

import json
import os
import platform
import sqlite3
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from core.logs import setup_logging
from core.settings import Settings

Row = Mapping[str, str | float | None]


@dataclass(frozen=True)
class Target:
    """A figure that should not be above a limit. Missing it is said, never raised."""

    name: str
    value: float | None
    limit: float
    unit: str

    @property
    def is_met(self) -> bool | None:
        """Whether the figure is within the limit; None where it could not be measured."""
        return None if self.value is None else self.value <= self.limit


@dataclass(frozen=True)
class Report:
    """The figures of one benchmark."""

    name: str
    rows: Sequence[Row]
    targets: Sequence[Target] = ()
    ratios: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def median(values: Sequence[float | None], digits: int = 3) -> float | None:
    """Return the rounded median; None where nothing was measured."""
    known = [value for value in values if value is not None]
    return round(statistics.median(known), digits) if known else None


def ratio(one: float | None, other: float | None) -> float:
    """Return how many times the other fits into the one; 0 where either is unknown."""
    return round(one / other, 3) if one and other else 0.0


def machine() -> dict[str, object]:
    """Return what the figures depend on. A load above the cores means that something else was running."""
    load = getattr(os, "getloadavg", None)
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": round(load()[0], 2) if load else None,
        "sqlite": sqlite3.sqlite_version,
    }


def settings_in(folder: Path) -> Settings:
    """Return the settings of a measurement: no key, no `.env`, a SQLite file in this folder, quiet logs, and no limit on the model."""
    database, plenty = SecretStr(str(folder / "profond.db")), 1_000_000_000
    settings = Settings(
        _env_file=None,
        mistral_api_key=None,
        mistral_requests_per_second=10_000.0,
        mistral_tokens_per_minute=plenty,
        cache_size=0,
        budget_month_eur=float(plenty),
        database_url=database,
        profond_log_level="error",
    )
    setup_logging(settings)
    return settings


def show(report: Report) -> None:
    """Print the tables, then the line of JSON."""
    facts = machine()
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    console.print(_table(f"{report.name}: {', '.join(f'{name} {value}' for name, value in facts.items())}", report.rows))
    if report.targets:
        console.print(_table("targets", [_told(target) for target in report.targets]))
    if report.ratios:
        console.print(_table("ratios", [{"ratio": name, "value": value} for name, value in report.ratios.items()]))
    whole = {
        "benchmark": report.name,
        "machine": facts,
        "facts": dict(report.facts),
        "rows": [dict(row) for row in report.rows],
        "targets": [_told(target) for target in report.targets],
        "ratios": dict(report.ratios),
    }
    print(json.dumps(whole, ensure_ascii=False), flush=True)


def _told(target: Target) -> dict[str, str | float | None]:
    return {"figure": target.name, "value": target.value, "at_most": target.limit, "unit": target.unit, "is_met": target.is_met}


def _table(title: str, rows: Sequence[Row]) -> Table:
    table = Table(title=title, title_justify="left")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    for name in columns:
        is_words = any(isinstance(row.get(name), str) for row in rows)
        table.add_column(name, justify="left" if is_words else "right")
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in columns))
    return table


def _cell(value: str | float | None) -> str:
    if value is None or isinstance(value, bool):
        return {None: "–", True: "yes", False: "no"}[value]
    return f"{value:,.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
