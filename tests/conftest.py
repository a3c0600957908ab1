"""Shared by all tests: composed configs, images of noise, and whole training runs of a few seconds."""

import gc
import os
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from bloodcells.config import schema
from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.schema import TrainConfig
from bloodcells.config.typed import typed
from bloodcells.data.images import Images
from bloodcells.reporting.quiet_tensorflow import import_tensorflow
from tests import shortcuts  # noqa: F401  # replaces slow steps, before the modules that use them are imported

if TYPE_CHECKING:
    from bloodcells.runs.result import Result
    from bloodcells.tracking.stored_run import StoredRun

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
import_tensorflow()

# A whole run in seconds: one epoch of each phase on 200 cells of 32 pixels, with few operations to trace.
SHORT = (
    "training.feature_extraction.epochs=1",
    "training.fine_tuning.epochs=1",
    "training.batch_size=64",
    "augmentation=none",
    "optimizer=sgd",
    "evaluation=clean",
)
TINY = (*SHORT, "data.images=200", "data.image_size=32")
KINDS = tuple(f"kind{k}" for k in range(8))  # the classes of `trained_run`


def pytest_collection_finish() -> None:
    """What is imported now stays: Keras collects garbage before each run, which takes half a second otherwise."""
    gc.freeze()


def composed(*overrides: str) -> TrainConfig:
    """The typed config of `bloodcells.train` with these overrides."""
    return config_of("train", *overrides)


def config_of(program: str, *overrides: str) -> Any:
    """The typed config of a program with these overrides."""
    return deepcopy(_composed_in(os.getcwd(), program, *overrides))


@cache  # Hydra takes a seventh of a second
def _composed_in(folder: str, program: str, *overrides: str) -> object:
    """The config composed in `folder`, where its relative paths start."""
    with initialize_config_dir(str(CHECKOUT / "conf"), version_base="1.3"):
        return typed(compose(program, list(overrides)), getattr(schema, f"{program.capitalize()}Config"))


@pytest.fixture(autouse=True)
def float32_afterwards():
    """Resets the precision that a test sets: the next test of the process can be any other."""
    import keras

    yield
    keras.config.set_dtype_policy("float32")


@pytest.fixture
def tiny_run(tmp_path: Path):
    """A function that trains with TINY and the given overrides, and returns the run in MLflow."""
    import mlflow

    from bloodcells.runs.train import train

    def run(*overrides: str, short: tuple[str, ...] = TINY) -> mlflow.entities.Run:
        train(composed(*short, f"tracking.directory={tmp_path}/mlruns", *overrides))
        return mlflow.search_runs(search_all_experiments=True, output_format="list")[0]

    return run


@dataclass(frozen=True)
class TrainedRun:
    """A finished run: as `train` returned it, as it is stored, and the folder with its data and its store.

    folder: with the data, cells.npz, and the store, mlruns
    """

    config: TrainConfig
    result: "Result"
    run: "StoredRun"
    folder: Path


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> TrainedRun:
    """The run of `trained_run`."""
    from bloodcells.data.synthetic import draw_cells
    from bloodcells.runs.train import train
    from bloodcells.tracking.find import find_run

    folder = tmp_path_factory.mktemp("trained")
    cells = draw_cells(220, 32, 0)
    np.savez(folder / "cells.npz", images=cells.pixels, labels=cells.labels, class_names=KINDS)
    own = ("data=npz", f"data.path={folder}/cells.npz", f"tracking.directory={folder}/mlruns", "seed=3")
    shift = ("training.fine_tuning.epochs=2", "evaluation=grid", "evaluation.grid.severities=[2]")
    config = composed(*SHORT, *own, *shift)
    result = train(config)
    return TrainedRun(config, result, find_run(config.tracking, result.run_id), folder)


@pytest.fixture
def trained_run(trained_once: TrainedRun) -> TrainedRun:
    """A run of both phases with distorted images, for tests of several files: they restore what they change.

    MLflow points at its store, which also holds what these tests add: evaluations, and no other training run.
    """
    import mlflow

    from bloodcells.tracking.store import store_of

    mlflow.set_tracking_uri(store_of(trained_once.config.tracking).uri)
    return trained_once


@pytest.fixture
def noise_images():
    """A function that returns `count` images of noise, labelled with the classes in turn."""

    def make(count: int, classes: int = 3, size: int = 32, seed: int = 0) -> Images:
        pixels = np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)
        names = tuple(f"class{k}" for k in range(classes))
        return Images(pixels, np.arange(count) % classes, names, np.arange(count).astype(str), "noise")

    return make
