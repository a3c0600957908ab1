"""Searches from end to end, except for the training: resuming, pruning, seeds, budgets, errors."""

import sys
from pathlib import Path

import pytest

from bloodcells.config.errors import InputError
from bloodcells.sweep import decide
from bloodcells.sweep.grid import GridSweeper
from bloodcells.sweep.search import sweeper
from bloodcells.train import main
from tests.conftest import TINY
from tests.sweep.search.quick import QUIET, Search, accuracy

GAMMA = "loss.gamma=interval(0,4)"
SIX = (GAMMA, "hydra.sweeper.trials=6")
VALUE = "best/val_composed_accuracy"


@pytest.fixture
def search(tmp_path, monkeypatch, caplog):
    """A function that gives a command once, in the store `name`, and returns it."""
    caplog.set_level("INFO", "bloodcells")

    def run(*overrides: str, name: str = "mlruns", status: int = 0, **ends) -> Search:
        search = Search(tmp_path / name, overrides, **ends)
        assert search.run(monkeypatch) == status
        return search

    return run


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Search:
    search = Search(tmp_path_factory.mktemp("undisturbed") / "mlruns", SIX)
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert search.run(monkeypatch) == 0
    return search


def outcome(search: Search) -> str:
    """The trials with their results and settings."""
    return search.table().replace("done before", "done").drop(columns=["runs", "error"]).to_csv()


def test_it_finds_the_best_trial_and_says_so(search, caplog) -> None:
    found = search(GAMMA, "optimizer=sgd,adam", "hydra.sweeper.trials=12", "study=gammas")
    table = found.table()
    assert list(table) == ["trial", "result", VALUE, "test/accuracy", "optimizer", "loss.gamma", "runs", "error"]
    assert list(table["trial"]) == list(range(1, 13))
    done, pruned = (table[table["result"] == result] for result in ("done", "pruned"))
    assert len(done) + len(pruned) == 12
    assert len(pruned) > 0
    assert done[VALUE].tolist() == [accuracy(gamma, 0) for gamma in done["loss.gamma"]]
    assert done["test/accuracy"].tolist() == [accuracy(gamma, 0) / 2 for gamma in done["loss.gamma"]]
    best = done.loc[done[VALUE].idxmax()]
    assert best[VALUE] > 0.98
    settings = f"optimizer={best['optimizer']} loss.gamma={best['loss.gamma']}"
    assert f"trials  12: {len(done)} done, {len(pruned)} pruned, in " in caplog.text
    assert f"best    {best[VALUE]:.3f} {VALUE}: trial {best['trial']}, {settings}" in caplog.text
    assert f"test    {best['test/accuracy']:.3f} test/accuracy of trial {best['trial']}; the search" in caplog.text
    assert caplog.text.splitlines()[-1].endswith(f" {settings} seed=1,2,3")
    assert " study=gammas " in caplog.text.splitlines()[-1]
    (parent,) = found.parents()
    assert (parent.info.status, parent.info.run_name) == ("FINISHED", "search optimizer loss.gamma")
    assert parent.data.tags["study"] == "gammas"
    assert (parent.data.metrics["trials/done"], parent.data.metrics["trials/pruned"]) == (len(done), len(pruned))
    figures = Path(parent.info.artifact_uri.removeprefix("file://"), "figures")
    assert sorted(file.name for file in figures.iterdir()) == ["history.png", "importance.png"]
    assert [path.name for path in (found.directory / "checkpoints").iterdir()] == [".lock"]


def test_the_same_command_has_the_same_trials_and_trains_none_again(search, undisturbed, monkeypatch, caplog) -> None:
    again = search(*SIX)
    assert outcome(again) == outcome(undisturbed)
    assert again.run(monkeypatch, "hydra.sweeper.trials=7") == 0
    assert again.started[:6] == undisturbed.started
    assert len(again.started) == 7
    assert outcome(again).startswith(outcome(undisturbed))
    before = (again.table()["result"][:6] == "done before").sum()
    assert 0 < before < 6
    assert f"trials  7: 1 done, {before} done before, {6 - before} pruned, in" in caplog.text
    assert again.run(monkeypatch, "sweep.rerun=true") == 0
    assert again.started[7:] == undisturbed.started


