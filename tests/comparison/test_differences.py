"""Intervals and paired tests of differences, compared with hand calculations, simulations and SciPy."""

import numpy as np
import pytest
from scipy import stats

from bloodcells.comparison.differences import PairedDifference, differences, holm, paired_test


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


def difference(p: float, points: float = 1.0, seeds: int = 3) -> PairedDifference:
    return PairedDifference(points, points - 1, points + 1, p, p, "exact McNemar", 10, 10, 0, seeds)


def test_holm_by_hand_ignores_missing_tests() -> None:
    family = holm([difference(0.04), None, difference(0.01), difference(0.03), difference(0.005)])
    # sorted 0.005, 0.01, 0.03, 0.04, times 4, 3, 2, 1, and never decreasing
    assert [each and round(each.corrected, 9) for each in family] == [0.06, None, 0.03, 0.06, 0.02]
    assert [each.p for each in family if each] == [0.04, 0.01, 0.03, 0.005]
    assert holm([difference(0.9), difference(0.8)])[1].corrected == 1.0


@pytest.mark.parametrize(
    ("p", "points", "text"),
    [
        (0.41, 0.3, "no significant difference (+0.3 points, -0.7 to 1.3, p = 0.41)"),
        (0.0501, -1.2, "no significant difference (-1.2 points, -2.2 to -0.2, p = 0.050)"),
        (0.0004, 2.3, "better by 2.3 points (1.3 to 3.3, p < 0.001)"),
        (0.0123, -2.3, "worse by 2.3 points (1.3 to 3.3, p = 0.012)"),
        (
            0.0123,
            -0.8,
            "worse by 0.8 points on these images (p = 0.012), but not beyond the variation between seeds (-0.2 to 1.8)",
        ),
    ],
)
def test_description(p, points, text) -> None:
    assert difference(p, points).describe() == text


def test_one_seed_is_never_clear() -> None:
    result = difference(0.0001, 5.0, seeds=1)
    assert result.describe() == (
        "better by 5.0 points on these images (4.0 to 6.0, p < 0.001); with one seed, training noise is unknown"
    )
    assert (result.significant, result.clear) == (True, False)
    assert difference(0.0001, 5.0).clear
    assert not difference(0.0001, 0.5).clear
    assert not difference(0.2, 5.0).clear


def test_interval_over_images_of_one_seed_is_that_of_the_mean_difference() -> None:
    first, second = single(10, 2)
    d = (first - second)[0]
    half = 1.959964 * stats.sem(d)
    result = paired_test(first, second)
    assert (result.low, result.high) == pytest.approx((100 * (d.mean() - half), 100 * (d.mean() + half)), rel=1e-6)


def test_interval_over_images_covers_as_often_as_it_should() -> None:
    rng = np.random.default_rng(1)
    hard = rng.uniform(0.2, 0.8, 5000)  # the share of trainings that are right, by image, a tenth lower in the second

    def covers() -> bool:
        chosen = hard[rng.integers(len(hard), size=300)]
        result = paired_test(*((rng.uniform(size=(1, 300)) < chosen - less).astype(float) for less in (0, 0.1)))
        return result.low <= 10 <= result.high

    assert 0.92 < np.mean([covers() for _ in range(500)]) < 0.98


def test_interval_is_that_of_the_seeds_if_they_differ_more() -> None:
    nan = np.nan
    first, second = np.ones((4, 40)), np.zeros((4, 40))
    second[0], second[1, :20], first[3], second[3] = 0.9, 0.5, nan, nan  # differences by seed of 0.1, 0.75 and 1
    result = paired_test(first, second)
    low, high = stats.t.interval(0.95, 2, np.mean([0.1, 0.75, 1]), stats.sem([0.1, 0.75, 1]))
    assert high > 1
    assert (result.low, result.high) == (pytest.approx(100 * low), 100.0)
    assert result.seeds == 3


def test_negative_swaps_the_configurations() -> None:
    first, second = np.ones((2, 30)), np.tile(np.arange(30) % 3 > 0, (2, 1)).astype(float)
    assert -paired_test(first, second) == paired_test(second, first)


def test_a_pair_has_one_difference_wherever_it_is_compared() -> None:
    rng = np.random.default_rng(2)
    shares = [(rng.uniform(size=(2, 200)) < level).astype(float) for level in (0.5, 0.6, 0.62)]
    tested = differences([(0, 2), (1, 2), None, (1, 0), (2, 1)], shares)
    assert tested[2] is None
    assert tested[4] == -tested[1]
    # Three different pairs: Holm's factors are 3, 2 and 1.
    plain = sorted(paired_test(shares[i], shares[j]).p for i, j in ((0, 1), (0, 2), (1, 2)))
    assert min(each.corrected for each in tested if each) == pytest.approx(3 * plain[0])
    assert tested[3].points == pytest.approx(100 * (shares[1].mean() - shares[0].mean()))
