"""A part of the inspection: words, and the figures and tables that they are about."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from matplotlib.figure import Figure
from pandas import DataFrame

from bloodcells.reporting.page import Section

Exhibit: TypeAlias = tuple[str, DataFrame | Figure]
Block: TypeAlias = str | Exhibit


@dataclass(frozen=True)
class Chapter:
    """A heading, paragraphs and exhibits in their order; an exhibit is a figure or a table with its file's name."""

    heading: str
    blocks: Sequence[Block]

    @property
    def section(self) -> Section:
        """As the page shows it."""
        return Section(self.heading, [block if isinstance(block, str) else block[1] for block in self.blocks])

    @property
    def files(self) -> dict[str, DataFrame | Figure]:
        """Its exhibits under their names."""
        return {block[0]: block[1] for block in self.blocks if not isinstance(block, str)}
