"""The images that a stored run was trained and tested on. Needs no TensorFlow."""

from dataclasses import replace

import numpy as np
import pandas as pd

from bloodcells.config.errors import InputError
from bloodcells.config.names import Artifact, Tag
from bloodcells.data.cache import load
from bloodcells.data.images import Images
from bloodcells.reporting.spreadsheet import unescaped
from bloodcells.tracking.stored_run import StoredRun

KEPT_PER_CLASS = 2


def kept(labels: np.ndarray) -> np.ndarray:
    """Positions of the test images that are kept with the model: the first two of each class, int64, ascending."""
    first = [np.flatnonzero(labels == label)[:KEPT_PER_CLASS] for label in np.unique(labels)]
    return np.sort(np.concatenate(first))


def split_images(run: StoredRun, *splits: str) -> dict[str, Images]:
    """Loads the images of `splits` ("training", "validation", "test"), in the order of the run's predictions.

    Raises InputError if the data cannot be loaded or has changed since the run was trained.
    """
    try:
        images = load(run.config().data)
    except InputError as error:
        raise InputError(f"run {run.id}: cannot load the data it was trained on: {error}") from error
    check_data(run, images.origin, images.sha256)
    images = replace(images, remarks=())  # they count the images of the whole source
    split = pd.read_csv(run.file(Artifact.SPLIT), dtype=str, keep_default_na=False)
    split["example"] = unescaped(split["example"])
    position = {example: index for index, example in enumerate(images.examples.tolist())}
    if missing := [example for example in split["example"] if example not in position]:
        raise InputError(
            f"run {run.id}: {images.origin} no longer contains {missing[0]}; expected the same names as in training"
        )
    return {
        name: images.take(np.array([position[example] for example in split["example"][split["split"] == name]]))
        for name in splits
    }


def check_data(run: StoredRun, origin: str, sha256: str) -> None:
    """Raises InputError if `sha256`, the hash of the data from `origin`, is not that of the run's training data."""
    expected = run.tags[Tag.DATA]
    if sha256 != expected:
        raise InputError(
            f"run {run.id}: {origin} has changed since the run was trained; expected SHA-256 {expected[:12]}…, "
            f"received {sha256[:12]}…"
        )
