"""A chapter of the inspection page: paragraphs, figures and tables."""

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
    """A heading, then paragraphs and exhibits in order. An exhibit is a figure or table with its file name."""

    heading: str
    blocks: Sequence[Block]

    @property
    def section(self) -> Section:
        """The chapter as a section of the page."""
        return Section(self.heading, [block if isinstance(block, str) else block[1] for block in self.blocks])

    @property
    def files(self) -> dict[str, DataFrame | Figure]:
        """The exhibits by file name."""
        return {block[0]: block[1] for block in self.blocks if not isinstance(block, str)}
