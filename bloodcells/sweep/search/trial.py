"""One trial of a search: the settings that it tries, and how its jobs ended, one per seed."""

from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING

from bloodcells.config.names import Tag
from bloodcells.tracking.stored_run import StoredRun

if TYPE_CHECKING:
    from optuna.trial import Trial as OptunaTrial

RESULTS = ("done", "pruned", "diverged", "failed")  # of jobs, from the best to the worst
DIVERGED = "DivergedError:"  # how the error of a run begins whose loss was not finite


@dataclass(frozen=True)
class Ended:
    """How a job ended.

    result: one of RESULTS
    run: the run with that result; None if the job failed
    before: whether it had ended before this command
    error: empty unless it failed
    """

    result: str
    run: StoredRun | None = None
    before: bool = False
    error: str = ""


@dataclass
class Trial:
    """A trial of a search.

    number: from 1
    overrides: of the searched settings
    optuna: the trial in Optuna's study
    ended: its jobs that have ended, by seed
    """

    number: int
    overrides: list[str]
    optuna: "OptunaTrial"
    ended: dict[int, Ended] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return " ".join(self.overrides)

    @property
    def result(self) -> str:
        """The worst result of its jobs; "done before" if all were done before this command."""
        worst = max((job.result for job in self.ended.values()), key=RESULTS.index)
        return "done before" if worst == "done" and self.before else worst

    @property
    def done(self) -> bool:
        """Whether all its jobs are done."""
        return all(job.result == "done" for job in self.ended.values())

    @property
    def before(self) -> bool:
        """Whether all its jobs had ended before this command."""
        return all(job.before for job in self.ended.values())

    @property
    def pruned(self) -> str:
        """When it was pruned, such as "after epoch 3"; empty if it was not."""
        return next((run.tags[Tag.PRUNED] for run in self.runs if Tag.PRUNED in run.tags), "")

    @property
    def error(self) -> str:
        """The error of the first job that failed, or an empty string."""
        return next((job.error for job in self.ended.values() if job.error), "")

    @property
    def runs(self) -> list[StoredRun]:
        """The runs of its jobs that have a result."""
        return [job.run for job in self.ended.values() if job.run]

    def mean(self, metric: str) -> float | None:
        """The mean of a metric over the seeds; None if the trial is not done, or a run does not have the metric."""
        values = [run.metrics[metric] for run in self.runs if metric in run.metrics]
        return fmean(values) if self.done and len(values) == len(self.ended) else None


def result_of(run: StoredRun) -> str:
    """The result of a run that would end in the same way again, one of RESULTS; else empty."""
    if run.status == "FINISHED":
        return "done"
    if run.status == "KILLED" and Tag.PRUNED in run.tags:
        return "pruned"
    return "diverged" if run.status == "FAILED" and run.tags.get(Tag.ERROR, "").startswith(DIVERGED) else ""
