"""A model's answers to the same images distorted in every way at every severity, and what they come to.

The idea, many distortions at graded severities, is that of Hendrycks and Dietterich 2019, arXiv:1903.12261.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from pandas import DataFrame

from bloodcells.config.schema import Augmentation
from bloodcells.data.images import Images
from bloodcells.evaluation.shift.catalogue import DISTORTIONS, overlapping
from bloodcells.evaluation.shift.distort import distort
from bloodcells.reporting.terminal import with_progress


@dataclass(frozen=True)
class Shifted:
    """Answers to distorted images.

    answers: int (distortions, severities, n), the class answered; labels: int (n,); examples: str (n,)
    """

    severities: tuple[int, ...]
    examples: np.ndarray
    labels: np.ndarray
    answers: np.ndarray

    @cached_property
    def right(self) -> np.ndarray:
        """Bool (distortions, severities, n)."""
        return self.answers == self.labels

    @property
    def accuracy(self) -> dict[str, list[float]]:
        """Of each distortion, at each severity."""
        return {name: row.tolist() for name, row in zip(DISTORTIONS, self.right.mean(axis=2), strict=True)}

    def by_image(self, predicted: np.ndarray) -> DataFrame:
        """A row an image: the class number answered for it as it is, int (n,), and its share of right ones."""
        columns = {"example": self.examples, "label": self.labels, "predicted": predicted}
        return DataFrame(columns | {"shifted_accuracy": self.right.mean(axis=(0, 1))})

    def table(self) -> DataFrame:
        """A row an image, a column a distortion and severity, such as "rotation 1", of the class number answered."""
        columns = {
            f"{name} {severity}": self.answers[i, j]
            for i, name in enumerate(DISTORTIONS)
            for j, severity in enumerate(self.severities)
        }
        return DataFrame({"example": self.examples, "label": self.labels} | columns)

    def summary(self, augmentation: Augmentation) -> DataFrame:
        """A row a distortion: its group, what in training overlaps it, accuracy by severity, their mean, its source."""
        rows = []
        for name, accuracies in self.accuracy.items():
            facts = DISTORTIONS[name]
            steps = [step for step in facts.overlaps if getattr(augmentation, step)]
            by_severity = {str(k): value for k, value in zip(self.severities, accuracies, strict=True)}
            rows.append(
                {"distortion": name, "group": facts.group, "trained on by": " ".join(steps)}
                | by_severity
                | {"mean": float(np.mean(accuracies)), "source": facts.source}
            )
        return DataFrame(rows)

    def metrics(self, augmentation: Augmentation) -> dict[str, float]:
        """Each distortion's accuracy, the mean over its severities, and what they come to, 0..1.

        mean_accuracy: over all; worst_accuracy: the worst distortion's; unseen_accuracy: over the distortions that the
        training augmentation does not overlap, if there are any.
        """
        means = {name: float(np.mean(values)) for name, values in self.accuracy.items()}
        unseen = [mean for name, mean in means.items() if name not in overlapping(augmentation)]
        return {
            "mean_accuracy": float(self.right.mean()),
            "worst_accuracy": min(means.values()),
            **({"unseen_accuracy": float(np.mean(unseen))} if unseen else {}),
            **means,
        }


def shifted(infer: Callable[[np.ndarray], np.ndarray], images: Images, severities: Sequence[int], seed: int) -> Shifted:
    """Asks for answers to `images` distorted in every way; `infer` takes uint8 (n, h, w, 3) to (n, classes)."""
    levels = tuple(sorted(set(severities)))
    variants = [(name, severity) for name in DISTORTIONS for severity in levels]
    answers = [
        infer(distort(images.pixels, images.examples, name, severity, seed)).argmax(axis=1)
        for name, severity in with_progress(variants, "distorted images")
    ]
    shape = (len(DISTORTIONS), len(levels), len(images))
    return Shifted(levels, images.examples, images.labels, np.reshape(answers, shape))
