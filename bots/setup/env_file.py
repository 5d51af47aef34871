"""Puts settings into `.env`: what is asked for is replaced, every other line, comment and name stays as it is."""

import os
import re
import tempfile
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from core.errors import SetupError
from core.owner import keep_owner

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,~-]*")
_MARKS = frozenset('"\\$`')
"""What double quotes do not hold as it stands."""
_LINE = re.compile(
    r"""(?P<before>\s*(?:export\s+)?\S+[^\S\r\n]*=(?:[^\S\r\n]*(?=['"]))?)"""
    r"""(?P<value>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^\r\n]*?)"""
    r"""(?P<after>(?:[^\S\r\n]+\#[^\r\n]*)?\s*)""",
    re.DOTALL,
)


def quoted(value: str) -> str:
    """Return a value as a line of `.env` holds it: quoted where a space, a mark or `${` would be read otherwise."""
    if _PLAIN.fullmatch(value):
        return value
    if not _MARKS & set(value):
        return f'"{value}"'
    marked = value.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + marked.replace("${", "${:-$}{") + "'"  # the default of a variable without a name: a dollar sign


def with_values(text: str, values: Mapping[str, str]) -> str:
    """Return the text of a `.env` with these values: in the place of those it has, or at its end."""
    left, lines = dict(values), []
    for binding in parse_stream(StringIO(text.removeprefix("\ufeff"), newline="")):
        found = _LINE.fullmatch(binding.original.string)
        name = _name(binding, values)
        if found is None or name is None:
            lines.append(binding.original.string)
            continue
        left.pop(name, None)
        lines.append(found["before"] + quoted(values[name]) + found["after"])
    kept = "".join(lines)
    end = "\r\n" if "\r\n" in kept else "\n"
    kept += "" if not left or not kept or kept.endswith("\n") else end
    return kept + "".join(f"{name}={quoted(value)}{end}" for name, value in left.items())


def _name(binding: Binding, values: Mapping[str, str]) -> str | None:
    """Return which of the values a line sets; the settings are read without regard to case."""
    name = (binding.key or "").upper()
    return name if name in values and not binding.error else None


def write(path: Path, values: Mapping[str, str], heading: str) -> None:
    """Put the values into the file in one step, readable by its owner alone. Raises SetupError."""
    path = path.resolve()
    try:
        text = path.read_bytes().decode() if path.exists() else f"# {heading}\n"
        _replace(path, with_values(text, values))
    except (OSError, UnicodeDecodeError):
        raise SetupError("setup-output-file", file=str(path)) from None


def must_be_writable(path: Path) -> None:
    """Refuse a folder in which the file cannot be written, before anything is asked. Raises SetupError."""
    refused = SetupError("setup-output-file", file=str(path.resolve()))
    if path.exists() and not path.is_file():
        raise refused
    try:
        with tempfile.TemporaryFile(dir=path.resolve().parent):
            return
    except OSError:
        raise refused from None


def _replace(path: Path, text: str) -> None:
    """Write beside the file, for the owner alone that it had, then put the whole in its place."""
    number, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            keep_owner(number, path)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
