"""Where runs are kept: MLflow on sqlite in a folder of the checkout, or an MLflow server."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow
from filelock import FileLock
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.config.schema import LocalTracking, ServerTracking, Tracking
from bloodcells.tracking.view import open_experiment

DATABASE = "mlflow.db"
STORE_ERRORS = (OSError, MlflowException, SQLAlchemyError)  # a server away, a disk full, a database locked
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # a bar a file, in the midst of our own lines


def open_store(config: LocalTracking | ServerTracking) -> None:
    """Points MLflow at the store and its experiment, and creates both where they do not exist yet.

    Any number of processes may call this at once on a store that does not exist: the first creates it under a file
    lock, for MLflow's own creation is not safe against that. Raises InputError for a server that does not answer, a
    place that cannot hold a store, and an experiment that was deleted.
    """
    with one_line_errors(config):
        if isinstance(config, ServerTracking):
            with _connected(config):
                open_experiment(config.experiment)
        else:
            _create(config)


def existing_experiment(config: Tracking) -> str:
    """Points MLflow at the store, creating nothing, and gives the id of the experiment that runs are read from.

    Raises InputError as `open_store` does, and where there is no such store or experiment yet.
    """
    if not isinstance(config, LocalTracking | ServerTracking):
        raise InputError(f"tracking={config.name}: expected local or server, where the finished runs are")
    if isinstance(config, LocalTracking) and not (local_directory(config) / DATABASE).is_file():
        raise InputError(
            f"tracking.directory={config.directory}: no runs are kept there; expected the folder that "
            "`python -m bloodcells.train` tracked them in"
        )
    with one_line_errors(config):
        if isinstance(config, ServerTracking):
            with _connected(config):
                found = mlflow.get_experiment_by_name(config.experiment)
        else:
            mlflow.set_tracking_uri(database_uri(local_directory(config)))
            found = mlflow.get_experiment_by_name(config.experiment)
        if found is None or found.lifecycle_stage == "deleted":
            names = [experiment.name for experiment in mlflow.search_experiments()]
            raise InputError(
                f"tracking.experiment={config.experiment}: no such experiment; expected one of {', '.join(names)}"
            )
    return str(found.experiment_id)


@contextmanager
def one_line_errors(config: LocalTracking | ServerTracking) -> Iterator[None]:
    """Raises InputError, which names the place, for whatever a store can have the matter with it."""
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if isinstance(config, ServerTracking):
        place = f"tracking.uri={config.uri}"
    else:
        place = f"tracking.directory={config.directory}"
    try:
        yield
    except STORE_ERRORS as error:
        reason = str(error).splitlines()[0]
        if reason.startswith("API request"):
            raise InputError(
                f"{place}: no MLflow server answers there ({reason}); start one, or use tracking=local"
            ) from error
        raise InputError(
            f"{place}: cannot track experiment “{config.experiment}” there ({reason}); mend that, or give another "
            "place or another tracking.experiment"
        ) from error


def local_directory(config: LocalTracking) -> Path:
    """The store's folder; a relative one starts at the checkout."""
    return (CHECKOUT / config.directory).resolve()


def database_uri(directory: Path) -> str:
    """What MLflow calls the database in a store's folder."""
    return f"sqlite:///{directory / DATABASE}"


def _create(config: LocalTracking) -> None:
    directory = local_directory(config)
    directory.mkdir(parents=True, exist_ok=True)
    with FileLock(directory / ".lock"):
        artifacts = (directory / "artifacts").as_uri()
        if not (database := directory / DATABASE).exists():
            from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # a second, for --help to wait otherwise

            # MLflow makes its tables in many steps, and cannot make the rest of those that a kill left.
            aside = directory / f".{DATABASE}"
            aside.unlink(missing_ok=True)
            SqlAlchemyStore(f"sqlite:///{aside}", artifacts).engine.dispose()  # type: ignore[no-untyped-call]
            aside.rename(database)
        mlflow.set_tracking_uri(database_uri(directory))
        if mlflow.get_experiment_by_name(config.experiment) is None:
            mlflow.create_experiment(config.experiment, artifact_location=artifacts)
        open_experiment(config.experiment)


@contextmanager
def _connected(config: ServerTracking) -> Iterator[None]:
    """MLflow pointed at a server and impatient: it tries for minutes before it says that nobody answers.

    Later, while training, that is what one wants.
    """
    mlflow.set_tracking_uri(config.uri)
    impatient = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}
    impatient = {key: value for key, value in impatient.items() if key not in os.environ}
    os.environ.update(impatient)
    try:
        yield
    finally:
        for key in impatient:
            os.environ.pop(key, None)  # another thread may have been here
