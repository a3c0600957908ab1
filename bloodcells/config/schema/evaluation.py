"""How a model is scored: conf/evaluation/ and conf/metric/."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bloodcells.config.errors import InputError
from bloodcells.config.schema.ranges import within

if TYPE_CHECKING:
    import numpy as np


@dataclass
class Chains:
    """The chains of distortions that stand for an unknown test set: see bloodcells/evaluation/shift/chains.py.

    length: the largest number of operations, which are of eight groups; strength: share of their limits
    """

    length: int = within("[1, 8]")
    strength: float = within("(0, 1]")


@dataclass
class Composed:
    """Test images distorted by `draws` chains each, at several strengths."""

    draws: int = within("[1, inf)")


@dataclass
class Grid:
    """Test images under every single distortion at each of the severities."""

    severities: list[int] = within("[1, 5]")

    def check(self) -> None:
        if not self.severities:
            raise InputError(
                "evaluation.grid.severities=[]: expected one or more of 1 to 5, or evaluation=composed for no grid"
            )


@dataclass
class OptionalMetric:
    """Base class of optional metrics. The fields are settings. See bloodcells/evaluation/optional_metrics.py."""

    def __call__(self, labels: "np.ndarray", probabilities: "np.ndarray") -> float:
        """The metric, or nan if it is undefined. labels: int64 (n,); probabilities: float32 (n, classes)."""
        raise NotImplementedError


@dataclass
class Evaluation:
    """What is computed from a model's predictions.

    composed, grid: None leaves out these distorted images; medmnist_c: whether to run this benchmark
    """

    test_time_augmentation: bool
    chains: Chains
    composed: Composed | None
    grid: Grid | None
    medmnist_c: bool
    metric: dict[str, OptionalMetric]
    resamples: int = within("[100, inf)")
    calibration_bins: int = within("[2, inf)")
