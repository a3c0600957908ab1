"""Predictions for the same images under every distortion of a catalogue, and the accuracies derived from them.

The protocol follows Hendrycks and Dietterich 2019, arXiv:1903.12261.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from pandas import DataFrame

from bloodcells.config.schema import AugmentationStep
from bloodcells.data.images import Images
from bloodcells.evaluation.shift.by_image import GRID
from bloodcells.evaluation.shift.catalogue import Catalogue, overlapping, resembling
from bloodcells.evaluation.shift.distort import distort
from bloodcells.reporting.terminal import with_progress


@dataclass(frozen=True)
class Shifted:
    """Predicted classes of distorted images.

    examples: str (n,); labels: int (n,); predicted: int (distortions, severities, n), in the order of the catalogue
    """

    catalogue: Catalogue
    severities: tuple[int, ...]
    examples: np.ndarray
    labels: np.ndarray
    predicted: np.ndarray

    @cached_property
    def correct(self) -> np.ndarray:
        """Whether each prediction is correct: bool (distortions, severities, n)."""
        return self.predicted == self.labels

    @property
    def accuracy(self) -> dict[str, list[float]]:
        """Accuracy of each distortion, at each severity."""
        return {name: row.tolist() for name, row in zip(self.catalogue, self.correct.mean(axis=2), strict=True)}

    def by_image(self) -> DataFrame:
        """One row per image, one column: the share of its variants that are predicted correctly."""
        return DataFrame({GRID: self.correct.mean(axis=(0, 1))})

    def table(self) -> DataFrame:
        """One row per image, one column of predicted class numbers per variant, such as "rotation 1"."""
        columns = {
            f"{name} {severity}": self.predicted[i, j]
            for i, name in enumerate(self.catalogue)
            for j, severity in enumerate(self.severities)
        }
        return DataFrame({"example": self.examples, "label": self.labels} | columns)

    def summary(self, augmentation: Mapping[str, AugmentationStep]) -> DataFrame:
        """One row per distortion: group, training steps that resemble it, accuracy by severity, their mean, source."""
        rows = []
        for name, accuracies in self.accuracy.items():
            steps = resembling(name, augmentation)
            by_severity = {str(k): value for k, value in zip(self.severities, accuracies, strict=True)}
            rows.append(
                {"distortion": name, "group": self.catalogue[name].group, "trained on by": " ".join(steps)}
                | by_severity
                | {"mean": float(np.mean(accuracies)), "source": self.catalogue[name].source}
            )
        return DataFrame(rows)

    def metrics(self, augmentation: Mapping[str, AugmentationStep]) -> dict[str, float]:
        """Accuracies in [0, 1]: of each distortion, averaged over severities, and three summaries.

        mean_accuracy: over all variants
        worst_accuracy: of the distortion with the lowest mean
        unseen_accuracy: over the distortions that the training augmentation does not resemble, if any
        """
        means = {name: float(np.mean(values)) for name, values in self.accuracy.items()}
        unseen = [mean for name, mean in means.items() if name not in overlapping(augmentation)]
        return {
            "mean_accuracy": float(self.correct.mean()),
            "worst_accuracy": min(means.values()),
            **({"unseen_accuracy": float(np.mean(unseen))} if unseen else {}),
            **means,
        }


def shifted(
    infer: Callable[[np.ndarray], np.ndarray],
    images: Images,
    catalogue: Catalogue,
    *,
    severities: Sequence[int],
    seed: int,
) -> Shifted:
    """Predicts `images` under every distortion of `catalogue` at each of `severities`, which are in 1..5.

    infer: maps uint8 (n, h, w, 3) to probabilities (n, classes); seed: of the distortions
    """
    levels = tuple(sorted(set(severities)))
    variants = [(distortion, severity) for distortion in catalogue.values() for severity in levels]
    predicted = [
        infer(distort(images.pixels, images.examples, distortion, severity=severity, seed=seed)).argmax(axis=1)
        for distortion, severity in with_progress(variants, "distorted images")
    ]
    shape = (len(catalogue), len(levels), len(images))
    return Shifted(catalogue, levels, images.examples, images.labels, np.reshape(predicted, shape))
