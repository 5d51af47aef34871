"""`python -m tests.redteam [--write]`: play every attempt, print the figures, and write them to `docs/redteam.md`."""

import argparse
import sys
import warnings
from pathlib import Path

import structlog

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "redteam.md"


def main() -> int:
    """Play, print, perhaps write; 1 where anything was sent or shown that must not be."""
    arguments = argparse.ArgumentParser(prog="python -m tests.redteam", description=__doc__)
    arguments.add_argument("--write", action="store_true", help="write the figures to docs/redteam.md")
    options = arguments.parse_args()
    with warnings.catch_warnings():  # discord.py imports audioop, which Python 3.13 no longer has
        warnings.simplefilter("ignore", DeprecationWarning)
        from tests.redteam import report  # noqa: PLC0415
        from tests.redteam.attempts import collection  # noqa: PLC0415
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    core, chat = report.played()
    known = collection()
    summary = report.summed(core, chat, known)
    print(report.as_json(summary))
    print(report.table(summary, known))
    bad = [each for each in (*core, *chat) if each.faults]
    for each in bad:
        print(each.id, each.faults)
    if options.write:
        DOCUMENT.write_text(report.document(summary, known), encoding="utf-8")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
