"""`profond kb …`: check, search, measure and calibrate the course."""

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from core.errors import CourseError, Fault, SetupError
from core.evaluation import Scores, by_kind, calibrate, examine, read_questions
from core.knowledge import THRESHOLDS_FILE, Course, load_course
from core.search import SearchIndex
from core.settings import Settings, read_settings
from core.words import Words, words_in


@click.group("kb", help="cli-kb")
def group() -> None:
    """Commands on the course."""


def _opened() -> tuple[Settings, Words, Console]:
    settings = read_settings()
    return settings, words_in(settings.profond_lang), Console(highlight=False, soft_wrap=True)


def _line(words: Words, fault: Fault) -> str:
    place = f"{fault.file} {fault.path}".strip()
    return f"{place} : {words(fault.key, **fault.details)}"


as_json_option = click.option("--json", "as_json", is_flag=True, help="cli-json")


@group.command(help="cli-kb-check")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--strict", is_flag=True, help="cli-strict")
def check(folder: Path | None, *, strict: bool) -> None:
    """Print every fault of the course at once, and what might be better."""
    settings, words, console = _opened()
    try:
        course = load_course(folder or settings.course_folder)
    except CourseError as error:
        for fault in error.faults:
            console.print(_line(words, fault), markup=False)
        raise
    for fault in course.warnings:
        console.print(_line(words, fault), markup=False)
    if course.warnings:
        console.print(words("kb-warnings", count=len(course.warnings)), markup=False)
    console.print(words("kb-good", topics=len(course.topics), cards=len(course.cards)), markup=False)
    if strict and course.warnings:
        raise SystemExit(1)


@group.command(help="cli-kb-search")
@click.argument("text")
@as_json_option
def search(text: str, *, as_json: bool) -> None:
    """Print the cards found for a text, with scores, zone and why."""
    settings, words, console = _opened()
    found = SearchIndex(load_course(settings.course_folder)).search(text)
    rows = [{"card": p.card_id, "title": p.title, "score": round(p.score, 2), "confidence": round(p.confidence, 2)} for p in found.passages]
    if as_json:
        click.echo(
            json.dumps(
                {"zone": found.zone.value, "cards": rows, "matched": found.matched, "repaired": dict(found.analysis.repaired)}, ensure_ascii=False
            )
        )
        return
    _table(console, ["card", "title", "score", "confidence"], [[str(value) for value in row.values()] for row in rows])
    console.print(words("kb-zone", zone=words(f"zone-{found.zone.value}"), confidence=f"{found.confidence:.2f}"), markup=False)
    console.print(words("kb-matched", words=", ".join(found.matched)), markup=False)
    if found.analysis.repaired:
        console.print(words("kb-repaired", words=", ".join(f"{a} → {b}" for a, b in found.analysis.repaired.items())), markup=False)


@group.command("eval", help="cli-kb-eval")
@click.argument("file", type=click.Path(path_type=Path))
@as_json_option
def evaluate(file: Path, *, as_json: bool) -> None:
    """Measure the search by a file of questions, in all and per kind."""
    settings, _, console = _opened()
    questions = read_questions(file)
    scores = by_kind(examine(SearchIndex(load_course(settings.course_folder)), questions))
    if as_json:
        kinds = {kind: asdict(value) for kind, value in scores.items() if kind != "all"}
        click.echo(json.dumps({**asdict(scores["all"]), "kinds": kinds}, ensure_ascii=False))
        return
    _table(console, ["kind", *Scores.__dataclass_fields__], [[kind, *map(_figure, asdict(value).values())] for kind, value in scores.items()])


def _figure(value: float | None) -> str:
    return "–" if value is None else str(value) if isinstance(value, int) else f"{value:.3f}"


@group.command("calibrate", help="cli-kb-calibrate")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--precision", type=click.FloatRange(0.5, 1.0), default=0.96, show_default=True, help="cli-precision")
@click.option("--refused", type=click.FloatRange(0.0, 0.5), default=0.02, show_default=True, help="cli-refused")
def set_thresholds(file: Path | None, precision: float, refused: float) -> None:
    """Set the zones' thresholds from questions with known cards, and write them beside the course."""
    settings, words, console = _opened()
    course = load_course(settings.course_folder)
    questions = read_questions(file or course.folder / "questions" / "calibration.json")
    thresholds = calibrate(examine(SearchIndex(course), questions), precision=precision, refused=refused)
    _write(course, thresholds.model_dump_json(indent=2))
    console.print(
        words("kb-calibrated", file=THRESHOLDS_FILE, sure=thresholds.sure, outside=thresholds.outside, count=thresholds.questions), markup=False
    )


def _write(course: Course, text: str) -> None:
    path = course.folder / THRESHOLDS_FILE
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError:
        raise SetupError("setup-output-file", file=str(path)) from None


def _table(console: Console, heads: list[str], rows: list[list[str]]) -> None:
    """Print a table on a screen, tab-separated lines into a pipe."""
    if not console.is_terminal:
        for row in [heads, *rows]:
            click.echo("\t".join(row))
        return
    table = Table(*heads)
    for row in rows:
        table.add_row(*row)
    console.print(table)
