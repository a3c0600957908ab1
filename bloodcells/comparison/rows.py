"""A row a configuration: its figures with intervals, and what tells it from the best row and from the row before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from bloodcells.comparison.answers import CLEAN, SHIFTED, Answers
from bloodcells.comparison.bootstrap import Resamples, figures
from bloodcells.comparison.configurations import DATA, Configuration, earlier
from bloodcells.comparison.intervals import student
from bloodcells.comparison.significance import Difference, holm, paired
from bloodcells.config.errors import InputError
from bloodcells.evaluation.intervals import percentile

MEASURES = {CLEAN: "clean accuracy", SHIFTED: "shifted accuracy"}  # those that are tested


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its 95% interval; `values` are the seeds', in their order."""

    values: tuple[float, ...]
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Row:
    """A configuration and its figures.

    estimates: by metric; shares: by measure, float (seeds, images), NaN where an image is not in a seed's test split
    """

    configuration: Configuration
    estimates: dict[str, Estimate]
    shares: dict[str, np.ndarray]

    @property
    def label(self) -> str:
        return self.configuration.label

    def mean(self, metric: str) -> float:
        """Of what was logged, over the seeds; NaN where no run has it."""
        values = self.logged(metric)
        return float(np.mean(values)) if values else np.nan

    def logged(self, metric: str) -> list[float]:
        """A metric of each run that has it, in the order of the seeds."""
        runs = self.configuration.runs.values()
        return [run.run.data.metrics[metric] for run in runs if metric in run.run.data.metrics]

    def distortions(self) -> dict[str, float]:
        """The mean accuracy under each distortion, 0..1."""
        found = [answers.distortions for answers in self.configuration.answers.values()]
        return {name: float(np.mean([each[name] for each in found if name in each])) for name in found[0]}


@dataclass(frozen=True)
class Comparison:
    """Rows in the order of their steps or else of their first run.

    best: the row that is highest by the measure `ranked_by`
    earlier: by row, the place of the one it is a change of, as a rule the one before; None for the first
    to_best, to_before: by measure, a difference a row, to the best and to the earlier one; None where there is nothing
        to test
    """

    rows: list[Row]
    ranked_by: str
    best: int
    earlier: list[int | None]
    to_best: dict[str, list[Difference | None]]
    to_before: dict[str, list[Difference | None]]

    @property
    def measures(self) -> list[str]:
        """The measures that all rows have, the one that ranks first."""
        return sorted(self.to_best, key=lambda measure: measure != self.ranked_by)


def compare(configurations: Sequence[Configuration]) -> Comparison:
    """Estimates every figure and tests every difference; one correction for each measure and each of both families.

    Raises InputError where runs of the same data disagree on an image's label.
    """
    positions, images = _positions(configurations)
    seeds = sorted({seed for configuration in configurations for seed in configuration.runs})
    resamples = Resamples.draw(images)
    with threadpool_limits(1):  # products this small take longer when threads share them
        rows = [_row(configuration, positions, images, seeds, resamples) for configuration in configurations]
    measures = [measure for measure in MEASURES if all(measure in row.estimates for row in rows)]
    ranked_by = measures[-1]
    best = int(np.argmax([row.estimates[ranked_by].mean for row in rows]))
    before = earlier(configurations)
    to_best, to_before = {}, {}
    for measure in measures:
        shares = [row.shares[measure] for row in rows]
        to_best[measure] = holm([None if k == best else paired(share, shares[best]) for k, share in enumerate(shares)])
        to_before[measure] = holm(
            [None if k is None else paired(share, shares[k]) for share, k in zip(shares, before, strict=True)]
        )
    return Comparison(rows, ranked_by, best, before, to_best, to_before)


def _positions(configurations: Sequence[Configuration]) -> tuple[dict[str, np.ndarray], int]:
    """By run, where its images stand among all that any run was tested on, and how many these are.

    Images of different data are different images, whatever their names.
    """
    index: dict[tuple[str, str], int] = {}
    positions = {}
    labels: dict[int, int] = {}
    for configuration in configurations:
        data = configuration.params[DATA]
        for seed, answers in configuration.answers.items():
            places = [index.setdefault((data, example), len(index)) for example in answers.examples.tolist()]
            for place, example, label in zip(places, answers.examples, answers.labels.tolist(), strict=True):
                if labels.setdefault(place, label) != label:
                    raise InputError(
                        f"image {example} is of class {label} in run {configuration.runs[seed].id} and of class "
                        f"{labels[place]} in another run on the same data; expected one label: filter one of them out"
                    )
            positions[configuration.runs[seed].id] = np.array(places)
    return positions, len(index)


def _row(
    configuration: Configuration,
    positions: Mapping[str, np.ndarray],
    images: int,
    seeds: Sequence[int],
    resamples: Resamples,
) -> Row:
    values: dict[str, list[float]] = {}
    resampled: dict[str, list[np.ndarray]] = {}
    shares: dict[str, np.ndarray] = {}
    for seed, answers in configuration.answers.items():
        places = positions[configuration.runs[seed].id]
        for metric, found in figures(answers, np.ones((len(places), 1))).items():
            values.setdefault(metric, []).append(float(found[0]))
        for metric, found in resamples.figures(answers, places).items():
            resampled.setdefault(metric, []).append(found)
        for measure, share in _shares(answers).items():
            whole = shares.setdefault(measure, np.full((len(seeds), images), np.nan))
            whole[seeds.index(seed), places] = share
    # A figure that some seeds of the row lack is no figure of the row.
    complete = [metric for metric in values if len(values[metric]) == len(configuration.answers)]
    return Row(configuration, {metric: _estimate(values[metric], resampled[metric]) for metric in complete}, shares)


def _shares(answers: Answers) -> dict[str, np.ndarray]:
    return {CLEAN: answers.right} | ({} if answers.robust is None else {SHIFTED: answers.robust})


def _estimate(values: list[float], resampled: list[np.ndarray]) -> Estimate:
    """The mean over seeds; on either side the wider of Student's t over seeds and the bootstrap over images."""
    low, high = percentile(np.mean(resampled, axis=0))
    if len(values) > 1:
        by_seeds = student(np.array(values))
        low, high = min(low, by_seeds[0]), max(high, by_seeds[1])
    return Estimate(tuple(values), float(np.mean(values)), max(0.0, low), min(1.0, high))
