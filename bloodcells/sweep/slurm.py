"""Runs a sweep's jobs on a Slurm cluster: `--multirun hydra/launcher=submitit_slurm`."""

import logging
import shutil
import subprocess
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn

from bloodcells.config.errors import InputError
from bloodcells.sweep.remote import ClusterLauncher, JobLostError, lost
from bloodcells.sweep.slurm_job import TIME_LIMIT, SlurmJob

log = logging.getLogger("bloodcells.sweep")
SECONDS_BETWEEN_QUERIES = 5
SECONDS_TO_APPEAR = 20  # a result that a node has written may take this long to appear on a shared file system
SECONDS_TO_CLOSE = 60  # cancelled jobs may take this long to close their runs
ORDINARY = {"None", "Priority", "Resources", "BeginTime", "JobArrayTaskLimit"}  # reasons for which a job waits
OF_ANY_CLUSTER = {"name", "cpus_per_task", "gpus_per_node", "mem_gb", "timeout_min"}  # Submitit's names have no prefix
BRACKETED = (("setup", Sequence, "[module load cuda]"), ("additional_parameters", Mapping, "{nice: 9}"))
# States in which a job has ended, and what they mean: https://slurm.schedmd.com/squeue.html, "Job state codes"
ENDED = {
    "BOOT_FAIL": "its node did not boot",
    "CANCELLED": "cancelled with scancel",
    "COMPLETED": "ended without a result, see {log}",
    "DEADLINE": "reached its deadline",
    "FAILED": "failed before it had a result, see {log}; commands in hydra.launcher.setup may fail without a word",
    "NODE_FAIL": "its node failed",
    "OUT_OF_MEMORY": "out of memory",
    "PREEMPTED": "preempted by another job",
    "TIMEOUT": TIME_LIMIT,
}
FROM_OUTSIDE = {"CANCELLED", "DEADLINE", "PREEMPTED", "TIMEOUT"}  # nothing failed: the run is KILLED


