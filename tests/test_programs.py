"""The fork in which tests run a command is, to the command, a start of its own."""

import sys
from pathlib import Path

import pytest

from tests.courses import NETWORKS
from tests.programs import Done, ended
from tests.test_terminal import home

PROGRAM = """
import os, sys
print(sys.argv[1:], os.getcwd(), os.environ.get("NAME"), os.environ.get("PATH"), sys.path[0], __name__, sys.stdin.read())
print(sys.stdin.encoding, sys.stdout.encoding, sys.stdout.isatty(), sorted(name for name in sys.modules if name.startswith(("bots", "core"))))
print("é", __spec__.name, file=sys.stderr)
sys.exit(3)
"""


def told(done: Done) -> tuple[int, str, str]:
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("words", [("kb", "check", str(NETWORKS)), ("sing",), ()])
def test_a_fork_tells_what_a_start_does(tmp_path: Path, words: tuple[str, ...]) -> None:
    """A command ends with the same code and the same words on both streams."""
    assert told(ended(tmp_path, words, home(tmp_path), is_cold=True)) == told(ended(tmp_path, words, home(tmp_path)))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
def test_a_fork_has_nothing_of_the_one_before(tmp_path: Path) -> None:
    """Words, folder, environment, streams and all modules of ours are the command's own, as after a start."""
    other = tmp_path / "other"
    (other / "bots").mkdir(parents=True)
    (other / "bots" / "__init__.py").touch()
    (other / "bots" / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    ended(tmp_path, ("sing",), home(tmp_path) | {"NAME": "before"})
    environment = home(tmp_path) | {"PYTHONPATH": str(other)}
    cold, warm = (ended(other, ("a", "b c"), environment, "typed\n", is_cold=is_cold) for is_cold in (True, False))

    assert 3 == warm.returncode
    assert told(cold) == told(warm)
