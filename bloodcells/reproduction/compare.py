"""Compares the stored weights, metrics and predictions of two runs, and their predictions for distorted images."""

import math
import struct
from itertools import zip_longest

import numpy as np
import pandas as pd

from bloodcells.config.names import Artifact, Metric, Tag
from bloodcells.reproduction.mismatches import ComparedValues, Mismatch, bits_differ, distance
from bloodcells.runs.result import stored_model
from bloodcells.tracking.stored_run import StoredRun

PREFIX = "reproduction/"  # of the metrics that a repetition logs about its comparison with the original
# Predictions for distorted images, by a metric that a run has only if it made them.
DISTORTED = {
    Metric.COMPOSED_ACCURACY: Artifact.COMPOSED_PREDICTIONS,
    Metric.SHIFTED_ACCURACY: Artifact.SHIFT_PREDICTIONS,
    Metric.BALANCED_ERROR: Artifact.MEDMNIST_C_PREDICTIONS,
}
NO_VARIABLE = ("an extra variable", np.empty(0))


def compare_weights(original: StoredRun, repeat: StoredRun) -> ComparedValues:
    """Compares every weight in the two stored models, and the recorded hashes; one mismatch per variable.

    Raises InputError if a model cannot be read.
    """
    hash_then, hash_now = (run.tags.get(Tag.WEIGHTS) for run in (original, repeat))
    first, second = _variables(original), _variables(repeat)
    mismatches, differing = [], 0
    for (name, one), (_, other) in zip_longest(first, second, fillvalue=NO_VARIABLE):
        if (one.shape, one.dtype) != (other.shape, other.dtype):
            differing += max(one.size, other.size)
            mismatches.append(Mismatch(name, None, f"shape {one.shape}", f"shape {other.shape}", None))
        elif (unequal := bits_differ(one, other)).any():
            differing += int(unequal.sum())
            difference = distance(one, other)
            place = np.unravel_index(np.where(unequal, difference, -1).argmax(), one.shape)
            mismatches.append(Mismatch(name, None, float(one[place]), float(other[place]), float(difference[place])))
    if hash_then and hash_now and hash_then != hash_now and not mismatches:
        mismatches.append(Mismatch("their SHA-256", None, hash_then, hash_now, None))
    return ComparedValues("weights", sum(array.size for _, array in first), differing, mismatches)


def _variables(run: StoredRun) -> list[tuple[str, np.ndarray]]:
    """The model's variables with their paths, such as "stem_conv/kernel", in the model's order."""
    return [(variable.path, np.array(variable)) for variable in stored_model(run).weights]


def compare_metrics(original: StoredRun, repeat: StoredRun) -> ComparedValues:
    """Compares every metric except durations: those of each epoch, in order, then those of the whole run."""
    first, second = _logged(original), _logged(repeat)
    mismatches = []
    for epoch, name in sorted({*first, *second}, key=lambda key: (key[0] or math.inf, key[1])):
        one, other = first.get((epoch, name)), second.get((epoch, name))
        if one is None or other is None:
            mismatches.append(Mismatch(name, epoch or None, one, other, None))
        elif struct.pack("d", one) != struct.pack("d", other):
            difference = abs(one - other)
            mismatches.append(Mismatch(name, epoch or None, one, other, None if math.isnan(difference) else difference))
    return ComparedValues("metric values", len({*first, *second}), len(mismatches), mismatches)


def _logged(run: StoredRun) -> dict[tuple[int, str], float]:
    """Values by epoch (0 for the whole run) and name."""
    with run.readable("metrics"):
        return {
            (entry.step, name): entry.value
            for name in run.metrics
            if not (name.startswith(PREFIX) or name.endswith(("seconds", "times_slower")))
            for entry in run.client.get_metric_history(run.id, name)
        }


def compare_predictions(original: StoredRun, repeat: StoredRun) -> ComparedValues:
    """Compares the probabilities of all validation and test images; one mismatch per image, the largest difference."""
    one, other = original.predictions(), repeat.predictions()
    first, second = (
        {f"{split} {example}": row for split, example, row in zip(p.splits, p.examples, p.probabilities, strict=True)}
        for p in (one, other)
    )
    mismatches = []
    for name in dict.fromkeys([*first, *second]):
        if name not in first or name not in second:
            then, now = ("predicted" if name in rows else None for rows in (first, second))
            mismatches.append(Mismatch(name, None, then, now, None))
        elif (unequal := bits_differ(first[name], second[name])).any():
            difference = distance(first[name], second[name])
            most = int(np.where(unequal, difference, -1).argmax())
            values = float(first[name][most]), float(second[name][most])
            mismatches.append(Mismatch(f"{name}, p({one.class_names[most]})", None, *values, float(difference[most])))
    return ComparedValues("predictions", len({*first, *second}), len(mismatches), mismatches)


def compare_distorted(original: StoredRun, repeat: StoredRun) -> ComparedValues | None:
    """Compares the class predicted for each distorted image; None unless both runs were evaluated on such images."""
    one, other = _distorted(original), _distorted(repeat)
    if one is None or other is None:
        return None
    first, second = (table.stack().to_dict() for table in (one, other))
    mismatches = [
        Mismatch(f"test {', '.join(key)}", None, first.get(key), second.get(key), None)
        for key in dict.fromkeys([*first, *second])
        if first.get(key) != second.get(key)
    ]
    return ComparedValues("distorted predictions", len({*first, *second}), len(mismatches), mismatches)


def _distorted(run: StoredRun) -> pd.DataFrame | None:
    tables = []
    for metric, artifact in DISTORTED.items():
        if metric in run.metrics:
            file = run.file(artifact)
            with run.readable(artifact):
                tables.append(pd.read_csv(file, dtype={"example": str}).drop(columns="label").set_index("example"))
    return pd.concat(tables, axis=1) if tables else None
