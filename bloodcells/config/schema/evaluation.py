"""How a model is scored: conf/evaluation/ and conf/metric/."""

from dataclasses import dataclass

import numpy as np

from bloodcells.config.errors import InputError
from bloodcells.config.schema.ranges import within


@dataclass
class Shift:
    """The severities at which every distortion is applied."""

    severities: list[int] = within("[1, 5]")

    def check(self) -> None:
        if not self.severities:
            raise InputError(
                "evaluation.shift.severities=[]: expected one or more of 1 to 5, or evaluation=clean for no "
                "distorted images"
            )


@dataclass
class OptionalMetric:
    """Base class of optional metrics. The fields are settings. See bloodcells/evaluation/optional_metrics.py."""

    def __call__(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
        """The metric, or nan if it is undefined. labels: int64 (n,); probabilities: float32 (n, classes)."""
        raise NotImplementedError


@dataclass
class Evaluation:
    """What is computed from a model's predictions; `shift`: None leaves out the distorted images."""

    test_time_augmentation: bool
    shift: Shift | None
    metric: dict[str, OptionalMetric]
    resamples: int = within("[100, inf)")
    calibration_bins: int = within("[2, inf)")
