"""A repetition as a run in the store."""

import mlflow
import pytest

from bloodcells.provenance.fingerprint import Fingerprint
from bloodcells.runs.lifecycle import tracked
from bloodcells.tracking.store import store_of
from bloodcells.tracking.stored_run import StoredRun
from tests.conftest import composed

FINGERPRINT = Fingerprint("d" * 64, "c" * 64, "e" * 64, "f" * 64, "none", "abc", False)


def test_interrupted_repetition_resumes_only_for_the_same_original(tmp_path) -> None:
    config = composed(f"tracking.directory={tmp_path}")
    store_of(config.tracking).open()
    one, other = (StoredRun(mlflow.MlflowClient().create_run("1", run_name=name)) for name in ("one", "other"))

    def interrupt(original: StoredRun | None) -> None:
        with tracked(config, FINGERPRINT, "cells.npz", original=original) as run:
            started.append(run.id)
            raise KeyboardInterrupt

    started: list[str] = []
    for original in (None, one, other) * 2:
        with pytest.raises(KeyboardInterrupt):
            interrupt(original)
    assert len(set(started[:3])) == 3
    assert started[3:] == started[:3]
    repeated = mlflow.get_run(started[1])
    assert repeated.info.run_name == "Reproduction of one"
    assert repeated.data.tags["mlflow.parentRunId"] == one.id
