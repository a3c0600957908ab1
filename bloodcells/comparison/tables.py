"""Tables of a comparison: short ones to read, and one with every number in full precision."""

from collections.abc import Mapping, Sequence

import numpy as np
from pandas import DataFrame

from bloodcells.comparison.differences import PairedDifference
from bloodcells.comparison.reference import Reference, our_estimate, verdict
from bloodcells.comparison.rows import Comparison
from bloodcells.comparison.runs import MEASURES
from bloodcells.config.names import Metric
from bloodcells.reporting.page import Link
from bloodcells.tracking.view import run_address

HEADINGS = {**MEASURES, Metric.TEST_MACRO_F1: "macro F1"}
NOTHING = "-"


def results(comparison: Comparison) -> DataFrame:
    """One row per configuration: means over seeds with their intervals; the best is marked."""
    metrics = [metric for metric in HEADINGS if any(metric in row.estimates for row in comparison.rows)]
    table = []
    for number, row in enumerate(comparison.rows):
        cells = {"configuration": row.label + (" (best)" if number == comparison.best else "")}
        cells["seeds"] = ", ".join(map(str, row.configuration.runs))
        for metric in metrics:
            cells[HEADINGS[metric]] = row.estimates[metric].describe() if metric in row.estimates else NOTHING
        parameters, seconds = row.mean(Metric.TRAINABLE_PARAMETERS), row.mean(Metric.TRAINING_SECONDS)
        cells["trainable parameters"] = NOTHING if np.isnan(parameters) else f"{parameters:,.0f}"
        cells["time, min"] = NOTHING if np.isnan(seconds) else f"{seconds / 60:.1f}"
        table.append(cells)
    return DataFrame(table)


def differences(comparison: Comparison) -> list[DataFrame]:
    """Two tables with one row per configuration: differences from the best row, and from the previous row.

    A row with `Tag.FOLLOWS` is compared with the row that it names instead; its cells say which.
    """
    followed = {
        number: f"; vs {comparison.rows[index].label}"
        for number, index in enumerate(comparison.previous)
        if index is not None and index != number - 1
    }
    return [
        _differences(comparison, comparison.vs_best, "vs best", itself={comparison.best: "best"}, notes={}),
        _differences(comparison, comparison.vs_previous, "vs previous row", itself={0: "first"}, notes=followed),
    ]


def _differences(
    comparison: Comparison,
    family: Mapping[str, Sequence[PairedDifference | None]],
    heading: str,
    *,
    itself: Mapping[int, str],
    notes: Mapping[int, str],
) -> DataFrame:
    """itself, notes: by row, the text of a row that has no difference, and text to append to its differences."""
    table = []
    for number, row in enumerate(comparison.rows):
        cells = {"configuration": row.label}
        for measure in comparison.measures:
            difference = family[measure][number]
            text = difference.describe() if difference else "not comparable: different data"
            cells[f"{MEASURES[measure]}, {heading}"] = itself.get(number, text + notes.get(number, ""))
        table.append(cells)
    return DataFrame(table)


def agreement(references: Sequence[Reference], comparison: Comparison) -> DataFrame:
    """One row per reference and matching row of ours; a reference without a match has a row as well."""
    table = []
    for reference in references:
        theirs = f"{reference.value:.3f}"
        if reference.interval:
            theirs += f" ({reference.interval[0]:.3f} to {reference.interval[1]:.3f})"
        match = " ".join(f"{key}={value}" for key, value in reference.match.items())
        common = {"reference": match, "metric": reference.metric, "reported (Wilson interval)": theirs}
        matched = [comparison.rows[k] for k in reference.rows(comparison)]
        for row in matched:
            estimate = our_estimate(row, reference.metric)
            result = {
                "ours": estimate.describe() if estimate else NOTHING,
                "verdict": verdict(reference, estimate) if estimate else f"ours has no {reference.metric}",
                "our row": row.label,
            }
            table.append({**common, **result, "source": reference.source})
        if not matched:
            missing = {"ours": NOTHING, "verdict": "matches none of our rows", "our row": NOTHING}
            table.append({**common, **missing, "source": reference.source})
    return DataFrame(table)


def run_ids(comparison: Comparison, server: str) -> DataFrame:
    """One row per run: the runs behind each configuration, with links to their pages on `server`."""
    return DataFrame(
        [
            (row.label, str(seed), Link.to(run_address(server, run.experiment_id, run.id), run.id))
            for row in comparison.rows
            for seed, run in row.configuration.runs.items()
        ],
        columns=["configuration", "seed", "run"],
        dtype=object,
    )


def complete(comparison: Comparison) -> DataFrame:
    """Every number in full precision, one row per configuration; values per seed are separated by spaces."""
    table = []
    for number, row in enumerate(comparison.rows):
        runs = row.configuration.runs
        cells: dict[str, object] = {"configuration": row.label, "best": number == comparison.best}
        cells |= {"seeds": " ".join(map(str, runs)), "runs": " ".join(run.id for run in runs.values())}
        sizes = [len(predictions.labels) for predictions in row.configuration.predictions.values()]
        cells["test_images"] = " ".join(map(str, sizes))
        for metric, estimate in row.estimates.items():
            cells |= {metric: estimate.mean, f"{metric} low": estimate.low, f"{metric} high": estimate.high}
            cells[f"{metric} by seed"] = " ".join(map(repr, estimate.values))
        for metric in (Metric.TRAINABLE_PARAMETERS, Metric.TRAINING_SECONDS):
            cells[metric] = row.mean(metric)
        if (index := comparison.previous[number]) is not None:
            cells["previous row"] = comparison.rows[index].label
        for heading, family in (("vs best", comparison.vs_best), ("vs previous row", comparison.vs_previous)):
            for measure, by_row in family.items():
                cells |= _full_precision(f"{measure} {heading}", by_row[number])
        cells |= {f"shift/{name}": value for name, value in row.distortions().items()}
        table.append(cells | row.configuration.params)
    return DataFrame(table)


def _full_precision(name: str, difference: PairedDifference | None) -> dict[str, object]:
    if difference is None:
        return {}
    return {
        f"{name}, points": difference.points,
        f"{name}, points low": difference.low,
        f"{name}, points high": difference.high,
        f"{name}, p": difference.p,
        f"{name}, p corrected": difference.corrected,
        f"{name}, test": difference.method,
        f"{name}, images": difference.images,
        f"{name}, predictions": difference.predictions,
        f"{name}, seeds": difference.seeds,
    }
