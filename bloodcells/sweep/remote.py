"""A sweep's jobs as the launchers for clusters send them to the nodes."""

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, run_job, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict


class JobLostError(Exception):
    """A job that its cluster ended before it could return a result; the message says why.

    status: that of its run, FAILED or KILLED
    """

    def __init__(self, reason: str, status: str = "FAILED") -> None:
        super().__init__(reason, status)
        self.status = status

    def __str__(self) -> str:
        return str(self.args[0])


class ClusterLauncher(Launcher):
    """Base class of the launchers for clusters. A subclass implements `launch`."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.context, self.task, self.config = hydra_context, task_function, config

    @property
    def common(self) -> tuple[Any, ...]:
        """The arguments of `RemoteJob`."""
        return os.getcwd(), self.context, self.task, self.config, Singleton.get_state()


@dataclass(frozen=True)
class RemoteJob:
    """What runs a job on a node. It holds what all jobs of a sweep have in common.

    folder: where relative paths in the config start
    context, task, config, state: as Hydra passes them to a launcher
    """

    folder: str
    context: HydraContext
    task: TaskFunction
    config: DictConfig
    state: Mapping[type, Any]

    def __call__(self, overrides: Sequence[str], number: int) -> JobReturn:
        """Runs the job with this number, from 0, and these overrides."""
        os.chdir(self.folder)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a node started in the background ignores SIGINT
        Singleton.set_state(self.state)
        setup_globals()
        composed = self.context.config_loader.load_sweep_config(self.config, list(overrides))
        with open_dict(composed.hydra.job):
            composed.hydra.job.id, composed.hydra.job.num = str(number), number
        return run_job(self.task, composed, "hydra.sweep.dir", "hydra.sweep.subdir", self.context)


def lost(overrides: Sequence[str], error: Exception) -> JobReturn:
    """The result of a job that returned none."""
    failed = JobReturn(overrides=overrides, status=JobStatus.FAILED)
    failed.return_value = error
    return failed
