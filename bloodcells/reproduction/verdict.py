"""Whether a repeated run is bit-identical to the original, and if not, how far apart they are and why."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from pandas import DataFrame

from bloodcells.config.errors import InputError
from bloodcells.reproduction.compare import (
    PREFIX,
    compare_distorted,
    compare_metrics,
    compare_predictions,
    compare_weights,
)
from bloodcells.reproduction.mismatches import ComparedValues
from bloodcells.tracking.stored_run import StoredRun

LISTED = 200  # maximum number of mismatches of each kind in the table
UNEXPLAINED = "unknown; code, packages and machine are the same"


class NotReproducedError(InputError):
    """A repeated run differs from the original."""


@dataclass(frozen=True)
class Verdict:
    """The compared values, one entry per kind, and possible causes of a difference, one line each."""

    compared: Sequence[ComparedValues]
    reasons: Sequence[str]

    @property
    def equal(self) -> bool:
        return all(values.equal for values in self.compared)

    @property
    def explanation(self) -> str:
        """Possible causes of a difference, in one line."""
        return "; ".join(self.reasons) or UNEXPLAINED

    def rows(self) -> dict[str, str]:
        """The verdict as lines by heading, for the terminal and the run's page."""
        if not self.equal:
            details = {values.kind: values.describe() for values in self.compared}
            return {"verdict": "not bit-identical", **details, "possible causes": self.explanation}
        *most, last = [f"{values.compared:,} {values.kind}" for values in self.compared]
        rows = {"verdict": f"bit-identical: {', '.join(most)} and {last}"}
        return rows | ({"despite": self.explanation} if self.reasons else {})

    def metrics(self) -> dict[str, float]:
        """Metrics of the comparison: equal, 1 or 0; per kind, how many values differ and by how much at most."""
        metrics = {f"{PREFIX}equal": float(self.equal)}
        for values in self.compared:
            name = PREFIX + values.kind.replace(" ", "_")
            metrics[f"{name}_differing"] = float(values.differing)
            if values.equal or values.max_difference is not None:
                metrics[f"{name}_max_difference"] = values.max_difference or 0.0
        return metrics

    def table(self) -> DataFrame:
        """One row per mismatch, the first LISTED of each kind."""
        rows = [
            {"kind": values.kind} | asdict(mismatch)
            for values in self.compared
            for mismatch in values.mismatches[:LISTED]
        ]
        return DataFrame(rows, columns=["kind", "what", "step", "original", "repeat", "difference"])

    def check(self, original: StoredRun) -> None:
        """Raises NotReproducedError if anything differs."""
        if not self.equal:
            unequal = ", ".join(
                f"{values.differing:,} of {values.compared:,} {values.kind}"
                for values in self.compared
                if not values.equal
            )
            raise NotReproducedError(
                f"run {original.id} was not reproduced: {unequal} differ; possible causes: {self.explanation}"
            )


def compare(original: StoredRun, repeat: StoredRun, reasons: Sequence[str]) -> Verdict:
    """Compares everything that both runs have stored, except durations. Raises InputError if a file cannot be read."""
    compared = [
        compare_weights(original, repeat),
        compare_metrics(original, repeat),
        compare_predictions(original, repeat),
        compare_distorted(original, repeat),
    ]
    return Verdict([values for values in compared if values], reasons)
