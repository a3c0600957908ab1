"""How a run ends, and what is kept of it after an error."""

import mlflow
import pytest
from matplotlib.figure import Figure
from pandas import DataFrame

from bloodcells.config.errors import InputError
from bloodcells.provenance.fingerprint import fingerprint
from bloodcells.runs.lifecycle import tracked
from bloodcells.tracking.store import store_of
from bloodcells.tracking.view import DESCRIPTION, TAG
from tests.conftest import composed


def test_changed_view_is_not_overwritten(tmp_path) -> None:
    config = composed(f"tracking.directory={tmp_path}").tracking
    store_of(config).open()
    assert mlflow.get_experiment_by_name(config.experiment).tags["mlflow.note.content"] == DESCRIPTION
    mlflow.set_experiment_tag(TAG, "mine")
    store_of(config).open()
    assert mlflow.get_experiment_by_name(config.experiment).tags[TAG] == "mine"


def test_description_of_somebody_else_is_kept(tmp_path) -> None:
    config = composed(f"tracking.directory={tmp_path}").tracking
    mlflow.set_tracking_uri(store_of(config).uri)
    mlflow.create_experiment(config.experiment, tags={"mlflow.note.content": "mine"})
    store_of(config).open()
    assert mlflow.get_experiment_by_name(config.experiment).tags["mlflow.note.content"] == "mine"


def test_figure_that_cannot_be_drawn_does_not_prevent_tables(tmp_path) -> None:
    class Broken(Figure):
        def savefig(self, *_, **__) -> None:
            raise ValueError("not drawn")

    config = composed(f"tracking.directory={tmp_path}")
    files = {"figures/a.png": Broken(), "predictions.csv": DataFrame({"a": [1]}), "note.txt": "kept"}
    with pytest.raises(ValueError, match="not drawn"), tracked(config, fingerprint(config, "d" * 64), "x") as run:
        run.save(files)
    (stored,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
    assert {file.path for file in mlflow.MlflowClient().list_artifacts(stored.info.run_id)} == {
        "predictions.csv",
        "note.txt",
    }


@pytest.mark.parametrize(
    ("error", "status"), [(None, "FINISHED"), (InputError("the loss is nan at step 3"), "FAILED"),
                          (KeyboardInterrupt(), "KILLED"), (SystemExit(1), "FAILED")],
    ids=["nothing", "error", "interrupt", "exit"],
)  # fmt: skip
def test_run_ends_with_its_status_and_keeps_what_was_logged(tmp_path, error, status) -> None:
    config = composed(f"tracking.directory={tmp_path}")

    def live() -> None:
        with tracked(config, fingerprint(config, "d" * 64), "cells.npz") as run:
            run.log_metrics({"all_epochs/val_accuracy": 0.5}, step=1)
            run.save({"notes/a.txt": "kept"})
            if error:
                raise error

    if error:
        with pytest.raises(type(error)):
            live()
    else:
        live()
    (stored,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
    assert stored.info.status == status
    assert stored.data.metrics == {"all_epochs/val_accuracy": 0.5}
    assert [entry.path for entry in mlflow.MlflowClient().list_artifacts(stored.info.run_id)] == ["notes"]
    assert stored.data.tags.get("error", "").endswith("step 3" if status == "FAILED" and "loss" in str(error) else "")
    assert mlflow.active_run() is None


def test_run_made_while_another_error_is_handled_finishes(tmp_path) -> None:
    config = composed(f"tracking.directory={tmp_path}")
    try:
        raise InputError("another run failed")
    except InputError:
        with tracked(config, fingerprint(config, "d" * 64), "cells.npz"):
            pass
    (stored,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
    assert (stored.info.status, stored.data.tags.get("error")) == ("FINISHED", None)
