"""What others reported, beside ours: reference.csv, a row a figure, and whether ours agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pandas as pd

from bloodcells.comparison.intervals import Interval, overlap, student, wilson
from bloodcells.comparison.rows import MEASURES, Comparison, Estimate, Row
from bloodcells.comparison.significance import holm, paired
from bloodcells.config.errors import InputError

COLUMNS = ["match", "metric", "value", "correct", "total", "source"]


@dataclass(frozen=True)
class Reference:
    """A reported figure. match: the params or tags of the rows it is about; interval: Wilson's, if it can be had."""

    match: dict[str, str]
    metric: str
    value: float
    interval: Interval | None
    source: str

    def rows(self, comparison: Comparison) -> list[int]:
        """The rows it is about."""
        return [k for k, row in enumerate(comparison.rows) if self.match.items() <= _known(row).items()]


def read_references(file: Path) -> list[Reference]:
    """The references in a file, none where there is no file.

    Raises InputError, with line and column, for what cannot be read.
    """
    if not file.is_file():
        return []
    try:
        table = pd.read_csv(file, dtype=str, keep_default_na=False, skip_blank_lines=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be read as a table ({str(error).splitlines()[0]})") from error
    if sorted(table.columns) != sorted(COLUMNS):
        raise InputError(
            f"{file}, line 1: expected the columns {','.join(COLUMNS)}; received {','.join(table.columns)}"
        )
    return [_reference(row, f"{file}, line {line}") for line, row in enumerate(table.to_dict("records"), start=2)]


def _reference(row: dict[str, str], place: str) -> Reference:
    pairs = [part.partition("=") for part in row["match"].split()]
    if not pairs or not all(key and sign and value for key, sign, value in pairs):
        raise InputError(f"{place}, match: expected key=value, more of them after a space; received “{row['match']}”")
    if not row["metric"].strip():
        raise InputError(f"{place}, metric: expected a metric of runs, such as test/accuracy; received nothing")
    value = _number(row, "value", place)
    interval = None
    if row["correct"].strip() or row["total"].strip():
        correct, total = _number(row, "correct", place), _number(row, "total", place)
        if correct % 1 or total % 1 or not 0 <= correct <= total or not total:
            raise InputError(
                f"{place}, correct: expected a count up to total; received {row['correct']}, {row['total']}"
            )
        if abs(correct / total - value) > 0.005:
            raise InputError(f"{place}, value: expected correct/total, {correct / total:.4f}; received {row['value']}")
        interval = wilson(int(correct), int(total))
    match = {key: expected for key, _, expected in pairs}
    return Reference(match, row["metric"].strip(), value, interval, row["source"].strip())


def _number(row: dict[str, str], column: str, place: str) -> float:
    try:
        return float(row[column])
    except ValueError as error:
        raise InputError(f"{place}, {column}: expected a number; received “{row[column]}”") from error


def ours(row: Row, metric: str) -> Estimate | None:
    """Our figure: with the row's interval, or of another metric with Student's over seeds; None where no run has it."""
    if metric in row.estimates:
        return row.estimates[metric]
    values = row.logged(metric)
    if not values:
        return None
    low, high = student(pd.Series(values).to_numpy()) if len(values) > 1 else (values[0], values[0])
    return Estimate(tuple(values), row.mean(metric), low, high)


def verdict(reference: Reference, found: Estimate) -> str:
    """Says “agrees” if the intervals overlap or, without one, the value lies in ours; else how ours differs."""
    theirs = reference.interval or (reference.value, reference.value)
    if overlap(theirs, (found.low, found.high)):
        return "agrees"
    difference = found.mean - reference.value
    size = (
        f"{100 * abs(difference):.1f} points"
        if max(abs(found.mean), abs(reference.value)) <= 1
        else f"{abs(difference):g}"
    )
    return f"ours is {'higher' if difference > 0 else 'lower'} by {size}"


def order(references: Sequence[Reference], comparison: Comparison) -> dict[str, str]:
    """By metric, of how many pairs of references that differ ours come in the same order, and significantly.

    The tests of a metric are corrected as one family.
    """
    said = {}
    for metric in dict.fromkeys(reference.metric for reference in references):
        same, tests = [], []
        for high, low in combinations([found for found in references if found.metric == metric], 2):
            if high.value < low.value:
                high, low = low, high
            for i in high.rows(comparison):
                for j in low.rows(comparison):
                    first, second = ours(comparison.rows[i], metric), ours(comparison.rows[j], metric)
                    if i == j or high.value == low.value or first is None or second is None:
                        continue
                    same.append(first.mean > second.mean)
                    shares = [comparison.rows[k].shares.get(metric) for k in (i, j)]
                    tests.append(None if shares[0] is None or shares[1] is None else paired(shares[0], shares[1]))
        if same:
            told = f"{sum(same)} of {len(same)} pairs in the reference's order"
            if metric in MEASURES:
                significant = [
                    test.significant and agree for test, agree in zip(holm(tests), same, strict=True) if test
                ]
                told += f", {sum(significant)} of them significantly"
            said[metric] = told
    return said


def _known(row: Row) -> dict[str, str]:
    """What a row can be matched by: the params all its runs have, and the tags of its first run."""
    run = next(iter(row.configuration.runs.values()))
    return {**run.run.data.tags, **row.configuration.params}
