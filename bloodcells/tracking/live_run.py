"""The run of a program in progress: what the program logs and saves, in MLflow or nowhere."""

import re
import shlex
import tempfile
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Protocol, TypeAlias
from urllib.parse import unquote

import keras
import mlflow
import numpy as np
from matplotlib.figure import Figure
from mlflow.entities import LoggedModelStatus
from pandas import DataFrame

from bloodcells.config.names import Tag
from bloodcells.model.build import weights_hash
from bloodcells.reporting.spreadsheet import to_csv
from bloodcells.tracking.logged_model import log_model
from bloodcells.tracking.store import Store
from bloodcells.tracking.stored_run import KERAS_FILE
from bloodcells.training.state import StateFile

Content: TypeAlias = str | DataFrame | Figure


class LiveRun(Protocol):
    """A run in progress. Its methods raise InputError if the store cannot be written to."""

    id: str  # MLflow's, or "" if nothing is stored
    state: StateFile | None  # where training saves its state for resuming; None if nothing is stored
    tensorboard: Path | None  # folder for TensorBoard; None if nothing is written for it
    note: str  # Markdown appended to every description, or ""

    def describe(self, text: str) -> None:
        """Sets the description at the top of the run's page, in Markdown."""

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None, ago: float = 0.0) -> None:
        """Logs metrics in one transaction.

        step: the epoch, or None for metrics of the whole run; ago: seconds since they were measured
        """

    def save(self, files: Mapping[str, Content]) -> None:
        """Saves texts, tables (.csv) and figures (.png) by file name, which may include a folder."""

    def save_model(self, model: keras.Model, class_names: tuple[str, ...], examples: np.ndarray) -> None:
        """Saves the model for mlflow.pyfunc.load_model, with a .keras file and example images, uint8 (n, h, w, 3)."""

    def locations(self) -> dict[str, str]:
        """Where to find the results: lines of the summary by heading."""


class UntrackedRun:
    """A run with tracking=off: nothing is stored."""

    id = ""
    state: StateFile | None = None
    tensorboard: Path | None = None
    note = ""

    def describe(self, text: str) -> None: ...

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None, ago: float = 0.0) -> None: ...

    def save(self, files: Mapping[str, Content]) -> None: ...

    def save_model(self, model: keras.Model, class_names: tuple[str, ...], examples: np.ndarray) -> None: ...

    def locations(self) -> dict[str, str]:
        return {"run": "not stored, since tracking=off"}


class TrackedRun:
    """MLflow's active run in `store`; resumed: whether an earlier process started it."""

    def __init__(self, store: Store, run: mlflow.ActiveRun, *, resumed: bool) -> None:
        self._store, self.id, self._name = store, run.info.run_id, run.info.run_name
        self._experiment, self._artifacts = run.info.experiment_id, run.info.artifact_uri
        self._resumed, self._steps = resumed, cache(self._steps_of)
        self._model = self._uri = self._page = self._weights = ""
        self.state: StateFile | None = None
        self.tensorboard: Path | None = None
        if store.tensorboard:
            readable = re.sub(r"[^\w=+.,-]+", " ", self._name)[:100]  # TensorBoard shows the folder's name
            self.tensorboard = store.tensorboard / f"{readable} {self.id[:8]}"
        self.note = ""
        self.copy = ""  # the address of the run's page on a server

    def describe(self, text: str) -> None:
        with self._store.errors():
            mlflow.set_tag(Tag.DESCRIPTION, f"{text}\n{self.note}".rstrip())

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None, ago: float = 0.0) -> None:
        with self._store.errors():
            if self._resumed:  # values logged before the interruption are kept
                metrics = {name: value for name, value in metrics.items() if (step or 0) not in self._steps(name)}
            mlflow.log_metrics(dict(metrics), step=step, timestamp=round(1000 * (time.time() - ago)))

    def _steps_of(self, metric: str) -> set[int]:
        return {entry.step for entry in mlflow.MlflowClient().get_metric_history(self.id, metric)}

    def save(self, files: Mapping[str, Content]) -> None:
        self._page = next((name for name in files if name.endswith(".html")), self._page)
        figures = {name: content for name, content in files.items() if isinstance(content, Figure)}
        # Figures last: if one cannot be drawn, the numbers are already saved.
        for part in ({name: content for name, content in files.items() if name not in figures}, figures):
            with self._store.errors(), tempfile.TemporaryDirectory() as folder:
                for name, content in part.items():
                    path = Path(folder, name)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    if isinstance(content, DataFrame):
                        path.write_text(to_csv(content))
                    elif isinstance(content, Figure):
                        content.savefig(path, dpi=150)
                    else:
                        path.write_text(content)
                mlflow.log_artifacts(folder)

    def save_model(self, model: keras.Model, class_names: tuple[str, ...], examples: np.ndarray) -> None:
        self._weights = weights_hash(model)
        with self._store.errors():
            mlflow.set_tag(Tag.WEIGHTS, self._weights)
            if not (self._resumed and self._has_model()):
                logged = log_model(model, self._name, class_names, examples)
                self._model, self._uri = logged.artifact_path, logged.model_uri

    def _has_model(self) -> bool:
        """Whether the model was saved before the interruption. Deletes an incomplete one."""
        client = mlflow.MlflowClient()
        for logged in client.search_logged_models([self._experiment], f"source_run_id = '{self.id}'"):
            if logged.status == LoggedModelStatus.READY:
                self._model, self._uri = logged.artifact_location, logged.model_uri
            else:
                client.delete_logged_model(logged.model_id)
        return bool(self._model)

    def locations(self) -> dict[str, str]:
        rows = {"run": f"{self._name} ({self.id})", "figures": _path(f"{self._artifacts}/figures")}
        if self._page:
            rows["page"] = _path(f"{self._artifacts}/{self._page}")
        if self._model:
            rows |= {
                "model": f"{_path(self._model)}/{KERAS_FILE}",
                "weights": f"SHA-256 {self._weights}",
                "load": self._loading(),
            }
        if self._store.tensorboard:
            rows["curves"] = f"tensorboard --logdir {shlex.quote(str(self._store.tensorboard))}"
        return rows | {"browse": self.copy or self._store.ui(self._experiment)}

    def _loading(self) -> str:
        """Python code that loads the model in any folder."""
        if self._model.startswith("file://"):
            return f"mlflow.pyfunc.load_model({_path(self._model)!r})"
        return f"mlflow.set_tracking_uri({self._store.uri!r}); mlflow.pyfunc.load_model({self._uri!r})"


def _path(uri: str) -> str:
    return unquote(uri.removeprefix("file://")) if uri.startswith("file://") else uri
