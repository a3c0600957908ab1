"""What the tests share: composed configs, tiny images, and tiny whole runs in a store of their own."""

import os
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.schema import TrainConfig
from bloodcells.config.typed import typed
from bloodcells.data.images import Images
from bloodcells.reporting.quiet_tensorflow import import_tensorflow
from tests import empty_store  # noqa: F401  # replaces the creation of stores by a copy

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
import_tensorflow()

# A whole run in seconds: an epoch of each phase on 200 cells of 32 pixels.
SHORT = (
    "training.feature_extraction.epochs=1",
    "training.fine_tuning.epochs=1",
    "training.batch_size=64",
    "augmentation=none",
    "evaluation=clean",
)
TINY = (*SHORT, "data.images=200", "data.image_size=32")


def composed(*overrides: str) -> TrainConfig:
    """The typed config of these overrides."""
    with initialize_config_dir(str(CHECKOUT / "conf"), version_base="1.3"):
        return typed(compose("train", list(overrides)), TrainConfig)


@pytest.fixture(autouse=True)
def full_precision_afterwards():
    """What a test makes layers compute in ends with it: processes share the tests out in any order."""
    import keras

    yield
    keras.config.set_dtype_policy("float32")


@pytest.fixture
def tiny_run(tmp_path: Path):
    """A function that trains with the overrides given, TINY's before them, and gives MLflow's record of the run."""
    import mlflow

    from bloodcells.runs.train import train

    def run(*overrides: str, short: tuple[str, ...] = TINY) -> mlflow.entities.Run:
        train(composed(*short, f"tracking.directory={tmp_path}/mlruns", *overrides))
        return mlflow.search_runs(search_all_experiments=True, output_format="list")[0]

    return run


@pytest.fixture
def noise_images():
    """A function that gives `count` images of noise, labelled in turn with `classes` classes."""

    def make(count: int, classes: int = 3, size: int = 32, seed: int = 0) -> Images:
        pixels = np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)
        names = tuple(f"class{k}" for k in range(classes))
        return Images(pixels, np.arange(count) % classes, names, np.arange(count).astype(str), "noise")

    return make
