"""A page of sections: text, tables and figures in the order they are told."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from jinja2 import Environment, PackageLoader
from matplotlib.figure import Figure
from pandas import DataFrame

DPI = 150


@dataclass(frozen=True)
class Picture:
    """A figure that was drawn, for who writes it to a file too. png: the file's bytes; width: in inches."""

    png: bytes
    width: float

    @classmethod
    def draw(cls, figure: Figure) -> "Picture":
        png = io.BytesIO()
        figure.savefig(png, format="png", dpi=DPI)
        return cls(png.getvalue(), figure.get_figwidth())


Block: TypeAlias = str | DataFrame | Figure | Picture


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it: paragraphs, tables and figures.

    A figure is told apart for who cannot see it by the paragraph before it.
    """

    heading: str
    blocks: Sequence[Block]


def page(title: str, lead: str, sections: Sequence[Section]) -> str:
    """The HTML text: complete in itself, with no script and nothing fetched. All text is escaped."""
    environment = Environment(loader=PackageLoader("bloodcells.reporting", "."), autoescape=True)
    told = [(section.heading, [_told(block) for block in section.blocks]) for section in sections]
    return environment.get_template("page.html").render(title=title, lead=lead, sections=told)


def _told(block: Block) -> dict[str, object]:
    if isinstance(block, Figure):
        block = Picture.draw(block)
    if isinstance(block, Picture):
        return {"picture": base64.b64encode(block.png).decode(), "width": round(block.width * 96)}
    if isinstance(block, DataFrame):
        numeric = [block.dtypes.iloc[k].kind in "iuf" for k in range(block.shape[1])]
        rows = [[_short(value) for value in row] for row in block.itertuples(index=False)]
        return {"head": list(block.columns), "rows": rows, "numeric": numeric}
    return {"text": block}


def _short(value: object) -> str:
    """A number as one reads it: a share with four decimals, others with four digits."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.4f}" if abs(value) <= 1 else f"{value:.4g}"
