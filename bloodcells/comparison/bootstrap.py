"""Figures of merit, and what they would have been on other test images of the same kind: a bootstrap over images.

An image is drawn with all that was answered for it, by every seed and in every distorted variant: answers for one image
are not independent. That is the cluster bootstrap; Davison and Hinkley 1997, Bootstrap Methods, section 3.8.
"""

from dataclasses import dataclass

import numpy as np

from bloodcells.comparison.answers import CLEAN, MACRO_F1, SHIFTED, Answers

RESAMPLES = 1000
SEED = 0


@dataclass(frozen=True)
class Resamples:
    """How often each of n images was drawn. counts: float32 (n, resamples), each column sums to n."""

    counts: np.ndarray

    @classmethod
    def draw(cls, images: int) -> "Resamples":
        """The same for every configuration, so that chance in drawing moves all alike."""
        rng = np.random.default_rng(SEED)
        drawn = [np.bincount(rng.integers(images, size=images), minlength=images) for _ in range(RESAMPLES)]
        return cls(np.array(drawn, np.float32).T.copy())

    def figures(self, answers: Answers, positions: np.ndarray) -> dict[str, np.ndarray]:
        """Accuracy, macro F1 and, with a shift, shifted accuracy on each resample; float64 (resamples,), 0..1.

        positions: int (n,), where each image of `answers` stands among those that are drawn.
        """
        return figures(answers, self.counts[positions])


def figures(answers: Answers, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Accuracy, macro F1 and shifted accuracy with images weighted; weights: (n, m), gives m of each.

    A class's F1 is 2 TP / (labelled + predicted); one that is neither does not count.
    """
    classes = np.arange(max(answers.labels.max(), answers.predicted.max()) + 1)
    labelled, predicted = answers.labels[:, None] == classes, answers.predicted[:, None] == classes
    robust = [] if answers.robust is None else [answers.robust]
    columns = [np.ones_like(answers.right), answers.right, *robust, *(labelled & predicted).T]
    columns += list((labelled.astype(int) + predicted).T)
    sums = (np.array(columns, weights.dtype) @ weights).astype(float)
    total = np.maximum(sums[0], 1)  # a small test split may not be drawn at all
    true_positives, both = sums[-2 * len(classes) : -len(classes)], sums[-len(classes) :]
    present = np.maximum((both > 0).sum(axis=0), 1)
    found = {CLEAN: sums[1] / total, MACRO_F1: (2 * true_positives / np.maximum(both, 1)).sum(axis=0) / present}
    return found | ({SHIFTED: sums[2] / total} if robust else {})
