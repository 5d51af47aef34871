"""A trial as a report: Markdown for people, plain values for JSON; two trials stand side by side, with what changed between them."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.checks import CHECKS, LEVEL_CHECKS
from core.rails import RAILS
from core.trial import Trial, Verdict
from core.words import Words

MOST_LINES = 60
CLEAR = 0.05
"""A split less probable than this by chance alone is called more than chance."""
CHECK_WORDS = {
    "writer": "eval-check-writer",
    "french": "eval-check-french",
    "points": "eval-check-points",
    "example": "eval-check-example",
    "certainty": "eval-check-certainty",
    "sources": "eval-check-sources",
    "facts": "eval-check-facts",
    "length": "eval-check-length",
    "end": "eval-check-end",
    "safe": "eval-check-safe",
    "no-card": "eval-check-no-card",
    "target": "eval-check-target",
    "same-card": "eval-check-same-card",
    "easier": "eval-check-easier",
    "sentences": "eval-check-sentences",
}
FIGURE_WORDS = {
    "answers": "eval-figure-answers",
    "by-model": "eval-figure-by-model",
    "tokens-in": "eval-figure-in",
    "tokens-cached": "eval-figure-cached",
    "tokens-out": "eval-figure-out",
    "euros": "eval-figure-euros",
    "euros-100": "eval-figure-euros-hundred",
    "ms-median": "eval-figure-ms",
    "ms-90": "eval-figure-ms-slow",
}
RAIL_WORDS = {
    "cards": "eval-rail-cards",
    "cites": "eval-rail-cites",
    "invents-nothing": "eval-rail-invents-nothing",
    "says-unsure": "eval-rail-says-unsure",
    "level": "eval-rail-level",
    "level-rule": "eval-rail-level-rule",
    "length": "eval-rail-length",
    "language": "eval-rail-language",
    "definition": "eval-rail-definition",
    "points": "eval-rail-points",
    "example": "eval-rail-example",
    "one-way": "eval-rail-one-way",
    "check-question": "eval-rail-check-question",
    "misconception": "eval-rail-misconception",
    "missing": "eval-rail-missing",
    "graded-work": "eval-rail-graded-work",
    "injection": "eval-rail-injection",
}


@dataclass(frozen=True, kw_only=True)
class About:
    """What was run: the file's name, how many questions, their levels by name, the course's version."""

    file: str
    questions: int
    levels: str
    course: str


@dataclass(frozen=True, slots=True)
class Change:
    """A verdict that differs between two trials; an empty `wrong` means that the second passes."""

    id: str
    level: str
    check: str
    wrong: str


def changes(first: Trial, second: Trial) -> list[Change]:
    """Return every verdict of the second trial that the first does not share."""
    before = {(v.id, v.level, v.check): v for v in first.verdicts()}
    pairs = [(before[v.id, v.level, v.check], v) for v in second.verdicts() if (v.id, v.level, v.check) in before]
    return [Change(new.id, new.level, new.check, new.wrong) for old, new in pairs if bool(old.wrong) != bool(new.wrong)]


def chance(better: int, worse: int) -> float:
    """Return how probable so uneven a split is by chance alone (exact sign test, both sides; McNemar 1947)."""
    count, most = better + worse, max(better, worse)
    tail = sum(math.comb(count, k) for k in range(most, count + 1))
    return min(1.0, 2.0 * float(tail) / 2.0**count)


def as_json(trials: Sequence[Trial], about: About) -> dict[str, Any]:
    """Return the report as values for JSON, with every answer's text."""
    told: dict[str, Any] = {"run": asdict(about), "trials": [_trial(trial) for trial in trials]}
    if len(trials) == 2:
        told["changes"] = [asdict(change) for change in changes(*trials)]
    return told


def _trial(trial: Trial) -> dict[str, Any]:
    return {
        "prompt": trial.version,
        "models": trial.models(),
        "checks": {check: {"passed": passed, "asked": asked} for check, (passed, asked) in trial.tally().items()},
        "figures": trial.figures(),
        "prompt_alone": asdict(trial.measure) if trial.measure else None,
        "levels": trial.across,
        "answers": [
            {
                "id": each.id,
                "kind": each.kind,
                "level": each.level.value,
                "zone": each.answer.zone.value,
                "writer": each.answer.writer.value,
                "cards": [source.card_id for source in each.answer.sources],
                "checks": each.found,
                "tokens": asdict(each.answer.completion.usage),
                "cost_micros": each.micros,
                "milliseconds": each.milliseconds,
                "text": each.answer.text,
            }
            for each in trial.tried
        ],
    }


