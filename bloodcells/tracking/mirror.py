"""Copies a run to a server while it is in progress, in a thread, so that it does not depend on the server."""

import logging
import shlex
from collections.abc import Iterable
from threading import Event, Thread

from bloodcells.config.errors import InputError
from bloodcells.config.names import Tag
from bloodcells.tracking.copy_run import RunCopier, run_by_id
from bloodcells.tracking.errors import STORE_ERRORS, NoResponseError
from bloodcells.tracking.store import Store
from bloodcells.tracking.view import run_address

log = logging.getLogger(__name__)
SECONDS = 10.0  # between two copies of what is new
SECONDS_IF_INTERRUPTED = 3.0  # a scheduler that ends a job soon kills it
SECONDS_IF_AWAY = 10.0  # for a server that did not respond before the end, and may hang


class Mirror:
    """The copy of a run of `store` on its server. If the server is away, copying waits, training does not."""

    def __init__(self, store: Store, run_id: str) -> None:
        assert store.mirror
        self._store, self._server, self._run_id = store, store.mirror, run_id
        self._copier = RunCopier(store, store.mirror)
        run = run_by_id(store, run_id)
        parent = run_by_id(store, run.data.tags.get(Tag.PARENT, "")) if run else None
        # A job also says that its sweep is alive, whose own process starts no threads, since it forks.
        self._run_ids = [*([parent.info.run_id] if parent else []), run_id]
        self._ended, self._problem = Event(), ""
        self._thread = Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        ended = False
        while not ended:
            ended, before = self._ended.is_set(), self._problem
            try:
                for run_id in self._run_ids:
                    self._copier.copy(run_id)
                self._problem = ""
            except (InputError, *STORE_ERRORS) as error:
                self._problem = problem_of(error)
                if not ended and not before:
                    log.warning("%s; training continues, and the run is copied later", self._problem)
            if not ended:
                self._ended.wait(SECONDS)

    def close(self, *, interrupted: bool) -> str:
        """Copies what is left, and returns the address of the copy's page; empty if the server does not respond.

        interrupted: whether the process should end within seconds
        """
        self._ended.set()
        seconds = SECONDS_IF_INTERRUPTED if interrupted else SECONDS_IF_AWAY if self._problem else None
        self._thread.join(seconds)
        if self._thread.is_alive() or self._problem:
            log.warning(undelivered(self._store, self._problem or "it is slow"))
            return ""
        with self._store.client() as client:
            copy_id = self._copier.copied(client.get_run(self._run_id))
        return run_address(self._server.server, self._copier.experiment, copy_id)


def deliver(store: Store, run_ids: Iterable[str]) -> None:
    """Copies runs of `store` to its server, if it has one. If that fails, logs what to do."""
    if store.mirror is None:
        return
    copier = RunCopier(store, store.mirror)
    try:
        for run_id in run_ids:
            copier.copy(run_id)
    except InputError as error:
        log.warning(undelivered(store, problem_of(error)))


def problem_of(error: Exception) -> str:
    """The message of an error, without the advice of someone who starts a command."""
    return error.problem if isinstance(error, NoResponseError) else str(error)


def undelivered(store: Store, problem: str) -> str:
    """What to do if a server has not received everything."""
    assert store.mirror
    command = f"python -m bloodcells.sync from={shlex.quote(str(store.checkpoints.parent))} to={store.mirror.server}"
    if store.experiment != "bloodcells":
        command += f" tracking.experiment={shlex.quote(store.experiment)}"
    return f"{problem}; nothing is lost, copy it when the server responds: {command}"
