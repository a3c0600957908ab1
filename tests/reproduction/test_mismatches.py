"""Descriptions of compared values."""

from bloodcells.reproduction.mismatches import ComparedValues, Mismatch


def test_equal_values_are_counted() -> None:
    assert ComparedValues("weights", 268_152, 0, []).describe() == "all 268,152 equal"


def test_description_has_the_largest_difference_and_the_first_place() -> None:
    mismatches = [
        Mismatch("all_epochs/train_loss", 1, 0.5, 0.25, 0.25),
        Mismatch("all_epochs/val_loss", 2, 1.0, 3.5, 2.5),
        Mismatch("all_epochs/val_loss", 3, 1.0, None, None),
    ]
    values = ComparedValues("metric values", 1_000, 3, mismatches)
    assert not values.equal
    assert values.max_difference == 2.5
    assert (
        values.describe()
        == "3 of 1,000 differ, by up to 2.5 (all_epochs/val_loss of epoch 2), first all_epochs/train_loss of epoch 1"
    )

    assert ComparedValues("metric values", 1_000, 1, mismatches[:1]).describe() == (
        "1 of 1,000 differ, by up to 0.25, first all_epochs/train_loss of epoch 1"
    )


def test_values_that_are_not_numbers_have_no_difference() -> None:
    values = ComparedValues("distorted predictions", 80, 1, [Mismatch("test 7, blur 3", None, 1, 4, None)])
    assert values.max_difference is None
    assert values.describe() == "1 of 80 differ, first test 7, blur 3"
