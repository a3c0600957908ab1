"""Intervals, bootstrap and paired tests, compared with hand calculations, slow loops, SciPy and scikit-learn."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score

from bloodcells.comparison.runs import RunPredictions
from bloodcells.comparison.statistics import (
    RESAMPLES,
    PairedDifference,
    Resamples,
    holm,
    overlap,
    paired_test,
    student,
    weighted_metrics,
    wilson,
)
from bloodcells.config.names import Metric

CLEAN, MACRO_F1, COMPOSED = Metric.TEST_ACCURACY, Metric.TEST_MACRO_F1, Metric.COMPOSED_ACCURACY


def test_wilson_by_hand() -> None:
    low, high = wilson(588, 598)
    assert (round(low, 3), round(high, 3)) == (0.969, 0.991)
    p, n, z = 588 / 598, 598, 1.959964
    center, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert (low, high) == pytest.approx(((center - half) / (1 + z**2 / n), (center + half) / (1 + z**2 / n)), rel=1e-6)
    assert wilson(598, 598)[0] < 0.995


def test_student_by_hand() -> None:
    # mean 0.98, deviation 0.01, 2 degrees of freedom: 4.302653 * 0.01 / sqrt(3)
    assert student(np.array([0.97, 0.98, 0.99])) == pytest.approx((0.98 - 0.0248414, 0.98 + 0.0248414), abs=1e-6)


def test_overlap_includes_the_bounds() -> None:
    assert overlap((0.1, 0.2), (0.2, 0.3))
    assert overlap((0.1, 0.4), (0.2, 0.3))
    assert not overlap((0.1, 0.19), (0.2, 0.3))
    assert not overlap((0.4, 0.5), (0.2, 0.3))


def predictions(count: int, seed: int = 0, classes: int = 4) -> RunPredictions:
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes - 1, size=count)  # the last class has no image
    predicted = np.where(rng.uniform(size=count) < 0.8, labels, rng.integers(classes, size=count))
    shares = {COMPOSED: rng.uniform(size=count)}
    return RunPredictions(np.arange(count).astype(str), labels, predicted, shares, {}, {}, {})


def test_metrics_equal_those_of_scikit_learn() -> None:
    run = predictions(60)
    metrics = weighted_metrics(run, np.ones((60, 1)))
    assert metrics[CLEAN][0] == pytest.approx(accuracy_score(run.labels, run.predicted))
    expected = f1_score(run.labels, run.predicted, labels=range(4), average="macro", zero_division=0)
    assert metrics[MACRO_F1][0] == pytest.approx(expected)
    assert metrics[COMPOSED][0] == pytest.approx(run.shares[COMPOSED].mean())


def test_each_resample_equals_a_loop_over_the_drawn_images() -> None:
    run, positions = predictions(40), np.random.default_rng(1).permutation(50)[:40]
    resamples = Resamples.draw(50)
    assert resamples.counts.shape == (50, RESAMPLES)
    assert (resamples.counts.sum(axis=0) == 50).all()
    metrics = resamples.metrics(run, positions)
    for column in (0, 1, 500, 999):
        drawn = np.repeat(np.arange(40), resamples.counts[positions, column].astype(int))
        labels, predicted = run.labels[drawn], run.predicted[drawn]
        assert metrics[CLEAN][column] == pytest.approx(accuracy_score(labels, predicted), rel=1e-5)
        expected = f1_score(labels, predicted, average="macro", zero_division=0)
        assert metrics[MACRO_F1][column] == pytest.approx(expected, rel=1e-5)
        assert metrics[COMPOSED][column] == pytest.approx(run.shares[COMPOSED][drawn].mean(), rel=1e-5)


def test_standard_deviation_over_resamples_is_binomial() -> None:
    run = predictions(500)
    metrics = Resamples.draw(500).metrics(run, np.arange(500))
    p = run.correct.mean()
    assert metrics[CLEAN].std() == pytest.approx(np.sqrt(p * (1 - p) / 500), rel=0.1)


def test_resamples_are_reproducible() -> None:
    assert np.array_equal(Resamples.draw(30).counts, Resamples.draw(30).counts)


def single(wins: int, losses: int, ties: int = 5) -> tuple[np.ndarray, np.ndarray]:
    first = np.array([[1.0] * wins + [0.0] * losses + [1.0] * ties])
    return first, np.array([[0.0] * wins + [1.0] * losses + [1.0] * ties])


def test_mcnemar_is_exact_for_single_predictions() -> None:
    result = paired_test(*single(10, 2))
    # 2 * (1 + 12 + 66) / 2^12
    assert result.p == pytest.approx(2 * 79 / 4096)
    assert result.p == pytest.approx(0.03857, abs=5e-6)
    assert (result.method, result.images, result.predictions, result.unpaired) == ("exact McNemar", 17, 17, 0)
    assert result.points == pytest.approx(100 * 8 / 17)


@pytest.mark.parametrize(("wins", "losses"), [(0, 0), (1, 0), (3, 3), (4, 3), (0, 9), (30, 11)])
def test_mcnemar_equals_the_binomial_test_in_both_directions(wins, losses) -> None:
    expected = stats.binomtest(wins, wins + losses).pvalue if wins + losses else 1
    assert paired_test(*single(wins, losses)).p == pytest.approx(expected)
    assert paired_test(*single(losses, wins)).p == pytest.approx(expected)


def test_image_shared_by_several_seeds_is_one_cluster() -> None:
    nan = np.nan
    first = np.array([[1, 1, 1, 0, nan], [1, 1, nan, 1, 1]])
    second = np.array([[0, 0, 0, 1, nan], [0, 1, nan, 1, 0]])
    result = paired_test(first, second)
    # d = 2, 1, 1, -1, 1 with sum 4; of 32 sign flips, 1 + 4 have a sum of 4 or more, and as many of -4 or less
    assert result.p == pytest.approx(2 * (1 + 4) / 32)
    assert (result.method, result.images, result.predictions) == ("clustered sign-flip", 5, 8)
    many = paired_test(np.tile(first, 4), np.tile(second, 4))
    assert many.p == pytest.approx(stats.chi2.sf((4 * 4) ** 2 / (4 * 8), 1))
    assert many.method == "clustered McNemar"
    assert result.points == pytest.approx(100 * 4 / 8)


def test_clustered_form_of_single_predictions_is_mcnemars_approximation() -> None:
    first, second = single(10, 2)
    shares = first * 0.5, second * 0.5  # shares of one half are not single predictions
    assert paired_test(*shares).p == pytest.approx(stats.binomtest(2, 12).pvalue)  # all sign flips of 12 equal values
    first, second = single(20, 4)
    assert paired_test(first * 0.5, second * 0.5).p == pytest.approx(stats.chi2.sf((20 - 4) ** 2 / (20 + 4), 1))


def test_false_positive_rate_is_close_to_the_level() -> None:
    rng = np.random.default_rng(0)
    hard = rng.uniform(0.2, 0.9, 300)
    pairs = [[(rng.uniform(size=(3, 300)) < hard).astype(float) for _ in range(2)] for _ in range(400)]
    rejected = np.mean([paired_test(*pair).p < 0.05 for pair in pairs])
    assert 0.02 < rejected < 0.09


def test_all_sign_flips_are_enumerated_if_few_images_differ() -> None:
    first = np.ones((1, 600))
    first[0, :4] -= 1 / 80  # four images, each worse in one of eighty variants
    result = paired_test(first, np.ones((1, 600)))
    assert (result.method, result.p) == ("clustered sign-flip", 2 / 16)
    mixed = np.array([[0.5, 0.25, 0.25, 1.0]]), np.array([[0.25, 0.5, 0.0, 1.0]])
    assert paired_test(*mixed).p == pytest.approx(1.0)  # 1 - 1 + 1: no sign flip of three equal values is nearer to 0
    unequal = np.array([[0.9, 0.4, 0.5]]), np.array([[0.1, 0.2, 0.6]])
    # d = 0.8, 0.2, -0.1 with sum 0.9; +++, ++- and their negatives are at least as far from 0, 4 of 8
    assert paired_test(*unequal).p == pytest.approx(4 / 8)


def test_unpaired_images_are_left_out_and_counted() -> None:
    nan = np.nan
    result = paired_test(np.array([[1.0, 1, nan, 1]]), np.array([[0.0, nan, 1, 1]]))
    assert (result.predictions, result.unpaired) == (2, 2)
    assert "on the 2 predictions that both have" in result.describe()
    assert paired_test(np.array([[1.0, nan]]), np.array([[nan, 1.0]])) is None


def difference(p: float, points: float = 1.0) -> PairedDifference:
    return PairedDifference(points, p, p, "exact McNemar", 10, 10, 0, 1, 1)


def test_holm_by_hand_ignores_missing_tests() -> None:
    family = holm([difference(0.04), None, difference(0.01), difference(0.03), difference(0.005)])
    # sorted 0.005, 0.01, 0.03, 0.04, times 4, 3, 2, 1, and never decreasing
    assert [each and round(each.corrected, 9) for each in family] == [0.06, None, 0.03, 0.06, 0.02]
    assert [each.p for each in family if each] == [0.04, 0.01, 0.03, 0.005]
    assert holm([difference(0.9), difference(0.8)])[1].corrected == 1.0


@pytest.mark.parametrize(
    ("p", "points", "text"),
    [
        (0.41, 0.3, "no significant difference (+0.3 points, p = 0.41)"),
        (0.0501, -1.2, "no significant difference (-1.2 points, p = 0.050)"),
        (0.0004, 2.3, "better by 2.3 points (p < 0.001)"),
        (0.0123, -2.3, "worse by 2.3 points (p = 0.012)"),
    ],
)
def test_description(p, points, text) -> None:
    assert difference(p, points).describe() == text


def test_description_says_if_seeds_disagree() -> None:
    first, second = np.ones((3, 40)), np.zeros((3, 40))
    first[2], second[2] = 0, np.arange(40) < 9
    result = holm([paired_test(first * 0.5, second * 0.5)])[0]
    assert (result.seeds, result.same_sign) == (3, 2)
    assert result.describe().endswith("(p < 0.001, but only in 2 of 3 seeds)")
    assert "seeds" not in holm([paired_test(first[:2], second[:2])])[0].describe()
