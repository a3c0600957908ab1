"""What a program tells a run, and how MLflow keeps it."""

import shlex
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Protocol, TypeAlias
from urllib.parse import unquote

import keras
import mlflow
import mlflow.keras
import numpy as np
from matplotlib.figure import Figure
from mlflow.entities import LoggedModelStatus
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec
from pandas import DataFrame

from bloodcells.config.schema import LocalTracking, ServerTracking
from bloodcells.model.restore import weights_hash
from bloodcells.tracking.store import database_uri, local_directory, one_line_errors
from bloodcells.tracking.view import address
from bloodcells.training.state import StateFile

Content: TypeAlias = str | DataFrame | Figure


class Run(Protocol):
    """What a program tells about its work."""

    id: str  # MLflow's, or nothing where nothing is kept
    state: StateFile | None  # where training keeps its state, for the same command to go on from
    note: str  # Markdown that ends every description, or nothing

    def describe(self, text: str) -> None:
        """Markdown, shown at the top of the run's page."""

    def score(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Logs metrics, in one transaction; `step` is the epoch, or None for figures of the whole run."""

    def keep(self, files: Mapping[str, Content]) -> None:
        """Saves texts, tables (.csv) and figures (.png) under their names, which may have a folder."""

    def keep_model(self, model: keras.Model, class_names: tuple[str, ...]) -> None:
        """Saves the model for mlflow.pyfunc.load_model, and in it as a .keras file."""

    def where(self) -> dict[str, str]:
        """Where a person finds all this, line by line."""


class Untracked:
    """A run with tracking=off: everything is taken and nothing kept."""

    id = ""
    state: StateFile | None = None
    note = ""

    def describe(self, text: str) -> None: ...

    def score(self, metrics: Mapping[str, float], step: int | None = None) -> None: ...

    def keep(self, files: Mapping[str, Content]) -> None: ...

    def keep_model(self, model: keras.Model, class_names: tuple[str, ...]) -> None: ...

    def where(self) -> dict[str, str]:
        return {"run": "not kept, since tracking=off"}


class Tracked:
    """A run in the store that MLflow points at; `continued`: it was begun before and not brought to its end."""

    def __init__(self, config: LocalTracking | ServerTracking, run: mlflow.ActiveRun, continued: bool) -> None:
        self._config, self.id, self._name = config, run.info.run_id, run.info.run_name
        self._experiment, self._artifacts = run.info.experiment_id, run.info.artifact_uri
        self._continued, self._steps = continued, cache(self._steps_of)
        self._model = self._page = self._weights = ""
        self.state: StateFile | None = None
        self.note = ""

    def describe(self, text: str) -> None:
        with one_line_errors(self._config):
            mlflow.set_tag("mlflow.note.content", f"{text}\n{self.note}".rstrip())

    def score(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        with one_line_errors(self._config):
            if self._continued:  # what it logged before it was interrupted stays as it is
                metrics = {name: value for name, value in metrics.items() if (step or 0) not in self._steps(name)}
            mlflow.log_metrics(dict(metrics), step=step)

    def _steps_of(self, metric: str) -> set[int]:
        return {entry.step for entry in mlflow.MlflowClient().get_metric_history(self.id, metric)}

    def keep(self, files: Mapping[str, Content]) -> None:
        self._page = next((name for name in files if name.endswith(".html")), self._page)
        figures = {name: content for name, content in files.items() if isinstance(content, Figure)}
        # Figures last: should one fail to be drawn, the numbers are kept.
        for part in ({name: content for name, content in files.items() if name not in figures}, figures):
            with one_line_errors(self._config), tempfile.TemporaryDirectory() as folder:
                for name, content in part.items():
                    path = Path(folder, name)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    if isinstance(content, DataFrame):
                        content.to_csv(path, index=False)
                    elif isinstance(content, Figure):
                        content.savefig(path, dpi=150)
                    else:
                        path.write_text(content)
                mlflow.log_artifacts(folder)

    def keep_model(self, model: keras.Model, class_names: tuple[str, ...]) -> None:
        self._weights = weights_hash(model)
        with one_line_errors(self._config):
            mlflow.set_tag("sha256.weights", self._weights)
            if not (self._continued and self._has_model()):
                self._log_model(model, class_names)

    def _has_model(self) -> bool:
        """Whether the run was interrupted after its model had been saved; what is half of one is removed."""
        client = mlflow.MlflowClient()
        for logged in client.search_logged_models([self._experiment], f"source_run_id = '{self.id}'"):
            if logged.status == LoggedModelStatus.READY:
                self._model = _keras_file(logged.artifact_location)
            else:
                client.delete_logged_model(logged.model_id)
        return bool(self._model)

    def _log_model(self, model: keras.Model, class_names: tuple[str, ...]) -> None:
        images = TensorSpec(np.dtype(np.uint8), (-1, *model.input_shape[1:]))
        probabilities = TensorSpec(np.dtype(np.float32), (-1, *model.output_shape[1:]))
        logged = mlflow.keras.log_model(
            keras.Model(model.inputs, model.outputs, name=model.name),  # without the optimizer, twice the weights' size
            name="model",
            signature=ModelSignature(Schema([images]), Schema([probabilities])),
            pip_requirements=[f"{name}=={version(name)}" for name in ("tensorflow", "keras", "numpy", "mlflow")],
            metadata={"class_names": list(class_names)},
        )
        self._model = _keras_file(logged.artifact_path)

    def where(self) -> dict[str, str]:
        rows = {"run": f"{self._name} ({self.id})", "figures": _path(f"{self._artifacts}/figures")}
        if self._page:
            rows["page"] = _path(f"{self._artifacts}/{self._page}")
        if self._model:
            rows |= {
                "model": _path(self._model),
                "weights": f"SHA-256 {self._weights}",
                "load it": f"mlflow.pyfunc.load_model('runs:/{self.id}/model')",
            }
        if isinstance(self._config, ServerTracking):
            return rows | {"look": address(self._config.uri, self._experiment)}
        uri = database_uri(local_directory(self._config))
        ui = (
            "make ui"
            if self._config.directory == "mlruns"
            else f"mlflow ui --host 127.0.0.1 --backend-store-uri {shlex.quote(uri)}"
        )
        return rows | {"look": f"{ui}, then {address('http://127.0.0.1:5000', self._experiment)}"}


def _keras_file(model: str) -> str:
    return f"{model}/data/model.keras"


def _path(uri: str) -> str:
    return unquote(uri.removeprefix("file://")) if uri.startswith("file://") else uri
