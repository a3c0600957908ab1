"""What came out of the rounds: medians, ranges and ratios, as tables."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, fields

import pandas as pd
from pandas import DataFrame

from bloodcells.benchmark.group import Measurement


def results(measurements: Sequence[Measurement]) -> DataFrame:
    """A row a measurement, a column a field of it."""
    columns = [f.name for f in fields(Measurement)]
    return DataFrame([astuple(measurement) for measurement in measurements], columns=columns)


def tables(results: DataFrame) -> Mapping[str, DataFrame]:
    """By part, a row a figure of a contender, in words: median and range over rounds, and those of the ratios.

    A ratio is taken within a round, where both met the same machine; the median of the ratios is not that of the
    medians.
    """
    return {part: _table(rows) for part, rows in results.groupby("part", sort=False)}


def _table(rows: DataFrame) -> DataFrame:
    reference = rows["reference"].iloc[0]
    told = []
    for (figure, what), group in rows.groupby(["figure", "what"], sort=False):
        median, span = _median(group["value"])
        ratio, ratios = ("1", "") if what == reference else _median(group["ratio"].dropna().astype(float))
        told.append((figure, what, median, span, ratio, ratios))
    # By figure, so that what is compared stands together; figures and contenders in the order they came in.
    order = {figure: number for number, figure in enumerate(dict.fromkeys(rows["figure"]))}
    told.sort(key=lambda row: order[row[0]])
    return DataFrame(told, columns=["figure", "of", "median", "range", f"times {reference}", "range of that"])


def _median(values: "pd.Series[float]") -> tuple[str, str]:
    """The median and the range, in words; no range of a single value, and neither of none."""
    if values.empty:
        return "", ""
    return said(values.median()), f"{said(values.min())} to {said(values.max())}" if len(values) > 1 else ""


def said(value: float) -> str:
    """A number with three digits or all before the point: "0.0123", "12.3", "12,345"."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def columns(table: DataFrame) -> str:
    """A table for the terminal: the first two columns on the left, numbers on the right."""
    rows = [list(table.columns), *table.to_numpy().tolist()]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    aligned = [
        "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in aligned)
