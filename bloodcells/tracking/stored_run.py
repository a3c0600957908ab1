"""Runs read back from a store. Needs no TensorFlow."""

import base64
import io
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import mlflow
import numpy as np
from mlflow.entities import LoggedModelStatus
from mlflow.entities import Run as MlflowRun
from mlflow.exceptions import MlflowException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from PIL import Image
from yaml import YAMLError

from bloodcells.config.errors import InputError
from bloodcells.config.names import Artifact, Tag
from bloodcells.config.schema import PartialTrainConfig
from bloodcells.config.typed import typed
from bloodcells.data.npz import DAMAGE_ERRORS
from bloodcells.evaluation.predictions import Predictions
from bloodcells.tracking.downloads import downloaded_file, downloaded_folder
from bloodcells.tracking.store import local_path

KERAS_FILE = "data/model.keras"  # in the folder of a run's model


@dataclass(frozen=True)
class StoredRun:
    """A training run in a store. Files and settings that cannot be read are an InputError that names the run.

    uri: MLflow's tracking URI of the store, by default of the one that MLflow points at
    """

    mlflow_run: MlflowRun
    uri: str = field(default_factory=mlflow.get_tracking_uri, kw_only=True)

    @property
    def id(self) -> str:
        return str(self.mlflow_run.info.run_id)

    @property
    def members(self) -> tuple["StoredRun", ...]:
        """The runs whose models predict together: this one."""
        return (self,)

    @property
    def ids(self) -> str:
        """The ids of all members."""
        return ", ".join(run.id for run in self.members)

    @property
    def origin(self) -> str:
        """The id of the run that this one is a copy of, or its own."""
        return self.tags.get(Tag.ORIGIN, self.id)

    @property
    def experiment_id(self) -> str:
        return str(self.mlflow_run.info.experiment_id)

    @property
    def name(self) -> str:
        return str(self.mlflow_run.info.run_name)

    @property
    def status(self) -> str:
        """FINISHED, FAILED, KILLED or RUNNING."""
        return str(self.mlflow_run.info.status)

    @property
    def start_time(self) -> int:
        """In milliseconds since 1970."""
        return int(self.mlflow_run.info.start_time)

    @property
    def tags(self) -> dict[str, str]:
        return dict(self.mlflow_run.data.tags)

    @property
    def params(self) -> dict[str, str]:
        return dict(self.mlflow_run.data.params)

    @property
    def metrics(self) -> dict[str, float]:
        """The last value of each metric."""
        return dict(self.mlflow_run.data.metrics)

    def file(self, name: str) -> Path:
        """The path of one of the run's files on this machine, downloaded once if the store is a server."""
        if folder := local_path(self.mlflow_run.info.artifact_uri):
            path = folder / name
        else:
            with self.readable(name):
                path = downloaded_file(self.client, self.id, name)
        if not path.is_file():
            raise InputError(f"run {self.name} ({self.id}): has no {name}; expected a run that is FINISHED")
        return path

    @property
    def client(self) -> mlflow.MlflowClient:
        """A client of the store."""
        return mlflow.MlflowClient(self.uri)

    def predictions(self) -> Predictions:
        """The model's predictions for the validation and test images."""
        file = self.file(Artifact.PREDICTIONS)
        with self.readable(Artifact.PREDICTIONS):
            return Predictions.load(file)

    def config(self) -> PartialTrainConfig:
        """The part of the training config that scoring needs."""
        with self.readable(Artifact.CONFIG):
            return typed(OmegaConf.masked_copy(self._config, ["data", "augmentation", "seed"]), PartialTrainConfig)

    def environment(self) -> dict[str, Any]:
        """The machine that trained the run, as `provenance.machine.machine` described it."""
        file = self.file(Artifact.ENVIRONMENT)
        with self.readable(Artifact.ENVIRONMENT):
            return dict(json.loads(file.read_text()))

    def batch_size(self) -> int:
        """Images per batch in training and scoring: another batch size may change the last digit of a prediction."""
        return int(OmegaConf.select(self._config, "training.batch_size"))

    def test_time_augmentation(self) -> bool:
        """Whether predictions are means over several views of an image."""
        return bool(OmegaConf.select(self._config, "evaluation.test_time_augmentation", default=False))

    @cached_property
    def model_uri(self) -> str:
        """MLflow's address of the run's model, such as "models:/m-30b0…"."""
        with self.readable("model"):
            for logged in self.client.search_logged_models([self.experiment_id], f"source_run_id = '{self.id}'"):
                if logged.status == LoggedModelStatus.READY:
                    return str(logged.model_uri)
            raise FileNotFoundError("no model")

    @cached_property
    def model_folder(self) -> Path:
        """The folder of the run's model on this machine, downloaded if the store is a server."""
        model_id = self.model_uri.removeprefix("models:/")
        with self.readable("model"):
            uri = self.client.get_logged_model(model_id).artifact_location
            return local_path(uri) or downloaded_folder(self.uri, uri, model_id)

    def model_file(self, folder: Path) -> Path:
        """A copy of the model's .keras file in `folder`."""
        file = self.model_folder / KERAS_FILE
        with self.readable("model"):
            return Path(shutil.copy(file, folder))

    def model_examples(self) -> np.ndarray:
        """The images that were kept with the model: uint8 (n, h, w, 3), see `kept_images`."""
        folder = str(self.model_folder)
        with self.readable("model"):
            encoded = mlflow.models.Model.load(folder).load_input_example(folder) or ()
            return np.stack([np.asarray(Image.open(io.BytesIO(base64.b64decode(text)))) for text in encoded])

    def class_names(self) -> tuple[str, ...]:
        """The classes, in the order of the model's outputs."""
        return tuple(self._model_metadata["class_names"])

    def image_size(self) -> tuple[int, int]:
        """Height and width of the images that the model takes, in pixels."""
        height, width = self._model_metadata["image_size"]
        return height, width

    @cached_property
    def _model_metadata(self) -> dict[str, Any]:
        folder = str(self.model_folder)
        with self.readable("model"):
            return dict(mlflow.models.Model.load(folder).metadata or {})

    @cached_property
    def _config(self) -> DictConfig:
        file = self.file(Artifact.CONFIG)
        with self.readable(Artifact.CONFIG):
            config = OmegaConf.load(file)
            if missing := {"data", "augmentation", "seed", "training"} - set(config):
                raise KeyError(f"without {', '.join(sorted(missing))}")
        return cast(DictConfig, config)

    @contextmanager
    def readable(self, what: str) -> Iterator[None]:
        """Converts errors in reading `what`, one of the run's files, into an InputError of one line."""
        try:
            yield
        except (MlflowException, OmegaConfBaseException, YAMLError, KeyError, *DAMAGE_ERRORS) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise InputError(
                f"run {self.name} ({self.id}): its {what} cannot be read ({reason}); expected it as training saved it"
            ) from error
