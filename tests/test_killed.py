"""Killed at any moment, the next start finishes what was taken, in its place, once."""

import pytest

from tests.killing import Count, a_killing


async def test_nothing_is_lost_and_nothing_is_said_twice(database_url: str) -> None:
    """Killed while some questions are only taken, some being written and some nearly done: each has one answer and cost once."""
    async with a_killing(database_url) as killing:
        count = await killing.round("killed", spread=1.2)

    assert Count(questions=count.questions) == count


@pytest.fixture(autouse=True)
def _real_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
