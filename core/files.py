"""Files that a student attaches: what they are is decided by their content, not by their name."""

import json
from pathlib import PurePath

from core.errors import FileRefused

MAX_BYTES = 200_000
MAX_SHOWN = 6_000
ENDINGS = frozenset({".py", ".ipynb", ".txt", ".md", ".json", ".csv", ".log", ".yaml", ".yml"})


def read_files(files: tuple[tuple[str, bytes], ...]) -> tuple[tuple[str, bytes], ...]:
    """Return text files as the model may read them: notebooks as cells, long ones cut in the middle. Raises FileRefused."""
    return tuple((name, cut_middle(_text(name, content), MAX_SHOWN)[0].encode()) for name, content in files)


def _text(name: str, content: bytes) -> str:
    shown = PurePath(name).name[:60]
    if len(content) > MAX_BYTES:
        raise FileRefused("refusal-file-size", name=shown, limit=MAX_BYTES // 1000)
    if PurePath(name).suffix.lower() not in ENDINGS or b"\0" in content[:8192]:
        raise FileRefused(name=shown)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileRefused(name=shown) from None
    return _notebook(text, shown) if name.lower().endswith(".ipynb") else text


def _notebook(text: str, shown: str) -> str:
    try:
        cells = json.loads(text)["cells"]
        return "\n\n".join(f"[{cell['cell_type']}]\n{''.join(cell['source'])}" for cell in cells)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise FileRefused(name=shown) from None


def cut_middle(text: str, limit: int) -> tuple[str, bool]:
    """Return a text of at most about `limit` characters, cut in the middle, and whether it was cut."""
    if len(text) <= limit:
        return text, False
    half = limit // 2
    return f"{text[:half].rstrip()}\n[…]\n{text[-half:].lstrip()}", True