def test_an_interrupted_search_resumes_and_ends_like_an_undisturbed_one(search, undisturbed, monkeypatch) -> None:
    resumed = search(*SIX, status=130, interrupted_at=4)
    assert [run.info.status for run in resumed.parents()] == ["KILLED"]
    assert resumed.run(monkeypatch) == 0
    assert resumed.started == undisturbed.started
    assert outcome(resumed) == outcome(undisturbed)
    assert [run.info.status for run in resumed.parents()] == ["FINISHED"]


def test_a_pruned_trial_stays_pruned_only_by_comparison_with_the_same_trials(search, monkeypatch) -> None:
    searched = search(*SIX)
    place = list(searched.table()["result"]).index("pruned")
    assert searched.run(monkeypatch, "hydra.sweeper.pruner=none") == 0
    assert searched.table()["result"].tolist()[: place + 1] == ["done before"] * place + ["done"]
    assert searched.started[6] == searched.started[place]


def test_trials_at_once_are_the_same_in_every_call(search, monkeypatch, caplog) -> None:
    several = (*SIX, "hydra.sweeper.n_jobs=4", "hydra/launcher=joblib", "hydra.launcher.n_jobs=4")
    undisturbed = search(*several, name="undisturbed")
    assert undisturbed.launches == [4, 2]
    assert len(set(undisturbed.started)) == 6
    again = caplog.messages[-1].splitlines()[-1]
    assert "bloodcells.train --multirun hydra/launcher=joblib hydra.launcher.n_jobs=4 " in again
    resumed = search(*several, status=130, interrupted_at=1)
    assert resumed.run(monkeypatch) == 0
    assert outcome(resumed) == outcome(undisturbed)


def test_equal_trials_that_are_asked_for_at_once_are_trained_once(search) -> None:
    found = search("loss.gamma=1,2", "hydra.sweeper.trials=6", "hydra.sweeper.n_jobs=6", "hydra.sweeper.pruner=none")
    assert sorted(found.started) == ["loss.gamma=1", "loss.gamma=2"]
    table = found.table()
    assert table[VALUE].tolist() == [accuracy(gamma, 0) for gamma in table["loss.gamma"]]


def test_the_value_is_the_mean_over_seeds_which_pruned_trials_do_not_all_train(search) -> None:
    found = search(*SIX, "hydra.sweeper.seeds=[0,4,6]", "hydra.sweeper.n_jobs=2")
    table = found.table()
    pruned = table["result"] == "pruned"
    assert 0 < pruned.sum() < 6
    for _, row in table[~pruned].iterrows():
        seeds = [accuracy(row["loss.gamma"], seed) for seed in (0, 4, 6)]
        assert row[VALUE] == pytest.approx(sum(seeds) / 3)
    assert [len(runs.split()) for runs in table["runs"]] == [1 if each else 3 for each in pruned]
    assert found.launches[:2] == [2, 4]  # the first seed of two trials, then the others
    assert found.started[2:4] == [f"{found.started[0].split()[0]} seed={seed}" for seed in (4, 6)]


def test_the_objective_follows_the_accuracy_that_ranks(search) -> None:
    composed, clean = (search(*SIX, f"tracking.rank_by={by}", name=by).table() for by in ("mild", "clean"))
    assert composed.loc[composed[VALUE].idxmax(), "loss.gamma"] == pytest.approx(3, abs=0.3)
    assert clean["best/val_accuracy"].max() > 0.8  # the lower the composed accuracy, the higher the clean one
    assert clean.loc[clean["best/val_accuracy"].idxmax(), "loss.gamma"] < 0.5


def test_no_trial_starts_when_the_time_is_over(search, monkeypatch, caplog) -> None:
    clock = [0.0]
    monkeypatch.setattr(sweeper.time, "monotonic", lambda: clock[0])
    launch = Search.launch

    def for_an_hour(search: Search, *given, **named) -> list:
        clock[0] += 3600
        return launch(search, *given, **named)

    monkeypatch.setattr(Search, "launch", for_an_hour)
    found = search(*SIX, "hydra.sweeper.hours=2.5")
    assert len(found.started) == 3
    assert "about 1 h 30 min left" in caplog.text  # five hours of trials are left, and an hour and a half of the budget
    assert "trials  3: 3 done, in 3 h 0 min" in caplog.text
    assert "budget  hydra.sweeper.hours=2.5 is used up; the same command continues" in caplog.text
    assert found.run(monkeypatch) == 0
    assert len(found.started) == 6
    assert list(found.table()["result"][:3]) == ["done before"] * 3


