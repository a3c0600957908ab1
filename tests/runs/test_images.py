"""The images of a stored run, by split."""

from dataclasses import replace

import mlflow
import numpy as np
import pytest

from bloodcells.config.errors import InputError
from bloodcells.data.npz import load_npz
from bloodcells.data.synthetic import draw_cells
from bloodcells.runs.images import split_images
from bloodcells.tracking.store import database_uri
from bloodcells.tracking.stored_run import find_run
from tests.conftest import SHORT, composed


@pytest.fixture(scope="module")
def archived(tmp_path_factory):
    """A run trained on an .npz file, the path of the file, and the folder of the store."""
    from bloodcells.runs.train import train

    folder = tmp_path_factory.mktemp("archived")
    cells = draw_cells(200, 32, 0)
    np.savez(folder / "cells.npz", images=cells.pixels, labels=cells.labels, class_names=cells.class_names)
    config = composed(*SHORT, f"tracking.directory={folder}/mlruns", "data=npz", f"data.path={folder}/cells.npz")
    train(config)
    return find_run(config.tracking, "smallcnn"), folder / "cells.npz", folder / "mlruns"


@pytest.fixture
def run(archived):
    """The run and its .npz file, which is restored afterwards."""
    stored, path, store = archived
    mlflow.set_tracking_uri(database_uri(store))
    content = path.read_bytes()
    yield stored, path
    path.write_bytes(content)


def test_images_match_the_predictions(run) -> None:
    stored, path = run
    parts = split_images(stored, "validation", "test")
    assert list(parts) == ["validation", "test"]
    whole, predictions = load_npz(str(path)), stored.predictions()
    for split, images in parts.items():
        assert images.examples.tolist() == predictions.of(split).examples.tolist()
        assert images.labels.tolist() == predictions.of(split).labels.tolist()
        assert np.array_equal(images.pixels, whole.pixels[images.examples.astype(int)])
    training = split_images(stored, "training")["training"]
    assert not set(training.examples.tolist()) & set(predictions.examples.tolist())


def test_missing_data_is_one_line(run) -> None:
    stored, path = run
    path.unlink()
    with pytest.raises(
        InputError,
        match=rf"run {stored.id}: cannot load the data it was trained on: .*{path}: no such file",
    ):
        split_images(stored, "test")


def test_changed_data_is_one_line(run) -> None:
    stored, path = run
    cells = draw_cells(200, 32, 0)
    cells = replace(cells, pixels=cells.pixels ^ np.uint8(1))
    np.savez(path, images=cells.pixels, labels=cells.labels, class_names=cells.class_names)
    with pytest.raises(InputError, match=r"cells.npz has changed since the run was trained; expected .* received"):
        split_images(stored, "test")
