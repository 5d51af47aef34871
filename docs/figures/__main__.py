"""Draws every picture, or those that are named, into the course's folder."""

import sys

from docs.figures.catalogue import FIGURES, FOLDER
from docs.figures.sheet import drawn


def main(names: list[str]) -> None:
    """Draw and write the pictures of these names; all of them where none is named."""
    FOLDER.mkdir(exist_ok=True)
    for name in names or FIGURES:
        picture = drawn(FIGURES[name])
        (FOLDER / f"{name}.png").write_bytes(picture)
        print(f"{name}.png {len(picture) / 1000:.0f} ko")


if __name__ == "__main__":
    main(sys.argv[1:])
