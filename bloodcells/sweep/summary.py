"""The summary of a sweep: skipped jobs before it runs; results, failures and the next command after it."""

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
from bloodcells.config.names import Artifact
from bloodcells.reporting.page import markdown_table
from bloodcells.reporting.spreadsheet import to_csv
from bloodcells.reporting.terminal import aligned, duration
from bloodcells.runs.killed import close_killed
from bloodcells.runs.sweep_run import SweepRun
from bloodcells.sweep.decide import Decided
from bloodcells.sweep.expand import Job
from bloodcells.sweep.ranking import Ranking
from bloodcells.sweep.remote import JobLostError

log = logging.getLogger(__name__)
LISTED = 10  # jobs listed one by one on the terminal


@dataclass(frozen=True)
class Row:
    """The result of a job: "done", "done before" or "failed"; the id of its run; its error."""

    job: Job
    result: str
    run: str = ""
    error: str = ""


class Summary:
    """Reports the jobs of a sweep on the terminal and in the sweep's run, `parent`; None with tracking=off."""

    def __init__(self, decided: Decided, parent: SweepRun | None, ranked_by: str) -> None:
        """ranked_by: the metric that ranks the jobs."""
        self._decided, self._parent, self._start = decided, parent, time.monotonic()
        self._ranked_by = ranked_by

    def log_skipped(self) -> None:
        """Logs the jobs that are done already and those that cannot run; the latter get a FAILED run."""
        decided = self._decided
        for job in decided.skipped[:LISTED]:
            log.info(
                "job %d of %d is done already, run %s: %s",
                job.number,
                decided.total,
                decided.finished_runs[job.number],
                job.name,
            )
        if len(decided.skipped) > LISTED:
            log.info("and %d more are done already", len(decided.skipped) - LISTED)
        for job, error in decided.invalid.items():
            log.info("job %d of %d, %s, cannot run: %s", job.number, decided.total, job.name, error)
            if self._parent:
                self._parent.record_error(job.number, job.name, study=job.study, error=str(error))

    def log_results(self, returned: Sequence[JobReturn]) -> None:
        """Logs the result of every job and stores it with the sweep's run. Raises JobsFailedError if a job failed."""
        rows = self._rows(returned)
        failed = [row for row in rows if row.result == "failed"]
        counts = {result: sum(row.result == result for row in rows) for result in ("done", "done before", "failed")}
        totals = ", ".join(f"{count} {result}" for result, count in counts.items() if count)
        lines = {"jobs": f"{len(rows)}: {totals}, in {duration(time.monotonic() - self._start)}"}
        for row in failed[:LISTED]:
            lines[" " * len(lines) if len(lines) > 1 else "failed"] = (
                f"job {row.job.number}, {row.job.name}: {row.error}"
            )
        if len(failed) > LISTED:
            lines[" " * len(lines)] = f"and {len(failed) - LISTED} more"
        if failed:
            lines["retry"] = f"the same command runs only the failed jobs: {command()}"
        ranking = self._ranking(rows)
        if ranking:
            for number, line in enumerate(ranking.lines()):
                lines[" " * len(lines) if number else "ranked"] = line
            run, value = ranking.best_run()
            job = next(row.job for row in rows if row.run == run)  # jobs that differ in their label share a run
            lines["best"] = f"{value:.3f}: run {run}, job {job.number}, {job.name}"
        if self._parent:
            lines["sweep"] = f"run {self._parent.id}"
        studies = sorted({row.job.study for row in rows if row.job.study and row.result != "failed"})
        if self._parent and studies:
            store = "".join(f" {shlex.quote(text)}" for text in sys.argv[1:] if text.startswith("tracking"))
            lines["next"] = "; ".join(
                f"python -m bloodcells.report study={shlex.quote(study)}{store}" for study in studies
            )
        log.info(aligned(lines))  # before storing, since the store may be unavailable
        if self._parent:
            table = DataFrame(
                [(row.job.number, row.job.name, row.result, row.run, row.error) for row in rows],
                columns=["job", "name", "result", "run", "error"],
            )
            facts = [f"- {key}: {line}" for key, line in lines.items() if key.strip() and key != "ranked"]
            ranks = [markdown_table(ranking.table), ""] if ranking else []
            text = "\n".join([*ranks, *facts, "", f"`{command()}`"])
            metrics = {f"jobs/{result.replace(' ', '_')}": float(count) for result, count in counts.items()}
            self._parent.save(text, {Artifact.JOBS: to_csv(table)}, metrics)
        if failed:
            raise JobsFailedError(f"{len(failed)} of {len(rows)} jobs failed")

    def _ranking(self, rows: Sequence[Row]) -> Ranking | None:
        """The finished jobs' configurations in order; None if there are none or the store is unavailable."""
        done = [row.run for row in rows if row.run and row.result != "failed"]
        if self._parent is None or not done:
            return None
        try:
            return Ranking.of(self._parent.stored(done), self._ranked_by)
        except InputError as error:
            log.warning(str(error))
            return None

    def _rows(self, returned: Sequence[JobReturn]) -> list[Row]:
        """One row per job, by number."""
        decided = self._decided
        runs = self._runs(any(job.status is not JobStatus.COMPLETED for job in returned))
        rows = [Row(job, "done before", decided.finished_runs[job.number]) for job in decided.skipped]
        rows += [Row(job, "failed", error=str(error)) for job, error in decided.invalid.items()]
        rows += [
            self._row(job, result, runs.get(job.number)) for job, result in zip(decided.to_do, returned, strict=True)
        ]
        return sorted(rows, key=lambda row: row.job.number)

    def _runs(self, lost: bool) -> dict[int, Run]:
        """The jobs' runs by number; empty if the store is unavailable, since the jobs have ended and do not need it.

        lost: whether some jobs ended without a result, so that their runs must be closed
        """
        if self._parent is None:
            return {}
        try:
            if lost:
                close_killed(self._parent.store)
            return self._parent.jobs()
        except InputError as error:
            log.warning(str(error))
            return {}

    def _row(self, job: Job, returned: JobReturn, run: Run | None) -> Row:
        """The row of a job that was launched."""
        if returned.status is JobStatus.COMPLETED and (done_by := returned.return_value.done_by):
            return Row(job, "done before", done_by)
        error = error_of(job, returned, run=run, parent=self._parent)
        return Row(job, "failed" if error else "done", run.info.run_id if run else "", error)


def error_of(job: Job, returned: JobReturn, *, run: Run | None, parent: SweepRun | None) -> str:
    """The error of a launched job, empty if it is done. A job that its launcher lost may have finished all the same.

    returned: by its launcher; run: the job's newest run; parent: the sweep's run, which records the error of a lost job
    """
    if returned.status is JobStatus.COMPLETED:
        return str(returned.return_value.error)
    if run and run.info.status == "FINISHED":
        return ""
    lost = returned._return_value
    status = lost.status if isinstance(lost, JobLostError) else None
    error = str(lost) if status else f"lost, result unknown: {type(lost).__name__}: {lost}"
    may_be_alive = run and run.info.status == "RUNNING"  # on another machine
    if parent and not may_be_alive:
        error = parent.record_error(job.number, job.name, study=job.study, error=error, status=status)
    return error


def command() -> str:
    """The command line of this sweep, quoted for a shell."""
    return f"python -m bloodcells.train {shlex.join(sys.argv[1:])}"
