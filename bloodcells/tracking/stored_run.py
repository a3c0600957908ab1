"""Runs read back from a store. Needs no TensorFlow."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlparse

import mlflow
from mlflow.entities import Run as MlflowRun
from mlflow.exceptions import MlflowException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from bloodcells.config.errors import InputError
from bloodcells.config.explain import nearest
from bloodcells.config.names import Artifact, Program, Tag
from bloodcells.config.schema import PartialTrainConfig, Tracking
from bloodcells.config.typed import typed
from bloodcells.evaluation.predictions import Predictions
from bloodcells.tracking.store import store_of

TRAINED = f"tags.`{Tag.PROGRAM}` = '{Program.TRAIN}'"  # excludes evaluations, inspections and repetitions
ALL = 50_000  # the most that MLflow returns at once


@dataclass(frozen=True)
class StoredRun:
    """A training run in a store. Files and settings that cannot be read are an InputError that names the run."""

    mlflow_run: MlflowRun

    @property
    def id(self) -> str:
        return str(self.mlflow_run.info.run_id)

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
        """The path of one of the run's files on this machine, downloaded if the store is a server."""
        uri = urlparse(self.mlflow_run.info.artifact_uri)
        if uri.scheme in ("", "file"):
            path = Path(unquote(uri.path), name)
        else:
            try:
                path = Path(mlflow.artifacts.download_artifacts(run_id=self.id, artifact_path=name))
            except MlflowException:
                path = Path()
        if not path.is_file():
            raise InputError(f"run {self.name} ({self.id}): has no {name}; expected a run that is FINISHED")
        return path

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

    def model_file(self, folder: Path) -> Path:
        """A copy of the model's .keras file in `folder`."""
        with self.readable("model"):
            copied = mlflow.artifacts.download_artifacts(f"runs:/{self.id}/model", dst_path=str(folder))
            if not (file := Path(copied, "data", "model.keras")).is_file():
                raise FileNotFoundError("no model.keras")
        return file

    def class_names(self) -> tuple[str, ...]:
        """The classes, in the order of the model's outputs."""
        with self.readable("model"):
            metadata = mlflow.models.get_model_info(f"runs:/{self.id}/model").metadata
            return tuple((metadata or {})["class_names"])

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
        except (MlflowException, OmegaConfBaseException, YAMLError, OSError, KeyError, ValueError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise InputError(
                f"run {self.name} ({self.id}): its {what} cannot be read ({reason}); expected it as training saved it"
            ) from error


def search(tracking: Tracking, where: str | None = None) -> list[StoredRun]:
    """All training runs of the experiment, oldest first; `where`: a filter in MLflow's search language.

    Raises InputError if the store or the experiment does not exist, and for a filter that MLflow cannot parse.
    """
    experiment = store_of(tracking).existing_experiment()
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
        raise InputError(f"filter={where}: MLflow cannot parse it ({str(error).splitlines()[0]})") from error
    return [StoredRun(run) for run in runs]


def find_run(tracking: Tracking, wanted: str) -> StoredRun:
    """The finished training run with this id or name, or the only one whose id or name starts with it.

    "best" is the finished run with the highest accuracy of `tracking.rank_by`.
    Raises InputError if there is no such run, if there are several, or if it has not finished.
    """
    if not wanted:
        raise InputError("run_id=: expected the id or name of a run, or the start of one")
    runs = search(tracking)
    if wanted == "best":
        metric = tracking.rank_by.metric
        if ranked := [run for run in runs if run.status == "FINISHED" and metric in run.metrics]:
            return max(ranked, key=lambda run: run.metrics[metric])
        raise InputError(f"run_id=best: none of the {len(runs)} training runs is FINISHED and has {metric}")
    matches = [run for run in runs if wanted in (run.id, run.name)]
    matches = matches or [run for run in runs if run.id.startswith(wanted) or run.name.startswith(wanted)]
    if len(matches) > 1:
        some = ", ".join(f"{run.id} ({run.name})" for run in matches[:3])
        raise InputError(f"run_id={wanted}: matches {len(matches)} runs, such as {some}; give more of the id")
    if not matches:
        known = [text for run in runs for text in (run.id, run.name)]
        raise InputError(
            f"run_id={wanted}: matches none of the {len(runs)} training runs of this tracking.experiment"
            f"{_of_another_program(wanted) or nearest(wanted, known)}"
        )
    (run,) = matches
    if run.status != "FINISHED":
        raise InputError(f"run_id={wanted}: run {run.id} ({run.name}) is {run.status}; expected one that is FINISHED")
    return run


def _of_another_program(run_id: str) -> str:
    """The hint for the id of a run that is not a training run, such as an evaluation; else empty."""
    try:
        tags = mlflow.get_run(run_id).data.tags
    except MlflowException:
        return ""
    parent = f", made from run_id={tags[Tag.PARENT]}" if Tag.PARENT in tags else ""
    return f": it is a run of {tags.get(Tag.PROGRAM, 'another program')}{parent}"
