"""Files that a student attaches: what they are is decided by their content, not by their name.

Nothing is decoded but text: of a picture only the header is read, and what tells of its owner (place, device, author) is
left out before anything is kept or sent.
"""

import json
import re
from base64 import b64encode
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Sequence
from pathlib import PurePosixPath

from core.errors import FileRefused
from core.files.images import MOST_PIXELS, MOST_SIDE, UnreadableImage, kind_of, size_of, without_metadata
from core.privacy import scrub

MAX_BYTES = 200_000
MAX_IMAGE_BYTES = 5_000_000
MAX_FILES = 5
MAX_SHOWN = 6_000
MAX_NAME = 60
MAX_CELLS = 1_000
MAX_DEPTH = 60
ENDINGS = frozenset({".py", ".ipynb", ".txt", ".md", ".json", ".csv", ".log", ".yaml", ".yml"})
IMAGE_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".jfif", ".webp"})
_WWW = re.compile(r"(?<!\w)www\.", re.IGNORECASE)
_NOT_IN_NAMES = re.compile(r"[^\w .()+,=-]+")
_CONTROL = re.compile(r"[\0-\x06\x0e-\x1a\x1c-\x1f]")
"""What no text holds, whatever its encoding; logs hold bells, backspaces and escapes."""
_NESTING = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
File = tuple[str, bytes]


def read_files(files: Sequence[File], *, sees: bool = False) -> tuple[File, ...]:
    """Return files as the model may read them, under harmless names. Raises FileRefused.

    Notebooks become cells, long texts are cut in the middle; pictures, for a model that `sees`, lose what tells of their owner.
    """
    if len(files) > MAX_FILES:
        raise FileRefused("refusal-file-count", limit=MAX_FILES)
    return tuple((name_of(name), _read(name, content, sees=sees)) for name, content in files)


def must_fit(name: str, size: int) -> None:
    """Refuse a file that is too big before it is even read. Raises FileRefused."""
    limit = most_bytes(name)
    if size > limit:
        key = "refusal-image-size" if limit == MAX_IMAGE_BYTES else "refusal-file-size"
        raise FileRefused(key, name=name_of(name), limit=limit // (1_000_000 if limit == MAX_IMAGE_BYTES else 1000))


def most_bytes(name: str) -> int:
    """Return how big a file of this name may be."""
    return MAX_IMAGE_BYTES if _ending(name) in IMAGE_ENDINGS else MAX_BYTES


def name_of(name: str) -> str:
    """Return a file's name as it may be shown and sent: no folder, no mark of any markup, short, its ending kept."""
    bare = _WWW.sub("", scrub(_NOT_IN_NAMES.sub(" ", re.split(r"[\\/]", name)[-1])))
    path = PurePosixPath(" ".join(bare.split()) or "fichier")
    ending = path.suffix[:10]
    return f"{path.stem[: MAX_NAME - len(ending)]}{ending}"


def is_image(content: bytes) -> bool:
    """Whether a file that was read is a picture."""
    return bool(kind_of(content))


def data_url(content: bytes) -> str:
    """Return a picture as the model takes it."""
    return f"data:image/{kind_of(content)};base64,{b64encode(content).decode()}"


def texts_in(files: Sequence[File]) -> list[tuple[str, str]]:
    """Return the files that are texts, with their text."""
    return [(name, content.decode("utf-8", "replace")) for name, content in files if not is_image(content)]


def images_in(files: Sequence[File]) -> list[File]:
    """Return the files that are pictures."""
    return [(name, content) for name, content in files if is_image(content)]


def _ending(name: str) -> str:
    return PurePosixPath(name_of(name)).suffix.lower()


def _read(name: str, content: bytes, *, sees: bool) -> bytes:
    must_fit(name, len(content))
    if is_image(content) or _ending(name) in IMAGE_ENDINGS:
        return _image(name_of(name), content, sees=sees)
    if _ending(name) not in ENDINGS:
        raise FileRefused("refusal-file-type-seen" if sees else None, name=name_of(name))
    return cut_middle(_text(name_of(name), content), MAX_SHOWN)[0].encode()


def _image(name: str, content: bytes, *, sees: bool) -> bytes:
    if not sees:
        raise FileRefused("refusal-image-unseen", name=name)
    try:
        width, height = size_of(content)
        bare = without_metadata(content)
    except UnreadableImage:
        raise FileRefused("refusal-image-broken", name=name) from None
    if max(width, height) > MOST_SIDE or width * height > MOST_PIXELS:
        raise FileRefused("refusal-image-huge", name=name, width=width, height=height, limit=MOST_SIDE)
    return bare


def _text(name: str, content: bytes) -> str:
    try:
        text = _decoded(content)
    except UnicodeDecodeError:
        raise FileRefused("refusal-file-lies", name=name) from None
    if _CONTROL.search(text):
        raise FileRefused("refusal-file-lies", name=name)
    return _notebook(text, name) if _ending(name) == ".ipynb" else text


def _decoded(content: bytes) -> str:
    """Return a text in the encodings that come out of a class's Windows: UTF-8, PowerShell's UTF-16, Excel's cp1252. Raises UnicodeDecodeError."""
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def _notebook(text: str, name: str) -> str:
    """Return a notebook's cells one below the other; how deep it nests is counted before it is parsed."""
    if _depth(text) > MAX_DEPTH:
        raise FileRefused("refusal-file-deep", name=name)
    try:
        cells = json.loads(text)["cells"]
        return "\n\n".join(f"[{cell['cell_type']}]\n{''.join(cell['source'])}" for cell in cells[:MAX_CELLS])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise FileRefused("refusal-file-lies", name=name) from None


def _depth(text: str) -> int:
    """Return how deep the brackets of a JSON text nest, those in strings left out."""
    depth = deepest = 0
    for found in _NESTING.finditer(text):
        if found[0][0] != '"':
            depth += 1 if found[0] in "[{" else -1
            deepest = max(deepest, depth)
            if deepest > MAX_DEPTH:
                break
    return deepest


def cut_middle(text: str, limit: int) -> tuple[str, bool]:
    """Return a text of at most about `limit` characters, cut in the middle, and whether it was cut."""
    if len(text) <= limit:
        return text, False
    half = limit // 2
    return f"{text[:half].rstrip()}\n[…]\n{text[-half:].lstrip()}", True
