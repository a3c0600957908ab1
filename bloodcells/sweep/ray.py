"""Runs a sweep's jobs on a Ray cluster: `--multirun hydra/launcher=ray`."""

import logging
import os
import re
import signal
import socket
from collections.abc import Sequence
from typing import Any

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, run_job, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError

log = logging.getLogger("bloodcells.sweep")
SECONDS_TO_CONNECT = 10
SECONDS_TO_END = 60  # for interrupted jobs to close their runs


class RayLauncher(Launcher):
    """Each job is a Ray task: those that fit run at once, spread over the nodes, the others wait.

    address: the cluster's, "auto" for the one that this machine belongs to; None: that of RAY_ADDRESS, or else Ray is
        started here for as long as the sweep takes
    num_cpus, num_gpus: of its node, kept for one job; parts of one are possible
    max_retries: how often a job is begun again because its node, or the process it ran in, was lost
    """

    def __init__(self, address: str | None, num_cpus: float, num_gpus: float, max_retries: int) -> None:
        self.address = address
        self.resources = {"num_cpus": num_cpus, "num_gpus": num_gpus, "max_retries": max_retries}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.context, self.task, self.config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """What each job returned, in their order; one that was lost for good has failed, with Ray's error.

        Raises InputError where there is no Ray or no cluster at the address.
        """
        ray = _import_ray()
        with _connected(ray, self.address):
            task = ray.remote(scheduling_strategy="SPREAD", **self.resources)(_run)
            # Sent once: the overrides are all that a job has of its own.
            common = ray.put((os.getcwd(), self.context, self.task, self.config, Singleton.get_state()))
            waiting = {
                task.remote(common, list(overrides), initial_job_idx + place): place
                for place, overrides in enumerate(job_overrides)
            }
            returned: dict[int, JobReturn] = {}
            try:
                while waiting:
                    (done,), _ = ray.wait(list(waiting), num_returns=1)
                    place = waiting.pop(done)
                    returned[place] = _returned(ray, done, job_overrides[place], initial_job_idx + place)
            except KeyboardInterrupt:
                _cancel(ray, list(waiting))
                raise
        return [returned[place] for place in sorted(returned)]


def _import_ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise InputError(
            "hydra/launcher=ray: Ray is not installed; expected the extra, pip install '.[ray]'"
        ) from error
    return ray


def _connected(ray: Any, address: str | None) -> Any:
    interruptible = signal.getsignal(signal.SIGTERM)
    where = address or os.environ.get("RAY_ADDRESS", "local")
    try:
        if place := re.fullmatch(r"(.+):(\d+)", where):  # Ray itself waits without end where nobody listens
            socket.create_connection((place[1], int(place[2])), SECONDS_TO_CONNECT).close()
        # The checkout of this process, whichever is installed there.
        here = {"env_vars": {"PYTHONPATH": str(CHECKOUT)}}
        context = ray.init(address=where, runtime_env=here, log_to_driver=False, logging_level=logging.WARNING)
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"hydra.launcher.address={where}: no Ray cluster to be had ({reason}); expected the HOST:PORT of one, or "
            "null to start Ray here"
        ) from error
    signal.signal(signal.SIGTERM, interruptible)  # Ray's own would leave without cancelling the jobs
    nodes = [node for node in ray.nodes() if node["Alive"]]
    cores = sum(node["Resources"].get("CPU", 0) for node in nodes)
    log.info("Ray: %d node%s, %g cores", len(nodes), "s" * (len(nodes) > 1), cores)
    return context


def _run(common: tuple[Any, ...], overrides: list[str], number: int) -> JobReturn:
    """On whichever node: one job."""
    folder, context, task, config, state = common
    os.chdir(folder)  # where relative paths start
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a node started in the background ignores it
    Singleton.set_state(state)
    setup_globals()
    composed = context.config_loader.load_sweep_config(config, overrides)
    with open_dict(composed.hydra.job):
        composed.hydra.job.id, composed.hydra.job.num = str(number), number
    return run_job(task, composed, "hydra.sweep.dir", "hydra.sweep.subdir", context)


def _returned(ray: Any, done: Any, overrides: Sequence[str], number: int) -> JobReturn:
    try:
        return ray.get(done)
    except ray.exceptions.RayError as error:
        # Of a job that raised what no job should: a traceback, which ends with the reason.
        reason = str(error).strip().splitlines()[-1 if isinstance(error, ray.exceptions.RayTaskError) else 0]
        log.warning("job %d (%s) is lost: %s", number, ", ".join(overrides), reason)
        lost = JobReturn(overrides=overrides, status=JobStatus.FAILED)
        lost.return_value = error
        return lost


def _cancel(ray: Any, waiting: list[Any]) -> None:
    for job in waiting:
        ray.cancel(job)  # a KeyboardInterrupt there
    ray.wait(waiting, num_returns=len(waiting), timeout=SECONDS_TO_END)
