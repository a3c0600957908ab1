"""The bootstrap over images, against a slow loop and scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from bloodcells.comparison.answers import CLEAN, MACRO_F1, SHIFTED, Answers
from bloodcells.comparison.bootstrap import RESAMPLES, Resamples, figures


def answers(count: int, seed: int = 0, classes: int = 4) -> Answers:
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes - 1, size=count)  # the last class has no image
    predicted = np.where(rng.uniform(size=count) < 0.8, labels, rng.integers(classes, size=count))
    return Answers(np.arange(count).astype(str), labels, predicted, rng.uniform(size=count), {}, ("zoom 1",))


def test_figures_are_scikit_learns() -> None:
    found = answers(60)
    figure = figures(found, np.ones((60, 1)))
    assert figure[CLEAN][0] == pytest.approx(accuracy_score(found.labels, found.predicted))
    expected = f1_score(found.labels, found.predicted, labels=range(4), average="macro", zero_division=0)
    assert figure[MACRO_F1][0] == pytest.approx(expected)
    assert figure[SHIFTED][0] == pytest.approx(found.robust.mean())


def test_each_resample_is_what_a_loop_over_the_drawn_images_gives() -> None:
    found, positions = answers(40), np.random.default_rng(1).permutation(50)[:40]
    resamples = Resamples.draw(50)
    assert resamples.counts.shape == (50, RESAMPLES)
    assert (resamples.counts.sum(axis=0) == 50).all()
    figure = resamples.figures(found, positions)
    for column in (0, 1, 500, 999):
        drawn = np.repeat(np.arange(40), resamples.counts[positions, column].astype(int))
        labels, predicted = found.labels[drawn], found.predicted[drawn]
        assert figure[CLEAN][column] == pytest.approx(accuracy_score(labels, predicted), rel=1e-5)
        expected = f1_score(labels, predicted, average="macro", zero_division=0)
        assert figure[MACRO_F1][column] == pytest.approx(expected, rel=1e-5)
        assert figure[SHIFTED][column] == pytest.approx(found.robust[drawn].mean(), rel=1e-5)


def test_the_spread_is_that_of_a_binomial_share() -> None:
    found = answers(500)
    figure = Resamples.draw(500).figures(found, np.arange(500))
    p = found.right.mean()
    assert figure[CLEAN].std() == pytest.approx(np.sqrt(p * (1 - p) / 500), rel=0.1)


def test_drawing_follows_from_the_seed() -> None:
    assert np.array_equal(Resamples.draw(30).counts, Resamples.draw(30).counts)
