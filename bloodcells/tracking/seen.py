"""When a machine was last known to train a run, which a server cannot see by itself."""

import socket
import time

from mlflow import MlflowClient
from mlflow.entities import Run

from bloodcells.config.names import Tag
from bloodcells.tracking.store import ServerStore

FRESH = 120.0  # seconds in which a machine that trains a run says so several times
LOST = 600.0  # seconds after which it is taken for gone


def say_seen(client: MlflowClient, run_id: str) -> None:
    """Notes on a run that this machine is training it now."""
    client.set_tag(run_id, Tag.SEEN, f"{time.time():.0f} {socket.gethostname()}")


def last_seen(run: Run) -> tuple[str, float]:
    """The machine that trains a run, and for how many seconds it has not said so, if both clocks agree."""
    when, _, host = run.data.tags[Tag.SEEN].partition(" ")
    return host, time.time() - float(when)


def close_lost(server: ServerStore) -> None:
    """Marks runs as FAILED whose machine has not said for long that it trains them.

    If it was only cut off from the server, its next copy of the run makes it RUNNING again.
    """
    experiment = server.existing_experiment()
    with server.client() as client:
        for run in client.search_runs([experiment], f"attributes.status = 'RUNNING' and tags.`{Tag.SEEN}` LIKE '%'"):
            host, seconds = last_seen(run)
            if seconds > LOST:
                error = f"lost: {host} has not been heard of for {seconds / 60:.0f} minutes; it may still train the run"
                client.set_tag(run.info.run_id, Tag.ERROR, error)
                client.set_terminated(run.info.run_id, "FAILED")
