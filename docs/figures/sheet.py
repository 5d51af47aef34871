"""A picture's paper: 720 pixels wide, read at 360 on a phone, the same on every machine.

Positions are pixels from the top left corner, because a picture of boxes and words is laid out like a page.
"""

import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypedDict, Unpack

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Polygon, Rectangle
from matplotlib.ticker import FuncFormatter
from PIL import Image

WIDTH, DPI, SMALL, PLAIN, LARGE, TITLE = 720, 72, 19, 22, 26, 29
PAPER, INK, SOFT, LINE = "#FBFAF6", "#1B2530", "#4C5662", "#B9B6AB"
BLUE, RED, GREEN, GOLD, PURPLE = "#0072B2", "#C24E00", "#00795A", "#8A5A00", "#7A3E82"
PALE = {BLUE: "#D5E8F5", RED: "#FBDFCB", GREEN: "#CFEDE2", GOLD: "#FDF0C4", PURPLE: "#EEDDF0", SOFT: "#E9E7E0", INK: "#FFFFFF"}
"""Okabe and Ito's hues, which the colour-blind tell apart, dark enough for words; each with its pale ground."""
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "mathtext.fontset": "dejavusans",
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.linewidth": 4,
    "text.parse_math": False,
}
Point = tuple[float, float]
Cells = Sequence[Sequence[str]]


class Words(TypedDict, total=False):
    """How words are written."""

    size: float
    color: str
    weight: str
    ha: str
    va: str
    rotation: float
    parse_math: bool
    linespacing: float


def typeset(words: str) -> str:
    """Put the French no-break spaces and a true minus where they belong."""
    spaced = re.sub(r" (?=[:;!?%»])|(?<=«) ", "\u202f", words)
    return re.sub(r"(?<!\w)-(?=\d)", "\u2212", spaced)


def number(value: float, digits: int = 0) -> str:
    """Write a number as the French do: decimal comma, narrow space between thousands, true minus."""
    return f"{value:,.{digits}f}".replace(",", "\u202f").replace(".", ",").replace("-", "\u2212")


def short(value: float) -> str:
    """Write a number with the fewest digits that tell it."""
    return f"{value:,g}".replace(",", "\u202f").replace(".", ",").replace("-", "\u2212")


def _written(style: Words, size: float) -> dict[str, Any]:
    return {"size": size, "ha": "center", "va": "center", "linespacing": 1.25, **style}


