"""Commands of ours that tests run to their end, each in a process of its own.

Half of what a command costs is the import of the libraries. On Linux a process that has them already is forked for each command:
all that is ours it imports anew, and environment, folder and streams are the command's own (of Python's own variables, PYTHONPATH
alone is read). Elsewhere, and where a test asks for it, Python is started.
"""

import atexit
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

Done = subprocess.CompletedProcess[str]

WITHIN = 60
STREAMS = ("stdin", "stdout", "stderr")
LIBRARIES = (
    *("asyncio", "click", "rich.console", "structlog", "prompt_toolkit", "pydantic_settings", "fluent.runtime", "markdown_it", "pylatexenc"),
    *("Stemmer", "rapidfuzz", "cryptography.hazmat.primitives.ciphers.aead", "aiosqlite", "sqlalchemy.ext.asyncio", "truststore"),
)
"""What every command imports. None of them reads the environment or makes a TLS context by being imported, as those of the chats do."""


def ended(folder: Path, words: Sequence[str], environment: Mapping[str, str], stdin: str = "", *, is_cold: bool = False) -> Done:
    """Run a command in a folder with this environment, to its end."""
    if not is_cold and sys.platform == "linux":
        return _forker().run(folder, words, environment, stdin)
    return subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-P", "-m", "bots", *words],
        cwd=folder, env=environment, input=stdin, capture_output=True, text=True, encoding="utf-8", timeout=WITHIN, check=False,
    )  # fmt: skip


class Forker:
    """The process that is forked, and its two pipes: a command in, an exit code out, one command after the other."""

    def __init__(self) -> None:
        kept, pipe = {"PATH": os.environ["PATH"]}, subprocess.PIPE
        self._process = subprocess.Popen([sys.executable, "-P", __file__], env=kept, stdin=pipe, stdout=pipe)  # noqa: S603  # ours
        self._turn = threading.Lock()
        atexit.register(self._process.communicate)

    def run(self, folder: Path, words: Sequence[str], environment: Mapping[str, str], stdin: str) -> Done:
        """Have a fork run a command; its streams are files of no test's folder."""
        with tempfile.TemporaryDirectory() as place:
            read, *written = (Path(place) / name for name in STREAMS)
            read.write_text(stdin, encoding="utf-8")
            with self._turn:
                code = self._asked({"folder": str(folder), "words": words, "environment": environment, "streams": place})
            if code == -signal.SIGALRM:
                raise subprocess.TimeoutExpired(list(words), WITHIN)
            return Done(list(words), code, *(path.read_text(encoding="utf-8") for path in written))

    def _asked(self, command: Mapping[str, object]) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


_forker = cache(Forker)


def _serve() -> None:
    """Fork for each command. The fork leaves the loop, runs the command, and ends as Python ends."""
    commands, codes = os.fdopen(os.dup(0)), os.dup(1)
    for library in LIBRARIES:
        import_module(library)
    gc.freeze()
    for line in commands:
        process = os.fork()
        if not process:
            return _become(**json.loads(line))
        _, status = os.waitpid(process, 0)
        os.write(codes, b"%d\n" % os.waitstatus_to_exitcode(status))
    return None


def _become(folder: str, words: list[str], environment: dict[str, str], streams: str) -> None:
    """Be `python -P -m bots` from here on."""
    signal.alarm(WITHIN)
    for number, name in enumerate(STREAMS):
        os.dup2(os.open(f"{streams}/{name}", os.O_RDWR | os.O_CREAT), number)
    sys.stdin, sys.stdout = open(0, closefd=False, encoding="utf-8"), open(1, "w", closefd=False, encoding="utf-8")  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False, encoding="utf-8")  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = words
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    runpy.run_module("bots", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _serve()
