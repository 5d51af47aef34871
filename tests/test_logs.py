"""What the logs say of libraries: who and what kind, no word of theirs."""

import asyncio
import logging

import pytest

from core.logs import setup_logging
from tests.conftest import MakeSettings

POOL = logging.getLogger("sqlalchemy.pool")


@pytest.mark.usefixtures("logs_as_before")
def test_a_librarys_error_is_who_and_what_kind(settings: MakeSettings, capsys: pytest.CaptureFixture[str]) -> None:
    """Its words may hold a student's: they are left out."""
    setup_logging(settings())
    POOL.error("zorglub", exc_info=ValueError("zorglub"))
    told = capsys.readouterr().err

    assert "sqlalchemy.pool" in told
    assert "ValueError" in told
    assert "zorglub" not in told


@pytest.mark.usefixtures("logs_as_before")
@pytest.mark.parametrize("error", [asyncio.CancelledError(), None], ids=["cancelled", "mere warning"])
def test_what_is_no_error_is_not_told(settings: MakeSettings, capsys: pytest.CaptureFixture[str], error: BaseException | None) -> None:
    """A program that is told to end cancels what it does; a warning without its words says nothing."""
    setup_logging(settings())
    POOL.log(logging.ERROR if error else logging.WARNING, "zorglub", exc_info=error)

    assert "" == capsys.readouterr().err
