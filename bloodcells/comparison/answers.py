"""What a run answered for its test images, clean and distorted."""

import csv
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import compute
from pyarrow import csv as arrow

from bloodcells.config.errors import InputError
from bloodcells.tracking.stored import StoredRun

CLEAN, SHIFTED, MACRO_F1 = "test/accuracy", "shift/mean_accuracy", "test/macro_f1"  # metrics of runs


@dataclass(frozen=True)
class Answers:
    """Answers for n test images.

    examples: str (n,), the source's names; labels, predicted: int (n,), of `classes` classes
    robust: float (n,), the share of an image's distorted variants that were answered right; None without a shift
    distortions: the accuracy under each distortion, over all its severities, in 0..1
    variants: what the images were distorted by, such as "rotation 1"
    """

    examples: np.ndarray
    labels: np.ndarray
    predicted: np.ndarray
    classes: int
    robust: np.ndarray | None
    distortions: dict[str, float]
    variants: tuple[str, ...]

    @property
    def right(self) -> np.ndarray:
        """1 where the answer is the label, else 0; float (n,)."""
        return (self.predicted == self.labels).astype(float)


def read(runs: Sequence[StoredRun]) -> dict[str, Answers | InputError]:
    """The answers of each run that ended FINISHED by the run's id, or what is wrong with its files."""
    finished = [run for run in runs if run.status == "FINISHED"]
    # Arrow parses without holding Python's lock, and a server's files take their time to come.
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        return dict(zip([run.id for run in finished], pool.map(_read_or_say, finished), strict=True))


def _read_or_say(run: StoredRun) -> Answers | InputError:
    try:
        return _read(run)
    except InputError as error:
        return error
    except (pa.ArrowException, csv.Error, OSError, KeyError, IndexError, ValueError) as error:
        return InputError(f"run {run.name} ({run.id}): its predictions cannot be read ({str(error).splitlines()[0]})")


def _read(run: StoredRun) -> Answers:
    file = run.file("predictions.csv")
    with file.open(newline="") as lines:
        classes = sum(column.startswith("p(") for column in next(csv.reader(lines), []))
    table = _columns(file, ["split", "example", "label", "predicted"])
    table = table.filter(compute.equal(table["split"], "test"))
    examples, labels, predicted = (table[key].to_numpy() for key in ("example", "label", "predicted"))
    if SHIFTED not in run.run.data.metrics:
        return Answers(examples, labels, predicted, classes, None, {}, ())
    shift = _columns(run.file("shift/predictions.csv"), [])
    if shift.select(["example", "label"]) != table.select(["example", "label"]):
        raise InputError(
            f"run {run.name} ({run.id}): shift/predictions.csv is of other images than predictions.csv; expected its "
            "test images in the same order"
        )
    variants = shift.drop_columns(["example", "label"]).combine_chunks()
    right = variants.to_batches()[0].to_tensor().to_numpy() == labels[:, None]
    names, which = np.unique([name.rpartition(" ")[0] for name in variants.column_names], return_inverse=True)
    means = np.bincount(which, right.mean(axis=0)) / np.bincount(which)
    distortions = dict(zip(names.tolist(), means.tolist(), strict=True))
    robust, variants = right.mean(axis=1), tuple(variants.column_names)
    return Answers(examples, labels, predicted, classes, robust, distortions, variants)


def _columns(file: Path, columns: list[str]) -> pa.Table:
    """Columns of a CSV file, or all of them where none is given. Names of examples stay texts, "007" too."""
    return arrow.read_csv(
        str(file),
        arrow.ReadOptions(use_threads=False),
        convert_options=arrow.ConvertOptions(include_columns=columns, column_types={"example": pa.string()}),
    )
