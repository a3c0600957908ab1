"""The configurations of a sweep in order, on runs in a filled store."""

from bloodcells.sweep.ranking import SHOWN, Ranking
from tests.comparison.artificial import COMPOSED, row


def ranking(*rows) -> Ranking:
    return Ranking(list(rows), COMPOSED, None)


def test_lines_have_the_mean_over_seeds_with_its_interval() -> None:
    lines = ranking(row("a", 0.8, 0.9), row("b", 0.7)).lines()
    assert lines == [
        "composed accuracy, mean over seeds with 95% interval",
        "0.8500 (0.840 to 0.860)  a",
        "0.7000 (0.690 to 0.710)  b",
    ]


def test_configurations_beyond_the_first_are_counted() -> None:
    lines = ranking(*(row(f"r{k}", 0.9 - k / 100) for k in range(SHOWN + 2))).lines()
    assert lines[SHOWN].endswith(f"  r{SHOWN - 1}")
    assert lines[SHOWN + 1 :] == ["and 2 more"]


def test_best_run_may_belong_to_a_configuration_that_is_not_the_best() -> None:
    assert ranking(row("a", 0.8, 0.9), row("b", 0.5, 0.95, 0.7)).best_run() == ("b 1", 0.95)
