"""Predictions for test images under chains of distortions at graded strengths: the numbers that rank models.

Each test image is distorted by several chains of operations, each at strengths from mild, as from another laboratory's
scanner, to full, as in a heavily distorted test set. The length and strength of the chains are settings, fitted in
experiments/shift.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
from pandas import DataFrame

from bloodcells.config.names import Artifact, Metric
from bloodcells.config.schema import AugmentationStep, Chains
from bloodcells.data.images import Images
from bloodcells.evaluation.intervals import mean_interval
from bloodcells.evaluation.shift.by_image import FULL, GRADES, NAMED, by_image_column
from bloodcells.evaluation.shift.catalogue import resembling
from bloodcells.evaluation.shift.chains import chain, distort_by_chains
from bloodcells.evaluation.shift.operations import OPERATIONS, resembled
from bloodcells.reporting.terminal import with_progress


@dataclass(frozen=True)
class Composed:
    """Predicted classes of images distorted by chains.

    examples: str (n,); labels: int (n,)
    settings: length and strength of the chains
    chains: names of the operations, by draw and image
    predicted: int (n,), by grade and draw
    """

    examples: np.ndarray
    labels: np.ndarray
    settings: Chains
    chains: dict[int, list[tuple[str, ...]]]
    predicted: dict[tuple[float, int], np.ndarray]

    def correct(self, grade: float) -> np.ndarray:
        """Whether each prediction at one grade is correct: bool (draws, n)."""
        return np.array([self.labels == classes for (at, _), classes in self.predicted.items() if at == grade])

    def by_image(self) -> DataFrame:
        """One row per image, one column per grade: the share of its draws that are predicted correctly."""
        return DataFrame({by_image_column(grade): self.correct(grade).mean(axis=0) for grade in GRADES})

    def curve(self, resamples: int, seed: int) -> DataFrame:
        """One row per grade: strength, chains, accuracy, and its 95% bootstrap interval over the images.

        strength: share of the full strength; chains: their number per image, their length and their full strength
        """
        rows = []
        for grade in GRADES:
            correct = self.correct(grade)
            low, high = mean_interval(correct.mean(axis=0), resamples, seed)
            chains = f"{len(correct)} of up to {self.settings.length} operations, strength {self.settings.strength:g}"
            rows.append((grade, chains, float(correct.mean()), low, high))
        return DataFrame(rows, columns=["strength", "chains", "accuracy", "95% interval from", "to"])

    def metrics(self, augmentation: Mapping[str, AugmentationStep], resamples: int, *, seed: int) -> dict[str, float]:
        """Accuracies in [0, 1]: of the grades with a name, with intervals, and over unseen chains at full strength.

        A chain is unseen if the training augmentation resembles none of its operations. Left out if there is none.
        """
        metrics: dict[str, float] = {}
        for row in self.curve(resamples, seed).to_dict("records"):
            if name := NAMED.get(row["strength"]):
                metrics |= {
                    name: row["accuracy"],
                    f"{name}_low": row["95% interval from"],
                    f"{name}_high": row["to"],
                }
        unseen = self.without(resembled(augmentation))
        if unseen.any():
            metrics[Metric.COMPOSED_UNSEEN_ACCURACY] = float(self.correct(FULL)[unseen].mean())
        return metrics

    def without(self, operations: Collection[str]) -> np.ndarray:
        """Which chains at full strength contain none of the operations: bool (draws, n)."""
        return self._with(lambda operation: operation not in operations, all)

    def by_operation(self, augmentation: Mapping[str, AugmentationStep]) -> DataFrame:
        """One row per operation: group, training steps that resemble it, chains with it, accuracy on them, source."""
        rows = []
        for name, operation in OPERATIONS.items():
            chains = self._with(name.__eq__, any)
            accuracy = float(self.correct(FULL)[chains].mean()) if chains.any() else np.nan
            steps = " ".join(resembling(name, augmentation))
            rows.append((name, operation.group, steps, int(chains.sum()), accuracy, operation.source))
        return DataFrame(rows, columns=["operation", "group", "trained on by", "chains", "accuracy", "source"])

    def tables(
        self, augmentation: Mapping[str, AugmentationStep], resamples: int, *, seed: int
    ) -> dict[str, DataFrame]:
        """By file name: every prediction, the operations of every chain, the curve, and the accuracy by operation.

        The first two have one row per image, and columns such as "strength 0.25, draw 0" and "draw 0".
        """
        images = {"example": self.examples, "label": self.labels}
        predictions = {f"{by_image_column(grade)}, draw {draw}": of for (grade, draw), of in self.predicted.items()}
        operations = {f"draw {draw}": [" ".join(names) for names in chains] for draw, chains in self.chains.items()}
        return {
            Artifact.COMPOSED_PREDICTIONS: DataFrame(images | predictions),
            Artifact.COMPOSED_CHAINS: DataFrame(images | operations),
            Artifact.COMPOSED_CURVE: self.curve(resamples, seed),
            Artifact.COMPOSED_BY_OPERATION: self.by_operation(augmentation),
        }

    def _with(self, condition: Callable[[str], bool], of: Callable[..., bool]) -> np.ndarray:
        """Which chains at full strength have `any` or `all` operations that meet a condition: bool (draws, n)."""
        draws = [draw for grade, draw in self.predicted if grade == FULL]
        return np.array([[of(condition(name) for name in names) for names in self.chains[draw]] for draw in draws])


def variants(draws: int) -> list[tuple[float, int]]:
    """The grade and the number of each draw of an image, from 0."""
    return [(grade, draw) for grade in GRADES for draw in range(draws if grade in NAMED else 1)]


def composed(
    infer: Callable[[np.ndarray], np.ndarray], images: Images, chains: Chains, *, draws: int, seed: int
) -> Composed:
    """Predicts `images` under chains of distortions at every grade.

    infer: maps uint8 (n, h, w, 3) to probabilities (n, classes); draws: chains per image; seed: of the chains
    """
    predicted = {}
    for grade, draw in with_progress(variants(draws), "distorted images"):
        distorted = distort_by_chains(
            images.pixels, images.examples, strength=grade * chains.strength, length=chains.length, draw=draw, seed=seed
        )
        predicted[grade, draw] = infer(distorted).argmax(axis=1)
    names = {
        draw: [
            tuple(link.operation for link in chain(example, length=chains.length, draw=draw, seed=seed))
            for example in images.examples.tolist()
        ]
        for draw in range(draws)
    }
    return Composed(images.examples, images.labels, chains, names, predicted)
