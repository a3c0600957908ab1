"""The reproduce program: equal runs, different runs, interrupted and rejected repetitions."""

import json
from collections.abc import Iterator
from pathlib import Path

import keras
import mlflow
import numpy as np
import pandas as pd
import pytest

from bloodcells.config.errors import InputError
from bloodcells.data.synthetic import draw_cells
from bloodcells.reproduce import reproduce
from bloodcells.reproduction import repetition
from bloodcells.reproduction.verdict import NotReproducedError, compare
from bloodcells.runs.train import train
from bloodcells.tracking.database import database_uri
from bloodcells.tracking.find import find_run, search
from bloodcells.tracking.stored_run import StoredRun
from tests.conftest import KINDS, TINY, composed, config_of


@pytest.fixture
def place(trained_run) -> Path:
    """The folder of the run's data, cells.npz, and of its store."""
    return trained_run.folder


@pytest.fixture
def run(trained_run) -> Iterator[StoredRun]:
    """The run to repeat; changes to its files and to the data are undone after the test."""
    files = [trained_run.folder / "cells.npz"]
    files += [trained_run.run.file(name) for name in ("predictions.csv", "packages.txt", "environment.json")]
    contents = [file.read_bytes() for file in files]
    yield trained_run.run
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)


def repeat(place: Path, run_id: str) -> None:
    reproduce(config_of("reproduce", f"run_id='{run_id}'", f"tracking.directory={place}/mlruns"))


def repetitions(place: Path) -> list[mlflow.entities.Run]:
    """The repetitions in the store, newest first."""
    mlflow.set_tracking_uri(database_uri(place / "mlruns"))
    where = "tags.`mlflow.source.name` = 'bloodcells.reproduce'"
    return mlflow.search_runs(search_all_experiments=True, filter_string=where, output_format="list")


@pytest.mark.slow
def test_interrupted_repetition_resumes_and_is_bit_identical(place, run, monkeypatch, caplog) -> None:
    def interrupt(*_) -> None:
        raise KeyboardInterrupt

    before = len(repetitions(place))
    with monkeypatch.context() as patch:
        patch.setattr(repetition, "compare", interrupt)
        with pytest.raises(KeyboardInterrupt):
            repeat(place, run.id)
    (interrupted, *rest) = repetitions(place)
    assert (interrupted.info.status, len(rest)) == ("KILLED", before)
    caplog.set_level("INFO", "bloodcells")
    repeat(place, run.id)
    weights = sum(weight.size for weight in keras.saving.load_model(run.model_file(place)).get_weights())
    predicted = len(run.predictions().labels)
    distorted = (16 + 10) * len(run.predictions().of("test").labels)  # by single distortions and by chains
    assert f"bit-identical: {weights:,} weights, " in caplog.messages[-1]
    assert f" metric values, {predicted} predictions and {distorted} distorted predictions" in caplog.messages[-1]
    assert "code, packages and machine are unchanged" in caplog.messages
    (repetition_run, *rest) = repetitions(place)
    assert (repetition_run.info.run_id, len(rest)) == (interrupted.info.run_id, before)
    assert repetition_run.info.status == "FINISHED"
    assert list((place / "mlruns" / "checkpoints").glob("*/identity.json")) == []
    assert repetition_run.info.run_name == f"Reproduction of {run.name}"
    assert repetition_run.data.tags["mlflow.parentRunId"] == run.id
    assert repetition_run.data.metrics["reproduction/equal"] == 1
    assert repetition_run.data.metrics["reproduction/weights_differing"] == 0
    assert repetition_run.data.tags["mlflow.note.content"].startswith(
        f"Repetition of run {run.id}.\n\n- verdict: bit-identical"
    )
    assert "**smallcnn**" in repetition_run.data.tags["mlflow.note.content"]
    # It is not listed as a training run.
    assert [stored.id for stored in search(composed(f"tracking.directory={place}/mlruns").tracking)] == [run.id]
    with pytest.raises(InputError, match="none of the 1 training runs"):
        find_run(composed(f"tracking.directory={place}/mlruns").tracking, repetition_run.info.run_id)


