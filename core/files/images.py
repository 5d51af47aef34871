"""Pictures, read as far as their structure goes: kind, size, and without what tells of their owner. No pixel is decoded.

PNG: W3C PNG third edition, 5. JPEG: ITU-T T.81, annex B. WebP: RFC 9649. Only the parts that make the picture are kept, so
that an unknown part cannot carry anything out either.
"""

import struct
from collections.abc import Iterator

MOST_SIDE = 8_000
MOST_PIXELS = 25_000_000
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD", b"pHYs", b"IDAT", b"IEND"})
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH"})
_WEBP_ALPHA = 0x10
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_KEPT = _SOF | {0xC4, 0xCC, 0xDA, 0xDB, 0xDD, 0xE0, 0xEE}
_SOS, _EOI, _APP0, _APP1 = 0xDA, 0xD9, 0xE0, 0xE1
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_ORIENTATION = 0x0112


class UnreadableImage(Exception):
    """It is no whole picture of a kind that we know."""


def kind_of(content: bytes) -> str:
    """Return `png`, `jpeg` or `webp` by the first bytes; empty for anything else."""
    if content.startswith(_PNG):
        return "png"
    if content.startswith(_JPEG):
        return "jpeg"
    return "webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else ""


def size_of(content: bytes) -> tuple[int, int]:
    """Return a picture's width and height as its header says. Raises UnreadableImage."""
    readers = {"png": _png_size, "jpeg": _jpeg_size, "webp": _webp_size}
    try:
        width, height = readers[kind_of(content)](content)
    except (KeyError, IndexError, struct.error):
        raise UnreadableImage from None
    if not width or not height:
        raise UnreadableImage
    return width, height


def without_metadata(content: bytes) -> bytes:
    """Return the same picture with nothing in it but what draws it. Raises UnreadableImage."""
    cleaners = {"png": _bare_png, "jpeg": _bare_jpeg, "webp": _bare_webp}
    try:
        return cleaners[kind_of(content)](content)
    except (KeyError, IndexError, struct.error):
        raise UnreadableImage from None


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield each chunk's name and its bytes, whole, to the last one."""
    at, name = len(_PNG), b""
    while name != b"IEND":
        (length,), name = struct.unpack_from(">I", content, at), content[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(content):
            raise UnreadableImage
        yield name, content[at:end]
        at = end


def _png_size(content: bytes) -> tuple[int, int]:
    name, chunk = next(_png_chunks(content))
    if name != b"IHDR":
        raise UnreadableImage
    width, height = struct.unpack_from(">II", chunk, 8)
    return width, height


def _bare_png(content: bytes) -> bytes:
    chunks = list(_png_chunks(content))
    if not any(name == b"IDAT" for name, _ in chunks):
        raise UnreadableImage
    return _PNG + b"".join(chunk for name, chunk in chunks if name in _PNG_KEPT)


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each segment's marker and its bytes; a scan goes with what follows it, up to the next marker."""
    at = 2
    while content[at] == 0xFF:
        while content[at + 1] == 0xFF:
            at += 1
        marker = content[at + 1]
        if marker == _EOI:
            return
        end = at + 2 if marker in _ALONE else at + 2 + struct.unpack_from(">H", content, at + 2)[0]
        if end > len(content) or (end < at + 4 and marker not in _ALONE):
            raise UnreadableImage
        end = _end_of_scan(content, end) if marker == _SOS else end
        yield marker, content[at:end]
        at = end
        if at == len(content):
            return
    raise UnreadableImage


def _end_of_scan(content: bytes, at: int) -> int:
    """Return where the coded pixels end: at the next marker that neither escapes a byte nor restarts."""
    while (at := content.find(b"\xff", at)) != -1 and at + 1 < len(content):
        following = content[at + 1]
        if following == 0xFF:
            at += 1
        elif following == 0x00 or following in _ALONE:
            at += 2
        else:
            return at
    return len(content)


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """Return the size of the largest frame: a file that names two sizes is judged by the worse."""
    sizes = [struct.unpack_from(">HH", segment, 5) for marker, segment in _jpeg_segments(content) if marker in _SOF]
    return max(width for _, width in sizes or [(0, 0)]), max(height for height, _ in sizes or [(0, 0)])


def _bare_jpeg(content: bytes) -> bytes:
    """Keep what draws; of the EXIF data only how the picture is turned, written anew."""
    segments = list(_jpeg_segments(content))
    if _SOS not in {marker for marker, _ in segments}:
        raise UnreadableImage
    turned = next(filter(None, (_orientation(segment) for marker, segment in segments if marker == _APP1)), 0)
    kept = [_short_app0(segment) if marker == _APP0 else segment for marker, segment in segments if marker in _JPEG_KEPT | _ALONE]
    return b"".join([b"\xff\xd8", _exif(turned) if turned > 1 else b"", *kept, b"\xff\xd9"])


def _short_app0(segment: bytes) -> bytes:
    """Return a JFIF header without its thumbnail; nothing for another one, which may hold anything."""
    is_jfif = segment[4:9] == b"JFIF\0" and len(segment) >= 18
    return b"\xff\xe0\x00\x10" + segment[4:16] + b"\0\0" if is_jfif else b""


def _orientation(segment: bytes) -> int:
    """Return how an EXIF segment says that the picture is turned: 1 to 8; 0 where it does not say."""
    tiff = segment[10:]
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if segment[4:10] != b"Exif\0\0" or not order or len(tiff) < 14:
        return 0
    (start,) = struct.unpack_from(f"{order}I", tiff, 4)
    if start + 2 > len(tiff):
        return 0
    (count,) = struct.unpack_from(f"{order}H", tiff, start)
    for entry in range(start + 2, min(start + 2 + 12 * count, len(tiff) - 11), 12):
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, entry)
        if tag == _ORIENTATION:
            return int(value) if 1 <= value <= 8 else 0
    return 0