def test_it_ends_when_every_combination_was_tried_and_lists_each_once(search, caplog) -> None:
    table = search("loss.gamma=1,2,3", "hydra.sweeper.trials=40", "hydra.sweeper.pruner=none").table()
    assert set(table["loss.gamma"]) == {1, 2, 3}
    assert 3 <= len(table) < 40
    assert "space   every combination of its values was tried" in caplog.text
    assert "budget" not in caplog.text
    best = [line.rpartition(", ")[2] for line in caplog.messages[-1].splitlines() if VALUE in line]
    assert sorted(best) == ["loss.gamma=1", "loss.gamma=2", "loss.gamma=3"]


def test_failed_and_diverged_trials_do_not_stop_the_search(search, monkeypatch, caplog) -> None:
    some = search(*SIX, "hydra.sweeper.pruner=none", status=1, failing=(1,), diverging=(3,))
    table = some.table().fillna("")
    assert table["result"].tolist() == ["done", "failed", "done", "diverged", "done", "done"]
    assert table["error"][1].startswith("killed by SIGKILL")
    assert "trials  6: 4 done, 1 diverged, 1 failed, in" in caplog.text
    assert f"failed  trial 2, {some.started[1]}: killed by SIGKILL" in caplog.text
    assert [run.info.status for run in some.parents()] == ["FAILED"]
    some.failing = ()
    assert some.run(monkeypatch) == 0
    assert some.started[6] == some.started[1]  # trained again; the one that diverged would diverge again
    assert some.started.count(some.started[3]) == 1
    assert [run.info.status for run in some.parents()] == ["FINISHED"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["seed=1"], "hydra/sweeper=optuna: expected a setting to search"),
        (["loss.gamma=interval(-1,2)"], "loss.gamma=-1.0: expected a number in [0, inf)"),
        (["loss.gama=interval(1,2)"], "loss.gama: no such key; expected one of"),
        (
            ["optimizer=adam,sgd", "training.batch_size=interval(16,32)"],
            "training.batch_size=16.0: expected an integer; for integers, give "
            "training.batch_size=int(interval(16,32))",
        ),
        (
            ["training.batch_size=tag(log,interval(16,32))"],
            "training.batch_size=16.0: expected an integer; for integers, give "
            "training.batch_size=tag(log,int(interval(16,32)))",
        ),
        (["optimizer=adam,admw"], "optimizer=admw: expected one of"),
        (["unfreeze=0,blok"], "unfreeze=blok: smallcnn has the blocks"),
        (
            ["experiment=ablation/01_vgg19,ablation/03_vgg19_uncleaned", "backbone.weights=null"],
            "experiment=ablation/03_vgg19_uncleaned: expected the same seed, data,",
        ),
        ([GAMMA, "hydra.sweeper.trials=0"], "hydra.sweeper.trials=0: expected a number in [1, inf)"),
        ([GAMMA, "hydra/launcher=ray"], "hydra.sweeper.n_jobs=null: expected the number of trials"),
    ],
)
def test_errors_are_one_line_and_nothing_is_stored(tmp_path, monkeypatch, overrides, message) -> None:
    refused = Search(tmp_path / "mlruns", tuple(overrides))
    error = refused.run(monkeypatch)
    assert error.startswith(f"error: {message}")
    assert "\n" not in error
    assert not refused.directory.exists()


def test_it_needs_a_store(monkeypatch) -> None:
    monkeypatch.setattr(
        sys, "argv", ["train", "--multirun", *QUIET, "hydra/sweeper=optuna", *TINY, GAMMA, "tracking=off"]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code.startswith("error: tracking=off: a search compares stored runs; expected")


def test_a_grid_refuses_the_settings_of_a_search() -> None:
    with pytest.raises(InputError, match=r"^hydra.sweeper.trials is a setting of a search: expected hydra/sweeper="):
        GridSweeper(None, trials=3).run([])


def test_a_missing_extra_is_named(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(sweeper, "find_spec", lambda name: None)
    error = Search(tmp_path / "mlruns", (GAMMA,)).run(monkeypatch)
    assert error.endswith("Optuna is not installed; install the extra: pip install '.[optuna]'")


def test_the_server_is_asked_before_data_are_loaded(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(decide, "load", lambda _: pytest.fail("data were loaded first"))
    refused = Search(tmp_path / "mlruns", (GAMMA, "tracking=server", "tracking.uri=http://127.0.0.1:1"))
    assert refused.run(monkeypatch).startswith("error: tracking.uri=http://127.0.0.1:1: no MLflow server responds")
