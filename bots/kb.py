"""`profond kb …`: check, write, search, measure and calibrate the course."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from core.course_files import Change, TopicFiles, add_skeleton, find_topic, merge, topics_of, write_whole
from core.errors import CourseError, Fault, MarkdownError, SetupError
from core.evaluation import ExamQuestion, Scores, by_kind, calibrate, examine, read_questions
from core.french import terms
from core.knowledge import COURSE_FILE, OUTSIDE_FILE, THRESHOLDS_FILE, Course, Topic, load_course, slug
from core.messages import Zone
from core.search import SearchIndex
from core.settings import Settings, read_settings
from core.summary import summaries
from core.words import Words, words_in

HEADS = (
    *("kb-head-topic", "kb-head-cards", "kb-head-levels", "kb-head-aliases"),
    *("kb-head-misconceptions", "kb-head-questions", "kb-head-figures", "kb-head-warnings"),
)
PACKAGES = frozenset({"site-packages", "dist-packages"})
"""The folders in which an installed program lies, its course with it; the next version replaces them."""
FEWEST_ON, FEWEST_OFF = 20, 10
"""Questions of the course and outside it below which thresholds would say more of the questions than of the course."""
STATES = {"new": "kb-state-new", "changed": "kb-state-changed", "emptied": "kb-state-emptied", "same": "kb-state-same"}


@click.group("kb", help="cli-kb")
def group() -> None:
    """Commands on the course."""


def _opened() -> tuple[Settings, Words, Console]:
    settings = read_settings()
    return settings, words_in(settings.profond_lang), Console(highlight=False, soft_wrap=True)


def _own_folder(settings: Settings) -> Path:
    """Return the folder of a course that may be written. Raises SetupError for one that the next version would replace."""
    folder = settings.course_folder
    if PACKAGES & set(folder.resolve().parts):
        raise SetupError("setup-course-installed", folder=str(folder))
    return folder


def _line(words: Words, fault: Fault) -> str:
    card = f"({fault.details['card']})" if "card" in fault.details else ""
    place = " ".join(filter(None, (fault.file, fault.path, card)))
    return words("labelled", label=place, text=words(fault.key, **fault.details))


as_json_option = click.option("--json", "as_json", is_flag=True, help="cli-json")


@group.command(help="cli-kb-check")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--strict", is_flag=True, help="cli-strict")
def check(folder: Path | None, *, strict: bool) -> None:
    """Print every fault of the course at once, and what might be better."""
    settings, words, console = _opened()
    course = _loaded(folder or settings.course_folder, words, console)
    warnings = [*course.warnings, *_unanswered(course), *_taught(course)]
    for fault in warnings:
        console.print(_line(words, fault), markup=False)
    _print_summary(course, words, console)
    if course.outside:
        phrasings = sum(len(subject.phrasings) for subject in course.outside)
        console.print(words("kb-outside", subjects=len(course.outside), phrasings=phrasings), markup=False)
    if warnings:
        console.print(words("kb-warnings", count=len(warnings)), markup=False)
    console.print(words("kb-good", topics=len(course.topics), cards=len(course.cards)), markup=False)
    if strict and warnings:
        raise SystemExit(1)


def _unanswered(course: Course) -> Iterator[Fault]:
    """Yield a warning for every example question that the bot offers and would not answer."""
    index = SearchIndex(course)
    for number, question in enumerate(course.info.example_questions):
        if index.search(question).zone is not Zone.SURE:
            yield Fault(COURSE_FILE, f"$.example_questions[{number}]", "fault-example-unsure", {"value": question})


def _taught(course: Course) -> Iterator[Fault]:
    """Yield a warning for every subject outside the course that bears a card's own name: what is taught can be asked for."""
    names = {frozenset(terms(name)): card.id for card in course.cards for name in (*card.aliases, card.title)}
    for number, subject in enumerate(course.outside):
        named = frozenset(terms(subject.title))
        if named and named in names:
            yield Fault(OUTSIDE_FILE, f"$.subjects[{number}]", "fault-taught", {"value": subject.title, "card": names[named]})


def _loaded(folder: Path, words: Words, console: Console) -> Course:
    try:
        return load_course(folder)
    except CourseError as error:
        _print_faults(error, words, console)
        raise


def _print_faults(error: CourseError, words: Words, console: Console) -> None:
    for fault in error.faults:
        console.print(_line(words, fault), markup=False)


def _print_summary(course: Course, words: Words, console: Console) -> None:
    rows = [astuple(summary) for summary in summaries(course)]
    totals = [words("kb-total"), *(sum(column) for column in list(zip(*rows, strict=True))[1:])]
    _table(console, [words(head) for head in HEADS], [[str(value) for value in row] for row in (*rows, totals)])


@group.command(help="cli-kb-new")
@click.argument("topic")
@click.argument("title")
@click.option("--new-topic", is_flag=True, help="cli-new-topic")
def new(topic: str, title: str, *, new_topic: bool) -> None:
    """Write a card to fill in into a topic's file, and say where it stands."""
    settings, words, console = _opened()
    folder = _own_folder(settings)
    topics = topics_of(folder)
    files = TopicFiles(folder)
    place = _fresh_topic(topics, topic) if new_topic else find_topic(topics, topic)
    card, name = add_skeleton(files, topics, place, title, words("card-to-write"))
    files.load()
    files.save()
    console.print(words("kb-created", card=card, file=str(folder / name)), markup=False)


def _fresh_topic(topics: Sequence[Topic], title: str) -> Topic:
    made = slug(title)
    if not made:
        raise SetupError("setup-no-id", title=title[:60])
    for topic in topics:
        if made in {topic.id, slug(topic.title)}:
            raise SetupError("setup-topic-exists", name=topic.id)
    return Topic(id=made, title=title, subtopics=())


