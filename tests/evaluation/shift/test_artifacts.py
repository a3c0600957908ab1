"""Deposits of stain and bubbles cover what they should, and grow in place."""

import numpy as np
import pytest
from scipy import ndimage

from bloodcells.evaluation.shift import artifacts
from bloodcells.evaluation.shift.artifacts import bubbles, stain_deposit

WHITE = np.full((96, 120, 3), 255, np.uint8)
BLACK = np.zeros((96, 120, 3), np.uint8)


def test_deposit_is_a_few_dark_blots_that_cover_the_given_share_and_grow_in_place() -> None:
    for seed in range(10):
        before = np.zeros((96, 120), bool)
        for share in (0.05, 0.1, 0.2):
            result = stain_deposit(WHITE, share, np.random.default_rng(seed))
            covered = (result != 255).any(axis=2)
            assert covered.mean() == pytest.approx(share, abs=0.01)
            assert covered[before].all()
            assert 1 <= ndimage.label(covered)[1] <= 20
            before = covered
        red, green, blue = result.min(axis=(0, 1))
        assert max(red, green, blue) <= 120
        assert green <= red <= blue


def test_deposits_differ_in_color() -> None:
    darkest = [stain_deposit(WHITE, 0.2, np.random.default_rng(seed)).min(axis=(0, 1))[2] for seed in range(40)]
    assert min(darkest) < 15
    assert max(darkest) > 100


def test_bubbles_grow_in_place_and_mix_with_white() -> None:
    for seed in range(5):
        before = np.zeros((96, 120), bool)
        for radius in (0.1, 0.2, 0.3):
            covered = bubbles(BLACK, radius, np.random.default_rng(seed)).any(axis=2)
            assert covered[before].all()
            assert before.sum() < covered.sum()
            before = covered
        assert (bubbles(WHITE, 0.3, np.random.default_rng(seed)) == 255).all()
        grey = bubbles(np.full_like(BLACK, 100), 0.3, np.random.default_rng(seed))
        assert set(np.quantile(grey, [0, 1])) == {100, 100 + 0.6 * 155}


def test_bubble_is_a_translucent_disc_with_a_brighter_rim(monkeypatch) -> None:
    monkeypatch.setattr(artifacts, "BUBBLES", 1)
    radii, centers = [], []
    for seed in range(60):
        result = bubbles(BLACK, 0.3, np.random.default_rng(seed))[..., 0]
        rows, columns = np.nonzero(result)
        center = np.array([rows.min() + rows.max(), columns.min() + columns.max()]) / 2
        radius = (np.ptp(rows) + 1) / 2
        if min(*center, *((95, 119) - center)) > radius + 1:  # not cut off
            distance = np.hypot(*(np.indices(result.shape) - center[:, None, None]))
            assert (result[distance < radius - 4] == 0.4 * 255).all()
            assert result[(distance > radius - 2) & (distance < radius - 1)].max() == 0.6 * 255
            assert (result[distance > radius + 1] == 0).all()
            radii.append(radius / 96)
            centers.append(center)
    assert min(radii) == pytest.approx(0.3 * 0.3, abs=0.03)
    assert 0.2 < max(radii) < 0.3
    assert np.ptp(centers, axis=0).min() > 48
