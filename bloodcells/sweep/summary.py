"""What is told of a sweep before and after: what is skipped, what failed and how to do just that again."""

import logging
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from hydra.core.utils import JobReturn, JobStatus
from mlflow.entities import Run
from pandas import DataFrame

from bloodcells.config.errors import InputError, JobsFailedError
from bloodcells.reporting.terminal import aligned, duration
from bloodcells.runs.killed import close_dead
from bloodcells.runs.sweep_run import Parent
from bloodcells.sweep.decide import Decided
from bloodcells.sweep.expand import Job
from bloodcells.sweep.supervise import Outcome

log = logging.getLogger(__name__)
MOST = 10  # jobs that are told one by one on the terminal


@dataclass(frozen=True)
class Row:
    """What became of a job; `result`: "done", "done before" or "failed"."""

    job: Job
    result: str
    run: str = ""
    error: str = ""


class Summary:
    """What becomes of the jobs of a sweep; parent: its run, or None with tracking=off."""

    def __init__(self, decided: Decided, parent: Parent | None) -> None:
        self._decided, self._parent, self._began = decided, parent, time.monotonic()

    def tell_before(self) -> None:
        """Says which jobs are done already and which cannot be run; the latter get a run with their error."""
        decided = self._decided
        for job in decided.skipped[:MOST]:
            log.info(
                "job %d of %d is done already, run %s: %s",
                job.number,
                decided.total,
                decided.done[job.number],
                job.name,
            )
        if len(decided.skipped) > MOST:
            log.info("and %d more are done already", len(decided.skipped) - MOST)
        for job, error in decided.wrong.items():
            log.info("job %d of %d, %s, cannot be run: %s", job.number, decided.total, job.name, error)
            if self._parent:
                self._parent.record(job.number, job.name, job.study, str(error))

    def tell_after(self, returned: Sequence[JobReturn]) -> None:
        """Says what came of all, on the terminal and in the sweep's run. Raises JobsFailedError where a job failed."""
        rows = self._rows(returned)
        failed = [row for row in rows if row.result == "failed"]
        counts = {result: sum(row.result == result for row in rows) for result in ("done", "done before", "failed")}
        told = ", ".join(f"{count} {result}" for result, count in counts.items() if count)
        lines = {"jobs": f"{len(rows)}: {told}, in {duration(time.monotonic() - self._began)}"}
        for row in failed[:MOST]:
            lines[" " * len(lines) if len(lines) > 1 else "failed"] = (
                f"job {row.job.number}, {row.job.name}: {row.error}"
            )
        if len(failed) > MOST:
            lines[" " * len(lines)] = f"and {len(failed) - MOST} more"
        if failed:
            lines["again"] = f"the same command does just those: {command()}"
        if self._parent:
            lines["sweep"] = f"run {self._parent.id}"
        log.info(aligned(lines))  # before the store is told, which may be away
        if self._parent:
            table = DataFrame(
                [(row.job.number, row.job.name, row.result, row.run, row.error) for row in rows],
                columns=["job", "name", "result", "run", "error"],
            )
            text = "\n".join([f"`{command()}`", "", *(f"- {key.strip()}: {said}" for key, said in lines.items())])
            metrics = {f"jobs/{result.replace(' ', '_')}": float(count) for result, count in counts.items()}
            self._parent.tell(text, {"jobs.csv": table.to_csv(index=False)}, metrics)
        if failed:
            raise JobsFailedError

    def _rows(self, returned: Sequence[JobReturn]) -> list[Row]:
        """A row a job, in their order."""
        decided = self._decided
        runs = self._runs(any(found.status is not JobStatus.COMPLETED for found in returned))
        rows = [Row(job, "done before", decided.done[job.number]) for job in decided.skipped]
        rows += [Row(job, "failed", error=str(error)) for job, error in decided.wrong.items()]
        rows += [
            self._row(job, found, runs.get(job.number)) for job, found in zip(decided.to_do, returned, strict=True)
        ]
        return sorted(rows, key=lambda row: row.job.number)

    def _runs(self, lost: bool) -> dict[int, Run]:
        """Those of jobs, by their numbers; none where the store is away, which no job depends on any more.

        lost: whether jobs ended without a word, whose runs are to be closed
        """
        if self._parent is None:
            return {}
        try:
            if lost:
                close_dead(self._parent.tracking)
            return self._parent.jobs()
        except InputError as error:
            log.warning(str(error))
            return {}

    def _row(self, job: Job, returned: JobReturn, run: Run | None) -> Row:
        """What came of a job that was run; one whose launcher lost sight of it may have ended all the same."""
        if returned.status is JobStatus.COMPLETED:
            outcome: Outcome = returned.return_value
            if outcome.by:
                return Row(job, "done before", outcome.by)
            error = outcome.error
        elif run and run.info.status == "FINISHED":
            error = ""
        else:
            lost = returned._return_value
            error = f"lost, and with it what became of it: {type(lost).__name__}: {lost}"
            if self._parent and not (run and run.info.status == "RUNNING"):  # it may be alive, on another machine
                error = self._parent.record(job.number, job.name, job.study, error)
        return Row(job, "failed" if error else "done", run.info.run_id if run else "", error)


def command() -> str:
    """What was typed, as it can be typed again."""
    return f"python -m bloodcells.train {shlex.join(sys.argv[1:])}"
