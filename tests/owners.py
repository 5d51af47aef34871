"""Files of another user, as root meets them in the folder of a bot."""

import os
import sys
from pathlib import Path

import pytest

SOMEBODY = 65_534
as_root = pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root may give files away")


def given_to(user: int, *paths: Path) -> None:
    """Give files to a user."""
    for path in paths:
        os.chown(path, user, user)


def owner(path: Path) -> int:
    """Return whose a file is."""
    return path.stat().st_uid
