"""How students judged what each prompt and model wrote: thumbs and reports counted, never read, never by student."""

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, func, select

from core.messages import Zone
from core.store.database import Database
from core.store.tables import answers, feedback, reports

DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Answers of one prompt version and one model; both are empty where the cards wrote without a model."""

    prompt_version: str
    model: str
    answers: int
    up: int
    down: int
    reports: int


def _statement(since: float) -> Select[Any]:
    """Return the one query: answers by the index of their time, thumbs and reports by the index of their answer."""
    is_late = answers.c.created_at >= since
    up, down = (func.sum(case((feedback.c.value == value, 1), else_=0)) for value in (1, -1))
    thumbs = select(feedback.c.answer, up.label("up"), down.label("down")).join(answers, answers.c.id == feedback.c.answer)
    thumbed = thumbs.where(is_late).group_by(feedback.c.answer).subquery()
    told = select(reports.c.answer, func.count().label("reports")).join(answers, answers.c.id == reports.c.answer)
    reported = told.where(is_late).group_by(reports.c.answer).subquery()
    sums = (func.coalesce(func.sum(column), 0) for column in (thumbed.c.up, thumbed.c.down, reported.c.reports))
    return (
        select(answers.c.prompt_version, answers.c.model, func.count(), *sums)
        .outerjoin(thumbed, thumbed.c.answer == answers.c.id)
        .outerjoin(reported, reported.c.answer == answers.c.id)
        .where(is_late, answers.c.zone == Zone.SURE.value)
        .group_by(answers.c.prompt_version, answers.c.model)
        .order_by(answers.c.prompt_version, answers.c.model)
    )


async def judged(database: Database, days: int, now: float | None = None) -> list[Judged]:
    """Return how the answers of the last days were judged, by prompt version and model."""
    since = (time.time() if now is None else now) - days * DAY
    async with database.read() as connection:
        rows = (await connection.execute(_statement(since))).all()
    return [
        Judged(prompt_version=version, model=model, answers=int(count), up=int(up), down=int(down), reports=int(told))
        for version, model, count, up, down, told in rows
    ]
