"""Runs read back from where they are kept. Needs no TensorFlow."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlparse

import mlflow
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from bloodcells.config.errors import InputError
from bloodcells.config.explain import nearest
from bloodcells.config.schema import Tracking, TrainedConfig
from bloodcells.config.typed import typed
from bloodcells.evaluation.predictions import Predictions
from bloodcells.tracking.store import existing_experiment

TRAINED = "tags.`mlflow.source.name` = 'bloodcells.train'"  # what tells training runs from evaluations and inspections
ALL = 50_000  # the most that MLflow gives at once


@dataclass(frozen=True)
class StoredRun:
    """A training run in the store."""

    run: Run

    @property
    def id(self) -> str:
        return str(self.run.info.run_id)

    @property
    def name(self) -> str:
        return str(self.run.info.run_name)

    @property
    def status(self) -> str:
        """FINISHED, FAILED, KILLED or RUNNING."""
        return str(self.run.info.status)

    def file(self, name: str) -> Path:
        """Where a file the run keeps lies on this machine; from a server it is downloaded.

        Raises InputError for a file that the run does not have.
        """
        place = urlparse(self.run.info.artifact_uri)
        if place.scheme in ("", "file"):
            path = Path(unquote(place.path), name)
        else:
            try:
                path = Path(mlflow.artifacts.download_artifacts(run_id=self.id, artifact_path=name))
            except MlflowException:
                path = Path()
        if not path.is_file():
            raise InputError(f"run {self.name} ({self.id}): it keeps no {name}; expected a run that ended FINISHED")
        return path

    def predictions(self) -> Predictions:
        """What its model answered for its validation and test images."""
        file = self.file("predictions.csv")
        with self.readable("predictions.csv"):
            return Predictions.load(file)

    def config(self) -> TrainedConfig:
        """What scoring needs of the config it was trained with."""
        with self.readable("config.yaml"):
            return typed(OmegaConf.masked_copy(self._config, ["data", "augmentation", "seed"]), TrainedConfig)

    def environment(self) -> dict[str, Any]:
        """The machine it was trained on, as `machine` told of it then."""
        file = self.file("environment.json")
        with self.readable("environment.json"):
            return dict(json.loads(file.read_text()))

    def batch_size(self) -> int:
        """Images a batch: with another the last digit of an answer may be another."""
        return int(OmegaConf.select(self._config, "training.batch_size"))

    def test_time_augmentation(self) -> bool:
        """Whether its answers are means over several views of an image."""
        return bool(OmegaConf.select(self._config, "evaluation.test_time_augmentation", default=False))

    def model_file(self, folder: Path) -> Path:
        """The .keras file of its model, copied below `folder`."""
        with self.readable("model"):
            copied = mlflow.artifacts.download_artifacts(f"runs:/{self.id}/model", dst_path=str(folder))
            if not (file := Path(copied, "data", "model.keras")).is_file():
                raise FileNotFoundError("no model.keras")
        return file

    def class_names(self) -> tuple[str, ...]:
        """The classes in the order of the model's answers."""
        with self.readable("model"):
            metadata = mlflow.models.get_model_info(f"runs:/{self.id}/model").metadata
            return tuple((metadata or {})["class_names"])

    @cached_property
    def _config(self) -> DictConfig:
        file = self.file("config.yaml")
        with self.readable("config.yaml"):
            found = OmegaConf.load(file)
            if missing := {"data", "augmentation", "seed", "training"} - set(found):
                raise KeyError(f"without {', '.join(sorted(missing))}")
        return cast(DictConfig, found)

    @contextmanager
    def readable(self, what: str) -> Iterator[None]:
        """Raises InputError, one line, where `what`, which the run keeps, cannot be read."""
        try:
            yield
        except (MlflowException, OmegaConfBaseException, YAMLError, OSError, KeyError, ValueError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise InputError(
                f"run {self.name} ({self.id}): its {what} cannot be read ({reason}); expected it as training left it"
            ) from error


def search(tracking: Tracking, where: str | None = None) -> list[StoredRun]:
    """All training runs of the experiment, the oldest first; `where`: MLflow's search language.

    Raises InputError where there is no store or experiment, and for a search that MLflow does not understand.
    """
    experiment = existing_experiment(tracking)
    try:
        runs = mlflow.search_runs(
            [experiment],
            filter_string=f"{TRAINED} and {where}" if where else TRAINED,
            max_results=ALL,
            order_by=["attributes.start_time ASC"],
            output_format="list",
        )
    except MlflowException as error:
        if where is None:
            raise
        raise InputError(f"filter={where}: MLflow does not understand it ({str(error).splitlines()[0]})") from error
    return [StoredRun(run) for run in runs]


def find_run(tracking: Tracking, wanted: str) -> StoredRun:
    """The finished training run whose id or name is `wanted`, or the only one whose id or name begins so.

    Raises InputError where there is none, several, or one that did not finish.
    """
    if not wanted:
        raise InputError("run_id=: expected the id or the name of a run, or the beginning of one")
    runs = search(tracking)
    found = [run for run in runs if wanted in (run.id, run.name)]
    found = found or [run for run in runs if run.id.startswith(wanted) or run.name.startswith(wanted)]
    if len(found) > 1:
        some = ", ".join(f"{run.id} ({run.name})" for run in found[:3])
        raise InputError(
            f"run_id={wanted}: {len(found)} runs are called or begin so, such as {some}; give more of its id"
        )
    if not found:
        known = [text for run in runs for text in (run.id, run.name)]
        raise InputError(
            f"run_id={wanted}: none of the {len(runs)} training runs of this tracking.experiment is called or "
            f"begins so{nearest(wanted, known)}"
        )
    (run,) = found
    if run.status != "FINISHED":
        raise InputError(f"run_id={wanted}: run {run.id} ({run.name}) is {run.status}; expected one that is FINISHED")
    return run
