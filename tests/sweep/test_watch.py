"""Where a sweep says it is."""

import pytest

from bloodcells.sweep import watch
from bloodcells.sweep.watch import Watch


@pytest.mark.parametrize(
    ("ended", "running", "said"),
    [
        # One job in 60 s, one after the other: three more take 180 s.
        (["FINISHED"], 0, "sweep: 3 of 6 jobs done, 0 running, 3 left; about 3 min to go"),
        # Two have ended and two are half way, as running jobs are on average: three in 60 s, and as many are to come.
        (["FINISHED", "FAILED"], 2, "sweep: 3 of 6 jobs done, 1 failed, 2 running, 0 left; about 20 s to go"),
        (["FINISHED"] * 3 + ["KILLED"], 0, "sweep: 5 of 6 jobs done, 1 failed"),
    ],
)
def test_it_counts_jobs_and_estimates_the_time_left(monkeypatch, ended, running, said) -> None:
    now = [0.0]
    monkeypatch.setattr(watch.time, "monotonic", lambda: now[0])
    watched = Watch(None, numbers=[3, 4, 5, 6], done_before=2)
    now[0] = 60.0
    assert watched.line(ended, running) == said
