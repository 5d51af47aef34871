"""Measures a search by questions with known targets, and sets the zones' thresholds from them.

A hit is any target among the first k distinct cards; AUROC is the probability that an on-topic question has a higher
confidence than an off-topic one (ties count half; Hanley & McNeil 1982).
"""

import json
import math
import statistics
import time
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from core.errors import SetupError
from core.knowledge import Thresholds
from core.messages import Zone
from core.search import SearchIndex

MARGIN = 1.35
"""A calibration's questions are a sample: the next foreign one may come nearer to the course than all of them, the next good one less near."""


class ExamQuestion(BaseModel):
    """A question with the cards that answer it; no targets means off topic."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: str
    question: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the search made of one question. `rank` is the first target's place from 1, or 0; `leads`: the first card is clearly better."""

    kind: str
    is_on_topic: bool
    rank: int
    confidence: float
    leads: bool
    zone: Zone
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Scores:
    """The figures of a set of questions; None where there is nothing to divide by."""

    questions: int
    recall_at_1: float | None
    recall_at_3: float | None
    mrr: float | None
    auroc: float | None
    sure_precision: float | None
    offtopic_sure: int
    wrongly_refused: float | None
    ms_p50: float | None
    ms_p99: float | None


def read_questions(path: Path) -> list[ExamQuestion]:
    """Read a list of `{id, kind, question, targets}`. Raises SetupError."""
    try:
        return TypeAdapter(list[ExamQuestion]).validate_python(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, ValidationError):
        raise SetupError("setup-questions-file", file=str(path)) from None


def examine(index: SearchIndex, questions: Sequence[ExamQuestion], *, limit: int = 10) -> list[Outcome]:
    """Search for every question and return what came of each; the index is warm, as a bot's is."""
    index.warm()
    outcomes = []
    for asked in questions:
        start = time.perf_counter()
        found = index.search(asked.question, limit)
        elapsed = (time.perf_counter() - start) * 1000
        ranks = [place for place, passage in enumerate(found.passages, 1) if passage.card_id in asked.targets]
        outcomes.append(Outcome(asked.kind, bool(asked.targets), min(ranks, default=0), found.confidence, found.leads, found.zone, elapsed))
    return outcomes


def score(outcomes: Sequence[Outcome]) -> Scores:
    """Return the figures of these outcomes."""
    on = [outcome for outcome in outcomes if outcome.is_on_topic]
    off = [outcome for outcome in outcomes if not outcome.is_on_topic]
    sure = [outcome for outcome in outcomes if outcome.zone is Zone.SURE]
    times = sorted(outcome.milliseconds for outcome in outcomes)
    return Scores(
        questions=len(outcomes),
        recall_at_1=_share([outcome.rank == 1 for outcome in on]),
        recall_at_3=_share([0 < outcome.rank <= 3 for outcome in on]),
        mrr=_share([1 / outcome.rank if outcome.rank else 0.0 for outcome in on]),
        auroc=auroc([outcome.confidence for outcome in on], [outcome.confidence for outcome in off]),
        sure_precision=_share([outcome.rank == 1 for outcome in sure]),
        offtopic_sure=sum(outcome.zone is Zone.SURE for outcome in off),
        wrongly_refused=_share([outcome.zone is Zone.OUTSIDE for outcome in on]),
        ms_p50=_quantile(times, 0.5),
        ms_p99=_quantile(times, 0.99),
    )


def by_kind(outcomes: Sequence[Outcome]) -> dict[str, Scores]:
    """Return the figures in all, then per kind."""
    kinds = dict.fromkeys(outcome.kind for outcome in outcomes)
    return {"all": score(outcomes)} | {kind: score([o for o in outcomes if o.kind == kind]) for kind in kinds}


def auroc(on: Sequence[float], off: Sequence[float]) -> float | None:
    """Return the probability that a value of `on` is above one of `off`, or None when either is empty."""
    if not on or not off:
        return None
    ordered = sorted(off)
    below = sum(bisect_left(ordered, value) + bisect_right(ordered, value) for value in on)
    return below / (2 * len(on) * len(off))


def calibrate(outcomes: Sequence[Outcome], *, precision: float = 0.96, refused: float = 0.01) -> Thresholds:
    """Return the thresholds for these outcomes.

    `sure` is the lowest confidence that lies MARGIN above every off-topic question and from which on the share of right
    first cards is at least `precision`; `outside` lies MARGIN below the highest under which at most `refused` of the on-topic ones lie.
    """
    on = sorted(outcome.confidence for outcome in outcomes if outcome.is_on_topic)
    leading = [outcome for outcome in outcomes if outcome.leads]  # no other can be sure
    highest_off = max((outcome.confidence for outcome in leading if not outcome.is_on_topic), default=0.0)
    ordered = sorted((outcome for outcome in leading if outcome.confidence > highest_off), key=lambda o: o.confidence)
    sure = ordered[-1].confidence if ordered else highest_off + 1.0
    right = 0
    for count, outcome in enumerate(reversed(ordered), 1):
        right += outcome.rank == 1
        if right / count >= precision:
            sure = outcome.confidence
    sure = max(sure, highest_off * MARGIN)
    outside = on[int(len(on) * refused)] / MARGIN if on else 0.0
    return Thresholds(sure=_floor(sure), outside=_floor(min(outside, sure)), questions=len(outcomes))


def _floor(confidence: float) -> float:
    """Return two decimals, never above the question that set the threshold."""
    return math.floor(100 * confidence) / 100


def _share(values: Sequence[float]) -> float | None:
    return round(statistics.fmean(values), 4) if values else None


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 3) if ordered else None
