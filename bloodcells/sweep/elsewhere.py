"""Jobs of a sweep that another machine has done or is doing, as far as the server knows."""

import hashlib
import logging
import socket
import time

from mlflow.entities import Run

from bloodcells.config.errors import InputError
from bloodcells.config.names import Tag
from bloodcells.runs.sweep_run import SweepRun
from bloodcells.sweep.decide import FINISHED, Key, runs_with
from bloodcells.tracking.copy_run import RunCopier, run_by_id
from bloodcells.tracking.mirror import problem_of
from bloodcells.tracking.seen import FRESH, last_seen
from bloodcells.tracking.store import Store
from bloodcells.tracking.stored_run import StoredRun

log = logging.getLogger(__name__)
SECONDS = 10.0  # between two questions to the server
ANNOUNCED = (
    "sweep.starts_{}"  # tag of a sweep, by what identifies the result of a job: when and where it starts the job
)


class BusyElsewhereError(Exception):
    """Another machine is running the job."""


def finished_elsewhere(sweep: SweepRun, key: Key, *, waits: bool) -> str | None:
    """The id of a run that has finished the job on another machine, copied to the sweep's store; else None.

    If nobody has the job, it is announced on the sweep's copy, since its run is there only when training starts. Of two
    sweeps that announce the same job, the later one leaves it. This is no lock: clocks may differ, and a server that
    does not respond is not asked. In doubt, a job is run twice.

    waits: whether to wait for a machine that is running the job, instead of raising BusyElsewhereError
    """
    store = sweep.store
    if store.mirror is None:
        return None
    try:
        ours, tag = _copy_of(sweep), ANNOUNCED.format(hashlib.sha256(repr(key).encode()).hexdigest()[:16])
        while True:
            with store.mirror.client() as client:
                client.set_tag(ours, tag, f"{time.time():.3f} {socket.gethostname()}")
            if done := runs_with(store.settings, key, FINISHED, store=store.mirror):
                copier = RunCopier(store.mirror, store)
                return copier.copy(done[-1].id) or copier.copied(done[-1].mlflow_run)
            host = _trained_by(store, key) or _announced_by(store, tag, ours)
            if host is None:
                return None
            with store.mirror.client() as client:
                client.delete_tag(ours, tag)
            if not waits:
                raise BusyElsewhereError(host)
            log.info("waiting for %s, which is running the job", host)
            time.sleep(SECONDS)
    except InputError as error:
        log.warning("%s; the job runs without asking what other machines do", problem_of(error))
        return None


def _copy_of(sweep: SweepRun) -> str:
    """The id of the sweep's run on the server."""
    assert sweep.store.mirror
    run = run_by_id(sweep.store, sweep.id)
    assert run
    copier = RunCopier(sweep.store, sweep.store.mirror)
    return copier.copy(sweep.id) or copier.copied(run)


def _trained_by(store: Store, key: Key) -> str | None:
    """The machine that is training the job, if it is another one than this."""
    for run in runs_with(store.settings, key, "attributes.status = 'RUNNING'", store=store.mirror):
        if _is_busy(run, store):
            return last_seen(run.mlflow_run)[0]
    return None


def _is_busy(run: StoredRun, store: Store) -> bool:
    """Whether another machine is running it; a run that was interrupted here is resumed instead."""
    if Tag.SEEN not in run.tags or last_seen(run.mlflow_run)[1] > FRESH:
        return False
    return run_by_id(store, run.origin) is None


def _announced_by(store: Store, tag: str, ours: str) -> str | None:
    """The machine whose sweep has announced the job before the sweep with the copy `ours`, not long ago."""
    assert store.mirror
    experiment = store.mirror.existing_experiment()
    with store.mirror.client() as client:
        sweeps: list[Run] = client.search_runs([experiment], f"attributes.status = 'RUNNING' and tags.`{tag}` LIKE '%'")
    announced = sorted(
        (float(when), sweep.info.run_id, host)
        for sweep in sweeps
        for when, _, host in [sweep.data.tags[tag].partition(" ")]
        if sweep.info.run_id == ours or time.time() - float(when) < FRESH
    )
    return None if not announced or announced[0][1] == ours else announced[0][2]
