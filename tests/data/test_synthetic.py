"""Drawn cells: the same on every machine, imbalanced, with outliers and copies to clean, and not too easy."""

import hashlib

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from bloodcells.config.schema import CleanConfig
from bloodcells.data.clean import clean
from bloodcells.data.synthetic import CELLS, draw_cells

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

CLASS_SIZES = [852, 2181, 1085, 2026, 849, 993, 2330, 1643]  # images per class in the course report's cleaned archive


@pytest.fixture(scope="module")
def cells():
    return draw_cells(1200, 96, 0)


def test_seed_gives_the_same_bytes_on_every_machine() -> None:
    drawn = draw_cells(200, 48, 3)
    assert hashlib.sha256(drawn.pixels.tobytes()).hexdigest() == (
        "5062f599c3eec1224ddbe533bcc5ab025d738d6b28d7a7f76b65746e5c94da56"
    )
    assert np.array_equal(draw_cells(200, 48, 3).pixels, drawn.pixels)
    assert not np.array_equal(draw_cells(200, 48, 4).pixels, drawn.pixels)


def test_classes_are_as_imbalanced_as_in_the_course_report(cells) -> None:
    counts = np.bincount(cells.labels[:1200], minlength=8)
    assert np.abs(counts - 1200 * np.array(CLASS_SIZES) / sum(CLASS_SIZES)).max() < 1
    assert [cell.share for cell in CELLS] == CLASS_SIZES


def test_cleaning_finds_exactly_the_added_outliers_and_copies(cells) -> None:
    # 1,200 cells; 1200 // 400 = 3 exact and 3 near copies; one image 1200 // 60 = 20 times under each of 8 labels,
    # another one 20 times.
    cleaned = clean(cells, CleanConfig(enabled=True, near_copies=True, repeats=5))
    assert sorted(cleaned.repeated) == [20, 160]
    assert sum(entry.reason.startswith("exact copy") for entry in cleaned.removed) == 3
    assert len(cleaned.images) == 1200 + 3
    assert sorted(int(copy) for _, copy in cleaned.near) == [1203, 1204, 1205]


def test_linear_model_on_pixels_scores_below_70_percent() -> None:
    cells = draw_cells(1600, 24, 0)
    pixels, labels = cells.pixels[:1600].reshape(1600, -1), cells.labels[:1600]
    scaled = StandardScaler().fit_transform(pixels)
    with threadpool_limits(1):  # BLAS would wait for cores that other tests use
        scores = [
            LogisticRegression(C=strength, max_iter=50)
            .fit(scaled[:1200], labels[:1200])
            .score(scaled[1200:], labels[1200:])
            for strength in (1e-4, 1e-3, 1e-2)
        ]
    assert 0.3 < max(scores) < 0.7
