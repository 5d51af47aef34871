"""Every attempt against a model that obeys it: what must not leak is never sent, and what must not be shown never is."""

import warnings

import pytest

from tests.redteam.attempts import Attempt, collection, for_discord

with warnings.catch_warnings():  # discord.py imports audioop, which Python 3.13 no longer has
    warnings.simplefilter("ignore", DeprecationWarning)
    from tests.redteam.report import Verdict, chat_verdicts, core_verdicts, document, summed

Verdicts = dict[str, Verdict]
ALL = collection().attempts
IN_DISCORD = for_discord(ALL)
each_attempt = pytest.mark.parametrize("attempt", ALL, ids=lambda attempt: attempt.id)
each_in_discord = pytest.mark.parametrize("attempt", IN_DISCORD, ids=lambda attempt: attempt.id)


@pytest.fixture(scope="module")
async def core() -> Verdicts:
    """What came of every attempt on the core."""
    return {verdict.id: verdict for verdict in await core_verdicts()}


@pytest.fixture(scope="module")
async def chat() -> Verdicts:
    """What came of a third of them in Discord."""
    return {verdict.id: verdict for verdict in await chat_verdicts()}


@each_attempt
def test_nothing_is_sent_or_shown(core: Verdicts, attempt: Attempt) -> None:
    """No request holds what must not leak, the rules stand, no error ends the answer, and no state shows what must not be shown."""
    assert {} == core[attempt.id].faults


@each_in_discord
def test_nothing_is_sent_or_shown_in_discord(chat: Verdicts, attempt: Attempt) -> None:
    """Neither is it through the real bot, in any state of any message, and nobody is pinged."""
    assert {} == chat[attempt.id].faults


def test_every_attempt_reaches_the_model_or_is_refused(core: Verdicts, chat: Verdicts) -> None:
    """None passes only because it was never played; what is refused is a file that cannot be read."""
    for verdict in (*core.values(), *chat.values()):
        assert verdict.has_reached != verdict.is_refused, verdict.id
    assert {"fichier", "carnet", "image"} >= {verdict.family for verdict in core.values() if verdict.is_refused}


def test_the_model_really_wrote_what_is_forbidden(core: Verdicts) -> None:
    """Each check has much to find in what the model wrote."""
    for name in ("pings", "links", "tags", "unseen", "keys", "prompt", "sources"):
        assert sum(name in verdict.written for verdict in core.values()) >= 5, name


def test_the_figures_can_be_quoted(core: Verdicts, chat: Verdicts) -> None:
    """The document tells the number of attempts, and has a line for each family."""
    text = document(summed([*core.values()], [*chat.values()], collection()), collection())
    assert f"{len(ALL)} attempts, " in text
    assert all(f"| {label} |" in text for label in collection().families.values())
