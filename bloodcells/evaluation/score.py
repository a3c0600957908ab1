"""From a model and images to everything that is said of it: what training calls at its end, and evaluate at any time.

The answers come first; every figure and table is made from them.
"""

import logging
import time
from dataclasses import dataclass

import keras
import numpy as np
from pandas import DataFrame

from bloodcells.config.schema import Augmentation, Evaluation
from bloodcells.data.images import Images
from bloodcells.evaluation import mistakes
from bloodcells.evaluation.calibration import reliability, temperature, tempered
from bloodcells.evaluation.figures.calibration import reliability_diagram
from bloodcells.evaluation.figures.confusion import confusion
from bloodcells.evaluation.figures.mistakes import mistaken_images
from bloodcells.evaluation.figures.shift import shift_curves
from bloodcells.evaluation.intervals import Interval, intervals, mean_interval
from bloodcells.evaluation.metrics import class_table, headline, per_class
from bloodcells.evaluation.predictions import Predictions, predict
from bloodcells.evaluation.shift.catalogue import DISTORTIONS, overlapping
from bloodcells.evaluation.shift.suite import shifted
from bloodcells.model.gradcam import GradCam
from bloodcells.model.inference import Inference
from bloodcells.reporting.page import Block
from bloodcells.reporting.terminal import duration

SHOWN = 16  # images in a figure of mistakes
DISTORTING = 0.0007  # seconds that distorting an image of 96 pixels takes, about
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scored:
    """What came of scoring: the answers, metrics by name, and tables and figures under the names they are kept by."""

    predictions: Predictions
    metrics: dict[str, float]
    files: dict[str, Block]


def score(
    model: keras.Model,
    parts: dict[str, Images],
    config: Evaluation,
    trained_with: Augmentation,
    batch_size: int,
    seed: int,
    validation: Predictions | Images | None = None,
) -> Scored:
    """Scores `model` on parts["test"].

    parts: also "validation", which the temperature is fitted on; where it is missing, `validation` has the answers to
        such images, or the images, which are answered for that alone.
    trained_with: what the model was trained with, so that distortions it has met are marked.
    seed: of the bootstrap and the distortions.
    """
    infer = Inference(model, batch_size, config.test_time_augmentation)
    infer(parts["test"].pixels[:batch_size])  # traced before it is timed
    began = time.perf_counter()
    predictions = predict(infer, parts)
    seconds_per_image = (time.perf_counter() - began) / len(predictions.labels)
    test = predictions.of("test")
    if "validation" in parts:
        validation = predictions.of("validation")
    elif isinstance(validation, Images):
        validation = predict(infer, {"validation": validation})
    scored = [
        _headline(test, config.resamples, seed),
        _calibration(test, validation, config.calibration_bins),
        _mistakes(model, predictions, parts),
    ]
    if config.test_time_augmentation:
        scored.append(_gain(Inference(model, batch_size), parts["test"], test, batch_size, seconds_per_image))
    if config.shift:
        distorted = len(DISTORTIONS) * len(set(config.shift.severities)) * len(parts["test"])
        left = duration(distorted * (seconds_per_image + DISTORTING))
        log.info(f"answering for {distorted:,} distorted images: about {left}")
        scored.append(_shift(infer, parts["test"], test, config, trained_with, seed))
    metrics = {name: value for numbers, _ in scored for name, value in numbers.items()}
    files = {name: content for _, contents in scored for name, content in contents.items()}
    return Scored(predictions, metrics, {"predictions.csv": predictions.table()} | files)


Part = tuple[dict[str, float], dict[str, Block]]


def _headline(test: Predictions, resamples: int, seed: int) -> Part:
    values, bounds = headline(test), intervals(test, resamples, seed)
    metrics = {f"test/{name}": value for name, value in values.items()}
    metrics |= {f"test/{name}_{end}": value for name in values for end, value in _ends(bounds[name])}
    classes = class_table(test)
    metrics |= {f"test/recall_{k}": float(recall) for k, recall in enumerate(classes["recall"]) if recall == recall}
    rows = [(name, value, *bounds[name]) for name, value in values.items()]
    return metrics, {
        "headline.csv": DataFrame(rows, columns=["figure", "value", "95% interval from", "to"]),
        "per_class.txt": per_class(test),
        "per_class.csv": classes,
        "figures/confusion_matrix.png": confusion(test),
    }


