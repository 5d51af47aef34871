"""`profond privacy`: the papers that a school owes its students, filled in from the settings.

A paper is Markdown in `bots/papers/`, in French as the law is. `$name` is always filled; `[à compléter : … (SETTING)]` is
filled where that setting is set, and stands out where it is not; what stands between `<!-- si : words -->` and
`<!-- fin -->` stays where all those words are true of this installation.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from importlib.resources import files
from itertools import count
from pathlib import Path
from string import Template
from typing import NamedTuple
from urllib.parse import urlsplit

import click

from core.course_files import write_whole
from core.errors import SetupError
from core.knowledge import CourseInfo, load_course
from core.settings import Settings, read_settings
from core.words import duration, words_in

BLANK = re.compile(r"\[à compléter : ([^\]()]+?)(?: \(([A-Z_]+)\))?\]")
NO_PLATFORM = "[à compléter : Discord ou Slack, par DISCORD_TOKEN ou SLACK_BOT_TOKEN]"
_PART = re.compile(r"^<!-- si : ([a-z -]+) -->\n(.*?)^<!-- fin -->\n", re.MULTILINE | re.DOTALL)
_MISTRAL, _MISTRAL_EU = "mistral.ai", "api.eu.mistral.ai"


class Paper(NamedTuple):
    """A paper that was filled in, by its file's name, and what is still to be written in it by hand."""

    name: str
    text: str
    blanks: tuple[str, ...]


def fill(settings: Settings, info: CourseInfo) -> Iterator[Paper]:
    """Yield every paper as it is for these settings."""
    facts, words = _facts(settings), _words(settings, info)
    for source in sorted(files("bots").joinpath("papers").iterdir(), key=lambda source: source.name):
        text = source.read_text(encoding="utf-8")
        kept = _PART.sub(lambda part: part[2] if set(part[1].split()) <= facts else "", text)
        said = BLANK.sub(lambda blank: _given(settings, info, blank[2]) or blank[0], Template(kept).substitute(words))
        yield Paper(source.name, re.sub(r"\n{3,}", "\n\n", said), tuple(dict.fromkeys(_label(blank) for blank in BLANK.finditer(said))))


def _label(blank: re.Match[str]) -> str:
    return f"{blank[1]} ({blank[2]})" if blank[2] else blank[1]


def _given(settings: Settings, info: CourseInfo, name: str | None) -> str:
    """Return what a setting of the school's says; the course's own contact stands in for the school's."""
    given = str(getattr(settings, name.lower(), "")).strip() if name else ""
    return given or (info.contact if name == "SCHOOL_CONTACT" else "")


def _platforms(settings: Settings) -> list[str]:
    return [name for name, token in (("Discord", settings.discord_token), ("Slack", settings.slack_bot_token)) if token]


def _host(settings: Settings) -> str:
    return urlsplit(settings.mistral_server_url).hostname or ""


def _facts(settings: Settings) -> set[str]:
    """Return the words that are true of this installation."""
    platforms = _platforms(settings)
    content = "avec-contenu" if settings.discord_message_content else "sans-contenu"
    facts = {"plateforme" if platforms else "sans-plateforme", content, *(name.lower() for name in platforms)}
    if settings.mistral_api_key is None:
        return facts | {"sans-modele"}
    host = _host(settings)
    if host != _MISTRAL and not host.endswith(f".{_MISTRAL}"):
        return facts | {"modele", "autre-modele"}
    return facts | {"modele", "mistral", "mistral-ue" if host == _MISTRAL_EU else "mistral-monde"}


def _words(settings: Settings, info: CourseInfo) -> Mapping[str, str]:
    """Return what fills every `$name`."""
    words, host = words_in("fr"), _host(settings)
    models = dict.fromkeys((settings.mistral_model, *settings.mistral_fallback_models, settings.mistral_small_model))
    return {
        "course": info.title,
        "audience": info.audience,
        "platforms": " et ".join(_platforms(settings)) or NO_PLATFORM,
        "server": host,
        "maker": "Mistral AI" if "mistral" in _facts(settings) else "un serveur choisi par l'établissement",
        "models": ", ".join(models),
        "days": str(settings.retention_days),
        "cache": duration(words, settings.cache_seconds),
        "budget": f"{settings.budget_month_eur:g} €",
        "size": str(settings.allowance_size),
        "refill": duration(words, settings.allowance_refill_seconds),
        "per_day": str(settings.allowance_per_day),
    }


@click.command("privacy", help="cli-privacy")
@click.option("--output", type=click.Path(path_type=Path), help="cli-privacy-output")
@click.option("--force", is_flag=True, help="cli-force")
def command(output: Path | None, *, force: bool) -> None:
    """Write the papers into a folder, or print them; name what is left to fill in."""
    settings = read_settings()
    words = words_in(settings.profond_lang)
    papers = list(fill(settings, load_course(settings.course_folder).info))
    if output is None:
        click.echo("\n\n".join(paper.text for paper in papers), nl=False)
    else:
        kept = _write(papers, output, force=force)
        click.echo(words("papers-written", count=len(papers), folder=str(output)))
        if kept:
            click.echo(words("papers-kept", count=len(kept), files=", ".join(kept)))
    for paper in papers:
        if paper.blanks:
            click.echo(words("papers-blank", file=paper.name, blanks=" · ".join(paper.blanks)), err=True)
    if blanks := sum(len(paper.blanks) for paper in papers):
        click.echo(words("papers-blanks", count=blanks), err=True)


def _write(papers: list[Paper], folder: Path, *, force: bool) -> list[str]:
    """Write all or nothing; return the names under which papers that stood there otherwise are kept. Raises SetupError."""
    targets = [folder / paper.name for paper in papers]
    for target in targets:
        if target.exists() and not force:
            raise SetupError("setup-output-exists", file=str(target))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = [_kept(target) for target, paper in zip(targets, papers, strict=True) if _stands_otherwise(target, paper)]
    except OSError:
        raise SetupError("setup-output-file", file=str(folder)) from None
    for target, paper in zip(targets, papers, strict=True):
        write_whole(target, paper.text)
    return kept


def _stands_otherwise(target: Path, paper: Paper) -> bool:
    return target.exists() and target.read_bytes() != paper.text.encode()


def _kept(target: Path) -> str:
    """Copy a paper, which a hand may have completed, beside itself under a name that nothing has; return the name."""
    names = (target.with_name(f"{target.name}.bak{number or ''}") for number in count())
    copy = next(name for name in names if not name.exists())
    shutil.copy2(target, copy)
    return copy.name