def _exif(turned: int) -> bytes:
    entry = struct.pack(">HHIHH", _ORIENTATION, 3, 1, turned, 0)
    return b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\0\x01" + entry + b"\0\0\0\0"


def _webp_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield each chunk's name and its bytes, padding included."""
    end = 8 + int(struct.unpack_from("<I", content, 4)[0])
    if end > len(content):
        raise UnreadableImage
    at = 12
    while at + 8 <= end:
        (length,) = struct.unpack_from("<I", content, at + 4)
        after = at + 8 + length + length % 2
        if at + 8 + length > end:
            raise UnreadableImage
        yield content[at : at + 4], content[at:after]
        at = after


def _webp_size(content: bytes) -> tuple[int, int]:
    sizes = [_webp_chunk_size(name, chunk) for name, chunk in _webp_chunks(content)]
    return max((width for width, _ in sizes), default=0), max((height for _, height in sizes), default=0)


def _webp_chunk_size(name: bytes, chunk: bytes) -> tuple[int, int]:
    if name == b"VP8X":
        return 1 + int.from_bytes(chunk[12:15], "little"), 1 + int.from_bytes(chunk[15:18], "little")
    if name == b"VP8 ":
        if chunk[11:14] != b"\x9d\x01\x2a":
            raise UnreadableImage
        width, height = struct.unpack_from("<HH", chunk, 14)
        return width & 0x3FFF, height & 0x3FFF
    if name == b"VP8L":
        if chunk[8] != 0x2F:
            raise UnreadableImage
        (bits,) = struct.unpack_from("<I", chunk, 9)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return 0, 0


def _bare_webp(content: bytes) -> bytes:
    """Keep the still picture and its transparency; the flags of what was left out go too."""
    kept = [_unflagged(chunk) if name == b"VP8X" else chunk for name, chunk in _webp_chunks(content) if name in _WEBP_KEPT]
    if not any(chunk[:4] in {b"VP8 ", b"VP8L"} for chunk in kept):
        raise UnreadableImage
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _unflagged(chunk: bytes) -> bytes:
    return chunk[:8] + bytes([chunk[8] & _WEBP_ALPHA]) + chunk[9:]
