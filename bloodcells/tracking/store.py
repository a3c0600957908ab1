"""Where runs are stored: a local folder, an MLflow server, or nowhere."""

import getpass
import logging
import os
import shlex
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import NoReturn

import mlflow
from filelock import FileLock
from mlflow import MlflowClient

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.config.schema import LocalTracking, ServerTracking, Tracking
from bloodcells.tracking import database
from bloodcells.tracking.errors import store_errors
from bloodcells.tracking.view import activate_experiment, address

log = logging.getLogger(__name__)
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # one bar per file would break up our output


def store_of(tracking: Tracking) -> "Store":
    """The store that the config describes; nothing is opened or created."""
    match tracking:
        case LocalTracking():
            return LocalStore(tracking)
        case ServerTracking():
            return ServerStore(tracking)
    return NullStore(tracking)


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
    identity: dict[str, str]  # distinguishes its checkpoints from those of other stores in the same folder

    @abstractmethod
    def open(self) -> None:
        """Points MLflow at the store and its experiment, and creates those that do not exist.

        Raises InputError if the server does not respond, the folder cannot be written to, or the experiment was
        deleted.
        """

    @abstractmethod
    def ui(self, experiment_id: str) -> str:
        """Instructions to open the table of runs in a browser."""

    @abstractmethod
    def _connected(self) -> AbstractContextManager[None]:
        """Points MLflow at the store; raises InputError if it does not exist."""

    def existing_experiment(self) -> str:
        """Points MLflow at the store and returns the id of its experiment. Creates nothing.

        Raises InputError as `open` does, and if either does not exist.
        """
        with self.errors():
            with self._connected():
                experiment = mlflow.get_experiment_by_name(self.experiment)
            if experiment is None or experiment.lifecycle_stage == "deleted":
                names = [other.name for other in mlflow.search_experiments()]
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
        self.uri = database.database_uri(self.directory)
        self.checkpoints = self.directory / "checkpoints"
        self.tensorboard = self.directory / "tensorboard" if settings.tensorboard else None
        self.identity = {"server": "", "experiment": self.experiment}

    def open(self) -> None:
        """Holds a file lock, since MLflow fails if several processes create the same store at once."""
        with self.errors():
            self.directory.mkdir(parents=True, exist_ok=True)
            with FileLock(self.directory / ".lock"):
                artifacts = database.artifacts_of(self.directory)
                if (self.directory / database.DATABASE).exists():
                    self._relocate()
                else:
                    database.create_database(self.directory, artifacts)
                mlflow.set_tracking_uri(self.uri)
                if mlflow.get_experiment_by_name(self.experiment) is None:
                    mlflow.create_experiment(self.experiment, artifact_location=artifacts)
                activate_experiment(self.experiment, self.settings.rank_by.metric)
            database.remove_undecoded(self.directory)

    def ui(self, experiment_id: str) -> str:
        command = f"mlflow ui --host 127.0.0.1 --backend-store-uri {shlex.quote(self.uri)}"
        if self.setting == f"tracking.directory={database.FOLDER}":
            command = "make ui"
        return f"{command}, then {address(self.server, experiment_id)}"

    @contextmanager
    def _connected(self) -> Iterator[None]:
        if not (self.directory / database.DATABASE).is_file():
            raise InputError(f"{self.setting}: no runs are stored there; expected the folder of an earlier training")
        with FileLock(self.directory / ".lock"):
            self._relocate()
        mlflow.set_tracking_uri(self.uri)
        yield

    def _relocate(self) -> None:
        if database.relocate(self.directory):
            log.info("%s was moved or copied; its runs are now found there", self.directory)


class ServerStore(Store):
    """An MLflow server; checkpoints stay on this machine."""

    def __init__(self, settings: ServerTracking) -> None:
        self.settings, self.experiment = settings, settings.experiment
        self.uri = self.server = settings.uri
        self.setting = f"tracking.uri={self.uri}"
        self.checkpoints = CHECKOUT / database.FOLDER / "checkpoints"
        self.tensorboard = CHECKOUT / database.FOLDER / "tensorboard" if settings.tensorboard else None
        self.identity = {"server": self.uri, "experiment": self.experiment}

    def open(self) -> None:
        with self.errors(), self._connected():
            activate_experiment(self.experiment, self.settings.rank_by.metric)

    def ui(self, experiment_id: str) -> str:
        return address(self.server, experiment_id)

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """Gives up after two retries. MLflow's own limit of minutes is appropriate only during training."""
        mlflow.set_tracking_uri(self.uri)
        limits = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}
        limits = {key: value for key, value in limits.items() if key not in os.environ}
        os.environ.update(limits)
        try:
            yield
        finally:
            for key in limits:
                os.environ.pop(key, None)  # another thread may have removed it


class NullStore(Store):
    """Stores nothing. It can be opened; reading runs from it is an InputError."""

    keeps_runs = False

    def __init__(self, settings: Tracking) -> None:
        self.settings, self.experiment, self.setting = settings, settings.name, f"tracking={settings.name}"

    def open(self) -> None: ...

    def ui(self, experiment_id: str) -> str:
        return "nothing, since tracking=off"

    def _connected(self) -> NoReturn:
        raise InputError(f"{self.setting}: stores no runs; expected local or server, where finished runs are stored")
