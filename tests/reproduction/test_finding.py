"""What is said of a comparison."""

from bloodcells.reproduction.finding import Difference, Finding


def test_equal_numbers_are_counted() -> None:
    assert Finding("weights", 268_152, 0, []).describe() == "equal, all 268,152"


def test_the_largest_distance_and_the_first_place_are_told() -> None:
    found = [
        Difference("train/loss", 1, 0.5, 0.25, 0.25),
        Difference("val/loss", 2, 1.0, 3.5, 2.5),
        Difference("val/loss", 3, 1.0, None, None),
    ]
    finding = Finding("metric values", 1_000, 3, found)
    assert not finding.equal
    assert finding.apart == 2.5
    assert finding.describe() == "3 of 1,000 differ, by up to 2.5 (val/loss of epoch 2), first train/loss of epoch 1"

    assert Finding("metric values", 1_000, 1, found[:1]).describe() == (
        "1 of 1,000 differ, by up to 0.25, first train/loss of epoch 1"
    )


def test_what_has_no_distance_is_told_without() -> None:
    finding = Finding("distorted predictions", 80, 1, [Difference("test 7, blur 3", None, 1, 4, None)])
    assert finding.apart is None
    assert finding.describe() == "1 of 80 differ, first test 7, blur 3"