def as_markdown(trials: Sequence[Trial], about: About, words: Words) -> str:
    """Return the report as Markdown."""
    names = [trial.version or words("eval-cards") for trial in trials]
    lines = [f"# {words('eval-title', file=about.file)}", ""]
    lines += [words("eval-run", questions=about.questions, levels=about.levels, course=about.course), ""]
    lines += [f"* **{name}** : {', '.join(trial.models()) or words('eval-no-model')}" for name, trial in zip(names, trials, strict=True)]
    lines += ["", *_table(words("eval-head-check"), names, _check_rows(trials, words))]
    lines += ["", *_table(words("eval-head-figure"), names, _figure_rows(trials, words))]
    if any(trial.measure for trial in trials):
        lines += ["", words("eval-alone"), "", *_table(words("eval-head-prompt"), names, _rail_rows(trials, words))]
    if len(trials) == 2:
        lines += ["", *_changed(changes(*trials), names, words)]
    for name, trial in zip(names, trials, strict=True):
        lines += ["", *_failed(name, trial, words)]
    return "\n".join(lines) + "\n"


def _table(head: str, names: Sequence[str], rows: Mapping[str, Sequence[str]]) -> list[str]:
    cells = [[head, *names], ["---", *("---:" for _ in names)], *([name, *values] for name, values in rows.items())]
    return [f"| {' | '.join(row)} |" for row in cells]


def _check_rows(trials: Sequence[Trial], words: Words) -> dict[str, list[str]]:
    tallies = [trial.tally() for trial in trials]
    asked = [name for name in (*CHECKS, *LEVEL_CHECKS) if any(name in tally for tally in tallies)]
    return {words(CHECK_WORDS[name]): [f"{t[name][0]}/{t[name][1]}" if name in t else "–" for t in tallies] for name in asked}


def _figure_rows(trials: Sequence[Trial], words: Words) -> dict[str, list[str]]:
    figures = [trial.figures() for trial in trials]
    return {words(key): [_amount(name, found[name]) for found in figures] for name, key in FIGURE_WORDS.items()}


def _amount(name: str, value: float) -> str:
    return f"{value:.4f}" if name.startswith("euros") else f"{value:.0f}"


def _rail_rows(trials: Sequence[Trial], words: Words) -> dict[str, list[str]]:
    found = [trial.measure for trial in trials]
    rows = {
        words("eval-prompt-rules"): [str(m.rules) if m else "–" for m in found],
        words("eval-prompt-whole"): [str(m.whole) if m else "–" for m in found],
        words("eval-prompt-stable"): [str(m.stable) if m else "–" for m in found],
    }
    said = {True: words("eval-yes"), False: words("eval-no")}
    return rows | {words(RAIL_WORDS[name]): [said[m.rails[name]] if m else "–" for m in found] for name in RAILS}


def _changed(found: Sequence[Change], names: Sequence[str], words: Words) -> list[str]:
    """Say by check what the second does better and worse, whether that may be chance, and on which questions."""
    lines = [f"## {words('eval-changes', first=names[0], second=names[1])}", ""]
    if not found:
        return [*lines, words("eval-no-change")]
    for check in dict.fromkeys(change.check for change in found):
        better = [change for change in found if change.check == check and not change.wrong]
        worse = [change for change in found if change.check == check and change.wrong]
        p = _by_question([*better, *worse])
        key = "eval-change-clear" if p < CLEAR else "eval-change-chance"
        said = words(key, better=len(better), worse=len(worse), p=f"= {p:.3f}" if p >= 0.001 else "< 0,001")
        lines.append(f"* {words('labelled', label=words(CHECK_WORDS[check]), text=said)}")
        places = ", ".join(_place(change, words) for change in better)
        lines += [f"  * {words('labelled', label=words('eval-better'), text=places)}"] if better else []
        lines += [f"  * {words('labelled', label=words('eval-worse'), text=_said(change, words))}" for change in worse[:MOST_LINES]]
    return lines


def _by_question(found: Sequence[Change]) -> float:
    """Return what chance alone explains, a question counting once: its levels are not independent."""
    net = Counter[str]()
    for change in found:
        net[change.id] += -1 if change.wrong else 1
    return chance(sum(value > 0 for value in net.values()), sum(value < 0 for value in net.values()))


def _failed(name: str, trial: Trial, words: Words) -> list[str]:
    wrong = [verdict for verdict in trial.verdicts() if verdict.wrong]
    lines = [f"## {words('eval-failed', name=name, count=len(wrong))}", ""] if wrong else [words("eval-none-failed", name=name)]
    lines += [f"* {words('labelled', label=words(CHECK_WORDS[v.check]), text=_said(v, words))}" for v in wrong[:MOST_LINES]]
    return [*lines, *([f"* {words('eval-more', count=len(wrong) - MOST_LINES)}"] if len(wrong) > MOST_LINES else [])]


def _place(found: Change | Verdict, words: Words) -> str:
    return f"{found.id} {words(f'level-{found.level}')}" if found.level else found.id


def _said(found: Change | Verdict, words: Words) -> str:
    return words("labelled", label=_place(found, words), text=_quoted(found.wrong))


def _quoted(text: str) -> str:
    return f"`{text.replace('`', ' ')}`"
