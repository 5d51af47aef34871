"""How long a student of the terminal waits for a first answer, and what it takes in memory: the whole process, without a key."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.report import Report, Row, Target, median, ratio, show

ROUNDS = 5
KEPT = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "LANG", "LC_ALL", "VIRTUAL_ENV")
"""What the child gets of the environment: no setting of ours, no PYTHONDONTWRITEBYTECODE."""
ASK = ("-m", "bots", "ask", "C'est quoi une convolution ?")
NAIVE = ("-c", "import discord, slack_bolt, mistralai.client, alembic, sqlalchemy.ext.asyncio")
BARE = ("-c", "pass")
FIRST, SECOND, IMPORTS, PYTHON = "ask, first run", "ask, second run", "naive imports alone", "bare interpreter"


def run(arguments: tuple[str, ...], folder: Path) -> dict[str, float]:
    """Run Python in a folder that is also its HOME; return the seconds and the peak in MB."""
    wrapper = [sys.executable, "-I", "-S", str(Path(__file__).with_name("child.py"))]
    found = subprocess.run(  # noqa: S603  # our own commands
        [*wrapper, sys.executable, *arguments], cwd=folder, env=_environment(folder), stdout=subprocess.PIPE, encoding="utf-8", check=True
    )
    figures: dict[str, float] = json.loads(found.stdout)
    if figures.pop("code"):
        raise SystemExit(f"{arguments} failed")
    return figures


def _environment(folder: Path) -> dict[str, str]:
    return {name: os.environ[name] for name in KEPT if name in os.environ} | {"HOME": str(folder), "USERPROFILE": str(folder)}


def warm_up() -> None:
    """Fill __pycache__, and see that there is an answer."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = subprocess.run([sys.executable, *ASK], cwd=folder, env=_environment(folder), stdout=subprocess.PIPE, check=True)  # noqa: S603
        if "convolution" not in found.stdout.decode("utf-8"):
            raise SystemExit("no answer")
        run(NAIVE, folder)


def measure() -> dict[str, list[dict[str, float]]]:
    """Run everything in turn, so that a busy moment of the machine falls on all."""
    runs: dict[str, list[dict[str, float]]] = {FIRST: [], SECOND: [], IMPORTS: [], PYTHON: []}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            runs[FIRST].append(run(ASK, folder))
            runs[SECOND].append(run(ASK, folder))
            runs[IMPORTS].append(run(NAIVE, folder))
            runs[PYTHON].append(run(BARE, folder))
    return runs


def main() -> None:
    warm_up()
    runs = measure()
    seconds = {name: median([figures["seconds"] for figures in found]) for name, found in runs.items()}
    peak = {name: median([figures["peak_mb"] for figures in found], 1) for name, found in runs.items()}
    rows: list[Row] = [
        {
            "what": name,
            "seconds": seconds[name],
            "fastest": round(min(figures["seconds"] for figures in found), 3),
            "slowest": round(max(figures["seconds"] for figures in found), 3),
            "peak_mb": peak[name],
        }
        for name, found in runs.items()
    ]
    targets = [Target(f"{name}, seconds", seconds[name], 2.5, "s") for name in (FIRST, SECOND)]
    targets += [Target(f"{name}, peak memory", peak[name], 120.0, "MB") for name in (FIRST, SECOND)]
    ratios = {f"{name} / {IMPORTS}, {unit}": ratio(of[name], of[IMPORTS]) for name in (FIRST, SECOND) for unit, of in (("s", seconds), ("MB", peak))}
    show(Report("cold_start", rows, targets, ratios, {"rounds": ROUNDS}))


if __name__ == "__main__":
    main()
