"""A run in MLflow from its start to its end, however it ends."""

import shlex
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Protocol, TypeAlias
from urllib.parse import unquote

import keras
import mlflow
import mlflow.keras
import numpy as np
from matplotlib.figure import Figure
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import RunStatus
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec
from pandas import DataFrame

from bloodcells.config.fingerprint import Fingerprint
from bloodcells.config.schema import LocalTracking, ServerTracking, Tracking, TrainConfig
from bloodcells.tracking.description import compared, run_name
from bloodcells.tracking.store import database_uri, local_directory, open_store
from bloodcells.tracking.view import address

Content: TypeAlias = str | DataFrame | Figure


class Run(Protocol):
    """What a program tells about its work."""

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

    def describe(self, text: str) -> None: ...

    def score(self, metrics: Mapping[str, float], step: int | None = None) -> None: ...

    def keep(self, files: Mapping[str, Content]) -> None: ...

    def keep_model(self, model: keras.Model, class_names: tuple[str, ...]) -> None: ...

    def where(self) -> dict[str, str]:
        return {"run": "not kept, since tracking=off"}


class Tracked:
    """A run in the store that MLflow points at."""

    def __init__(self, config: LocalTracking | ServerTracking, run: mlflow.ActiveRun) -> None:
        self._config, self._id, self._name = config, run.info.run_id, run.info.run_name
        self._experiment, self._artifacts = run.info.experiment_id, run.info.artifact_uri
        self._model = self._page = ""

    def describe(self, text: str) -> None:
        mlflow.set_tag("mlflow.note.content", text)

    def score(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        mlflow.log_metrics(dict(metrics), step=step)

    def keep(self, files: Mapping[str, Content]) -> None:
        self._page = next((name for name in files if name.endswith(".html")), self._page)
        figures = {name: content for name, content in files.items() if isinstance(content, Figure)}
        # Figures last: should one fail to be drawn, the numbers are kept.
        for part in ({name: content for name, content in files.items() if name not in figures}, figures):
            with tempfile.TemporaryDirectory() as folder:
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
        images = TensorSpec(np.dtype(np.uint8), (-1, *model.input_shape[1:]))
        probabilities = TensorSpec(np.dtype(np.float32), (-1, *model.output_shape[1:]))
        logged = mlflow.keras.log_model(
            keras.Model(model.inputs, model.outputs, name=model.name),  # without the optimizer, twice the weights' size
            name="model",
            signature=ModelSignature(Schema([images]), Schema([probabilities])),
            pip_requirements=[f"{name}=={version(name)}" for name in ("tensorflow", "keras", "numpy", "mlflow")],
            metadata={"class_names": list(class_names)},
        )
        self._model = f"{logged.artifact_path}/data/model.keras"

    def where(self) -> dict[str, str]:
        rows = {"run": f"{self._name} ({self._id})", "figures": _path(f"{self._artifacts}/figures")}
        if self._page:
            rows["page"] = _path(f"{self._artifacts}/{self._page}")
        if self._model:
            rows |= {
                "model": _path(self._model),
                "load it": f"mlflow.pyfunc.load_model('runs:/{self._id}/model')",
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


def tracked(config: TrainConfig, fingerprint: Fingerprint, origin: str) -> AbstractContextManager[Run]:
    """The run of a training, as `begun`; origin: the name of the data."""
    study = {"study": config.study} if config.study else {}
    tags = study | source_tags("bloodcells.train", fingerprint)
    return begun(config.tracking, run_name(config), tags, compared(config), origin, "training")


@contextmanager
def begun(
    tracking: Tracking,
    name: str,
    tags: Mapping[str, str],
    params: Mapping[str, str | int | float],
    origin: str,
    context: str,
) -> Iterator[Run]:
    """A run that ends FINISHED, or KILLED where it was interrupted, or FAILED, with the error as its tag, otherwise.

    tags: as `source_tags` makes them, and more.
    origin, context: the name of the data and what they are for, such as "training", for the UI's table.
    """
    if not isinstance(tracking, LocalTracking | ServerTracking):
        yield Untracked()
        return
    open_store(tracking)
    run = mlflow.start_run(run_name=name, tags=dict(tags))
    error: BaseException | None = None
    try:
        mlflow.log_params(dict(params))
        source = CodeDatasetSource({})
        dataset = MetaDataset(source, name=Path(origin).name, digest=tags["sha256.data"][:12])  # type: ignore[abstract]
        mlflow.log_input(dataset, context=context)
        yield Tracked(tracking, run)
    except BaseException as raised:
        error = raised
        raise
    finally:
        if error is not None:
            mlflow.set_tag("error", f"{type(error).__name__}: {error}"[:5000])
        killed = isinstance(error, KeyboardInterrupt)
        status = RunStatus.FINISHED if error is None else RunStatus.KILLED if killed else RunStatus.FAILED
        mlflow.end_run(RunStatus.to_string(status))


def source_tags(program: str, fingerprint: Fingerprint) -> dict[str, str]:
    """The tags that tell what made a run, such as "bloodcells.train", and from what."""
    return {
        "mlflow.source.name": program,
        "mlflow.source.git.commit": fingerprint.commit,
        "git.dirty": str(fingerprint.dirty).lower(),
        "sha256.data": fingerprint.data,
        "sha256.config": fingerprint.config,
        "sha256.code": fingerprint.code,
    }


def _path(uri: str) -> str:
    return unquote(uri.removeprefix("file://")) if uri.startswith("file://") else uri
