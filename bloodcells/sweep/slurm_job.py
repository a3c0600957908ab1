"""A sweep's job on a node of a Slurm cluster."""

import signal
from collections.abc import Sequence
from typing import Any, NoReturn

from hydra.core.utils import JobReturn

from bloodcells.config.interrupt import raise_on_signals
from bloodcells.sweep.remote import JobLostError, RemoteJob, lost

TIME_LIMIT = "reached its time limit, hydra.launcher.timeout_min"


class TimeLimitSignal(BaseException):
    """Raised in a job when Slurm signals that its time limit is near. Hydra would catch an Exception."""


class SlurmJob(RemoteJob):
    """A job on a node of the cluster. When it is cancelled, it closes its run.

    So it does before its time limit, and is queued again: Submitit's handler of that signal asks Slurm to do so,
    whereupon Slurm kills the job. Submitit would ignore that a job is cancelled.
    """

    def __call__(self, overrides: Sequence[str], number: int) -> JobReturn:
        from submitit.core.utils import UncompletedJobError

        raise_on_signals()
        queue_again = signal.signal(signal.SIGUSR2, _raise_time_limit)
        try:
            return super().__call__(overrides, number)
        except TimeLimitSignal as received:
            try:
                queue_again(signal.SIGUSR2, None)  # type: ignore[operator, misc]
            except UncompletedJobError:  # max_num_timeout is reached
                return lost(overrides, JobLostError(TIME_LIMIT, "KILLED"))
            raise received

    def checkpoint(self, *arguments: Any) -> Any:
        """What Submitit queues again: the same job, which resumes its run."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, *arguments)


def _raise_time_limit(*_: Any) -> NoReturn:
    raise TimeLimitSignal
