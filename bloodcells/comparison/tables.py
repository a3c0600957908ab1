"""The tables: as people read them, and with every number in full."""

from collections.abc import Mapping, Sequence

import numpy as np
from pandas import DataFrame

from bloodcells.comparison.answers import CLEAN, MACRO_F1, SHIFTED
from bloodcells.comparison.depth import PARAMETERS
from bloodcells.comparison.reference import Reference, ours, verdict
from bloodcells.comparison.rows import MEASURES, Comparison, Row
from bloodcells.comparison.significance import Difference

SECONDS = "training_seconds"
HEADINGS = {CLEAN: "clean accuracy", SHIFTED: "shifted accuracy", MACRO_F1: "macro F1"}
NOTHING = "-"


def results(comparison: Comparison) -> DataFrame:
    """A row a configuration: means over seeds with their intervals; the best is marked."""
    table = []
    for number, row in enumerate(comparison.rows):
        cells = {"configuration": row.label + (" (best)" if number == comparison.best else "")}
        cells["seeds"] = ", ".join(map(str, row.configuration.runs))
        for metric in _metrics(comparison):
            cells[HEADINGS[metric]] = _estimate(row, metric)
        cells["trained parameters"] = _whole(row.mean(PARAMETERS))
        cells["time, min"] = f"{row.mean(SECONDS) / 60:.1f}" if row.logged(SECONDS) else NOTHING
        table.append(cells)
    return DataFrame(table)


def differences(comparison: Comparison) -> list[DataFrame]:
    """Two tables, a row a configuration: what tells it from the best in each measure, and from the row before.

    Where a row is a change of another than the one before, that is the one it is told from, and is named.
    """
    return [
        _differences(comparison, comparison.to_best, comparison.best, "to the best", "the best", {}),
        _differences(comparison, comparison.to_before, 0, "to the row before", "the first", _elsewhere(comparison)),
    ]


def agreement(references: Sequence[Reference], comparison: Comparison) -> DataFrame:
    """A row a reference and a row of ours that it is about; one that is about none is told as such."""
    table = []
    for reference in references:
        theirs = f"{reference.value:.4f}"
        if reference.interval:
            theirs += f" ({reference.interval[0]:.3f} to {reference.interval[1]:.3f})"
        match = " ".join(f"{key}={value}" for key, value in reference.match.items())
        about = {"reference": match, "metric": reference.metric, "reported (Wilson's interval)": theirs}
        matched = [comparison.rows[k] for k in reference.rows(comparison)]
        for row in matched:
            found = ours(row, reference.metric)
            told = f"{found.mean:.4f} ({found.low:.3f} to {found.high:.3f})" if found else NOTHING
            said = verdict(reference, found) if found else f"ours has no {reference.metric}"
            table.append({**about, "ours": told, "verdict": said, "our row": row.label, "source": reference.source})
        if not matched:
            missing = {"ours": NOTHING, "verdict": "no row of ours matches", "our row": NOTHING}
            table.append({**about, **missing, "source": reference.source})
    return DataFrame(table)


def ids(comparison: Comparison) -> DataFrame:
    """The run behind each number: a row a run."""
    return DataFrame(
        [
            {"configuration": row.label, "seed": str(seed), "run": run.id}
            for row in comparison.rows
            for seed, run in row.configuration.runs.items()
        ]
    )


def complete(comparison: Comparison) -> DataFrame:
    """Every number in full precision, a row a configuration; seeds, their values and runs apart by spaces."""
    table = []
    for number, row in enumerate(comparison.rows):
        runs = row.configuration.runs
        cells: dict[str, object] = {"configuration": row.label, "best": number == comparison.best}
        cells |= {"seeds": " ".join(map(str, runs)), "runs": " ".join(run.id for run in runs.values())}
        cells["test_images"] = " ".join(str(len(answers.labels)) for answers in row.configuration.answers.values())
        for metric, found in row.estimates.items():
            cells |= {metric: found.mean, f"{metric} low": found.low, f"{metric} high": found.high}
            cells[f"{metric} by seed"] = " ".join(map(repr, found.values))
        cells |= {PARAMETERS: row.mean(PARAMETERS), SECONDS: row.mean(SECONDS)}
        if (at := comparison.earlier[number]) is not None:
            cells["row before"] = comparison.rows[at].label
        for family, by_measure in (("to best", comparison.to_best), ("to row before", comparison.to_before)):
            for measure, found_differences in by_measure.items():
                cells |= _full(f"{measure} {family}", found_differences[number])
        cells |= {f"shift/{name}": value for name, value in row.distortions().items()}
        table.append(cells | row.configuration.params)
    return DataFrame(table)


def _differences(
    comparison: Comparison,
    found: Mapping[str, Sequence[Difference | None]],
    itself: int,
    to: str,
    said: str,
    named: Mapping[int, str],
) -> DataFrame:
    table = []
    for number, row in enumerate(comparison.rows):
        told = {f"{MEASURES[measure]}, {to}": _told(found[measure][number]) for measure in comparison.measures}
        told = {key: f"{text}{named.get(number, '')}" for key, text in told.items()}
        table.append({"configuration": row.label} | (dict.fromkeys(told, said) if number == itself else told))
    return DataFrame(table)


def _elsewhere(comparison: Comparison) -> dict[int, str]:
    """By place, the name of the earlier row, where that is not the one before."""
    places = enumerate(comparison.earlier)
    return {k: f"; to {comparison.rows[at].label}" for k, at in places if at is not None and at != k - 1}


def _metrics(comparison: Comparison) -> list[str]:
    return [metric for metric in HEADINGS if any(metric in row.estimates for row in comparison.rows)]


def _estimate(row: Row, metric: str) -> str:
    if metric not in row.estimates:
        return NOTHING
    found = row.estimates[metric]
    return f"{found.mean:.4f} ({found.low:.3f} to {found.high:.3f})"


def _whole(value: float) -> str:
    return NOTHING if np.isnan(value) else f"{value:,.0f}"


def _told(difference: Difference | None) -> str:
    return difference.describe() if difference else "not comparable: other data"


def _full(name: str, difference: Difference | None) -> dict[str, object]:
    if difference is None:
        return {}
    return {
        f"{name}, points": difference.points,
        f"{name}, p": difference.p,
        f"{name}, p corrected": difference.corrected,
        f"{name}, test": difference.method,
        f"{name}, images": difference.images,
        f"{name}, answers": difference.answers,
        f"{name}, seeds": difference.seeds,
        f"{name}, seeds alike": difference.alike,
    }