class SlurmLauncher(ClusterLauncher):
    """Submits the jobs as an array with Submitit, and waits for their results.

    Submitit itself would ask `sacct`, which needs an accounting database: without one, it warns at every query and
    waits forever for a job that was killed. This class asks `squeue`, and a job that was lost fails alone.

    settings: those of conf/hydra/launcher/submitit_slurm.yaml, passed to Submitit
    """

    def __init__(self, *, max_num_timeout: int, **settings: Any) -> None:
        self.max_num_timeout = max_num_timeout
        self.settings = {key: value for key, value in settings.items() if value is not None}

    def _check(self) -> None:
        """Raises InputError for a setting that Submitit or Slurm would misunderstand."""
        for key, least in {"cpus_per_task": 1, "timeout_min": 1, "array_parallelism": 1, "signal_delay_s": 0}.items():
            value = self.settings.get(key)
            if type(value) is not int or value < least:
                raise InputError(f"hydra.launcher.{key}={value}: expected a whole number, {least} or more")
        limit, delay = self.settings["timeout_min"], self.settings["signal_delay_s"]
        if delay >= 60 * limit:
            shorter = f"less than hydra.launcher.timeout_min={limit}, in seconds"
            raise InputError(f"hydra.launcher.signal_delay_s={delay}: expected {shorter}")
        for key, kind, example in BRACKETED:
            value = self.settings.get(key, ())
            if value and (isinstance(value, str) or not isinstance(value, kind)):
                raise InputError(f"hydra.launcher.{key}={value}: expected brackets, such as '{example}'")

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Returns the result of each job, in order; one that was lost is FAILED, with the state that Slurm reports.

        Raises InputError if Submitit or Slurm is missing, or if a setting is wrong or Slurm does not accept it.
        """
        self._check()
        numbers = range(initial_job_idx, initial_job_idx + len(job_overrides))
        jobs = self._submit([list(overrides) for overrides in job_overrides], numbers)
        log.info("Slurm queued %s; squeue --me lists them", jobs[0].job_id.split("_")[0])
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
        log.info("submitting %d job%s to Slurm", len(numbers), "s" * (len(numbers) > 1))
        try:
            with redirect_stderr(StringIO()):  # Submitit prints what it raises
                executor.update_parameters(
                    **{key if key in OF_ANY_CLUSTER else f"slurm_{key}": value for key, value in self.settings.items()}
                )
                return executor.map_array(SlurmJob(*self.common), job_overrides, numbers)
        except (FailedJobError, ValueError, AssertionError) as error:
            reason = "; ".join(line.removeprefix("sbatch: error: ") for line in str(error).splitlines())
            raise InputError(f"hydra.launcher: Slurm does not accept the jobs: {reason}") from error

    def _wait(self, waiting: dict[str, Any], results: dict[str, JobReturn]) -> None:
        """Moves each job from `waiting` to `results` when it has ended."""
        from submitit.core.utils import pickle_load

        since: dict[str, float] = {}  # when a job without a result was first seen to have ended
        logged: set[str] = set()
        while waiting:
            states = _states(waiting, logged)
            for name, (job, overrides) in list(waiting.items()):
                if job.paths.result_pickle.exists():
                    results[name] = _result(name, pickle_load(job.paths.result_pickle), overrides)
                elif states is None or states.get(name, "COMPLETED") not in ENDED:
                    since.pop(name, None)
                    continue
                elif time.monotonic() - since.setdefault(name, time.monotonic()) < SECONDS_TO_APPEAR:
                    continue
                else:
                    state = states.get(name, "COMPLETED")
                    reason = f"{ENDED[state].format(log=job.paths.stderr)} (Slurm job {name})"
                    status = "KILLED" if state in FROM_OUTSIDE else "FAILED"
                    results[name] = lost(overrides, JobLostError(reason, status))
                del waiting[name]
            if waiting:
                time.sleep(SECONDS_BETWEEN_QUERIES)

    def _cancel(self, waiting: Mapping[str, Any]) -> None:
        """Cancels the jobs and gives them time to close their runs."""
        subprocess.run(["scancel", *waiting], capture_output=True, check=False)
        deadline = time.monotonic() + SECONDS_TO_CLOSE
        while time.monotonic() < deadline:
            states = _states(waiting, set()) or {}
            if all(states.get(name, "CANCELLED") in ENDED for name in waiting):
                break
            time.sleep(1)


def _result(name: str, pickled: tuple[str, Any], overrides: Sequence[str]) -> JobReturn:
    """What a job returned.

    pickled: "success" and the JobReturn, or "error" and a traceback, as Submitit writes it
    """
    outcome, returned = pickled
    if outcome == "error":
        return lost(overrides, JobLostError(f"{returned.strip().splitlines()[-1]} (Slurm job {name})"))
    return returned


def _states(waiting: Collection[str], logged: set[str]) -> dict[str, str] | None:
    """The state of each of the user's jobs that Slurm remembers, by name; None if Slurm does not answer.

    Logs once why: that, and for what other reason than its turn one of `waiting` does not start. logged: such reasons
    """
    command = ["squeue", "--noheader", "--me", "--array", "--states=all", "--format=%i %T %r"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        problem = f"Slurm does not answer ({(answer.stderr.splitlines() or ['no reason given'])[0]}); waiting for it"
        states, problems = None, [problem]
    else:
        jobs = [line.split(maxsplit=2) for line in answer.stdout.splitlines()]
        states = {name: state for name, state, _ in jobs}
        problems = [
            f"Slurm does not start job {name}: {reason}"
            for name, state, reason in jobs
            if name in waiting and state == "PENDING" and reason not in ORDINARY
        ]
    for problem in problems[:1]:
        if problem not in logged:
            logged.add(problem)
            log.warning(problem)
    return states
