"""Sections and tables as Markdown and LaTeX."""

from collections.abc import Mapping, Sequence

from pandas import DataFrame

from bloodcells.reporting.page import Picture, Section


def markdown(title: str, lead: str, sections: Sequence[Section], pictures: Mapping[str, Picture]) -> str:
    """What a page tells; pictures: by the file that each is written to."""
    files = {id(picture): name for name, picture in pictures.items()}
    lines = [f"# {title}", "", lead, ""]
    for section in sections:
        lines += [f"## {section.heading}", ""]
        for block in section.blocks:
            if isinstance(block, Picture):
                lines += [f"![{section.heading}]({files[id(block)]})", ""]
            elif isinstance(block, DataFrame):
                lines += [_markdown_table(block), ""]
            elif isinstance(block, str):
                lines += [block, ""]
    return "\n".join(lines)


def _markdown_table(table: DataFrame) -> str:
    rows = [list(table.columns), ["---"] * table.shape[1], *table.astype(str).to_numpy().tolist()]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def latex(tables: Mapping[str, DataFrame], comment: str) -> str:
    r"""Tables by their captions, each a table environment; they need \usepackage{booktabs} and nothing else."""
    told = [f"% {line}" for line in ["\\usepackage{booktabs}", *comment.splitlines()]]
    for caption, table in tables.items():
        text = table.to_latex(index=False, escape=True, caption=_escaped(caption), position="htbp")
        # < and > are other characters in LaTeX's oldest font encoding, which is still its default.
        told.append(text.replace("<", "$<$").replace(">", "$>$"))
    return "\n".join(told)


def _escaped(text: str) -> str:
    for character in "&%$#_{}":
        text = text.replace(character, f"\\{character}")
    return text
