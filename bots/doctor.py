"""`profond doctor`: what is right, what is wrong, and the mend, a line each."""

from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

from core.errors import ModelAway, SetupError
from core.knowledge import Course, load_course
from core.model import open_model
from core.profond import course_template
from core.settings import Settings
from core.store.database import database_health


class Finding(NamedTuple):
    """One line of the doctor: ok, warning or fault, and its sentence."""

    state: str
    key: str
    details: Mapping[str, str | float] = {}


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Yield the findings, one at a time: settings, database, course, key, tokens."""
    yield Finding("ok", "doctor-settings")
    yield await _database(settings)
    for finding in _course(settings):
        yield finding
    yield await _key(settings)
    async for finding in _tokens(settings):
        yield finding


async def _database(settings: Settings) -> Finding:
    try:
        health = await database_health(settings)
    except SetupError as error:
        return Finding("fault", error.key, error.details)
    key = "doctor-database" if health.is_sound else "doctor-database-broken"
    return Finding("ok" if health.is_sound else "fault", key, {"kind": health.kind, "version": health.version})


def _course(settings: Settings) -> list[Finding]:
    try:
        course: Course = load_course(settings.course_folder)
        course_template(course)
    except SetupError as error:
        return [Finding("fault", error.key, error.details)]
    counts: dict[str, str | float] = {"topics": len(course.topics), "cards": len(course.cards), "version": course.version}
    found = [Finding("ok", "doctor-course", counts)]
    if course.warnings:
        found.append(Finding("warning", "doctor-course-warnings", {"count": len(course.warnings)}))
    return found


async def _key(settings: Settings) -> Finding:
    details = {"server": settings.mistral_server_url, "model": settings.mistral_model}
    async with open_model(settings) as model:
        if model is None:
            return Finding("warning", "doctor-key-none")
        try:
            names = await model.check()
        except ModelAway as away:
            is_refused = any(status in away.cause for status in ("401", "403"))
            return Finding("fault", "doctor-key-bad" if is_refused else "doctor-key-away", details)
    is_listed = not names or settings.mistral_model in names
    return Finding("ok" if is_listed else "warning", "doctor-key-good" if is_listed else "doctor-key-model", details)


async def _tokens(settings: Settings) -> AsyncIterator[Finding]:
    if settings.discord_token:
        from bots import discord_bot  # noqa: PLC0415  # slow to import, and needed only with a token

        key = await discord_bot.check_token(settings.discord_token.get_secret_value())
        yield Finding("ok" if key.endswith("good") else "fault", key)
    if bool(settings.slack_bot_token) != bool(settings.slack_app_token):
        yield Finding("fault", "doctor-slack-pair")
    if settings.slack_bot_token:
        from bots import slack_bot  # noqa: PLC0415

        key = await slack_bot.check_token(settings.slack_bot_token.get_secret_value())
        yield Finding("ok" if key.endswith("good") else "fault", key)
