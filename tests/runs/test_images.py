"""The images of a run's splits, found again."""

from dataclasses import replace

import mlflow
import numpy as np
import pytest

from bloodcells.config.errors import InputError
from bloodcells.data.npz import load_npz
from bloodcells.data.synthetic import draw_cells
from bloodcells.runs.images import own_images
from bloodcells.tracking.store import database_uri
from bloodcells.tracking.stored import find_run
from tests.conftest import SHORT, composed


@pytest.fixture(scope="module")
def archived(tmp_path_factory):
    """A run on an archive, the archive's path, and the tracking that the run is found by."""
    from bloodcells.runs.train import train

    folder = tmp_path_factory.mktemp("archived")
    cells = draw_cells(200, 32, 0)
    np.savez(folder / "cells.npz", images=cells.pixels, labels=cells.labels, class_names=cells.class_names)
    config = composed(*SHORT, f"tracking.directory={folder}/mlruns", "data=npz", f"data.path={folder}/cells.npz")
    train(config)
    return find_run(config.tracking, "smallcnn"), folder / "cells.npz", folder / "mlruns"


@pytest.fixture
def run(archived):
    """The run and its archive, which is put back afterwards."""
    found, path, store = archived
    mlflow.set_tracking_uri(database_uri(store))
    content = path.read_bytes()
    yield found, path
    path.write_bytes(content)


def test_they_are_those_that_the_predictions_are_of(run) -> None:
    found, path = run
    parts = own_images(found, "validation", "test")
    assert list(parts) == ["validation", "test"]
    whole, predictions = load_npz(str(path)), found.predictions()
    for split, images in parts.items():
        assert images.examples.tolist() == predictions.of(split).examples.tolist()
        assert images.labels.tolist() == predictions.of(split).labels.tolist()
        assert np.array_equal(images.pixels, whole.pixels[images.examples.astype(int)])
    training = own_images(found, "training")["training"]
    assert not set(training.examples.tolist()) & set(predictions.examples.tolist())


def test_data_that_is_gone_is_one_line(run) -> None:
    found, path = run
    path.unlink()
    with pytest.raises(InputError, match=rf"run {found.id}: the data .* cannot be had: .*{path}: no such file"):
        own_images(found, "test")


def test_data_that_has_changed_is_one_line(run) -> None:
    found, path = run
    cells = draw_cells(200, 32, 0)
    cells = replace(cells, pixels=cells.pixels ^ np.uint8(1))
    np.savez(path, images=cells.pixels, labels=cells.labels, class_names=cells.class_names)
    with pytest.raises(InputError, match=r"cells.npz has changed since it was trained; expected .* received"):
        own_images(found, "test")
