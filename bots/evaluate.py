"""`profond eval`: puts questions to the assistant with a prompt and a model, checks the answers, compares two prompts."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import click
from rich.console import Console

from core.errors import SetupError
from core.evaluation import read_questions
from core.knowledge import level_named, load_course
from core.messages import Level
from core.settings import Settings, read_settings
from core.store.database import open_database
from core.store.judged import Judged, judged
from core.trial import Plan, Trial, run_trial
from core.trial_report import About, as_json, as_markdown
from core.words import Words, words_in


@click.command("eval", help="cli-eval")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--level", "levels", multiple=True, help="cli-eval-level")
@click.option("--prompt", metavar="VERSION", help="cli-eval-prompt")
@click.option("--against", metavar="VERSION", help="cli-eval-against")
@click.option("--model", metavar="NAME", help="cli-eval-model")
@click.option("--cards", is_flag=True, help="cli-eval-cards")
@click.option("--limit", type=click.IntRange(min=1), help="cli-eval-limit")
@click.option("--json", "is_json", is_flag=True, help="cli-json")
@click.option("--report", type=click.Path(path_type=Path), metavar="FILE", help="cli-eval-report")
@click.option("--feedback", is_flag=True, help="cli-eval-feedback")
def evaluate(  # noqa: PLR0913  # a command's options
    file: Path | None,
    *,
    levels: tuple[str, ...],
    prompt: str | None,
    against: str | None,
    model: str | None,
    cards: bool,
    limit: int | None,
    is_json: bool,
    report: Path | None,
    feedback: bool,
) -> None:
    """Run the questions of a file and report, or tell how students judged each prompt."""
    settings = read_settings()
    words = words_in(settings.profond_lang)
    if feedback:
        _tell_feedback(settings, words, is_json=is_json)
        return
    if file is None:
        raise click.MissingParameter(param_hint="FILE", param=click.get_current_context().command.params[0])
    plan = _plan(settings, file, tuple(level_named(level) for level in levels), prompt, model, limit=limit, has_model=not cards)
    plans = [plan, replace(plan, prompt=against)] if against else [plan]
    if against and not plan.model:
        raise SetupError("setup-eval-against")
    trials = [asyncio.run(_run(settings, each)) for each in plans]
    about = _about(settings, file, plan, words)
    _write(report, trials, about, words)
    _show(trials, about, words, is_json=is_json)


def _plan(  # noqa: PLR0913  # what the command was told, each by name
    settings: Settings, file: Path, levels: Sequence[Level], prompt: str | None, model: str | None, *, limit: int | None, has_model: bool
) -> Plan:
    """Return what is to be tried. Without a key the cards write, unless a prompt or a model was asked for. Raises SetupError."""
    if has_model and settings.mistral_api_key is None:
        if prompt or model:
            raise SetupError("setup-eval-key")
        has_model = False
    return Plan(
        questions=read_questions(file)[:limit],
        levels=list(dict.fromkeys(levels)) or [Level.BEGINNER],
        prompt=prompt or load_course(settings.course_folder).info.prompt,
        model=(model or settings.mistral_model) if has_model else "",
    )


async def _run(settings: Settings, plan: Plan) -> Trial:
    total, done = len(plan.questions) * len(plan.levels), 0

    def count() -> None:
        nonlocal done
        done += 1
        if sys.stderr.isatty():
            print(f"\r{plan.prompt * bool(plan.model)} {done}/{total}", end="" if done < total else "\n", file=sys.stderr, flush=True)

    return await run_trial(settings, plan, count)


def _about(settings: Settings, file: Path, plan: Plan, words: Words) -> About:
    levels = ", ".join(words(f"level-{level}") for level in plan.levels)
    return About(file=file.name, questions=len(plan.questions), levels=levels, course=load_course(settings.course_folder).version)


def _write(report: Path | None, trials: Sequence[Trial], about: About, words: Words) -> None:
    """Write the report: JSON where the file's name says so, else Markdown. Raises SetupError."""
    if report is None:
        return
    is_json = report.suffix.lower() == ".json"
    text = _dumped(trials, about) if is_json else as_markdown(trials, about, words)
    try:
        report.write_text(text, encoding="utf-8")
    except OSError:
        raise SetupError("setup-output-file", file=str(report)) from None


def _dumped(trials: Sequence[Trial], about: About) -> str:
    return json.dumps(as_json(trials, about), ensure_ascii=False, indent=2) + "\n"


def _show(trials: Sequence[Trial], about: About, words: Words, *, is_json: bool) -> None:
    """Print the report: drawn on a screen, as Markdown into a pipe."""
    if is_json:
        print(_dumped(trials, about), end="")
        return
    _print_markdown(as_markdown(trials, about, words))


def _print_markdown(text: str) -> None:
    from rich.markdown import Markdown  # noqa: PLC0415  # slow to import

    console = Console(highlight=False)
    if console.is_terminal:
        console.print(Markdown(text))
    else:
        print(text, end="")


def _tell_feedback(settings: Settings, words: Words, *, is_json: bool) -> None:
    """Print how students judged the answers that are kept, by prompt version and model."""

    async def read() -> list[Judged]:
        async with open_database(settings) as database:
            return await judged(database, settings.retention_days)

    found = asyncio.run(read())
    if is_json:
        print(json.dumps([asdict(line) for line in found], ensure_ascii=False, indent=2))
    elif not found:
        print(words("eval-feedback-none"))
    else:
        heads = (
            words("eval-feedback-prompt"),
            words("eval-feedback-model"),
            words("eval-feedback-answers"),
            "👍",
            "👎",
            words("eval-feedback-reports"),
        )
        rows = [[line.prompt_version or "–", line.model or "–", *map(str, (line.answers, line.up, line.down, line.reports))] for line in found]
        table = [list(heads), ["---", "---", *["---:"] * 4], *rows]
        _print_markdown("\n".join(f"| {' | '.join(row)} |" for row in table) + "\n")
