"""Artificial rows and comparisons with known numbers."""

from collections.abc import Sequence
from types import SimpleNamespace

from bloodcells.comparison.configurations import Configuration
from bloodcells.comparison.differences import PairedDifference
from bloodcells.comparison.rows import Comparison, Estimate, Row
from bloodcells.config.names import Metric

CLEAN, COMPOSED = Metric.TEST_ACCURACY, Metric.COMPOSED_ACCURACY


def difference(points: float, p: float, method: str = "exact McNemar", seeds: int = 2) -> PairedDifference:
    """A difference with an interval of ±1 point."""
    return PairedDifference(points, points - 1, points + 1, p, p, method, 100, 100, 0, seeds)


def row(
    label: str,
    *values: float,
    params: dict[str, str] | None = None,
    metric: str = COMPOSED,
    distortions: dict[str, float] | None = None,
    **metrics: float,
) -> Row:
    """A row with one value per seed, an interval of ±0.01 around their mean, and runs named "LABEL SEED"."""
    runs = {
        seed: SimpleNamespace(id=f"{label} {seed}", tags={}, metrics=metrics, experiment_id="7")
        for seed in range(len(values))
    }
    predictions = {
        seed: SimpleNamespace(
            distortions=distortions or {}, curve={}, variants={COMPOSED: "4 of up to 5 operations, strength 0.85"}
        )
        for seed in runs
    }
    mean = sum(values) / len(values)
    configuration = Configuration(label, {"optimizer": label} if params is None else params, runs, predictions)
    return Row(configuration, {metric: Estimate(values, mean, mean - 0.01, mean + 0.01)}, {})


def comparison(
    rows: list[Row],
    vs_best: Sequence[PairedDifference | None],
    *,
    vs_previous: Sequence[PairedDifference | None] | None = None,
    previous: list[int | None] | None = None,
    best: int = 0,
    metric: str = COMPOSED,
) -> Comparison:
    """A comparison by one measure; by default each row is compared with the one before it, without a difference."""
    before = previous or [None, *range(len(rows) - 1)]
    nothing = [None] * len(rows)
    return Comparison(
        rows, COMPOSED, metric, best, before, {metric: list(vs_best)}, {metric: list(vs_previous or nothing)}
    )
