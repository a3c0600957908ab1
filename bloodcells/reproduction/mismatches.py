"""The result of comparing the values of two runs: how many differ, where, and by how much."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Mismatch:
    """One place where two runs differ.

    what: the metric, variable or image; step: the epoch, from 1, or None for the whole run
    original, repeat: the value in each run, or None if it has none
    difference: the absolute difference, or None if the values are not numbers
    """

    what: str
    step: int | None
    original: float | str | None
    repeat: float | str | None
    difference: float | None

    @property
    def where(self) -> str:
        """Such as "all_epochs/val_loss of epoch 2"."""
        return self.what if self.step is None else f"{self.what} of epoch {self.step}"


@dataclass(frozen=True)
class ComparedValues:
    """Values of one kind, such as "weights", in two runs.

    compared, differing: the number of values, and of those that differ in any bit
    mismatches: in the order in which a run produces the values; one may cover several values
    """

    kind: str
    compared: int
    differing: int
    mismatches: Sequence[Mismatch]

    @property
    def equal(self) -> bool:
        return not self.mismatches

    @property
    def max_difference(self) -> float | None:
        """The largest absolute difference, or None if there is none."""
        return max(
            (mismatch.difference for mismatch in self.mismatches if mismatch.difference is not None), default=None
        )

    def describe(self) -> str:
        """Such as "3 of 246 differ, by up to 0.0031 (test/accuracy), first all_epochs/train_loss of epoch 1"."""
        if self.equal:
            return f"all {self.compared:,} equal"
        text, first = f"{self.differing:,} of {self.compared:,} differ", self.mismatches[0]
        if self.max_difference is not None:
            largest = next(mismatch for mismatch in self.mismatches if mismatch.difference == self.max_difference)
            text += f", by up to {self.max_difference:.2g}" + (f" ({largest.where})" if largest is not first else "")
        return f"{text}, first {first.where}"


def bits_differ(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Elementwise, bool: whether any bit differs, so that -0 differs from 0 and a NaN equals itself."""
    bits = f"u{first.dtype.itemsize}"
    return np.ascontiguousarray(first).view(bits) != np.ascontiguousarray(second).view(bits)


def distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Elementwise, float64: the absolute difference; infinity where that is NaN."""
    difference = np.abs(first.astype(np.float64) - second.astype(np.float64))
    return np.where(np.isnan(difference), np.inf, difference)
