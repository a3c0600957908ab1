"""Runs a sweep's jobs on a Ray cluster: `--multirun hydra/launcher=ray`."""

import logging
import os
import re
import signal
import socket
from collections.abc import Sequence
from typing import Any

from hydra.core.utils import JobReturn

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.sweep.remote import ClusterLauncher, RemoteJob, lost

log = logging.getLogger("bloodcells.sweep")
SECONDS_TO_CONNECT = 10
SECONDS_TO_CLOSE = 60  # interrupted jobs may take this long to close their runs


class RayLauncher(ClusterLauncher):
    """Runs each job as a Ray task: as many at once as fit, spread over the nodes.

    address: HOST:PORT of the cluster; "auto" for the one this machine belongs to; None for RAY_ADDRESS, or if that is
        not set, for a Ray instance on this machine that ends with the sweep
    num_cpus, num_gpus: reserved for one job on its node; may be fractions
    max_retries: how often a job restarts if its node or worker process is lost
    """

    def __init__(self, address: str | None, *, num_cpus: float, num_gpus: float, max_retries: int) -> None:
        self.address = address
        self.resources = {"num_cpus": num_cpus, "num_gpus": num_gpus, "max_retries": max_retries}

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Returns the result of each job, in order; a job that was lost for good is FAILED, with Ray's error.

        Raises InputError if Ray is not installed or no cluster responds at the address.
        """
        ray = _import_ray()
        with _connected(ray, self.address):
            task = ray.remote(scheduling_strategy="SPREAD", **self.resources)(_run)
            # Sent to the cluster once; jobs differ only in their overrides.
            job = ray.put(RemoteJob(*self.common))
            waiting = {
                task.remote(job, list(overrides), initial_job_idx + place): place
                for place, overrides in enumerate(job_overrides)
            }
            returned: dict[int, JobReturn] = {}
            try:
                while waiting:
                    (done,), _ = ray.wait(list(waiting), num_returns=1)
                    place = waiting.pop(done)
                    returned[place] = _result(ray, done, overrides=job_overrides[place], number=initial_job_idx + place)
            except KeyboardInterrupt:
                _cancel(ray, list(waiting))
                raise
        return [returned[place] for place in sorted(returned)]


def _import_ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise InputError("hydra/launcher=ray: Ray is not installed; install the extra: pip install '.[ray]'") from error
    return ray


def _connected(ray: Any, address: str | None) -> Any:
    sigterm_handler = signal.getsignal(signal.SIGTERM)
    where = address or os.environ.get("RAY_ADDRESS", "local")
    try:
        if host_port := re.fullmatch(r"(.+):(\d+)", where):  # Ray itself would wait forever if nothing listens there
            socket.create_connection((host_port[1], int(host_port[2])), SECONDS_TO_CONNECT).close()
        # Workers import the package from this checkout, whichever version is installed on their node.
        here = {"env_vars": {"PYTHONPATH": str(CHECKOUT)}}
        context = ray.init(address=where, runtime_env=here, log_to_driver=False, logging_level=logging.WARNING)
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"hydra.launcher.address={where}: no Ray cluster responds ({reason}); expected HOST:PORT of a running "
            "cluster, or null to start Ray on this machine"
        ) from error
    signal.signal(signal.SIGTERM, sigterm_handler)  # Ray's handler would exit without canceling the jobs
    nodes = [node for node in ray.nodes() if node["Alive"]]
    cores = sum(node["Resources"].get("CPU", 0) for node in nodes)
    log.info("Ray: %d node%s, %g cores", len(nodes), "s" * (len(nodes) > 1), cores)
    return context


def _run(job: RemoteJob, overrides: list[str], number: int) -> JobReturn:
    return job(overrides, number)


def _result(ray: Any, done: Any, *, overrides: Sequence[str], number: int) -> JobReturn:
    try:
        return ray.get(done)
    except ray.exceptions.RayError as error:
        # If the job raised an unexpected exception, the text is a traceback, which ends with the reason.
        reason = str(error).strip().splitlines()[-1 if isinstance(error, ray.exceptions.RayTaskError) else 0]
        log.warning("job %d (%s) was lost: %s", number, ", ".join(overrides), reason)
        return lost(overrides, error)


def _cancel(ray: Any, waiting: list[Any]) -> None:
    for job in waiting:
        ray.cancel(job)  # raises KeyboardInterrupt in the job
    ray.wait(waiting, num_returns=len(waiting), timeout=SECONDS_TO_CLOSE)
