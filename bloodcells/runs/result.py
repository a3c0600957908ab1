"""The result of a run, as Python code uses it."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bloodcells.config.errors import InputError
from bloodcells.config.names import Artifact, Metric, Tag
from bloodcells.config.schema import Tracking, TrainConfig
from bloodcells.config.typed import typed
from bloodcells.reporting.quiet_tensorflow import import_tensorflow

if TYPE_CHECKING:  # training imports this module before it imports Keras, and --help waits for neither
    import keras
    from pandas import DataFrame

    from bloodcells.evaluation.predictions import Predictions
    from bloodcells.tracking.stored_run import StoredRun


@dataclass(frozen=True, repr=False, eq=False)
class Result:
    """The result of a finished run.

    Attributes:
        run_id: MLflow's id of the run; empty with tracking=off.
        metrics: values by name, such as "test/accuracy"; `bloodcells.config.names.Metric` describes them.
        history: one row per epoch; columns epoch (from 1, over all stages), phase, stage, train_loss, train_accuracy,
            val_loss, val_accuracy, val_composed_loss, val_composed_accuracy, learning_rate, seconds,
            trainable_parameters.
        predictions: class probabilities for each validation and test image.
        config: the config of the training run; its `tracking` is the store that holds the run.
        model: the trained model, from images (n, height, width, 3) in 0..255 to probabilities (n, classes).

    The config and the model of a stored run are loaded on first access.
    """

    run_id: str
    metrics: dict[str, float]
    history: "DataFrame"
    predictions: "Predictions"
    load_config: Callable[[], TrainConfig]
    load_model: Callable[[], "keras.Model"]

    @cached_property
    def config(self) -> TrainConfig:
        return self.load_config()

    @cached_property
    def model(self) -> "keras.Model":
        return self.load_model()

    def __repr__(self) -> str:
        accuracy = self.metrics[Metric.TEST_ACCURACY]
        return f"Result(run_id={self.run_id!r}, test accuracy {accuracy:.3f} after {len(self.history)} epochs)"


def stored_result(run: "StoredRun", tracking: Tracking) -> Result:
    """Returns the result of a finished training run in the store `tracking`.

    Raises InputError for files that are missing or unreadable. `config` raises it on access if the run's config does
    not match the current schema.
    """
    from pandas import read_csv

    file = run.file(Artifact.HISTORY)
    with run.readable(Artifact.HISTORY):
        history = read_csv(file, float_precision="round_trip")
    return Result(
        run_id=run.id,
        metrics={name: value for name, value in run.metrics.items() if name not in Metric.PER_EPOCH},
        history=history,
        predictions=run.predictions(),
        load_config=lambda: stored_config(run, tracking),
        load_model=lambda: stored_model(run),
    )


def stored_config(run: "StoredRun", tracking: Tracking) -> TrainConfig:
    """Returns the config that a run was trained with, its `tracking` replaced.

    Raises InputError if the config cannot be read or does not match the current schema.
    """
    file = run.file(Artifact.CONFIG)
    with run.readable(Artifact.CONFIG):
        content = OmegaConf.load(file)
    try:
        if not isinstance(content, DictConfig):
            raise InputError("it is a list")
        return replace(typed(content, TrainConfig), tracking=tracking)
    except (InputError, OmegaConfBaseException) as error:
        raise InputError(
            f"run {run.name} ({run.id}): its {Artifact.CONFIG} does not match this version of bloodcells "
            f"({str(error).splitlines()[0]}); check out the commit that trained the run, "
            f"{run.tags.get(Tag.COMMIT, 'unknown')[:8]}"
        ) from error


def stored_model(run: "StoredRun") -> "keras.Model":
    """Returns the model of a finished training run, or the mean of several. Raises InputError if it cannot be read."""
    import_tensorflow()
    from bloodcells.model.build import restore
    from bloodcells.model.inference import mean_of

    models = []
    for member in run.members:
        with tempfile.TemporaryDirectory() as folder:
            file = member.model_file(Path(folder))
            with member.readable("model"):
                models.append(restore(file))
    if len({model.input_shape for model in models}) > 1:
        raise InputError(f"run_id: the models of runs {run.ids} take images of different sizes; expected one size")
    return mean_of(models) if len(models) > 1 else models[0]
