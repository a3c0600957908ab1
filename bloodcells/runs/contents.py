"""What a run keeps: files and figures that say what went in and what came out, and its metrics."""

import json
from collections.abc import Callable

import numpy as np
from omegaconf import OmegaConf
from pandas import DataFrame

from bloodcells.config.schema import TrainConfig
from bloodcells.config.typed import plain
from bloodcells.data.clean import Cleaned
from bloodcells.data.split import Split
from bloodcells.evaluation.figures.images import training_images
from bloodcells.evaluation.metrics import headline
from bloodcells.evaluation.score import Scored
from bloodcells.provenance.fingerprint import packages
from bloodcells.provenance.machine import machine
from bloodcells.tracking.run import Content, Run
from bloodcells.training.curves import learning_curves
from bloodcells.training.devices import threads
from bloodcells.training.epochs import Epoch
from bloodcells.training.fit import FitResult


def inputs(
    config: TrainConfig, cleaned: Cleaned, split: Split, batch: tuple[np.ndarray, np.ndarray]
) -> dict[str, Content]:
    """What went in; `batch` is the first that the model sees: images (b, h, w, 3) in 0..255, labels (b, classes)."""
    return prepared(config, cleaned, split) | {
        "figures/training_images.png": training_images(*batch, cleaned.images.class_names),
    }


def prepared(config: TrainConfig, cleaned: Cleaned, split: Split) -> dict[str, Content]:
    """Settings, machine, packages, and what became of each image."""
    images, side = cleaned.images, split.part_of
    kept = DataFrame(
        {
            "example": images.examples,
            "class": np.array(images.class_names)[images.labels],
            "split": [side[example] for example in images.examples],
            "group": cleaned.groups,
        }
    )
    removed = DataFrame(
        [(entry.example, images.class_names[entry.label], entry.reason) for entry in cleaned.removed],
        columns=["example", "class", "reason"],
    )
    return {
        "config.yaml": OmegaConf.to_yaml(OmegaConf.create(plain(config))),
        "environment.json": json.dumps(machine(threads(config.training)), indent=2),
        "packages.txt": "\n".join(packages()) + "\n",
        "data/split.csv": kept,
        "data/removed.csv": removed,
        "data/near_copies.csv": DataFrame(cleaned.near, columns=["example", "copy"]),
    }


def results(fitted: FitResult, scored: Scored) -> dict[str, Content]:
    """What came out."""
    return {
        "history.csv": fitted.table(),
        "figures/learning_curves.png": learning_curves(fitted.history, fitted.best),
        **scored.tables,
    }


def epoch_scorer(run: Run) -> Callable[[Epoch], None]:
    """A function that logs an epoch's metrics to `run`, at the epoch's number over both phases."""

    def score(row: Epoch) -> None:
        metrics = {
            "train/loss": row.train_loss,
            "train/accuracy": row.train_accuracy,
            "val/loss": row.val_loss,
            "val/accuracy": row.val_accuracy,
            "learning_rate": row.learning_rate,
            "trainable_parameters": row.trainable_parameters,
            "epoch_seconds": row.seconds,
        }
        run.score(metrics, row.epoch)

    return score


def final_metrics(fitted: FitResult, scored: Scored) -> dict[str, float]:
    """The metrics of the whole run: those of the best epoch, of each phase's best, and what scoring gave."""
    best = fitted.best
    metrics = {
        "best/epoch": best.epoch,
        "best/val_accuracy": best.accuracy,
        "best/val_loss": best.loss,
        "best/val_macro_f1": headline(scored.predictions.of("validation"))["macro_f1"],
        "training_seconds": fitted.seconds,
    }
    for phase in dict.fromkeys(row.phase for row in fitted.history):
        metrics[f"best/{phase}_val_accuracy"] = max(row.val_accuracy for row in fitted.history if row.phase == phase)
    return metrics | scored.metrics
