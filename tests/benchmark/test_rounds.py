"""The order of turns, and the ratios within a round."""

import pytest

from bloodcells.benchmark.group import Group, Measurement
from bloodcells.benchmark.rounds import measured


def turns(name: str, figures: list[dict[str, float]], order: list[str]):
    try:
        for values in figures:
            order.append(name)
            yield values
    finally:
        order.append(f"{name} closed")


def group(order: list[str], part: str = "augmentation") -> Group:
    contenders = {
        "own": turns("own", [{"images/s": 10.0, "s of tracing": 3.0}, {"images/s": 30.0}], order),
        "plain": turns("plain", [{"images/s": 4.0}, {"images/s": 0.0}], order),
    }
    return Group(part, contenders, "plain", 1, 1)


def test_every_second_round_goes_backwards_and_all_is_closed_in_the_end() -> None:
    order: list[str] = []
    list(measured([group(order)], 2))
    assert order[:4] == ["own", "plain", "plain", "own"]
    assert set(order[4:]) == {"own closed", "plain closed"}


def test_a_ratio_is_to_the_reference_in_the_same_round_if_that_has_the_figure() -> None:
    assert list(measured([group([])], 2)) == [
        Measurement("augmentation", "own", "images/s", 1, 10.0, "plain", 2.5),
        Measurement("augmentation", "own", "s of tracing", 1, 3.0, "plain", None),
        Measurement("augmentation", "plain", "images/s", 1, 4.0, "plain", 1.0),
        Measurement("augmentation", "own", "images/s", 2, 30.0, "plain", None),
        Measurement("augmentation", "plain", "images/s", 2, 0.0, "plain", None),
    ]


def test_the_first_group_is_done_with_before_the_second_begins() -> None:
    first: list[str] = []
    second: list[str] = []
    found = measured([group(first), group(second, "training")], 1)
    while next(found).part == "augmentation":
        assert second == []
    assert "own closed" in first


def test_an_interrupt_closes_what_was_begun() -> None:
    order: list[str] = []
    interrupted = group(order)

    def interrupt():
        raise KeyboardInterrupt
        yield

    interrupted.contenders["plain"] = interrupt()
    with pytest.raises(KeyboardInterrupt):
        list(measured([interrupted], 1))
    assert order == ["own", "own closed"]


def test_it_tells_each_as_it_comes(caplog) -> None:
    caplog.set_level("INFO", "bloodcells")
    list(measured([group([])], 1))
    assert caplog.messages == [
        "augmentation, round 1 of 1: own: 10 images/s; 3 s of tracing",
        "augmentation, round 1 of 1: plain: 4 images/s",
    ]
