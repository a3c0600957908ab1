"""Summaries of measurements: median, range and ratio of each metric, and a description of the machine."""

import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from pandas import DataFrame, Series

from bloodcells.config.checkout import CHECKOUT


def tables(measurements: DataFrame) -> dict[str, DataFrame]:
    """One table per part, one row per metric and contender: medians and ranges over rounds, formatted.

    measurements: as `with_ratios` returns them. The median of the ratios is not the ratio of the medians.
    """
    return {str(part): _table(rows) for part, rows in measurements.groupby("part", sort=False)}


def _table(rows: DataFrame) -> DataFrame:
    reference = rows["reference"].iloc[0]
    lines = []
    for metric in rows["metric"].unique():
        for contender, group in rows[rows["metric"] == metric].groupby("contender", sort=False):
            ratio = ("1", "") if contender == reference else _median_and_range(group["ratio"].dropna())
            lines.append((metric, contender, *_median_and_range(group["value"]), *ratio))
    return DataFrame(lines, columns=["metric", "contender", "median", "range", f"ratio to {reference}", "ratio range"])


def _median_and_range(values: Series) -> tuple[str, str]:
    """The median and the range as text; the range is empty for a single value, and both are for none."""
    if values.empty:
        return "", ""
    return digits(values.median()), f"{digits(values.min())} to {digits(values.max())}" if len(values) > 1 else ""


def digits(value: float) -> str:
    """Three significant digits, or all digits before the decimal point: "0.0123", "12.3", "12,345"."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def describe(machine: Mapping[str, Any]) -> str:
    """For example "Xeon, 4 cores, no GPU; TensorFlow 2.21.0, Keras 3.15.1, Python 3.11.9; commit 5a9c0d2e".

    machine: as `bloodcells.provenance.machine.machine` returns it. A commit with local changes ends in "-dirty".
    """
    git = ["git", "describe", "--always", "--dirty", "--abbrev=8", "--exclude=*"]
    commit = subprocess.run(git, cwd=CHECKOUT, capture_output=True, text=True).stdout.strip() or "unknown"
    return (
        f"{machine['processor']}, {machine['cores']} cores, {', '.join(machine['gpus']) or 'no GPU'}; "
        f"TensorFlow {version('tensorflow')}, Keras {version('keras')}, Python {machine['python']}; commit {commit}"
    )
