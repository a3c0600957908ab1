"""What a model answered for each image: the one source of every metric and figure."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bloodcells.config.errors import InputError
from bloodcells.data.images import Images

TINY = float(np.finfo(np.float32).tiny)  # what a probability rounded to 0 counts as, so that it has a logarithm


@dataclass(frozen=True)
class Predictions:
    """Answers for n images.

    splits: str (n,), "validation" or "test"; examples: str (n,), the source's names, each once
    labels: int64 (n,); probabilities: float32 (n, classes), rows that sum to 1
    """

    class_names: tuple[str, ...]
    splits: np.ndarray
    examples: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray

    def __post_init__(self) -> None:
        lengths = {len(self.splits), len(self.examples), len(self.labels), len(self.probabilities)}
        if len(lengths) != 1 or len(set(self.examples.tolist())) != len(self.examples):
            raise InputError(f"predictions for {sorted(lengths)} images, or for one image twice; expected one for each")
        if not np.isfinite(self.probabilities).all():
            raise InputError("predictions with a probability that is no number; expected one of 0..1 for every class")

    @property
    def predicted(self) -> np.ndarray:
        """int64 (n,): the most probable class of each."""
        return self.probabilities.argmax(axis=1)

    @property
    def losses(self) -> np.ndarray:
        """float64 (n,): the cross-entropy of each, -log of the probability given to its label, in nats."""
        own = self.probabilities[np.arange(len(self.labels)), self.labels]
        return -np.log(np.maximum(own.astype(float), TINY))

    def of(self, split: str) -> "Predictions":
        """Those of one split."""
        chosen = self.splits == split
        return Predictions(
            self.class_names,
            self.splits[chosen],
            self.examples[chosen],
            self.labels[chosen],
            self.probabilities[chosen],
        )

    def against(self, other: "Predictions") -> str:
        """How far these are from `other`'s, for the same images, in words."""
        if not np.array_equal(self.examples, other.examples) or not np.array_equal(self.labels, other.labels):
            return "are for other images or labels than the run's"
        apart = float(np.abs(self.probabilities - other.probabilities).max())
        if apart == 0:
            return "equal the run's to the last digit"
        changed = int((self.predicted != other.predicted).sum())
        return f"differ from the run's by up to {apart:.1g} in probability; {changed} answers are others"

    def table(self) -> pd.DataFrame:
        """A row an image; written as CSV, float32 keeps digits enough to read back the same bits."""
        table = pd.DataFrame({"split": self.splits, "example": self.examples, "label": self.labels})
        table["predicted"] = self.predicted
        for number, name in enumerate(self.class_names):
            table[f"p({name})"] = self.probabilities[:, number]
        return table

    @classmethod
    def load(cls, path: Path) -> "Predictions":
        """Reads `table` from its CSV file."""
        table = pd.read_csv(path, dtype={"split": str, "example": str, "label": np.int64}, float_precision="round_trip")
        columns = [column for column in table.columns if column.startswith("p(")]
        return cls(
            class_names=tuple(column[2:-1] for column in columns),
            splits=table["split"].to_numpy(str),
            examples=table["example"].to_numpy(str),
            labels=table["label"].to_numpy(),
            probabilities=table[columns].to_numpy(np.float32),
        )


def predict(infer: Callable[[np.ndarray], np.ndarray], parts: dict[str, Images]) -> Predictions:
    """What a model answers for the images of each split, in their order; `infer` takes uint8 (n, h, w, 3)."""
    images = list(parts.values())
    return Predictions(
        class_names=images[0].class_names,
        splits=np.repeat(list(parts), [len(part) for part in images]),
        examples=np.concatenate([part.examples for part in images]),
        labels=np.concatenate([part.labels for part in images]),
        probabilities=np.concatenate([infer(part.pixels) for part in images]),
    )
