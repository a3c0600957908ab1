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
KEPT, SHARE = ["example", "label", "predicted"], "shifted_accuracy"
ROUNDING = 1e-6


@dataclass(frozen=True)
class Answers:
    """Answers for n test images.

    examples: str (n,), the source's names; labels, predicted: int (n,), numbers of classes
    robust: float (n,), the share of an image's distorted variants that were answered right; None without a shift
    distortions: the accuracy under each distortion, over all its severities, in 0..1
    variants: what tells in which ways and severities images were distorted; the same for runs that can be compared
    """

    examples: np.ndarray
    labels: np.ndarray
    predicted: np.ndarray
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
    except (pa.ArrowException, csv.Error, OSError, KeyError, IndexError, StopIteration, ValueError) as error:
        return InputError(
            f"run {run.name} ({run.id}): its predictions cannot be read ({(str(error).splitlines() or ['empty'])[0]})"
        )


def _read(run: StoredRun) -> Answers:
    logged = run.run.data.metrics
    if SHIFTED in logged:
        table = _columns(run.file("shift/by_image.csv"), [*KEPT, SHARE])
    else:
        table = _columns(run.file("predictions.csv"), ["split", *KEPT])
        table = table.filter(compute.equal(table["split"], "test"))
    examples, labels, predicted = (table[key].to_numpy() for key in KEPT)
    accuracy = float(np.mean(labels == predicted))
    if CLEAN in logged and abs(accuracy - logged[CLEAN]) > ROUNDING:
        raise InputError(
            f"run {run.name} ({run.id}): its answers give an accuracy of {accuracy:.4f}, but it logged "
            f"{logged[CLEAN]:.4f}; expected its files as training left them"
        )
    if SHIFTED not in logged:
        return Answers(examples, labels, predicted, None, {}, ())
    # Its header has the severities, and its first column the distortions, whose means are metrics.
    with run.file("shift/accuracy.csv").open(newline="") as lines:
        header, *rows = csv.reader(lines)
    names = [row[0] for row in rows]
    distortions = {name: logged[f"shift/{name}"] for name in names}
    return Answers(examples, labels, predicted, table[SHARE].to_numpy(), distortions, (*names, *header))


def _columns(file: Path, columns: list[str]) -> pa.Table:
    """Columns of a CSV file: splits and names of examples, texts, "007" too, and numbers."""
    types = {"split": pa.string(), "example": pa.string(), "label": pa.int64(), "predicted": pa.int64()}
    return arrow.read_csv(
        str(file),
        arrow.ReadOptions(use_threads=False),
        convert_options=arrow.ConvertOptions(include_columns=columns, column_types=types),
    )
