"""A training's figures from times set by hand."""

import pytest

from bloodcells.benchmark.watch import AN_EPOCH, STEPS, TRACING, Watch, steady


def test_the_rate_is_that_of_the_second_half_and_the_rest_is_told_apart() -> None:
    ends = [3.0, 3.1, 3.2, 3.3, 4.0, 4.5, 5.0, 5.5]  # the second half: from 4.0 on, three steps of half a second
    assert steady(ends, seconds=6.5) == {STEPS: pytest.approx(2.0), AN_EPOCH: pytest.approx(6.5 - 8 / 2.0)}


def test_the_first_epoch_goes_before_and_tracing_is_what_it_takes_longer(monkeypatch) -> None:
    now, told = [50.0], []
    monkeypatch.setattr("bloodcells.benchmark.watch.perf_counter", lambda: now[0])

    def tell(figures) -> None:
        told.append(dict(figures))
        now[0] += 1000  # a rest, which counts as nothing's time

    watch = Watch(tell)
    for seconds_a_step, more in ((3.0, 5.0), (1.0, 2.0), (0.5, 4.0)):
        for _ in range(4):
            now[0] += seconds_a_step
            watch.step()
        now[0] += more
        watch.epoch()
    assert told == [{STEPS: 1.0, AN_EPOCH: 2.0, TRACING: (4 * 3 + 5) - (4 * 1 + 2)}, {STEPS: 2.0, AN_EPOCH: 4.0}]
