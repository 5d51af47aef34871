"""Logs: one line an event, ids and figures only. Never the text of a question or an answer, a token or a name."""

import asyncio
import logging
import sys

import structlog

from core.settings import Settings


class _Foreign(logging.Handler):
    """Logs of libraries: who and what kind. Their words may hold what a student wrote, so they are left out; a mere warning then says nothing.

    Nor does what was cancelled: a program that is told to end cancels what it does, and a pool of connections calls that an error.
    """

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0] if record.exc_info else None
        if (kind is None and record.levelno < logging.ERROR) or (kind and issubclass(kind, asyncio.CancelledError)):
            return
        structlog.get_logger().log(record.levelno, "library", library=record.name, error=kind.__name__ if kind else None)


def _kind_alone(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Reduce an error to its kind: its words and its traceback may hold what a student wrote."""
    error = sys.exc_info()[0] if event.pop("exc_info", None) else None
    return {**event, "cause": error.__name__} if error else event


def setup_logging(settings: Settings) -> None:
    """Send logs to standard error, as lines for people or as JSON."""
    level = logging.getLevelNamesMapping()[settings.profond_log_level.upper()]
    is_json = settings.profond_log_format == "json"
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _kind_alone,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False) if is_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Foreign()], level=logging.WARNING, force=True)
