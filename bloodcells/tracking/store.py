"""Where runs are stored: a local folder, an MLflow server, or nowhere."""

import getpass
import logging
import os
import shlex
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote, urlparse

import mlflow
from filelock import FileLock
from mlflow import MlflowClient

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.config.schema import LocalTracking, ServerTracking, Tracking
from bloodcells.tracking import database
from bloodcells.tracking.errors import store_errors
from bloodcells.tracking.view import activate_experiment, address, prepared_experiment

log = logging.getLogger(__name__)
# MLflow's own limit, minutes per request, would be too long: whoever waits can try again later.
HTTP = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # for every run that is copied
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # one bar per file would break up our output


def store_of(tracking: Tracking) -> "Store":
    """The store to which the config writes runs; nothing is opened or created."""
    return LocalStore(tracking) if isinstance(tracking, LocalTracking) else NullStore(tracking)


def source_of(tracking: Tracking) -> "Store":
    """The store from which the config reads finished runs: the server, if there is one."""
    return ServerStore(tracking) if isinstance(tracking, ServerTracking) else store_of(tracking)


def local_path(uri: str) -> Path | None:
    """The path of a location of artifacts on this machine; None if it is elsewhere."""
    parts = urlparse(uri)
    return Path(unquote(parts.path)) if parts.scheme in ("", "file") else None


class Store(ABC):
    """A place for runs."""

    keeps_runs = True
    settings: Tracking  # the config of the store
    experiment: str  # name of the MLflow experiment that groups the runs
    uri: str  # MLflow's tracking URI of the store
    server: str  # address of MLflow's pages about it; of a local store while `mlflow ui` runs with its default port
    setting: str  # the store in messages, as key=value
    checkpoints: Path  # folder on this machine for the training state of unfinished runs
    tensorboard: Path | None  # folder on this machine for TensorBoard; None if nothing is written for it
    mirror: "ServerStore | None" = None  # to which its runs are copied
    artifacts: str | None = None  # URI of the folder for artifacts; None: a server chooses it

    @abstractmethod
    def open(self) -> None:
        """Points MLflow at the store and its experiment, and creates those that do not exist.

        Raises InputError if the server does not respond, the folder cannot be written to, or the experiment was
        deleted.
        """

    @abstractmethod
    def _check(self) -> None:
        """Raises InputError if the store does not exist, as far as that is known without a request."""

    def existing_experiment(self) -> str:
        """The id of the store's experiment. Creates nothing.

        Raises InputError as `open` does, and if either does not exist.
        """
        with self.errors():
            self._check()
        with self.client() as client:
            experiment = client.get_experiment_by_name(self.experiment)
            if experiment is None or experiment.lifecycle_stage == "deleted":
                names = [other.name for other in client.search_experiments()]
                raise InputError(
                    f"tracking.experiment={self.experiment}: no such experiment; expected one of {', '.join(names)}"
                )
        return str(experiment.experiment_id)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Converts errors of MLflow, its database and the file system into an InputError that names the store."""
        with store_errors(self.setting, self.experiment):
            yield

    def new_run(self, name: str, tags: Mapping[str, str]) -> str:
        """Creates a run and returns its id. Raises InputError as `existing_experiment` does."""
        experiment = self.existing_experiment()
        with self.client() as client:
            known = {"mlflow.source.type": "LOCAL"}  # as MLflow's own
            with suppress(KeyError, OSError):  # a container may have no name for its user
                known["mlflow.user"] = getpass.getuser()
            return str(client.create_run(experiment, run_name=name, tags=known | dict(tags)).info.run_id)

    def ui(self, experiment_id: str) -> str:
        """Instructions to open the table of runs in a browser."""
        return address(self.server, experiment_id)

    @contextmanager
    def client(self) -> Iterator[MlflowClient]:
        """A client of this store, whichever store MLflow points at; errors are converted as in `errors`."""
        with self.errors():
            yield MlflowClient(self.uri)


class LocalStore(Store):
    """A folder with MLflow's sqlite database and artifacts; a relative path starts at the checkout."""

    def __init__(self, settings: LocalTracking) -> None:
        self.settings, self.experiment = settings, settings.experiment
        self.setting, self.server = f"tracking.directory={settings.directory}", "http://127.0.0.1:5000"
        self.directory = (CHECKOUT / settings.directory).resolve()
        self.uri, self.artifacts = database.database_uri(self.directory), database.artifacts_of(self.directory)
        self.checkpoints = self.directory / "checkpoints"
        self.tensorboard = self.directory / "tensorboard" if settings.tensorboard else None
        self.mirror = ServerStore(settings) if isinstance(settings, ServerTracking) else None

    def open(self) -> None:
        """Holds a file lock, since MLflow fails if several processes create the same store at once."""
        with self.errors():
            self.directory.mkdir(parents=True, exist_ok=True)
            with FileLock(self.directory / ".lock"):
                if (self.directory / database.DATABASE).exists():
                    self._relocate()
                else:
                    database.create_database(self.directory, database.artifacts_of(self.directory))
                mlflow.set_tracking_uri(self.uri)
                activate_experiment(self.experiment, self.settings.rank_by.metric, self.artifacts)
            database.remove_undecoded(self.directory)

    def ui(self, experiment_id: str) -> str:
        command = f"mlflow ui --host 127.0.0.1 --backend-store-uri {shlex.quote(self.uri)}"
        if self.setting == f"tracking.directory={database.FOLDER}":
            command = "make ui"
        return f"{command}, then {address(self.server, experiment_id)}"

    def _check(self) -> None:
        if not (self.directory / database.DATABASE).is_file():
            raise InputError(f"{self.setting}: no runs are stored there; expected the folder of an earlier training")
        self._relocate()  # without our lock, for which a read-only medium has no place

    def _relocate(self) -> None:
        if database.relocate(self.directory):
            log.info("%s was moved or copied; its runs are now found there", self.directory)


class ServerStore(Store):
    """An MLflow server, from which finished runs are read. Runs are written to a local store and copied to it."""

    def __init__(self, settings: ServerTracking) -> None:
        self.settings, self.experiment = settings, settings.experiment
        self.uri = self.server = settings.uri
        self.setting = f"tracking.uri={self.uri}"
        for key, value in HTTP.items():
            os.environ.setdefault(key, value)

    def open(self) -> None:
        with self.client() as client:
            prepared_experiment(client, self.experiment, self.settings.rank_by.metric)

    def _check(self) -> None: ...


class NullStore(Store):
    """Stores nothing. It can be opened; reading runs from it is an InputError."""

    keeps_runs = False

    def __init__(self, settings: Tracking) -> None:
        self.settings, self.experiment, self.setting = settings, settings.name, f"tracking={settings.name}"

    def open(self) -> None: ...

    def _check(self) -> NoReturn:
        raise InputError(f"{self.setting}: stores no runs; expected local or server, where finished runs are stored")
