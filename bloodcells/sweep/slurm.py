"""Runs a sweep's jobs on a Slurm cluster: `--multirun hydra/launcher=submitit_slurm`."""

import logging
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any, NoReturn

from hydra.core.utils import JobReturn

from bloodcells.config.errors import InputError
from bloodcells.sweep.remote import ClusterLauncher, JobLostError, RemoteJob, lost

log = logging.getLogger("bloodcells.sweep")
SECONDS_BETWEEN_QUERIES = 5
SECONDS_TO_APPEAR = 20  # a result that a node has written may take this long to appear on a shared file system
SECONDS_TO_CLOSE = 60  # cancelled jobs may take this long to close their runs
OF_ANY_CLUSTER = {"name", "cpus_per_task", "gpus_per_node", "mem_gb", "timeout_min"}  # Submitit's names have no prefix
# States in which a job has ended, and what they mean: https://slurm.schedmd.com/squeue.html, "Job state codes"
ENDED = {
    "BOOT_FAIL": "its node did not boot",
    "CANCELLED": "cancelled with scancel",
    "COMPLETED": "ended without a result, see {log}",
    "DEADLINE": "reached its deadline",
    "FAILED": "its process failed, see {log}",
    "NODE_FAIL": "its node failed",
    "OUT_OF_MEMORY": "out of memory",
    "PREEMPTED": "preempted by another job",
    "TIMEOUT": "reached its time limit, hydra.launcher.timeout_min",
}


class SlurmLauncher(ClusterLauncher):
    """Submits the jobs as an array with Submitit, and waits for their results.

    Submitit itself would ask `sacct`, which needs an accounting database: without one, it warns at every query and
    waits forever for a job that was killed. This class asks `squeue`, and a job that was lost fails alone.

    settings: those of conf/hydra/launcher/submitit_slurm.yaml, passed to Submitit
    """

    def __init__(self, *, max_num_timeout: int, **settings: Any) -> None:
        self.max_num_timeout = max_num_timeout
        self.settings = {
            key if key in OF_ANY_CLUSTER else f"slurm_{key}": value
            for key, value in settings.items()
            if value is not None
        }

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Returns the result of each job, in order; one that was lost is FAILED, with the state that Slurm reports.

        Raises InputError if Submitit or Slurm is missing, or if Slurm does not accept the jobs.
        """
        numbers = range(initial_job_idx, initial_job_idx + len(job_overrides))
        jobs = self._submit([list(overrides) for overrides in job_overrides], numbers)
        log.info("Slurm: %d jobs queued as %s", len(jobs), jobs[0].job_id.split("_")[0])
        results: dict[str, JobReturn] = {}
        waiting = {job.job_id: (job, overrides) for job, overrides in zip(jobs, job_overrides, strict=True)}
        try:
            self._wait(waiting, results)
        except KeyboardInterrupt:
            self._cancel(waiting)
            raise
        return [results[job.job_id] for job in jobs]

    def _submit(self, job_overrides: list[list[str]], numbers: Sequence[int]) -> list[Any]:
        try:
            from submitit import AutoExecutor
            from submitit.core.utils import FailedJobError
        except ImportError as error:
            raise InputError(
                "hydra/launcher=submitit_slurm: Submitit is not installed; install the extra: pip install '.[submitit]'"
            ) from error
        if missing := [command for command in ("sbatch", "srun", "squeue", "scancel") if not shutil.which(command)]:
            raise InputError(
                f"hydra/launcher=submitit_slurm: {', '.join(missing)}: no such command; expected a machine of a Slurm "
                "cluster from which jobs can be submitted"
            )
        folder = Path(str(self.config.hydra.sweep.dir)) / "slurm" / "%j"
        executor = AutoExecutor(folder, cluster="slurm", slurm_max_num_timeout=self.max_num_timeout)
        try:
            with redirect_stderr(StringIO()):  # Submitit prints what it raises
                executor.update_parameters(**self.settings)
                return executor.map_array(SlurmJob(*self.common), job_overrides, numbers)
        except (FailedJobError, ValueError) as error:
            reason = "; ".join(line.removeprefix("sbatch: error: ") for line in str(error).splitlines())
            raise InputError(f"hydra.launcher: Slurm does not accept the jobs: {reason}") from error

    def _wait(self, waiting: dict[str, Any], results: dict[str, JobReturn]) -> None:
        """Moves each job from `waiting` to `results` when it has ended."""
        from submitit.core.utils import pickle_load

        since: dict[str, float] = {}  # when a job without a result was first seen to have ended
        while waiting:
            states = _states()
            for name, (job, overrides) in list(waiting.items()):
                if job.paths.result_pickle.exists():
                    results[name] = _result(name, pickle_load(job.paths.result_pickle), overrides)
                elif states is None or states.get(name, "COMPLETED") not in ENDED:
                    since.pop(name, None)
                    continue
                elif time.monotonic() - since.setdefault(name, time.monotonic()) < SECONDS_TO_APPEAR:
                    continue
                else:
                    error = ENDED[states.get(name, "COMPLETED")].format(log=job.paths.stderr)
                    results[name] = lost(overrides, JobLostError(f"{error} (Slurm job {name})"))
                del waiting[name]
            if waiting:
                time.sleep(SECONDS_BETWEEN_QUERIES)

    def _cancel(self, waiting: Mapping[str, Any]) -> None:
        """Cancels the jobs and gives them time to close their runs."""
        subprocess.run(["scancel", *waiting], capture_output=True, check=False)
        deadline = time.monotonic() + SECONDS_TO_CLOSE
        while time.monotonic() < deadline and any(
            (_states() or {}).get(name, "") not in {"", *ENDED} for name in waiting
        ):
            time.sleep(1)


class TimeLimitSignal(BaseException):
    """Raised in a job when Slurm signals that its time limit is near. Hydra would catch an Exception."""


class SlurmJob(RemoteJob):
    """A job on a node of the cluster. Before its time limit it closes its run, and is queued again.

    Submitit's handler of the signal asks Slurm to queue the job again, whereupon Slurm kills it.
    """

    def __call__(self, overrides: Sequence[str], number: int) -> JobReturn:
        from submitit.core.utils import UncompletedJobError

        queue_again = signal.signal(signal.SIGUSR2, _raise_time_limit)
        try:
            return super().__call__(overrides, number)
        except TimeLimitSignal as received:
            try:
                queue_again(signal.SIGUSR2, None)  # type: ignore[operator, misc]
            except UncompletedJobError:  # max_num_timeout is reached
                return lost(overrides, JobLostError(ENDED["TIMEOUT"]))
            raise received

    def checkpoint(self, *arguments: Any) -> Any:
        """What Submitit queues again: the same job, which resumes its run."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, *arguments)


def _raise_time_limit(*_: Any) -> NoReturn:
    raise TimeLimitSignal


def _result(name: str, pickled: tuple[str, Any], overrides: Sequence[str]) -> JobReturn:
    """What a job returned.

    pickled: "success" and the JobReturn, or "error" and a traceback, as Submitit writes it
    """
    outcome, returned = pickled
    if outcome == "error":
        return lost(overrides, JobLostError(f"{returned.strip().splitlines()[-1]} (Slurm job {name})"))
    return returned


def _states() -> dict[str, str] | None:
    """The state of each of the user's jobs that Slurm remembers, by name; None if Slurm does not answer."""
    command = ["squeue", "--noheader", "--me", "--array", "--states=all", "--format=%i %T"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        return None
    return dict(line.split() for line in answer.stdout.splitlines())
