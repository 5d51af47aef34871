"""The form of the code: short functions, short files, no broad except in the core."""

import ast
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(path for room in ("bots", "core", "migrations") for path in (ROOT / room).rglob("*.py"))
Function = ast.FunctionDef | ast.AsyncFunctionDef


def lengths() -> list[int]:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES]
    found = [node for tree in trees for node in ast.walk(tree) if isinstance(node, Function)]
    return sorted((node.end_lineno or node.lineno) - node.lineno + 1 for node in found)


def test_functions_are_short() -> None:
    """Half of the functions have ten lines or fewer, nineteen of twenty have forty or fewer."""
    found = lengths()

    assert statistics.median(found) <= 10
    assert found[int(len(found) * 0.95)] <= 40


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_short_and_catch_what_they_name(path: Path) -> None:
    """No file has over 400 lines of code, and none outside the bots catches everything."""
    text = path.read_text(encoding="utf-8")
    caught = [node.type for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ExceptHandler)]

    assert sum(bool(line.strip()) for line in text.splitlines()) <= 400
    assert None not in caught
    if path.relative_to(ROOT).parts[0] != "bots":
        assert not [kind for kind in caught if isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}]


ROOMS = {"discord_bot": "slack_bot", "slack_bot": "discord_bot"}


@pytest.mark.parametrize("path", [path for path in SOURCES if path.parent.name in ROOMS], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_bot_knows_no_other(path: Path) -> None:
    """A file of one bot imports nothing of the other bot, nor of its library."""
    other = ROOMS[path.parent.name]
    libraries = {"slack_bot": ("slack_bolt", "slack_sdk"), "discord_bot": ("discord",)}[other]
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]

    assert not [name for name in names if name.split(".")[0] in libraries or name.startswith(f"bots.{other}")]
