"""Progress lines of a sweep."""

import pytest

from bloodcells.sweep import progress
from bloodcells.sweep.progress import SweepProgress


@pytest.mark.parametrize(
    ("ended", "running", "expected"),
    [
        # One job in 60 s, one after the other: three more take 180 s.
        (["FINISHED"], 0, "sweep: 3 of 6 jobs done, 0 running, 3 left; about 3 min left"),
        # Two have ended and two are half done: three jobs' work in 60 s, and one job's work is left.
        (["FINISHED", "FAILED"], 2, "sweep: 3 of 6 jobs done, 1 failed, 2 running, 0 left; about 20 s left"),
        (["FINISHED"] * 3 + ["KILLED"], 0, "sweep: 5 of 6 jobs done, 1 failed"),
    ],
)
def test_line_counts_jobs_and_estimates_the_time_left(monkeypatch, ended, running, expected) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    sweep = SweepProgress(None, numbers=[3, 4, 5, 6], done_before=2)
    now[0] = 60.0
    assert sweep.line(ended, running) == expected
