"""`profond doctor`: what is right, what is wrong, and the mend, a line each."""

from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

from bots.health import State, state_at
from core.errors import BudgetSpent, ModelAway, SetupError
from core.knowledge import Course, load_course
from core.model import open_model
from core.profond import course_template
from core.settings import Settings
from core.store import Store, open_store
from core.store.breakers import Breaker
from core.store.database import database_health
from core.store.pace import Limits, Pace
from core.traffic import gate_address
from core.traffic.budget import Budget, Means, read_prices


class Finding(NamedTuple):
    """One line of the doctor: ok, warning or fault, and its sentence."""

    state: str
    key: str
    details: Mapping[str, str | float] = {}


STATES = {
    State.CONNECTED: ("ok", "doctor-bot-connected"),
    State.ALONE: ("fault", "doctor-bot-alone"),
    State.ABSENT: ("warning", "doctor-bot-absent"),
    State.STRANGER: ("fault", "doctor-bot-stranger"),
}


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Yield the findings, one at a time: settings, database, course, key, the way to the model, tokens, and the bot that runs here."""
    yield Finding("ok", "doctor-settings")
    yield await _database(settings)
    for finding in _course(settings):
        yield finding
    yield await key_finding(settings)
    async for finding in _way(settings):
        yield finding
    async for finding in _tokens(settings):
        yield finding
    if settings.port:
        yield Finding(*STATES[await state_at(settings.port)], {"port": str(settings.port)})


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


async def key_finding(settings: Settings) -> Finding:
    """Ask the model's server about the key, and whether it has the models that are named."""
    details = {"server": settings.mistral_server_url, "model": settings.mistral_model}
    try:
        async with open_model(settings) as model:
            if model is None:
                return Finding("warning", "doctor-key-none")
            names = await model.check()
    except SetupError as error:
        return Finding("fault", error.key, error.details)
    except ModelAway as away:
        return Finding("fault", "doctor-key-bad" if away.status in {401, 403} else "doctor-key-away", details)
    for name, setting in _models(settings).items():
        if names and name not in names:
            return Finding("warning", "doctor-key-model", {**details, "model": name, "setting": setting})
    return Finding("ok", "doctor-key-good", details)


def _models(settings: Settings) -> dict[str, str]:
    """Return the models that may be asked, each with the setting that names it: the one for a budget that runs low comes last."""
    fallbacks = dict.fromkeys(settings.mistral_fallback_models, "MISTRAL_FALLBACK_MODELS")
    return {settings.mistral_model: "MISTRAL_MODEL"} | fallbacks | {settings.mistral_small_model: "MISTRAL_SMALL_MODEL"}


async def _way(settings: Settings) -> AsyncIterator[Finding]:
    """Yield how the way to the model stands, as every process on this database sees it. A broken database was told before."""
    if settings.mistral_api_key is None:
        return
    try:
        read_prices(settings.budget_prices)
    except SetupError as error:
        yield Finding("fault", error.key, error.details)
    try:
        async with open_store(settings) as store:
            pace, breakers = await store.gates.state(store.gates.key("gate", gate_address(settings)))
            for name in _models(settings):
                yield _model(name, pace, breakers.get(name, Breaker()), settings, store.gates.clock())
            yield await _budget(store, settings)
    except SetupError:
        return


def _model(name: str, pace: Pace, breaker: Breaker, settings: Settings, now: float) -> Finding:
    limits = Limits(settings.mistral_requests_per_second, settings.mistral_tokens_per_minute)
    if not breaker.is_closed:
        left = round(breaker.open_until - now)
        key = "doctor-way-closed" if left > 0 else "doctor-way-trial"
        return Finding("warning", key, {"model": name, "seconds": left})
    spacing = pace.spacing_at(now, limits)
    is_slow = spacing > limits.spacing * 1.05
    rate = f"{settings.mistral_requests_per_second * limits.spacing / spacing:.2g}"
    return Finding("warning" if is_slow else "ok", "doctor-way-slow" if is_slow else "doctor-way-open", {"model": name, "rate": rate})


async def _budget(store: Store, settings: Settings) -> Finding:
    spent = await store.spending.spent()
    details: dict[str, str | float] = {"spent": f"{spent.month / 1_000_000:.2f}", "budget": f"{settings.budget_month_eur:.2f}"}
    try:
        means = await Budget(store.spending, settings.budget_month_eur, settings.budget_day_eur).means()
    except BudgetSpent:
        return Finding("warning", "doctor-budget-spent", details)
    is_scarce = means is Means.SCARCE
    return Finding("warning" if is_scarce else "ok", "doctor-budget-scarce" if is_scarce else "doctor-budget", details)


async def _tokens(settings: Settings) -> AsyncIterator[Finding]:
    if settings.discord_token:
        from bots import discord_bot  # noqa: PLC0415  # slow to import, and needed only with a token

        async for line in discord_bot.check_token(settings):
            yield Finding(*line)
    needs = settings.slack_app_token or settings.slack_signing_secret  # Socket Mode, or HTTP
    if bool(settings.slack_bot_token) != bool(needs):
        yield Finding("fault", "doctor-slack-pair")
    if settings.slack_bot_token:
        from bots import slack_bot  # noqa: PLC0415

        async for line in slack_bot.check_token(settings):
            yield Finding(*line)
