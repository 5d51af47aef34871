"""Starts what was installed, each bot in a process of its own."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_PROGRAM = (sys.executable, "-P", "-m", "bots")
"""Without -P the folder of this start would come first: in the unzipped source, another program with another course."""
_Child = subprocess.Popen[bytes]


def typed() -> str:
    """Return what to type for this program: its name, or the path by which it was started where the name alone is not found."""
    program = Path(sys.argv[0])
    if program.stem.lower() != "profond" or shutil.which("profond"):
        return "profond"
    text = str(program.relative_to(Path.cwd())) if program.is_relative_to(Path.cwd()) else str(program)
    return f'"{text}"' if " " in text else text


def run(*commands: Sequence[str]) -> int:
    """Run commands of this program side by side until all have ended; return the first exit code that is not 0."""
    sys.stdout.flush()
    children: list[_Child] = []
    with _told_to_stop(children):
        children += [subprocess.Popen([*_PROGRAM, *command]) for command in commands]  # noqa: S603  # our own program
        codes = [child.wait() for child in children]
    return next((abs(code) for code in codes if code), 0)


@contextmanager
def _told_to_stop(children: Sequence[_Child]) -> Iterator[None]:
    """Leave Ctrl-C to the children, which hear it too and finish what they do; pass on SIGTERM, which they do not hear."""

    def end(*_: object) -> None:
        for child in children:
            child.terminate()

    before = {signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None), signal.SIGTERM: signal.signal(signal.SIGTERM, end)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
