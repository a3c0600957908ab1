"""A model's predictions: the only source of every metric and figure."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bloodcells.config.errors import InputError
from bloodcells.data.images import Images
from bloodcells.reporting.spreadsheet import unescaped

TINY = float(np.finfo(np.float32).tiny)  # stands in for a probability of 0, whose logarithm is infinite


@dataclass(frozen=True)
class Predictions:
    """Predicted probabilities for n images, with their labels.

    splits: str (n,), "validation" or "test"; examples: str (n,), unique names from the data source
    labels: int64 (n,); probabilities: float32 (n, classes), each row sums to 1
    Raises InputError if the lengths differ, a name occurs twice or a probability is not finite.
    """

    class_names: tuple[str, ...]
    splits: np.ndarray
    examples: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray

    def __post_init__(self) -> None:
        lengths = {len(self.splits), len(self.examples), len(self.labels), len(self.probabilities)}
        if len(lengths) != 1 or len(set(self.examples.tolist())) != len(self.examples):
            raise InputError(
                f"predictions: {sorted(lengths)} entries, or one image twice; expected exactly one prediction per image"
            )
        if not np.isfinite(self.probabilities).all():
            raise InputError("predictions: a probability is not finite; expected a number in [0, 1] for every class")

    @property
    def predicted(self) -> np.ndarray:
        """int64 (n,): the most probable class of each image."""
        return self.probabilities.argmax(axis=1)

    @property
    def losses(self) -> np.ndarray:
        """float64 (n,): cross-entropy of each image in nats, -log of the probability of its label."""
        of_label = self.probabilities[np.arange(len(self.labels)), self.labels]
        return -np.log(np.maximum(of_label.astype(float), TINY))

    def of(self, split: str) -> "Predictions":
        """The predictions for one split."""
        chosen = self.splits == split
        return Predictions(
            self.class_names,
            self.splits[chosen],
            self.examples[chosen],
            self.labels[chosen],
            self.probabilities[chosen],
        )

    def compare(self, stored: "Predictions") -> str:
        """How they differ from `stored`, the run's own; the text completes a sentence that starts "The predictions"."""
        if not np.array_equal(self.examples, stored.examples) or not np.array_equal(self.labels, stored.labels):
            return "are for other images or labels than the run's"
        difference = float(np.abs(self.probabilities - stored.probabilities).max())
        if difference == 0:
            return "are bit-identical to the run's"
        changed = int((self.predicted != stored.predicted).sum())
        return f"differ from the run's by up to {difference:.1g} in probability; {changed} predicted classes changed"

    def table(self) -> pd.DataFrame:
        """One row per image. Written as CSV, the probabilities keep enough digits to be read back bit-identically."""
        table = pd.DataFrame({"split": self.splits, "example": self.examples, "label": self.labels})
        table["predicted"] = self.predicted
        for number, name in enumerate(self.class_names):
            table[f"p({name})"] = self.probabilities[:, number]
        return table

    @classmethod
    def load(cls, path: Path) -> "Predictions":
        """Reads predictions from the CSV file of `table`."""
        table = pd.read_csv(path, dtype={"split": str, "example": str, "label": np.int64}, float_precision="round_trip")
        columns = [column for column in table.columns if column.startswith("p(")]
        return cls(
            class_names=tuple(column[2:-1] for column in columns),
            splits=table["split"].to_numpy(str),
            examples=unescaped(table["example"]).to_numpy(str),
            labels=table["label"].to_numpy(),
            probabilities=table[columns].to_numpy(np.float32),
        )


def predict(infer: Callable[[np.ndarray], np.ndarray], parts: dict[str, Images]) -> Predictions:
    """Predicts the images of each split, in order.

    infer: maps uint8 (n, h, w, 3) to probabilities, float32 (n, classes); parts: images by the name of their split
    """
    images = list(parts.values())
    return Predictions(
        class_names=images[0].class_names,
        splits=np.repeat(list(parts), [len(part) for part in images]),
        examples=np.concatenate([part.examples for part in images]),
        labels=np.concatenate([part.labels for part in images]),
        probabilities=np.concatenate([infer(part.pixels) for part in images]),
    )