class Sheet:
    """One picture being drawn."""

    def __init__(self, title: str, height: float) -> None:
        self.height = height
        self.figure = Figure(figsize=(WIDTH / DPI, height / DPI), dpi=DPI, facecolor=PAPER)
        FigureCanvasAgg(self.figure)
        self.page = self.figure.add_axes((0, 0, 1, 1))
        self.page.set(xlim=(0, WIDTH), ylim=(height, 0))
        self.page.axis("off")
        self.page.add_patch(Rectangle((1.5, 1.5), WIDTH - 3, height - 3, fill=False, edgecolor=LINE, linewidth=3))
        self.text((WIDTH / 2, 36), title, size=TITLE, weight="bold")

    def text(self, at: Point, words: str, **style: Unpack[Words]) -> None:
        """Write words, by default centred."""
        self.page.text(*at, typeset(words), **_written(style, PLAIN))

    def formula(self, at: Point, formula: str, size: float = LARGE, color: str = INK) -> None:
        """Write a formula of LaTeX, centred."""
        self.page.text(*at, f"${formula}$", size=size, color=color, ha="center", va="center", parse_math=True)

    def box(self, at: Point, area: Point, words: str = "", hue: str = SOFT, **style: Unpack[Words]) -> None:
        """Draw a rounded box by its top left corner, with words in its middle."""
        shape = FancyBboxPatch(at, *area, boxstyle="round,pad=0,rounding_size=12", facecolor=PALE[hue], edgecolor=hue, linewidth=3)
        self.page.add_patch(shape)
        if words:
            self.text((at[0] + area[0] / 2, at[1] + area[1] / 2), words, **style)

    def bar(self, at: Point, size: Point, color: str, hatch: str = "") -> None:
        """Draw a filled rectangle by its top left corner."""
        self.page.add_patch(Rectangle(at, *size, facecolor=color, edgecolor=PAPER if hatch else color, hatch=hatch, linewidth=0))

    def shape(self, corners: Sequence[Point], color: str) -> None:
        """Draw a filled polygon."""
        self.page.add_patch(Polygon(corners, closed=True, facecolor=PALE[color], edgecolor=color, linewidth=3))

    def line(self, start: Point, end: Point, color: str = SOFT, width: float = 3) -> None:
        """Draw a straight line."""
        self.page.plot([start[0], end[0]], [start[1], end[1]], color=color, linewidth=width, solid_capstyle="round")

    def arrow(self, start: Point, end: Point, color: str = INK, bend: float = 0) -> None:
        """Draw an arrow."""
        style = "-|>,head_length=10,head_width=6"
        curve = f"arc3,rad={bend}"
        self.page.add_patch(
            FancyArrowPatch(start, end, arrowstyle=style, connectionstyle=curve, color=color, linewidth=3.5, shrinkA=0, shrinkB=0, mutation_scale=1)
        )

    def frame(self, at: Point, size: Point, color: str, width: float = 6) -> None:
        """Draw an empty rectangle."""
        self.page.add_patch(Rectangle(at, *size, fill=False, edgecolor=color, linewidth=width))

    def grid(self, at: Point, cells: Cells, side: float, paint: Callable[[int, int], str] = lambda _row, _column: "#FFFFFF") -> None:
        """Draw a table of square cells by its top left corner."""
        for row, line in enumerate(cells):
            for column, words in enumerate(line):
                corner = (at[0] + column * side, at[1] + row * side)
                self.page.add_patch(Rectangle(corner, side, side, facecolor=paint(row, column), edgecolor=SOFT, linewidth=2))
                self.text((corner[0] + side / 2, corner[1] + side / 2), words, size=min(LARGE, side * 0.45))

    def axes(self, at: Point, size: Point, **settings: Any) -> Axes:  # noqa: ANN401  # what Axes.set takes is not typed
        """Open a plot by its top left corner, without a frame, its numbers written in French."""
        box = (at[0] / WIDTH, 1 - (at[1] + size[1]) / self.height, size[0] / WIDTH, size[1] / self.height)
        axes = self.figure.add_axes(box, facecolor="none")
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=SMALL, width=2, length=6)
        axes.set(**settings)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _place: short(value)))
            axis.label.set_fontsize(SMALL)
        return axes

    def picture(self, at: Point, side: float, pixels: Any) -> None:  # noqa: ANN401  # any array matplotlib can show
        """Show grey pixels as a square."""
        axes = self.axes(at, (side, side), xticks=[], yticks=[])
        axes.spines[:].set_visible(True)
        axes.imshow(pixels, cmap="gray", vmin=0, vmax=1, interpolation="nearest")

    def png(self) -> bytes:
        """Return the picture as a PNG of few colours, without a word of who drew it."""
        raw, small = io.BytesIO(), io.BytesIO()
        self.figure.savefig(raw, format="png", dpi=DPI, metadata={"Software": None})
        Image.open(raw).convert("RGB").quantize(colors=96, dither=Image.Dither.NONE).save(small, format="PNG", optimize=True)
        return small.getvalue()


def mark(axes: Axes, at: Point, words: str, **style: Unpack[Words]) -> None:
    """Write words inside a plot, at a place of its own numbers."""
    axes.text(*at, typeset(words), **_written(style, SMALL))


def bars(axes: Axes, heights: Iterable[float], color: str, digits: int = 2) -> None:
    """Draw bars with their height written above them."""
    for place, height in enumerate(heights):
        axes.bar(place, height, width=0.7, color=color)
        axes.text(place, height, number(height, digits), size=SMALL, ha="center", va="bottom")


@contextmanager
def house_style() -> Iterator[None]:
    """Draw with our fonts and colours, whatever matplotlib's settings are on this machine."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def drawn(draw: Callable[[], Sheet]) -> bytes:
    """Return a picture's PNG."""
    with house_style():
        return draw().png()