@group.command("import", help="cli-kb-import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="cli-dry-run")
def import_markdown(file: Path, *, dry_run: bool) -> None:
    """Make cards of a Markdown file: what it tells replaces the cards of the same id, all others stay."""
    from core.markdown_cards import from_markdown  # noqa: PLC0415  # slow to import

    settings, words, console = _opened()
    folder = _own_folder(settings)
    try:
        known = topics_of(folder)
        told = from_markdown(_read_text(file), file.name, known)
        files = TopicFiles(folder)
        changes = merge(files, known, told.topics)
        files.load()
    except MarkdownError as error:
        for fault in error.faults:
            place = words("kb-at-line", file=fault.file, line=fault.path)
            console.print(words("labelled", label=place, text=words(fault.key, **fault.details)), markup=False)
        raise
    except CourseError as error:
        _print_faults(error, words, console)
        raise
    _print_changes(changes, words, console)
    counts = Counter(change.state for change in changes)
    figures = {state: counts[state] for state in ("new", "changed", "same")}
    if dry_run:
        console.print(words("kb-would-import", **figures), markup=False)
        return
    names = ", ".join(files.changed)
    files.save()
    console.print(words("kb-imported", **figures, files=names or "none"), markup=False)


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise SetupError("setup-markdown-file", file=str(file)) from None


def _print_changes(changes: Sequence[Change], words: Words, console: Console) -> None:
    for change in changes:
        said = words(STATES["emptied" if change.emptied else change.state], fields=", ".join(change.fields), emptied=", ".join(change.emptied))
        console.print(words("labelled", label=f"{change.topic} / {change.card}", text=said), markup=False)


@group.command(help="cli-kb-export")
@click.argument("topic", required=False)
@click.option("--output", type=click.Path(path_type=Path), help="cli-output")
@click.option("--force", is_flag=True, help="cli-force")
def export(topic: str | None, output: Path | None, *, force: bool) -> None:
    """Write the course, or one topic, as Markdown that `import` reads as the same cards."""
    from core.markdown_cards import to_markdown  # noqa: PLC0415  # slow to import

    settings, words, console = _opened()
    course = _loaded(settings.course_folder, words, console)
    topics = [find_topic(course.topics, topic)] if topic else course.topics
    text = to_markdown(topics, course.info.title)
    if output is None:
        click.echo(text, nl=False)
        return
    if output.exists() and not force:
        raise SetupError("setup-output-exists", file=str(output))
    write_whole(output, text)
    console.print(words("kb-exported", cards=sum(len(each.subtopics) for each in topics), file=str(output)), markup=False)


@group.command(help="cli-kb-search")
@click.argument("text")
@as_json_option
def search(text: str, *, as_json: bool) -> None:
    """Print the cards found for a text, with scores, zone and why."""
    settings, words, console = _opened()
    found = SearchIndex(load_course(settings.course_folder)).search(text)
    rows = [{"card": p.card_id, "title": p.title, "score": round(p.score, 2), "confidence": round(p.confidence, 2)} for p in found.passages]
    if as_json:
        why = {"matched": found.matched, "repaired": dict(found.analysis.repaired), "foreign": found.foreign._asdict()}
        click.echo(json.dumps({"zone": found.zone.value, "cards": rows, **why}, ensure_ascii=False))
        return
    _table(console, ["card", "title", "score", "confidence"], [[str(value) for value in row.values()] for row in rows])
    console.print(words("kb-zone", zone=words(f"zone-{found.zone.value}"), confidence=f"{found.confidence:.2f}"), markup=False)
    console.print(words("kb-matched", words=", ".join(found.matched)), markup=False)
    if found.analysis.repaired:
        console.print(words("kb-repaired", words=", ".join(f"{a} → {b}" for a, b in found.analysis.repaired.items())), markup=False)
    if found.foreign.subject:
        console.print(words("kb-foreign", subject=found.foreign.subject, share=f"{100 * found.foreign.share:.0f}"), markup=False)


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
@click.option("--refused", type=click.FloatRange(0.0, 0.5), default=0.01, show_default=True, help="cli-refused")
def set_thresholds(file: Path | None, precision: float, refused: float) -> None:
    """Set the zones' thresholds from questions with known cards, and write them beside the course."""
    settings, words, console = _opened()
    course = load_course(_own_folder(settings))
    questions = _enough(read_questions(file or course.folder / "questions" / "calibration.json"))
    thresholds = calibrate(examine(SearchIndex(course), questions), precision=precision, refused=refused)
    _write(course, thresholds.model_dump_json(indent=2))
    console.print(
        words("kb-calibrated", file=THRESHOLDS_FILE, sure=thresholds.sure, outside=thresholds.outside, count=thresholds.questions), markup=False
    )


def _enough(questions: list[ExamQuestion]) -> list[ExamQuestion]:
    """Return the questions where they are enough to calibrate with. Raises SetupError."""
    on = sum(bool(question.targets) for question in questions)
    off = len(questions) - on
    if on < FEWEST_ON or off < FEWEST_OFF:
        raise SetupError("setup-few-questions", on=on, off=off, fewest_on=FEWEST_ON, fewest_off=FEWEST_OFF)
    return questions


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
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for head, column in zip(heads, zip(*rows, strict=True), strict=True):
        is_number = not any(re.search(r"[^\W\d_]", cell) for cell in column)
        table.add_column(head, justify="right" if is_number else "left", overflow="fold", no_wrap=head == heads[0])
    for row in rows:
        table.add_row(*row)
    console.print(table, soft_wrap=False)
