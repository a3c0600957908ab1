"""The configurations of a sweep in order: means over their seeds with intervals. Needs no TensorFlow."""

from collections.abc import Sequence
from dataclasses import dataclass

from pandas import DataFrame

from bloodcells.comparison import tables
from bloodcells.comparison.configurations import gather
from bloodcells.comparison.rows import Row, compare
from bloodcells.comparison.runs import MEASURES, read_predictions
from bloodcells.tracking.stored_run import StoredRun

SHOWN = 10  # configurations on the terminal


@dataclass(frozen=True)
class Ranking:
    """Rows, the best first; measure: the accuracy that ranks them; table: all of them, to read."""

    rows: list[Row]
    measure: str
    table: DataFrame

    @classmethod
    def of(cls, runs: Sequence[StoredRun], rank_by: str) -> "Ranking":
        """Ranks the configurations of finished runs by `rank_by`, or by another accuracy if not all have that one.

        Raises InputError if no run can be read.
        """
        configurations, _ = gather(runs, read_predictions(runs))
        comparison = compare(configurations, rank_by)
        table = tables.results(comparison).iloc[comparison.order]
        return cls([comparison.rows[k] for k in comparison.order], comparison.ranked_by, table)

    def best_run(self) -> tuple[str, float]:
        """The id and the accuracy of the run that is best by the measure."""
        run, value = max(
            (
                (run.id, value)
                for row in self.rows
                for run, value in zip(row.configuration.runs.values(), row.estimates[self.measure].values, strict=True)
            ),
            key=lambda pair: pair[1],
        )
        return run, value

    def lines(self) -> list[str]:
        """A heading, and one line for each of the first configurations, such as "0.8142 (0.805 to 0.823)  lion"."""
        heading = f"{MEASURES[self.measure]}, mean over seeds with 95% interval"
        lines = [f"{row.estimates[self.measure].describe()}  {row.label}" for row in self.rows[:SHOWN]]
        more = [f"and {len(self.rows) - SHOWN} more"] if len(self.rows) > SHOWN else []
        return [heading, *lines, *more]