@pytest.mark.slow
def test_two_seeds_differ_by_measured_amounts(tmp_path) -> None:
    grid = ("evaluation=grid", "evaluation.grid.severities=[2]", f"tracking.directory={tmp_path}")
    for seed in (0, 1):
        train(composed(*TINY, *grid, f"seed={seed}"))
    runs = search(composed(*grid).tracking)
    verdict = compare(*runs, [])
    assert not verdict.equal
    weights, metrics, predictions, distorted = verdict.compared
    models = [keras.saving.load_model(run.model_file(run.file("config.yaml").parent)).get_weights() for run in runs]
    difference = [np.abs(one.astype(float) - other) for one, other in zip(*models, strict=True)]
    assert weights.max_difference == max(array.max() for array in difference)
    assert weights.differing == sum((array > 0).sum() for array in difference)
    assert metrics.mismatches[0].step == 1
    losses = [mlflow.MlflowClient().get_metric_history(run.id, "all_epochs/val_loss")[0].value for run in runs]
    (row,) = [row for row in metrics.mismatches if (row.what, row.step) == ("all_epochs/val_loss", 1)]
    assert (row.original, row.repeat, row.difference) == (*losses, abs(losses[0] - losses[1]))
    images = [set(run.predictions().examples.tolist()) for run in runs]  # each seed has its own split
    assert images[0] & images[1] != images[0]
    assert predictions.differing >= len(images[0] ^ images[1])
    assert not distorted.equal


def test_changed_conditions_are_logged_before_training_and_one_changed_number_is_reported(place, run, caplog) -> None:
    caplog.set_level("INFO", "bloodcells")
    packages, environment = (run.file(name) for name in ("packages.txt", "environment.json"))
    packages.write_text(packages.read_text().replace(f"numpy=={np.__version__}", "numpy==1.0"))
    environment.write_text(json.dumps(json.loads(environment.read_text()) | {"processor": "Z80"}))
    table = pd.read_csv(run.file("predictions.csv"), dtype=str)
    table.loc[3, "p(kind3)"] = str(np.float32(table.loc[3, "p(kind3)"]) + np.float32(0.25))
    table.to_csv(run.file("predictions.csv"), index=False)
    with pytest.raises(
        NotReproducedError, match=r"1 of \d+ predictions differ; possible causes: packages: numpy 1\.0, now"
    ):
        repeat(place, run.id)
    logged = next(k for k, text in enumerate(caplog.messages) if f"numpy 1.0, now {np.__version__}" in text)
    assert logged < next(k for k, text in enumerate(caplog.messages) if text.startswith("training from scratch"))
    assert any(text.startswith("processor: Z80, now ") for text in caplog.messages[: logged + 2])
    repetition_run = repetitions(place)[0]
    assert (repetition_run.info.status, repetition_run.data.metrics["reproduction/equal"]) == ("FINISHED", 0)
    assert repetition_run.data.metrics["reproduction/predictions_max_difference"] == pytest.approx(0.25)
    file = mlflow.artifacts.download_artifacts(run_id=repetition_run.info.run_id, artifact_path="reproduction.csv")
    (row,) = pd.read_csv(file).to_dict("records")
    example = table.loc[3, "example"]
    assert (row["kind"], row["what"]) == ("predictions", f"{table.loc[3, 'split']} {example}, p(kind3)")
    assert row["original"] - row["repeat"] == pytest.approx(0.25)


def test_changed_data_are_rejected_before_a_run_starts(place, run) -> None:
    before = len(repetitions(place))
    cells = draw_cells(220, 32, 5)
    np.savez(place / "cells.npz", images=cells.pixels, labels=cells.labels, class_names=KINDS)
    with pytest.raises(InputError, match=r"cells.npz has changed since the run was trained; expected .* received"):
        repeat(place, run.id)
    assert len(repetitions(place)) == before


def test_missing_store_and_unknown_run_are_rejected(place) -> None:
    with pytest.raises(InputError, match="tracking=off: stores no runs; expected local or server"):
        reproduce(config_of("reproduce", "run_id=a", "tracking=off"))
    with pytest.raises(InputError, match="run_id=nothing: matches none of the 1 training runs"):
        repeat(place, "nothing")
