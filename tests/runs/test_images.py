"""The images of a stored run, by split."""

from dataclasses import replace

import numpy as np
import pytest

from bloodcells.config.errors import InputError
from bloodcells.data.npz import load_npz
from bloodcells.runs.images import split_images


@pytest.fixture
def run(trained_run):
    """The run and its .npz file, which is restored afterwards."""
    path = trained_run.folder / "cells.npz"
    content = path.read_bytes()
    yield trained_run.run, path
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


def test_a_part_does_not_repeat_remarks_about_the_whole_source(run, monkeypatch) -> None:
    stored, path = run
    whole = replace(load_npz(str(path)), remarks=("240 of 240 images resized",))
    monkeypatch.setattr("bloodcells.runs.images.load", lambda _: whole)
    images = split_images(stored, "test")["test"]
    assert "resized" not in images.describe()
    assert len(images) == len(stored.predictions().of("test").labels)


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
    cells = load_npz(str(path))
    np.savez(path, images=cells.pixels ^ np.uint8(1), labels=cells.labels, class_names=cells.class_names)
    with pytest.raises(InputError, match=r"cells.npz has changed since the run was trained; expected .* received"):
        split_images(stored, "test")
