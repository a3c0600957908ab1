"""What a comparison of two runs found, of one kind of numbers."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """One place where two runs differ.

    step: the epoch, counted from 1, or None where there is none
    original, again: the number each has, or None where one has none
    apart: how far these are from each other, or None where that is no distance
    """

    what: str
    step: int | None
    original: float | str | None
    again: float | str | None
    apart: float | None

    @property
    def where(self) -> str:
        """Such as "val/loss of epoch 2"."""
        return self.what if self.step is None else f"{self.what} of epoch {self.step}"


@dataclass(frozen=True)
class Finding:
    """Numbers of one kind, such as "weights".

    compared, differing: how many numbers there are, and of how many any bit differs
    differences: where, in the order the run made them; one may stand for several numbers
    """

    kind: str
    compared: int
    differing: int
    differences: Sequence[Difference]

    @property
    def equal(self) -> bool:
        return not self.differences

    @property
    def apart(self) -> float | None:
        """The largest distance, or None where there is none."""
        return max((found.apart for found in self.differences if found.apart is not None), default=None)

    def describe(self) -> str:
        """Such as "3 of 246 differ, by up to 0.0031 (val/loss of epoch 2), first train/loss of epoch 1"."""
        if self.equal:
            return f"equal, all {self.compared:,}"
        said, first = f"{self.differing:,} of {self.compared:,} differ", self.differences[0]
        if self.apart is not None:
            most = next(found for found in self.differences if found.apart == self.apart)
            said += f", by up to {self.apart:.2g}" + (f" ({most.where})" if most is not first else "")
        return f"{said}, first {first.where}"
