"""Things that are compared with each other, and what is measured of them."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

# By their names, which say the unit, such as "images/s".
Figures: TypeAlias = Mapping[str, float]
# A contender's: each in its turn, and rest in between; to be closed in the end.
Turns: TypeAlias = Generator[Figures, None, None]


@dataclass(frozen=True)
class Group:
    """What is compared within one part of the benchmark.

    contenders: by their names
    reference: the name of the one that the others are divided by
    first_round, later_round: about how many seconds they take on four cores, for the time left
    """

    part: str
    contenders: Mapping[str, Turns]
    reference: str
    first_round: float
    later_round: float


@dataclass(frozen=True)
class Measurement:
    """One figure of one contender in one round, counted from 1.

    ratio: how many times the reference's figure in the same round it is; None where that has no such figure
    """

    part: str
    what: str
    figure: str
    round: int
    value: float
    reference: str
    ratio: float | None
