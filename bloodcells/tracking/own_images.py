"""The images of a run's own splits, found again from what it keeps. Needs no TensorFlow."""

import numpy as np
import pandas as pd

from bloodcells.config.errors import InputError
from bloodcells.data.images import Images
from bloodcells.data.load import load
from bloodcells.tracking.stored import StoredRun


def own_images(run: StoredRun, *splits: str) -> dict[str, Images]:
    """The run's images of each of `splits`, "training", "validation" or "test", in the order of its predictions.

    Raises InputError where its data is not found, and where it is no longer what the run was trained on.
    """
    try:
        images = load(run.config().data)
    except InputError as error:
        raise InputError(f"run {run.id}: the data it was trained on cannot be had: {error}") from error
    if images.sha256 != run.run.data.tags["sha256.data"]:
        raise InputError(
            f"run {run.id}: {images.origin} has changed since it was trained; expected the data whose SHA-256 begins "
            f"{run.run.data.tags['sha256.data'][:12]}, received {images.sha256[:12]}"
        )
    kept = pd.read_csv(run.file("data/split.csv"), dtype=str, keep_default_na=False)
    position = {example: index for index, example in enumerate(images.examples.tolist())}
    if renamed := [example for example in kept["example"] if example not in position]:
        raise InputError(
            f"run {run.id}: {images.origin} has no {renamed[0]} any more; expected the images under the names they had"
        )
    return {
        split: images.take(np.array([position[example] for example in kept["example"][kept["split"] == split]]))
        for split in splits
    }
