"""Ranges of numbers, declared beside their types."""

from dataclasses import field
from typing import Any


def within(interval: str) -> Any:
    """A dataclass field whose number, or each number of a list, must lie in `interval`, such as "[0, 1)"."""
    return field(metadata={"within": interval})


def inside(number: float, interval: str) -> bool:
    """Whether `number` lies in `interval`; a round bracket excludes the bound, a square one includes it."""
    low, high = (float(bound) for bound in interval[1:-1].split(","))
    above = number > low if interval[0] == "(" else number >= low
    below = number < high if interval[-1] == ")" else number <= high
    return above and below
