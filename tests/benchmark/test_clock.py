"""Where seconds go, by a clock that a test sets."""

from contextlib import contextmanager

import pytest

from bloodcells.benchmark.clock import Clock


@pytest.fixture
def times(monkeypatch):
    """The time now, in seconds, as the only item of a list."""
    now = [100.0]
    monkeypatch.setattr("bloodcells.benchmark.clock.perf_counter", lambda: now[0])
    return now


def test_a_part_within_another_is_counted_apart_from_it(times) -> None:
    clock = Clock()
    times[0] += 1
    with clock.within("training"):
        times[0] += 2
        with clock.within("tracking"):
            times[0] += 4
        times[0] += 8
    times[0] += 16
    clock.stop()
    assert clock.seconds == {(): 17, ("training",): 10, ("training", "tracking"): 4}


def test_a_function_counts_even_where_it_fails(times) -> None:
    clock = Clock()

    def fail(seconds: float) -> None:
        times[0] += seconds
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        clock.timed(fail, "data")(3.0)
    times[0] += 1
    clock.stop()
    assert clock.seconds == {(): 1, ("data",): 3}


def test_of_a_context_manager_the_beginning_and_the_end_count(times) -> None:
    clock = Clock()

    @contextmanager
    def tracked(name: str):
        times[0] += 1
        yield name
        times[0] += 2

    with clock.timed(tracked, "tracking")("a") as entered:
        times[0] += 4
    assert entered == "a"
    clock.stop()
    assert clock.seconds[("tracking",)] == 3
    assert clock.seconds[()] == 4


def test_what_fails_within_a_context_manager_reaches_it(times) -> None:
    seen = []

    @contextmanager
    def tracked():
        try:
            yield
        except OSError as error:
            seen.append(str(error))
            raise

    with pytest.raises(OSError, match="full"), Clock().timed(tracked, "tracking")():
        raise OSError("full")
    assert seen == ["full"]
