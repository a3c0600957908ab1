"""Contact sheets: images in rows with captions.

All images share one Axes with inches as units: with one Axes per image, drawing would take seconds.
"""

import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bloodcells.reporting.style import WARNING, drawable, literal

WIDTH = 10.0  # inches, maximum
GAP = 0.08  # inches, between tiles
FONT = 8.5  # points
LINE = FONT * 1.25 / 72  # inches, height of a line of text
LETTER = FONT * 0.62 / 72  # inches, mean width of a letter


@dataclass(frozen=True)
class Tile:
    """An image, uint8 (h, w, 3), with its caption; `marked` draws a frame around it."""

    pixels: np.ndarray
    caption: str = ""
    marked: bool = False


def sheet(
    tiles: Sequence[Tile | None],
    columns: int,
    *,
    rows: Sequence[str] = (),
    heads: Sequence[str] = (),
    side: float = 1.6,
) -> Figure:
    """Draws tiles row by row; None leaves a place empty.

    rows, heads: labels of the rows and of the columns
    side: maximum width of a tile, in inches
    """
    names = [wrapped(name, 22) for name in rows]
    left = max((_letters(line) for name in names for line in name.splitlines()), default=0) * LETTER + GAP
    columns = min(columns, len(tiles))
    width = min(side, (WIDTH - left) / columns - GAP)
    height = width * max(tile.pixels.shape[0] / tile.pixels.shape[1] for tile in tiles if tile)
    captions = [wrapped(tile.caption, int(width / LETTER)) if tile else "" for tile in tiles]
    lines = [
        max(len(text.splitlines()) for text in captions[start : start + columns])
        for start in range(0, len(tiles), columns)
    ]
    tops = np.cumsum([LINE + GAP if heads else GAP, *(height + GAP + LINE * count for count in lines)])
    size = (left + columns * (width + GAP), float(tops[-1]))
    figure = Figure(figsize=size)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, size[0]), ylim=(size[1], 0))
    axes.set_axis_off()
    for column, head in enumerate(heads):
        axes.text(
            left + column * (width + GAP) + width / 2, GAP / 2, literal(head), fontsize=FONT, ha="center", va="top"
        )
    for name, top in zip(names, tops, strict=False):
        axes.text(left - GAP, top + height / 2, literal(name), fontsize=FONT, ha="right", va="center")
    for place, (tile, caption) in enumerate(zip(tiles, captions, strict=True)):
        if tile:
            _draw(axes, tile, caption, x=left + place % columns * (width + GAP), y=tops[place // columns], width=width)
    axes.set(xlim=(0, size[0]), ylim=(size[1], 0), aspect="auto")  # imshow has changed them
    return figure


def _draw(axes: Axes, tile: Tile, caption: str, *, x: float, y: float, width: float) -> None:
    height = width * tile.pixels.shape[0] / tile.pixels.shape[1]
    axes.imshow(tile.pixels, extent=(x, x + width, y + height, y))
    if tile.marked:
        axes.add_patch(Rectangle((x, y), width, height, fill=False, edgecolor=WARNING, linewidth=3))
    axes.text(x, y + height + 0.03, literal(caption), fontsize=FONT, va="top", linespacing=1.15)


def short_name(example: object) -> str:
    """A short form of an example's name for captions: of a path, the file name without suffix."""
    return PurePosixPath(str(example)).stem


def class_title(class_name: str) -> str:
    """The class name, or "class 3" if the name is only a number."""
    return f"class {class_name}" if class_name.isdecimal() else class_name


def wrapped(text: str, width: int) -> str:
    """Wraps `text`, as it is drawn, to lines of at most `width` letters, breaking words that are longer."""
    return "\n".join(textwrap.fill(line, max(width, 4)) for line in drawable(text).splitlines())


def _letters(line: str) -> float:
    """The width of a line in Latin letters; a Chinese or Japanese character is square."""
    return sum(FONT / 72 / LETTER if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)
