"""Whether a run came out the same again, and if not, how far apart and why."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from pandas import DataFrame

from bloodcells.config.errors import InputError
from bloodcells.reproduction.answers import compare_distorted, compare_predictions
from bloodcells.reproduction.finding import Finding
from bloodcells.reproduction.metrics import OWN, compare_metrics
from bloodcells.reproduction.weights import compare_weights
from bloodcells.tracking.stored import StoredRun

LISTED = 200  # differences of a kind, of which the table has no more
UNEXPLAINED = "nothing on record; code, packages and machine are what they were"


class NotReproducedError(InputError):
    """A run came out otherwise when it was done again."""


@dataclass(frozen=True)
class Verdict:
    """What each comparison found, and what may explain a difference, a line each."""

    findings: Sequence[Finding]
    reasons: Sequence[str]

    @property
    def equal(self) -> bool:
        return all(finding.equal for finding in self.findings)

    @property
    def explanation(self) -> str:
        """What may be why two runs differ, in one line."""
        return "; ".join(self.reasons) or UNEXPLAINED

    def rows(self) -> dict[str, str]:
        """The verdict for the end of the terminal's output and for the run's page."""
        if not self.equal:
            found = {finding.kind: finding.describe() for finding in self.findings}
            return {"verdict": "not equal to the bit", **found, "may be why": self.explanation}
        *most, last = [f"{finding.compared:,} {finding.kind}" for finding in self.findings]
        rows = {"verdict": f"equal to the bit: {', '.join(most)} and {last}"}
        return rows | ({"in spite of": self.explanation} if self.reasons else {})

    def metrics(self) -> dict[str, float]:
        """`equal`, 1 or 0; of each kind how many differ, and the largest distance where there is one."""
        found = {f"{OWN}equal": float(self.equal)}
        for finding in self.findings:
            name = OWN + finding.kind.replace(" ", "_")
            found[f"{name}_differing"] = float(finding.differing)
            if finding.equal or finding.apart is not None:
                found[f"{name}_apart"] = finding.apart or 0.0
        return found

    def table(self) -> DataFrame:
        """A row a difference, the first LISTED of each kind."""
        rows = [
            {"kind": finding.kind} | asdict(difference)
            for finding in self.findings
            for difference in finding.differences[:LISTED]
        ]
        return DataFrame(rows, columns=["kind", "what", "step", "original", "again", "apart"])

    def check(self, run: StoredRun) -> None:
        """Raises NotReproducedError, in one line, unless all is equal; `run`: the original."""
        if not self.equal:
            unlike = ", ".join(
                f"{finding.differing:,} of {finding.compared:,} {finding.kind}"
                for finding in self.findings
                if not finding.equal
            )
            raise NotReproducedError(
                f"run {run.id} was not reproduced to the bit: {unlike} differ; may be why: {self.explanation}"
            )


def compare(original: StoredRun, again: StoredRun, reasons: Sequence[str]) -> Verdict:
    """Compares all that both runs keep, but for times. Raises InputError where something cannot be read."""
    found = [
        compare_weights(original, again),
        compare_metrics(original, again),
        compare_predictions(original, again),
        compare_distorted(original, again),
    ]
    return Verdict([finding for finding in found if finding], reasons)
