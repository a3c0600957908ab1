"""Published results, read from reference.csv, and whether ours agree with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pandas as pd

from bloodcells.comparison.differences import holm, paired_test
from bloodcells.comparison.rows import Comparison, Estimate, Row
from bloodcells.comparison.runs import MEASURES
from bloodcells.comparison.statistics import overlap, student, wilson
from bloodcells.config.errors import InputError
from bloodcells.evaluation.intervals import Interval

COLUMNS = ["match", "metric", "value", "correct", "total", "source"]


@dataclass(frozen=True)
class Reference:
    """A published result.

    match: params or tags that select the corresponding rows
    interval: Wilson's interval if the counts are known, else None
    """

    match: dict[str, str]
    metric: str
    value: float
    interval: Interval | None
    source: str

    def rows(self, comparison: Comparison) -> list[int]:
        """Indices of the rows that it matches."""
        return [k for k, row in enumerate(comparison.rows) if self.match.items() <= _attributes(row).items()]


def read_references(file: Path) -> list[Reference]:
    """The references in a file, one per line; an empty list if there is no file.

    Raises InputError with line and column if the file is malformed.
    """
    if not file.is_file():
        return []
    try:
        table = pd.read_csv(file, dtype=str, keep_default_na=False, skip_blank_lines=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be read as a CSV table ({str(error).splitlines()[0]})") from error
    if sorted(table.columns) != sorted(COLUMNS):
        raise InputError(
            f"{file}, line 1: expected the columns {','.join(COLUMNS)}; received {','.join(table.columns)}"
        )
    return [_reference(row, f"{file}, line {line}") for line, row in enumerate(table.to_dict("records"), start=2)]


def _reference(row: dict[str, str], place: str) -> Reference:
    pairs = [part.partition("=") for part in row["match"].split()]
    if not pairs or not all(key and sign and value for key, sign, value in pairs):
        raise InputError(f"{place}, match: expected key=value, several separated by spaces; received “{row['match']}”")
    if not row["metric"].strip():
        raise InputError(f"{place}, metric: expected the name of a metric, such as test/accuracy; received nothing")
    value = _number(row, "value", place)
    interval = None
    if row["correct"].strip() or row["total"].strip():
        correct, total = _number(row, "correct", place), _number(row, "total", place)
        if correct % 1 or total % 1 or not 0 <= correct <= total or not total:
            raise InputError(
                f"{place}, correct: expected a count of at most total; received {row['correct']}, {row['total']}"
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


def our_estimate(row: Row, metric: str) -> Estimate | None:
    """Our result for a metric; None if no run has it.

    For a metric that the row estimates, that estimate; for any other, the mean over seeds with Student's interval.
    """
    if metric in row.estimates:
        return row.estimates[metric]
    values = row.logged(metric)
    if not values:
        return None
    low, high = student(pd.Series(values).to_numpy()) if len(values) > 1 else (values[0], values[0])
    return Estimate(tuple(values), row.mean(metric), low, high)


def verdict(reference: Reference, ours: Estimate) -> str:
    """Returns "agrees" if the intervals overlap (a value without one must lie in ours), else how ours differs."""
    theirs = reference.interval or (reference.value, reference.value)
    if overlap(theirs, (ours.low, ours.high)):
        return "agrees"
    difference = ours.mean - reference.value
    is_share = max(abs(ours.mean), abs(reference.value)) <= 1
    size = f"{100 * abs(difference):.1f} points" if is_share else f"{abs(difference):g}"
    return f"ours is {'higher' if difference > 0 else 'lower'} by {size}"


def order_agreement(references: Sequence[Reference], comparison: Comparison) -> dict[str, str]:
    """By metric, how many pairs of references our rows rank in the same order, and how many of them significantly.

    The tests of a metric are corrected as one family.
    """
    texts = {}
    for metric in dict.fromkeys(reference.metric for reference in references):
        same, tests = [], []
        for high, low in combinations([reference for reference in references if reference.metric == metric], 2):
            if high.value < low.value:
                high, low = low, high
            for i in high.rows(comparison):
                for j in low.rows(comparison):
                    first, second = (our_estimate(comparison.rows[k], metric) for k in (i, j))
                    if i == j or high.value == low.value or first is None or second is None:
                        continue
                    same.append(first.mean > second.mean)
                    one, other = (comparison.rows[k].shares.get(metric) for k in (i, j))
                    tests.append(None if one is None or other is None else paired_test(one, other))
        if same:
            texts[metric] = f"{sum(same)} of {len(same)} pairs are in the same order as in the references"
            if metric in MEASURES:
                significant = [
                    test.significant and agree for test, agree in zip(holm(tests), same, strict=True) if test
                ]
                texts[metric] += f", {sum(significant)} of them significantly"
    return texts


def _attributes(row: Row) -> dict[str, str]:
    """The attributes that a reference can match: the params of the row's runs and the tags of its first run."""
    run = next(iter(row.configuration.runs.values()))
    return {**run.tags, **row.configuration.params}
