"""Scores a model on test images: metrics and tables, all derived from its predictions. Draws no figure."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np
from pandas import DataFrame

from bloodcells.config.names import Artifact, Metric
from bloodcells.config.schema import AugmentationStep, Evaluation
from bloodcells.data.images import Images
from bloodcells.evaluation.calibration import Calibration, calibrate
from bloodcells.evaluation.gain import gain_over_single_view
from bloodcells.evaluation.intervals import Interval, intervals, mean_interval, metric_interval
from bloodcells.evaluation.metrics import balanced_accuracy, class_table, headline, per_class
from bloodcells.evaluation.mistakes import SHOWN, Mistakes, find_mistakes
from bloodcells.evaluation.predictions import Predictions, predict
from bloodcells.evaluation.shift.balanced_error import balanced_errors
from bloodcells.evaluation.shift.catalogue import DISTORTIONS, overlapping
from bloodcells.evaluation.shift.composed import Composed, composed, variants
from bloodcells.evaluation.shift.medmnist_c import CORRUPTIONS
from bloodcells.evaluation.shift.strengths import SEVERITIES
from bloodcells.evaluation.shift.suite import Shifted, shifted
from bloodcells.evaluation.validation_draws import DRAWS, validation_draws
from bloodcells.model.gradcam import GradCam
from bloodcells.model.inference import Inference, members
from bloodcells.reporting.terminal import duration

# Approximate seconds to distort an image of 96 x 96 pixels: by a single distortion, by a chain, as in MedMNIST-C.
SINGLE, CHAIN, CORRUPTED = 0.0007, 0.0014, 0.0015
log = logging.getLogger(__name__)

Metrics = dict[str, float]
Tables = dict[str, DataFrame | str]


@dataclass(frozen=True)
class Scored:
    """The results of scoring a model.

    predictions: for the test images, and for the validation images if they were passed
    metrics: by name, such as "test/accuracy"; tables: by file name, such as "headline.csv"
    heat: float32 (k, h, w) in [0, 1], Grad-CAM of the first SHOWN images of `mistakes.worst`
    composed, shifted, medmnist_c: predictions for test images distorted by chains, by single distortions, and by the
        corruptions of MedMNIST-C; None without them
    trained_on: the distortions that the training augmentation resembles
    """

    predictions: Predictions
    metrics: Metrics
    tables: Tables
    calibration: Calibration
    mistakes: Mistakes
    heat: np.ndarray
    composed: Composed | None
    shifted: Shifted | None
    medmnist_c: Shifted | None
    trained_on: list[str]


def score(
    model: keras.Model,
    parts: dict[str, Images],
    config: Evaluation,
    *,
    trained_with: Mapping[str, AugmentationStep],
    batch_size: int,
    seed: int,
    validation: Predictions | Images | None = None,
) -> Scored:
    """Scores `model` on parts["test"].

    parts: with "validation" too, unless `validation` replaces it. The temperature is fitted on validation images.
    trained_with: the augmentation of training; distortions that it resembles are marked.
    seed: of the bootstrap and the distortions.
    validation: predictions for validation images, or images to predict only for the temperature.
    Raises ValueError without validation images or predictions.
    """
    infer = Inference(model, batch_size, config.test_time_augmentation)
    infer(parts["test"].pixels[:batch_size])  # traces the graph before timing starts
    started = time.perf_counter()
    predictions = predict(infer, parts)
    seconds_per_image = (time.perf_counter() - started) / len(predictions.labels)
    test = predictions.of("test")
    if "validation" in parts:
        validation = predictions.of("validation")
    elif isinstance(validation, Images):
        validation = predict(infer, {"validation": validation})
    if validation is None:
        raise ValueError("no validation images or predictions: expected one of them, to fit the temperature on")

    calibration = calibrate(test, validation, config.calibration_bins)
    mistakes = find_mistakes(predictions)
    results = [_headline(test, config, seed), (calibration.metrics, mistakes.tables(predictions))]
    if config.test_time_augmentation:
        single = Inference(model, batch_size)
        results.append(
            gain_over_single_view(
                single, parts["test"], test, batch_size=batch_size, seconds_per_image=seconds_per_image
            )
        )
    by_image = DataFrame({"example": test.examples, "label": test.labels, "predicted": test.predicted})
    in_chains = in_grid = in_medmnist_c = None
    if config.composed:
        held_out = parts.get("validation")
        count = len(variants(config.composed.draws)) * len(parts["test"]) + DRAWS * len(held_out or ())
        _log_time(count, seconds_per_image + CHAIN)
        in_chains = composed(infer, parts["test"], config.chains, draws=config.composed.draws, seed=seed)
        metrics = in_chains.metrics(trained_with, config.resamples, seed=seed)
        results.append((metrics, in_chains.tables(trained_with, config.resamples, seed=seed)))
        by_image = by_image.join(in_chains.by_image())
        if held_out:
            draws = validation_draws(infer, held_out, validation.probabilities, chains=config.chains, seed=seed)
            results.append(({}, {Artifact.FORECAST: draws}))
    if config.grid:
        count = len(DISTORTIONS) * len(set(config.grid.severities)) * len(parts["test"])
        _log_time(count, seconds_per_image + SINGLE)
        in_grid = shifted(infer, parts["test"], DISTORTIONS, severities=config.grid.severities, seed=seed)
        results.append(_grid(in_grid, config.resamples, trained_with=trained_with, seed=seed))
        by_image = by_image.join(in_grid.by_image())
    if config.medmnist_c:
        _log_time(len(CORRUPTIONS) * len(SEVERITIES) * len(parts["test"]), seconds_per_image + CORRUPTED)
        in_medmnist_c = shifted(infer, parts["test"], CORRUPTIONS, severities=SEVERITIES, seed=seed)
        results.append(_medmnist_c(in_medmnist_c, test))
    return Scored(
        predictions=predictions,
        metrics={name: value for metrics, _ in results for name, value in metrics.items()},
        tables={Artifact.PREDICTIONS: predictions.table(), Artifact.BY_IMAGE: by_image}
        | {name: table for _, tables in results for name, table in tables.items()},
        calibration=calibration,
        mistakes=mistakes,
        heat=_heat(model, parts["test"], test, shown=mistakes.worst[:SHOWN]),
        composed=in_chains,
        shifted=in_grid,
        medmnist_c=in_medmnist_c,
        trained_on=overlapping(trained_with),
    )


def _headline(test: Predictions, config: Evaluation, seed: int) -> tuple[Metrics, Tables]:
    values, bounds = headline(test), intervals(test, config.resamples, seed)
    for name, metric in config.metric.items():
        values[name] = metric(test.labels, test.probabilities)
        bounds[name] = metric_interval(metric, test, resamples=config.resamples, seed=seed)
    metrics = {f"test/{name}": value for name, value in values.items()}
    for name in values:
        metrics |= _ends(f"test/{name}", bounds[name])
    rows = [(name, value, *bounds[name]) for name, value in values.items()]
    return metrics, {
        Artifact.HEADLINE: DataFrame(rows, columns=["metric", "value", "95% interval from", "to"]),
        "per_class.txt": per_class(test),
        Artifact.PER_CLASS: class_table(test),
    }


def _log_time(count: int, seconds_per_image: float) -> None:
    log.info(f"predicting {count:,} distorted images: about {duration(count * seconds_per_image)}")


def _grid(
    distorted: Shifted, resamples: int, *, trained_with: Mapping[str, AugmentationStep], seed: int
) -> tuple[Metrics, Tables]:
    metrics = {f"shift/{name}": value for name, value in distorted.metrics(trained_with).items()}
    bounds = mean_interval(distorted.correct.mean(axis=(0, 1)), resamples, seed)
    return metrics | _ends(Metric.SHIFTED_ACCURACY, bounds), {
        Artifact.SHIFT_PREDICTIONS: distorted.table(),
        Artifact.SHIFT_ACCURACY: distorted.summary(trained_with),
    }


def _medmnist_c(distorted: Shifted, test: Predictions) -> tuple[Metrics, Tables]:
    table = balanced_errors(distorted, clean=1 - balanced_accuracy(test.labels, test.predicted))
    metrics = {Metric.BALANCED_ERROR: table["BE"].mean(), Metric.RELATIVE_BALANCED_ERROR: table["rBE"].mean()}
    metrics |= {f"medmnist_c/{name}_error": mean for name, mean in zip(table["corruption"], table["mean"], strict=True)}
    tables = {Artifact.MEDMNIST_C_PREDICTIONS: distorted.table(), Artifact.MEDMNIST_C_ERRORS: table}
    return {name: float(value) for name, value in metrics.items()}, tables


def _heat(model: keras.Model, images: Images, test: Predictions, *, shown: np.ndarray) -> np.ndarray:
    """Grad-CAM of the predicted class of the images at `shown`, the mean over models: float32 (k, h, w) in [0, 1]."""
    if not len(shown):
        return np.zeros((0, *images.size), np.float32)
    heat = [GradCam(member)(images.pixels[shown], test.predicted[shown]) for member in members(model)]
    return np.stack(heat).mean(axis=0)


def _ends(name: str, bounds: Interval) -> Metrics:
    return {f"{name}_low": bounds[0], f"{name}_high": bounds[1]}
