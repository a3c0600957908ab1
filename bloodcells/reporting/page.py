"""Reports made of sections with text, tables and figures, rendered as HTML, Markdown or LaTeX."""

import base64
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from jinja2 import Environment, PackageLoader
from matplotlib.figure import Figure
from pandas import DataFrame

DPI = 150


@dataclass(frozen=True)
class RenderedFigure:
    """A figure as a PNG image, rendered once for both a page and a file. width: in inches."""

    png: bytes
    width: float

    @classmethod
    def of(cls, figure: Figure) -> "RenderedFigure":
        png = io.BytesIO()
        figure.savefig(png, format="png", dpi=DPI)
        return cls(png.getvalue(), figure.get_figwidth())


class Link(str):
    """Text in a table that links to `url` on a page.

    A column of links needs the type object: pandas would convert it to plain text.
    """

    url: str

    @classmethod
    def to(cls, url: str, text: str) -> "Link":
        link = cls(text)
        link.url = url
        return link


Block: TypeAlias = str | DataFrame | Figure | RenderedFigure


@dataclass(frozen=True)
class Section:
    """A heading and its content: paragraphs, tables and figures.

    The paragraph before a figure describes it for readers who cannot see it.
    """

    heading: str
    blocks: Sequence[Block]


def page(title: str, lead: str, sections: Sequence[Section]) -> str:
    """A self-contained HTML page: no scripts, no external resources, all text escaped."""
    environment = Environment(loader=PackageLoader("bloodcells.reporting", "."), autoescape=True)
    content = [(section.heading, [_template_values(block) for block in section.blocks]) for section in sections]
    return environment.get_template("page.html").render(title=title, lead=lead, sections=content)


def _template_values(block: Block) -> dict[str, object]:
    if isinstance(block, Figure):
        block = RenderedFigure.of(block)
    if isinstance(block, RenderedFigure):
        return {"image": base64.b64encode(block.png).decode(), "width": round(block.width * 96)}
    if isinstance(block, DataFrame):
        numeric = [block.dtypes.iloc[k].kind in "iuf" for k in range(block.shape[1])]
        rows = [[_formatted(value) for value in row] for row in block.itertuples(index=False)]
        return {"head": list(block.columns), "rows": rows, "numeric": numeric}
    return {"text": block}


def _formatted(value: object) -> str:
    """Floats up to 1 with three decimals, larger ones with four significant digits, NaN as "-", others by `str`.

    The 95% interval of an accuracy on 1,000 images has a width of 0.01 to 0.06: a fourth decimal would mean nothing.
    """
    if isinstance(value, Link):
        return value
    if not isinstance(value, float):
        return str(value)
    if math.isnan(value):
        return "-"
    return f"{value:.3f}" if abs(value) <= 1 else f"{value:.4g}"


def markdown(title: str, lead: str, sections: Sequence[Section], *, figures: Mapping[str, RenderedFigure]) -> str:
    """The sections as Markdown. figures: by file name; every figure in `sections` must be one of these."""
    files = {id(figure): name for name, figure in figures.items()}
    lines = [f"# {title}", "", lead, ""]
    for section in sections:
        lines += [f"## {section.heading}", ""]
        for block in section.blocks:
            if isinstance(block, RenderedFigure):
                lines += [f"![{section.heading}]({files[id(block)]})", ""]
            elif isinstance(block, DataFrame):
                lines += [markdown_table(block), ""]
            elif isinstance(block, str):
                lines += [block, ""]
    return "\n".join(lines)


def markdown_table(table: DataFrame) -> str:
    """A table in Markdown, as GitHub and MLflow show it."""
    rows = [list(table.columns), ["---"] * table.shape[1], *table.astype(str).to_numpy().tolist()]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def latex(tables: Mapping[str, DataFrame], comment: str) -> str:
    r"""One `table` environment per table. Requires \usepackage{booktabs}.

    tables: by caption; comment: written at the top as LaTeX comments
    """
    parts = [f"% {line}" for line in ["\\usepackage{booktabs}", *comment.splitlines()]]
    for caption, table in tables.items():
        text = table.to_latex(index=False, escape=True, caption=_latex_escaped(caption), position="htbp")
        # In text mode, LaTeX's default font encoding (OT1) prints < and > as other characters.
        parts.append(text.replace("<", "$<$").replace(">", "$>$"))
    return "\n".join(parts)


def _latex_escaped(text: str) -> str:
    for character in "&%$#_{}":
        text = text.replace(character, f"\\{character}")
    return text
