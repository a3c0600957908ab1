"""The configurations of a sweep in order, and their place in its summary."""

import logging
from types import SimpleNamespace

from bloodcells.sweep.ranking import SHOWN, Ranking
from bloodcells.sweep.summary import Row, Summary
from tests.comparison.artificial import COMPOSED, row


def ranking(*rows) -> Ranking:
    return Ranking(list(rows), COMPOSED, None)


def test_lines_have_the_mean_over_seeds_with_its_interval() -> None:
    lines = ranking(row("a", 0.8, 0.9), row("b", 0.7)).lines()
    assert lines == [
        "composed accuracy, mean over seeds with 95% interval",
        "0.850 (0.840 to 0.860)  a",
        "0.700 (0.690 to 0.710)  b",
    ]


def test_configurations_beyond_the_first_are_counted() -> None:
    lines = ranking(*(row(f"r{k}", 0.9 - k / 100) for k in range(SHOWN + 2))).lines()
    assert lines[SHOWN].endswith(f"  r{SHOWN - 1}")
    assert lines[SHOWN + 1 :] == ["and 2 more"]


def test_best_run_may_belong_to_a_configuration_that_is_not_the_best() -> None:
    assert ranking(row("a", 0.8, 0.9), row("b", 0.5, 0.95, 0.7)).best_run() == ("b 1", 0.95)


def test_summary_names_the_first_of_two_jobs_that_have_the_best_run(monkeypatch, caplog) -> None:
    """Jobs that differ only in their label, which changes no result, have one run."""
    jobs = [SimpleNamespace(number=number, name=f"label={number}", study=None) for number in (1, 2)]
    monkeypatch.setattr(Summary, "_rows", lambda *_: [Row(jobs[0], "done", "a 0"), Row(jobs[1], "done before", "a 0")])
    monkeypatch.setattr(Summary, "_ranking", lambda *_: ranking(row("a", 0.8)))
    caplog.set_level(logging.INFO, logger="bloodcells")
    Summary(None, None, COMPOSED).log_results([])
    lines = caplog.messages[-1].splitlines()
    assert "ranked  composed accuracy, mean over seeds with 95% interval" in lines
    assert lines[-1] == "best    0.800: run a 0, job 1, label=1"
