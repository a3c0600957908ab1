"""Chains follow from seed, name and draw alone, take one operation per group, and fade out with the strength."""

from collections import Counter

import numpy as np
import pytest

from bloodcells.data.synthetic import draw_cells
from bloodcells.evaluation.shift.chains import chain, distort_by_chains
from bloodcells.evaluation.shift.operations import OPERATIONS

CELLS = draw_cells(16, 32, seed=0).pixels[:16]
NAMES = np.array([f"cell {number}" for number in range(16)])
FULL = {"strength": 1.0, "length": 4, "draw": 0, "seed": 1}


def test_image_is_distorted_alike_in_any_order_subset_and_call() -> None:
    whole, before = distort_by_chains(CELLS, NAMES, **FULL), CELLS.copy()
    order = np.random.default_rng(0).permutation(16)[:5]
    assert np.array_equal(distort_by_chains(CELLS[order], NAMES[order].tolist(), **FULL), whole[order])
    assert (whole.dtype, whole.shape) == (np.uint8, CELLS.shape)
    assert np.array_equal(CELLS, before)


@pytest.mark.parametrize("change", [{"draw": 1}, {"seed": 2}])
def test_chains_of_other_draws_and_seeds_differ(change) -> None:
    first, second = (distort_by_chains(CELLS, NAMES, **settings) for settings in (FULL, FULL | change))
    assert (first != second).any(axis=(1, 2, 3)).all()


def test_chain_has_half_to_all_of_its_length_and_one_operation_per_group() -> None:
    chains = [chain(f"cell {number}", length=5, draw=0, seed=0) for number in range(3000)]
    counts = Counter(len(links) for links in chains)
    assert sorted(counts) == [3, 4, 5]
    # Each number is binomial with p = 1/3: the standard deviation of its share is 0.0086.
    assert [counts[number] / 3000 for number in (3, 4, 5)] == pytest.approx([1 / 3] * 3, abs=0.035)
    groups = [[OPERATIONS[link.operation].group for link in links] for links in chains]
    assert all(len(set(names)) == len(names) for names in groups)
    by_group = Counter(name for names in groups for name in names)
    assert set(by_group) == {operation.group for operation in OPERATIONS.values()}
    share = 4 / len(by_group)  # of the chains that contain a group: their mean length is 4
    assert [count / 3000 for count in by_group.values()] == pytest.approx([share] * len(by_group), abs=0.04)
    assert {link.operation for links in chains for link in links} == set(OPERATIONS)
    shares = np.array([link.share for links in chains for link in links])
    assert np.quantile(shares, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.02)


def test_operations_run_in_their_order() -> None:
    order = list(OPERATIONS)
    for number in range(100):
        places = [order.index(link.operation) for link in chain(str(number), length=6, draw=0, seed=0)]
        assert places == sorted(places)


def test_distance_from_the_original_grows_with_the_strength_from_zero() -> None:
    distances = [
        float(np.abs(distort_by_chains(CELLS, NAMES, **FULL | {"strength": strength}).astype(int) - CELLS).mean())
        for strength in (0, 0.1, 0.4, 1)
    ]
    assert distances[0] == 0
    assert (np.diff(distances) > 0).all(), distances


def test_links_are_applied_one_after_the_other_at_the_share_of_their_limit() -> None:
    example, expected = "cell 3", CELLS[3]
    for link in chain(example, length=4, draw=0, seed=1):
        operation = OPERATIONS[link.operation]
        value = (1 - 0.5 * link.share) * operation.neutral + 0.5 * link.share * operation.limit
        expected = operation.apply(expected, value, np.random.default_rng(link.seed))
    distorted = distort_by_chains(CELLS[3:4], [example], **FULL | {"strength": 0.5})
    assert np.array_equal(distorted[0], expected)
