"""One row per configuration: its metrics with intervals, and its differences from the best and the previous row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from bloodcells.comparison.configurations import Configuration, previous_rows
from bloodcells.comparison.differences import PairedDifference, differences
from bloodcells.comparison.runs import MEASURES
from bloodcells.comparison.statistics import Resamples, student, weighted_metrics
from bloodcells.config.errors import InputError
from bloodcells.config.names import Metric, Tag
from bloodcells.evaluation.intervals import percentile


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its 95% interval; values: one per seed."""

    values: tuple[float, ...]
    mean: float
    low: float
    high: float

    def describe(self) -> str:
        """Such as "0.9833 (0.969 to 0.991)"."""
        return f"{self.mean:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class Row:
    """A configuration and its metrics.

    estimates: by metric
    shares: by measure, float (seeds, images), as `paired_test` takes them
    """

    configuration: Configuration
    estimates: dict[str, Estimate]
    shares: dict[str, np.ndarray]

    @property
    def label(self) -> str:
        return self.configuration.label

    def mean(self, metric: str) -> float:
        """Mean of a logged metric over the seeds; NaN if no run has it."""
        values = self.logged(metric)
        return float(np.mean(values)) if values else np.nan

    def logged(self, metric: str) -> list[float]:
        """The logged metric of each run that has it, in the order of the seeds."""
        runs = self.configuration.runs.values()
        return [run.metrics[metric] for run in runs if metric in run.metrics]

    def distortions(self) -> dict[str, float]:
        """Mean accuracy over the seeds under each distortion, in 0..1."""
        by_seed = [predictions.distortions for predictions in self.configuration.predictions.values()]
        return {name: float(np.mean([each[name] for each in by_seed if name in each])) for name in by_seed[0]}


@dataclass(frozen=True)
class Comparison:
    """Rows in the order of their steps, otherwise of their first runs.

    rank_by, ranked_by: the measure that should rank the rows, and the one that does, since all rows have it
    best: index of the best row
    previous: by row, the index of the row it is compared with, by default the one before; None for the first
    vs_best, vs_previous: by measure, one difference per row; None where nothing can be tested. All differences of a
        measure are corrected together, so that two rows have one p wherever they are compared
    """

    rows: list[Row]
    rank_by: str
    ranked_by: str
    best: int
    previous: list[int | None]
    vs_best: dict[str, list[PairedDifference | None]]
    vs_previous: dict[str, list[PairedDifference | None]]

    @property
    def order(self) -> list[int]:
        """The indices of the rows, the best first."""
        return sorted(range(len(self.rows)), key=lambda k: -self.rows[k].estimates[self.ranked_by].mean)

    def difference(self, one: Row, other: Row) -> PairedDifference | None:
        """The difference of two rows by `ranked_by`, as the tables have it; None if they do not compare the two."""
        places = {id(row): k for k, row in enumerate(self.rows)}
        i, j = places[id(one)], places[id(other)]
        for first, second, swapped in ((i, j, False), (j, i, True)):
            found = None
            if second == self.best:
                found = self.vs_best[self.ranked_by][first]
            elif second == self.previous[first]:
                found = self.vs_previous[self.ranked_by][first]
            if found:
                return -found if swapped else found
        return None

    @property
    def measures(self) -> list[str]:
        """The measures that all rows have, starting with the one that ranks them."""
        return sorted(self.vs_best, key=lambda measure: measure != self.ranked_by)


