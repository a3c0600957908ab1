"""The sweep that is timed, and the commands that it is compared with."""

import sys

from bloodcells.benchmark import sweep


def test_the_commands_are_the_jobs_of_the_sweep(monkeypatch) -> None:
    given = []
    monkeypatch.setattr(sweep.subprocess, "run", lambda arguments, **_: given.append(arguments))
    (group,) = sweep.groups()
    alone = group.contenders[group.reference]
    assert set(next(alone)) == {"s"}
    assert len(given) == 12
    assert {tuple(command[3:5]) for command in given} == {
        (f"unfreeze={depth}", f"seed={seed}") for depth in ("0", "10", "20", "all") for seed in (0, 1, 2)
    }
    given.clear()
    next(group.contenders["a sweep"])
    (command,) = given
    assert command[:6] == [sys.executable, "-m", "bloodcells.train", "--multirun", "unfreeze=0,10,20,all", "seed=0,1,2"]