def _calibration(test: Predictions, validation: Predictions | None, bins: int) -> Part:
    if validation is None:
        raise ValueError("no answers on validation images to fit a temperature on")
    degree = temperature(validation)
    before, after = reliability(test, bins), reliability(tempered(test, degree), bins)
    metrics = {
        "calibration/error": before.error,
        "calibration/error_tempered": after.error,
        "calibration/temperature": degree,
    }
    return metrics, {"figures/reliability.png": reliability_diagram(before, after, degree)}


def _mistakes(model: keras.Model, predictions: Predictions, parts: dict[str, Images]) -> Part:
    test, images = predictions.of("test"), parts["test"]
    wrong, unsure = mistakes.worst(test), mistakes.least_certain(test, SHOWN)
    doubted = mistakes.doubted_labels(predictions)
    files: dict[str, Block] = {
        "mistakes/confused_pairs.csv": mistakes.confused_pairs(test),
        "mistakes/worst.csv": mistakes.listed(test, wrong),
        "mistakes/least_certain.csv": mistakes.listed(test, unsure),
        "mistakes/doubted_labels.csv": mistakes.listed(predictions, doubted),
        "figures/least_certain.png": mistaken_images(images.pixels[unsure], test, unsure),
    }
    if len(shown := wrong[:SHOWN]):
        heat = GradCam(model)(images.pixels[shown], test.predicted[shown])
        files["figures/worst.png"] = mistaken_images(images.pixels[shown], test, shown, heat)
    if len(shown := doubted[:SHOWN]):
        pixels = np.concatenate([part.pixels for part in parts.values()])[shown]
        files["figures/doubted_labels.png"] = mistaken_images(pixels, predictions, shown)
    return {}, files


def _gain(single: Inference, images: Images, test: Predictions, batch_size: int, seconds_per_image: float) -> Part:
    """What test-time augmentation, which took `seconds_per_image`, gains and costs against a single view."""
    single(images.pixels[:batch_size])  # traced before it is timed
    began = time.perf_counter()
    alone = predict(single, {"test": images})
    seconds_alone = (time.perf_counter() - began) / len(images)
    before, after = alone.predicted == alone.labels, test.predicted == test.labels
    metrics = {
        "test_time_augmentation/single_view_accuracy": float(before.mean()),
        "test_time_augmentation/gain": float(after.mean() - before.mean()),
        "test_time_augmentation/mended": float((after & ~before).sum()),
        "test_time_augmentation/broken": float((before & ~after).sum()),
        "test_time_augmentation/times_slower": seconds_per_image / seconds_alone,
    }
    return metrics, {"predictions_single_view.csv": alone.table()}


def _shift(
    infer: Inference, images: Images, test: Predictions, config: Evaluation, trained_with: Augmentation, seed: int
) -> Part:
    if config.shift is None:
        return {}, {}
    found = shifted(infer, images, config.shift.severities, seed)
    metrics = {f"shift/{name}": value for name, value in found.metrics(trained_with).items()}
    bounds = mean_interval(found.right.mean(axis=(0, 1)), config.resamples, seed)
    metrics |= {f"shift/mean_accuracy_{end}": value for end, value in _ends(bounds)}
    clean = float(np.mean(test.predicted == test.labels))
    return metrics, {
        "shift/predictions.csv": found.table(),
        "shift/by_image.csv": found.by_image(test.predicted),
        "shift/accuracy.csv": found.summary(trained_with),
        "figures/shift.png": shift_curves(clean, found.accuracy, found.severities, overlapping(trained_with)),
    }


def _ends(bounds: Interval) -> list[tuple[str, float]]:
    return [("low", bounds[0]), ("high", bounds[1])]
