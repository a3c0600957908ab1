"""The report's archive, for who has it: `make slow CELLS=cells.npz`."""

import os

import numpy as np
import pytest

from bloodcells.data.clean import clean
from bloodcells.data.split import split
from tests.conftest import composed

ARCHIVE = os.environ.get("CELLS")


@pytest.mark.slow
@pytest.mark.skipif(not ARCHIVE, reason="no archive: make slow CELLS=cells.npz")
def test_all_outliers_and_no_cell_but_exact_copies_leave_and_598_are_tested() -> None:
    config = composed("data=npz", f"data.path={ARCHIVE}").data
    images = config.load()
    assert images.pixels.shape == (13_759, 96, 96, 3)
    cleaned = clean(images, config.clean)
    assert cleaned.repeated == (1_600, 200)
    # Whatever else left has a copy that stayed, equal to the last pixel.
    staying = set(cleaned.images.digests)
    left = [entry for entry in cleaned.removed if not entry.reason.startswith("repeated")]
    assert all(images.digests[int(entry.example)] in staying for entry in left)
    assert len(cleaned.images) == 13_759 - 1_800 - len(left) == len(staying)
    parts = split(cleaned, config.split)
    assert len(parts.test) == 598
    shares = parts.test.class_counts / cleaned.images.class_counts
    assert np.abs(shares - 0.05).max() < 0.005
