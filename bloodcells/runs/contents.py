"""The files, figures and metrics that a run stores: its inputs and its results."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext

import numpy as np
from omegaconf import OmegaConf
from pandas import DataFrame

from bloodcells.config.names import Artifact, Metric
from bloodcells.config.schema import TrainConfig
from bloodcells.config.typed import plain
from bloodcells.data.clean import Cleaned
from bloodcells.data.split import Split
from bloodcells.evaluation.figures.images import training_images
from bloodcells.evaluation.metrics import headline
from bloodcells.evaluation.score import Scored
from bloodcells.provenance.fingerprint import packages
from bloodcells.provenance.machine import machine
from bloodcells.tracking.live_run import Content, LiveRun
from bloodcells.training.curves import learning_curves
from bloodcells.training.devices import threads
from bloodcells.training.epochs import Epoch
from bloodcells.training.fit import FitResult
from bloodcells.training.tensorboard import tensorboard


def input_files(
    config: TrainConfig, cleaned: Cleaned, split: Split, *, batch: tuple[np.ndarray, np.ndarray]
) -> dict[str, Content]:
    """Files that describe the inputs, by name; batch: the first, images (b, h, w, 3), 0..255, and labels (b, classes).

    They are those of `setup_files` and a figure of the images in `batch`.
    """
    return setup_files(config, cleaned, split) | {
        "figures/training_images.png": training_images(*batch, cleaned.images.class_names),
    }


def setup_files(config: TrainConfig, cleaned: Cleaned, split: Split) -> dict[str, Content]:
    """Files that describe the settings, the machine, the packages and the split of the images, by name."""
    images, part_of = cleaned.images, split.part_of
    used = DataFrame(
        {
            "example": images.examples,
            "class": np.array(images.class_names)[images.labels],
            "split": [part_of[example] for example in images.examples],
            "group": cleaned.groups,
        }
    )
    removed = DataFrame(
        [(entry.example, images.class_names[entry.label], entry.reason) for entry in cleaned.removed],
        columns=["example", "class", "reason"],
    )
    return {
        Artifact.CONFIG: OmegaConf.to_yaml(OmegaConf.create(plain(config))),
        Artifact.ENVIRONMENT: json.dumps(machine(threads(config.training)), indent=2),
        Artifact.PACKAGES: "\n".join(packages()) + "\n",
        Artifact.SPLIT: used,
        Artifact.REMOVED: removed,
        Artifact.NEAR_COPIES: DataFrame(cleaned.near or (), columns=["example", "copy"]),
    }


def result_files(fitted: FitResult, scored: Scored) -> dict[str, Content]:
    """Tables and figures of the results of training and scoring, by file name."""
    return {
        Artifact.HISTORY: fitted.table(),
        "figures/learning_curves.png": learning_curves(fitted),
        **scored.tables,
    }


@contextmanager
def epoch_logger(run: LiveRun) -> Iterator[Callable[[Epoch, float], None]]:
    """A function that logs the metrics of an epoch to `run`, and for TensorBoard if `run.tensorboard` is set.

    The step is the epoch's number over all stages. The function's second argument is for how many seconds the epoch has
    ended, so that time axes are right after an interruption, and if another job of a sweep has trained phase 1.
    """

    def log(row: Epoch, ago: float) -> None:
        if write:
            write(row)
        metrics = {
            Metric.TRAIN_LOSS: row.train_loss,
            Metric.TRAIN_ACCURACY: row.train_accuracy,
            Metric.VALIDATION_LOSS: row.val_loss,
            Metric.VALIDATION_ACCURACY: row.val_accuracy,
            Metric.COMPOSED_VALIDATION_LOSS: row.val_composed_loss,
            Metric.COMPOSED_VALIDATION_ACCURACY: row.val_composed_accuracy,
            Metric.LEARNING_RATE: row.learning_rate,
            Metric.TRAINABLE_PARAMETERS: row.trainable_parameters,
            Metric.EPOCH_SECONDS: row.seconds,
        }
        run.log_metrics(metrics, row.epoch, ago)

    with tensorboard(run.tensorboard) if run.tensorboard else nullcontext() as write:
        yield log


def final_metrics(fitted: FitResult, scored: Scored) -> dict[str, float]:
    """Metrics of the whole run: the best epoch, the highest clean validation accuracy of each phase, and the scores."""
    best = fitted.best_row
    metrics = {
        Metric.BEST_EPOCH: best.epoch,
        Metric.BEST_ACCURACY: best.val_accuracy,
        Metric.BEST_LOSS: best.val_loss,
        Metric.BEST_COMPOSED_ACCURACY: best.val_composed_accuracy,
        Metric.BEST_MACRO_F1: headline(scored.predictions.of("validation"))["macro_f1"],
        Metric.TRAINING_SECONDS: fitted.seconds,
    }
    for phase in dict.fromkeys(row.phase for row in fitted.history):
        metrics[f"best/{phase}_val_accuracy"] = max(row.val_accuracy for row in fitted.history if row.phase == phase)
    return rounded(metrics | scored.metrics)


def rounded(metrics: Mapping[str, float]) -> dict[str, float]:
    """Metrics of the whole run with eight digits, since MLflow's tables show all; whole numbers stay as they are."""
    return {name: value if float(value).is_integer() else float(f"{value:.8g}") for name, value in metrics.items()}
