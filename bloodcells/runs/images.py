"""The images of a run's own splits, found again from what it keeps. Needs no TensorFlow."""

import numpy as np
import pandas as pd

from bloodcells.config.errors import InputError
from bloodcells.data.images import Images
from bloodcells.tracking.stored import StoredRun


def own_images(run: StoredRun, *splits: str) -> dict[str, Images]:
    """The run's images of each of `splits`, "training", "validation" or "test", in the order of its predictions.

    Raises InputError where its data is not found, and where it is no longer what the run was trained on.
    """
    try:
        images: Images = run.config().data.load()
    except InputError as error:
        raise InputError(f"run {run.id}: the data it was trained on cannot be had: {error}") from error
    expect_same(run, images.origin, images.sha256)
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


def expect_same(run: StoredRun, origin: str, sha256: str) -> None:
    """Raises InputError where data that come from `origin` and have this hash are not those of the run."""
    expected = run.run.data.tags["sha256.data"]
    if sha256 != expected:
        raise InputError(
            f"run {run.id}: {origin} has changed since it was trained; expected the data whose SHA-256 begins "
            f"{expected[:12]}, received {sha256[:12]}"
        )
