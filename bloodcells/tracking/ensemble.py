"""Several stored runs that predict together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bloodcells.config.errors import InputError
from bloodcells.config.names import Tag
from bloodcells.evaluation.predictions import Predictions
from bloodcells.tracking.stored_run import StoredRun


@dataclass(frozen=True)
class Ensemble(StoredRun):
    """Runs whose probabilities are averaged. Its id, settings and files are those of the first run.

    all_members: two runs or more, which were validated and tested on the same images
    """

    all_members: tuple[StoredRun, ...]

    @classmethod
    def of(cls, runs: Sequence[StoredRun]) -> "Ensemble":
        """Raises InputError if a run occurs twice, or if runs differ in classes or in the settings of predictions."""
        first = runs[0]
        if len({run.id for run in runs}) < len(runs):
            raise InputError(f"run_id: {len(runs)} runs, of which some are the same; expected different ones")
        for run in runs[1:]:
            if run.class_names() != first.class_names():
                raise InputError(f"run_id: runs {first.id} and {run.id} have different classes; expected the same")
            if run.test_time_augmentation() != first.test_time_augmentation():
                raise InputError(
                    f"run_id: one of the runs {first.id} and {run.id} has test-time augmentation; expected both or none"
                )
        return cls(first.mlflow_run, tuple(runs))

    @property
    def name(self) -> str:
        return f"mean of {len(self.all_members)} runs ({super().name} and others)"

    @property
    def members(self) -> tuple[StoredRun, ...]:
        return self.all_members

    def predictions(self) -> Predictions:
        """The means of the recorded probabilities. Raises InputError if they are for different images."""
        first, *others = [run.predictions() for run in self.all_members]
        for run, other in zip(self.all_members[1:], others, strict=True):
            same = all(
                np.array_equal(getattr(other, key), getattr(first, key)) for key in ("examples", "splits", "labels")
            )
            # Images of different archives can have the same names.
            if not same or run.tags.get(Tag.DATA) != self.tags.get(Tag.DATA):
                raise InputError(
                    f"run_id: runs {self.id} and {run.id} have different validation or test images; expected the same "
                    "data and split, as with data.split.seed=0 in all runs"
                )
        probabilities = np.stack([each.probabilities for each in (first, *others)]).mean(axis=0, dtype=np.float64)
        return replace(first, probabilities=probabilities.astype(np.float32))
