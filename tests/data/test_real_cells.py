"""The course report's archive, if it is available: `make slow CELLS=cells.npz`."""

import os

import numpy as np
import pytest

from bloodcells.data.clean import clean
from bloodcells.data.split import split
from tests.conftest import composed

ARCHIVE = os.environ.get("CELLS")


@pytest.mark.slow
@pytest.mark.skipif(not ARCHIVE, reason="needs the archive: make slow CELLS=cells.npz")
def test_cleaning_removes_outliers_and_exact_copies_only_and_598_images_are_for_testing() -> None:
    config = composed("data=npz", f"data.path={ARCHIVE}").data
    images = config.load()
    assert images.pixels.shape == (13_759, 96, 96, 3)
    cleaned = clean(images, config.clean)
    assert cleaned.repeated == (1_600, 200)
    # Every other removed image has an exact copy that was kept.
    kept = set(cleaned.images.digests)
    copies = [entry for entry in cleaned.removed if not entry.reason.startswith("outlier")]
    assert all(images.digests[int(entry.example)] in kept for entry in copies)
    assert len(cleaned.images) == 13_759 - 1_800 - len(copies) == len(kept)
    parts = split(cleaned, config.split)
    assert len(parts.test) == 598
    shares = parts.test.class_counts / cleaned.images.class_counts
    assert np.abs(shares - 0.05).max() < 0.005
