"""Holds the conversations and draws them, by `python -m docs.pictures`; needs Chromium."""

import asyncio
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from docs.pictures.held import Json, all_held
from docs.pictures.page import DARK, LIGHT, page

FOLDER = Path(__file__).parent
HELD = FOLDER / "held.json"
WINDOW, SHARPNESS, COLOURS = "402,4000", 2, 255
FROM = "Conversation"
"""Under which a picture says which conversation it shows."""


def fingerprint(conversation: Json) -> str:
    """Return what tells a conversation from every other."""
    return hashlib.sha256(json.dumps(conversation, sort_keys=True).encode()).hexdigest()


def photographed(browser: str, text: str) -> Image.Image:
    """Return a page as the browser shows it, cut to its content."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "page.html"), Path(folder, "page.png")
        source.write_text(text, encoding="utf-8")
        options = ("--headless", "--no-sandbox", "--hide-scrollbars", "--default-background-color=00000000", f"--user-data-dir={folder}/profile")
        size = (f"--force-device-scale-factor={SHARPNESS}", f"--window-size={WINDOW}", f"--screenshot={target}")
        subprocess.run([browser, *options, *size, source.as_uri()], check=True, capture_output=True, timeout=120)  # noqa: S603  # a browser by its path
        image = Image.open(target).convert("RGBA")
    return image.crop(image.getbbox())


def saved(image: Image.Image, conversation: Json) -> bytes:
    """Return a picture as a small PNG that says which conversation it shows."""
    info, file = PngInfo(), io.BytesIO()
    info.add_text(FROM, fingerprint(conversation))
    image.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(file, "PNG", optimize=True, pnginfo=info)
    return file.getvalue()


def main() -> None:
    """Write the conversations and their pictures."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        sys.exit("Chromium is not found.")
    held = asyncio.run(all_held())
    HELD.write_text(json.dumps(held, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for platform, conversation in held.items():
        for ground in (DARK, LIGHT):
            picture = saved(photographed(browser, page(platform, ground, conversation)), conversation)
            (FOLDER / f"{platform}-{ground}.png").write_bytes(picture)
            print(f"{platform}-{ground}.png {len(picture) / 1000:.0f} ko")


if __name__ == "__main__":
    main()
