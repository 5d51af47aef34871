"""Whose a file is that takes another's place."""

import os
import sys
from contextlib import suppress
from pathlib import Path


def keep_owner(number: int, path: Path) -> None:
    """Give an open file the owner of the one whose place it will take, or of the folder: root may work where a bot of another user reads.

    Anybody else may give a file to nobody: what they write is theirs.
    """
    if sys.platform == "win32":
        return
    held = (path if path.exists() else path.parent).stat()
    with suppress(OSError):
        os.fchown(number, held.st_uid, held.st_gid)
