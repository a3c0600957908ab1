"""Ranges of numbers, declared with the fields of the schema."""

from dataclasses import field
from typing import Any


def within(interval: str) -> Any:
    """Declares a dataclass field: a number, or a list of numbers, in `interval`, such as "[0, 1)"."""
    return field(metadata={"within": interval})


def inside(number: float, interval: str) -> bool:
    """Whether `number` is in `interval`: a parenthesis excludes the bound, a bracket includes it."""
    low, high = (float(bound) for bound in interval[1:-1].split(","))
    above = number > low if interval[0] == "(" else number >= low
    below = number < high if interval[-1] == ")" else number <= high
    return above and below
