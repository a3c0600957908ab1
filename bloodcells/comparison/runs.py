"""The runs to compare and what they predict for their test images, clean and distorted."""

import csv
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow

from bloodcells.config.errors import InputError
from bloodcells.config.explain import nearest
from bloodcells.config.names import Artifact, Metric, Tag
from bloodcells.config.schema import ReportConfig
from bloodcells.evaluation.shift.by_image import GRADES, GRID, NAMED, by_image_column
from bloodcells.tracking.find import search
from bloodcells.tracking.stored_run import StoredRun

COLUMNS = {"example": pa.string(), "label": pa.int64(), "predicted": pa.int64()}
# Names of examples stay text, even "007". Arrow need not find out the types of the other columns, which takes as long.
TYPES = COLUMNS | dict.fromkeys([GRID, *map(by_image_column, GRADES)], pa.float64())
# The accuracies that comparisons test, with their names in texts.
MEASURES = {
    Metric.TEST_ACCURACY: "clean accuracy",
    Metric.MILD_ACCURACY: "mild accuracy",
    Metric.COMPOSED_ACCURACY: "composed accuracy",
    Metric.SHIFTED_ACCURACY: "grid accuracy",
}
ROUNDING = 1e-6


def select(config: ReportConfig) -> list[StoredRun]:
    """The training runs of the study that match the filter, oldest first.

    Raises InputError if there are none, and as `search` does.
    """
    conditions = [config.filter] if config.filter else []
    if config.study is not None:
        conditions.insert(0, f"tags.{Tag.STUDY} = '{config.study}'")
    runs = search(config.tracking, " and ".join(conditions) or None)
    if runs:
        return runs
    all_runs = search(config.tracking)
    studies = sorted({run.tags[Tag.STUDY] for run in all_runs if Tag.STUDY in run.tags})
    if config.study is not None and config.study not in studies:
        known = f"one of {', '.join(studies)}" if studies else "the name of a study; train its runs with study=NAME"
        raise InputError(
            f"study={config.study}: none of the {len(all_runs)} training runs in tracking.experiment belongs to it; "
            f"expected {known}{nearest(config.study, studies)}"
        )
    if config.filter:
        raise InputError(f"filter={config.filter}: matches no training run; expected one or more")
    raise InputError("tracking.experiment: contains no training run; expected one or more: train some first")


@dataclass(frozen=True)
class RunPredictions:
    """Predictions of one run for n test images.

    examples: str (n,), the names in the data source; labels, predicted: int (n,), class indices
    shares: by measure, such as Metric.COMPOSED_ACCURACY, float (n,): the share of an image's distorted variants that
        are predicted correctly
    curve: by strength of the chains, as a share of the full one, float (n,): the same share
    distortions: accuracy under each single distortion, over all its severities, in 0..1
    variants: by measure, a description of the variants; runs can be compared by a measure only if theirs are equal
    """

    examples: np.ndarray
    labels: np.ndarray
    predicted: np.ndarray
    shares: dict[str, np.ndarray]
    curve: dict[float, np.ndarray]
    distortions: dict[str, float]
    variants: dict[str, str]

    def without(self, measure: str) -> "RunPredictions":
        """A copy without a measure."""
        others = {key: share for key, share in self.shares.items() if key != measure}
        curve = self.curve if measure not in NAMED.values() else {}
        return replace(self, shares=others, curve=curve)

    @property
    def correct(self) -> np.ndarray:
        """1 where the predicted class is the label, else 0; float (n,)."""
        return (self.predicted == self.labels).astype(float)


def read_predictions(runs: Sequence[StoredRun]) -> dict[str, RunPredictions | InputError]:
    """The predictions of each FINISHED run by its id, or the error in its files."""
    finished = [run for run in runs if run.status == "FINISHED"]
    # Threads help: Arrow parses without holding the GIL, and files on a server have to be downloaded.
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        return dict(zip([run.id for run in finished], pool.map(_read_or_error, finished), strict=True))


def _read_or_error(run: StoredRun) -> RunPredictions | InputError:
    try:
        return _read(run)
    except InputError as error:
        return error
    except (pa.ArrowException, csv.Error, OSError, KeyError, IndexError, StopIteration, ValueError) as error:
        reason = (str(error).splitlines() or ["empty"])[0]
        return InputError(f"run {run.name} ({run.id}): its predictions cannot be read ({reason})")


def _read(run: StoredRun) -> RunPredictions:
    logged = run.metrics
    table = _table(run.file(Artifact.BY_IMAGE))
    examples, labels, predicted = (table[key].to_numpy() for key in COLUMNS)
    accuracy = float(np.mean(labels == predicted))
    expected = logged.get(Metric.TEST_ACCURACY, accuracy)
    if abs(accuracy - expected) > ROUNDING:
        raise InputError(
            f"run {run.name} ({run.id}): its predictions have an accuracy of {accuracy:.4f}, but it logged "
            f"{expected:.4f}; expected its files unchanged since training"
        )
    shares: dict[str, np.ndarray] = {}
    curve: dict[float, np.ndarray] = {}
    distortions: dict[str, float] = {}
    variants: dict[str, str] = {}
    if Metric.COMPOSED_ACCURACY in logged:
        curve = {grade: table[by_image_column(grade)].to_numpy() for grade in GRADES}
        shares |= {measure: curve[grade] for grade, measure in NAMED.items()}
        with run.file(Artifact.COMPOSED_CURVE).open(newline="") as lines:
            settings = [row["chains"] for row in csv.DictReader(lines)][-1]  # at full strength
        variants |= dict.fromkeys(NAMED.values(), settings)
    if Metric.SHIFTED_ACCURACY in logged:
        shares[Metric.SHIFTED_ACCURACY] = table[GRID].to_numpy()
        # The header lists the severities and the first column the distortions; their means are metrics of the run.
        with run.file(Artifact.SHIFT_ACCURACY).open(newline="") as lines:
            header, *rows = csv.reader(lines)
        names = [row[0] for row in rows]
        distortions = {name: logged[f"shift/{name}"] for name in names}
        variants[Metric.SHIFTED_ACCURACY] = " ".join([*names, *header])
    return RunPredictions(examples, labels, predicted, shares, curve, distortions, variants)


def _table(file: Path) -> pa.Table:
    return arrow.read_csv(
        str(file),
        arrow.ReadOptions(use_threads=False),
        convert_options=arrow.ConvertOptions(column_types=TYPES),
    )