def compare(configurations: Sequence[Configuration], rank_by: str = Metric.COMPOSED_ACCURACY) -> Comparison:
    """Estimates every metric and tests every difference; each measure is corrected separately.

    rank_by: the measure that ranks the rows; if not all have it, composed, grid or clean accuracy does, in this order
    Raises InputError if runs with the same data disagree on the label of an image.
    """
    positions, images = _positions(configurations)
    seeds = sorted({seed for configuration in configurations for seed in configuration.runs})
    resamples = Resamples.draw(images)
    with threadpool_limits(1):  # such small matrix products are slower with several threads
        rows = [
            _row(configuration, positions, images, seeds=seeds, resamples=resamples) for configuration in configurations
        ]
    measures = [measure for measure in MEASURES if all(measure in row.estimates for row in rows)]
    preferred = (rank_by, Metric.COMPOSED_ACCURACY, Metric.SHIFTED_ACCURACY, Metric.TEST_ACCURACY)
    ranked_by = next(measure for measure in preferred if measure in measures)
    best = int(np.argmax([row.estimates[ranked_by].mean for row in rows]))
    previous = previous_rows(configurations)
    with_best = [(k, best) if k != best else None for k in range(len(rows))]
    with_previous = [(k, other) if other is not None else None for k, other in enumerate(previous)]
    vs_best, vs_previous = {}, {}
    for measure in measures:
        tested = differences([*with_best, *with_previous], [row.shares[measure] for row in rows])
        vs_best[measure], vs_previous[measure] = tested[: len(rows)], tested[len(rows) :]
    return Comparison(rows, rank_by, ranked_by, best, previous, vs_best, vs_previous)


def _positions(configurations: Sequence[Configuration]) -> tuple[dict[str, np.ndarray], int]:
    """By run id, the indices of its test images among those of all runs, and the number of these.

    Images of different data are different images, even if they have the same name.
    """
    index: dict[tuple[str, str], int] = {}
    positions = {}
    splits: dict[tuple[object, ...], np.ndarray] = {}  # most runs share theirs with others
    labels: dict[int, int] = {}
    for configuration in configurations:
        data = configuration.params[Tag.DATA]
        for seed, predictions in configuration.predictions.items():
            run = configuration.runs[seed].id
            split = (data, *predictions.examples.tolist(), *predictions.labels.tolist())
            if split in splits:
                positions[run] = splits[split]
                continue
            places = [index.setdefault((data, example), len(index)) for example in predictions.examples.tolist()]
            for place, example, label in zip(places, predictions.examples, predictions.labels.tolist(), strict=True):
                if labels.setdefault(place, label) != label:
                    raise InputError(
                        f"image {example} has class {label} in run {run} but class {labels[place]} in another run "
                        "with the same data; expected one label: exclude one of them with a filter"
                    )
            positions[run] = splits[split] = np.array(places)
    return positions, len(index)


def _row(
    configuration: Configuration,
    positions: Mapping[str, np.ndarray],
    images: int,
    *,
    seeds: Sequence[int],
    resamples: Resamples,
) -> Row:
    values: dict[str, list[float]] = {}
    resampled: dict[str, list[np.ndarray]] = {}
    shares: dict[str, np.ndarray] = {}
    for seed, predictions in configuration.predictions.items():
        places = positions[configuration.runs[seed].id]
        for metric, (value,) in weighted_metrics(predictions, np.ones((len(places), 1))).items():
            values.setdefault(metric, []).append(float(value))
        for metric, resampled_values in resamples.metrics(predictions, places).items():
            resampled.setdefault(metric, []).append(resampled_values)
        for measure, share in {Metric.TEST_ACCURACY: predictions.correct, **predictions.shares}.items():
            whole = shares.setdefault(measure, np.full((len(seeds), images), np.nan))
            whole[seeds.index(seed), places] = share
    # A metric that some seeds lack is left out of the row.
    complete = [metric for metric in values if len(values[metric]) == len(configuration.predictions)]
    return Row(configuration, {metric: _estimate(values[metric], resampled[metric]) for metric in complete}, shares)


def _estimate(values: list[float], resampled: list[np.ndarray]) -> Estimate:
    """The mean over seeds; each bound is the wider of Student's t over seeds and the bootstrap over images."""
    low, high = percentile(np.mean(resampled, axis=0))
    if len(values) > 1:
        by_seeds = student(np.array(values))
        low, high = min(low, by_seeds[0]), max(high, by_seeds[1])
    return Estimate(tuple(values), float(np.mean(values)), max(0.0, low), min(1.0, high))
