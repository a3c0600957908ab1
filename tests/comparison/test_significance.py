"""Paired tests, worked out by hand and against scipy."""

import numpy as np
import pytest
from scipy import stats

from bloodcells.comparison.significance import Difference, holm, paired


def single(wins: int, losses: int, ties: int = 5) -> tuple[np.ndarray, np.ndarray]:
    first = np.array([[1.0] * wins + [0.0] * losses + [1.0] * ties])
    return first, np.array([[0.0] * wins + [1.0] * losses + [1.0] * ties])


def test_mcnemar_is_exact_for_single_answers() -> None:
    found = paired(*single(10, 2))
    # 2 * (1 + 12 + 66) / 2^12
    assert found.p == pytest.approx(2 * 79 / 4096)
    assert found.p == pytest.approx(0.03857, abs=5e-6)
    assert (found.method, found.images, found.answers, found.unpaired) == ("exact McNemar", 17, 17, 0)
    assert found.points == pytest.approx(100 * 8 / 17)


@pytest.mark.parametrize(("wins", "losses"), [(0, 0), (1, 0), (3, 3), (4, 3), (0, 9), (30, 11)])
def test_mcnemar_agrees_with_the_binomial_test_either_way_round(wins, losses) -> None:
    expected = stats.binomtest(wins, wins + losses).pvalue if wins + losses else 1
    assert paired(*single(wins, losses)).p == pytest.approx(expected)
    assert paired(*single(losses, wins)).p == pytest.approx(expected)


def test_images_that_several_seeds_share_are_one_cluster_each() -> None:
    nan = np.nan
    first = np.array([[1, 1, 1, 0, nan], [1, 1, nan, 1, 1]])
    second = np.array([[0, 0, 0, 1, nan], [0, 1, nan, 1, 0]])
    found = paired(first, second)
    # d = 2, 1, 1, -1, 1, sum 4: of 32 flips 2 reach 6, and 4 of one 1 turned, and as many with the signs of all turned
    assert found.p == pytest.approx(2 * (1 + 4) / 32)
    assert (found.method, found.images, found.answers) == ("clustered sign-flip", 5, 8)
    many = paired(np.tile(first, 4), np.tile(second, 4))
    assert many.p == pytest.approx(stats.chi2.sf((4 * 4) ** 2 / (4 * 8), 1))
    assert many.method == "clustered McNemar"
    assert found.points == pytest.approx(100 * 4 / 8)


def test_with_single_answers_the_clustered_form_is_mcnemars_own_approximation() -> None:
    first, second = single(10, 2)
    shares = first * 0.5, second * 0.5  # half right is no single answer
    assert paired(*shares).p == pytest.approx(stats.binomtest(2, 12).pvalue)  # all flips of 12 equal sizes
    first, second = single(20, 4)
    assert paired(first * 0.5, second * 0.5).p == pytest.approx(stats.chi2.sf((20 - 4) ** 2 / (20 + 4), 1))


def test_rejections_are_as_rare_as_they_should_be_where_nothing_differs() -> None:
    rng = np.random.default_rng(0)
    hard = rng.uniform(0.2, 0.9, 300)
    pairs = [[(rng.uniform(size=(3, 300)) < hard).astype(float) for _ in range(2)] for _ in range(400)]
    rejected = np.mean([paired(*pair).p < 0.05 for pair in pairs])
    assert 0.02 < rejected < 0.09


def test_where_few_images_differ_every_flip_of_signs_is_counted() -> None:
    first = np.ones((1, 600))
    first[0, :4] -= 1 / 80  # four images, each worse in one of eighty variants
    found = paired(first, np.ones((1, 600)))
    assert (found.method, found.p) == ("clustered sign-flip", 2 / 16)
    mixed = np.array([[0.5, 0.25, 0.25, 1.0]]), np.array([[0.25, 0.5, 0.0, 1.0]])
    assert paired(*mixed).p == pytest.approx(1.0)  # 1 - 1 + 1: no flip of three equal sizes comes nearer to 0
    unequal = np.array([[0.9, 0.4, 0.5]]), np.array([[0.1, 0.2, 0.6]])
    # d = 0.8, 0.2, -0.1, sum 0.9: as far from 0 are +++ and ++- and their mirror images, of eight
    assert paired(*unequal).p == pytest.approx(4 / 8)


def test_images_of_one_alone_are_left_out_and_counted() -> None:
    nan = np.nan
    found = paired(np.array([[1.0, 1, nan, 1]]), np.array([[0.0, nan, 1, 1]]))
    assert (found.answers, found.unpaired) == (2, 2)
    assert "on the 2 answers both gave" in found.describe()
    assert paired(np.array([[1.0, nan]]), np.array([[nan, 1.0]])) is None


def difference(p: float, points: float = 1.0) -> Difference:
    return Difference(points, p, p, "exact McNemar", 10, 10, 0, 1, 1)


def test_holm_by_hand_and_what_cannot_be_tested_does_not_count() -> None:
    found = holm([difference(0.04), None, difference(0.01), difference(0.03), difference(0.005)])
    # sorted 0.005, 0.01, 0.03, 0.04, times 4, 3, 2, 1, and never below the one before
    assert [each and round(each.corrected, 9) for each in found] == [0.06, None, 0.03, 0.06, 0.02]
    assert [each.p for each in found if each] == [0.04, 0.01, 0.03, 0.005]
    assert holm([difference(0.9), difference(0.8)])[1].corrected == 1.0


@pytest.mark.parametrize(
    ("p", "points", "said"),
    [
        (0.41, 0.3, "no significant difference (+0.3 points, p = 0.41)"),
        (0.0501, -1.2, "no significant difference (-1.2 points, p = 0.050)"),
        (0.0004, 2.3, "better by 2.3 points (p < 0.001)"),
        (0.0123, -2.3, "worse by 2.3 points (p = 0.012)"),
    ],
)
def test_verdicts_in_words(p, points, said) -> None:
    assert difference(p, points).describe() == said


def test_seeds_that_do_not_agree_are_told() -> None:
    first, second = np.ones((3, 40)), np.zeros((3, 40))
    first[2], second[2] = 0, np.arange(40) < 9
    found = holm([paired(first * 0.5, second * 0.5)])[0]
    assert (found.seeds, found.alike) == (3, 2)
    assert found.describe().endswith("(p < 0.001, yet only in 2 of 3 seeds)")
    assert "seeds" not in holm([paired(first[:2], second[:2])])[0].describe()
