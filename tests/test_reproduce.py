"""The reproduce program: equal runs, different runs, interrupted and rejected repetitions."""

import json
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
from bloodcells.tracking.store import database_uri
from bloodcells.tracking.stored_run import StoredRun, find_run, search
from tests.conftest import SHORT, composed, config_of


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with a store of two runs, with seeds 0 and 1, and their data, cells.npz."""
    folder = tmp_path_factory.mktemp("place")
    save(folder / "cells.npz", 0)
    short = ["evaluation=grid", "evaluation.grid.severities=[2]", "training.fine_tuning.epochs=0"]
    own = [
        *short,
        "augmentation=flip_translate",
        "data=npz",
        f"data.path={folder}/cells.npz",
        f"tracking.directory={folder}/mlruns",
    ]
    for seed in (0, 1):
        train(composed(*SHORT, *own, f"seed={seed}", "study=seeds"))
    return folder


def save(path: Path, seed: int) -> None:
    cells = draw_cells(220, 32, seed)
    np.savez(path, images=cells.pixels, labels=cells.labels)


@pytest.fixture
def runs(place) -> list[StoredRun]:
    """The two runs; changes to the files of the first and to the data are undone after the test."""
    stored = search(composed(f"tracking.directory={place}/mlruns").tracking)
    files = [place / "cells.npz"]
    files += [stored[0].file(name) for name in ("predictions.csv", "packages.txt", "environment.json")]
    contents = [file.read_bytes() for file in files]
    yield stored
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
def test_interrupted_repetition_resumes_and_is_bit_identical(place, runs, monkeypatch, caplog) -> None:
    def interrupt(*_) -> None:
        raise KeyboardInterrupt

    before = len(repetitions(place))
    with monkeypatch.context() as patch:
        patch.setattr(repetition, "compare", interrupt)
        with pytest.raises(KeyboardInterrupt):
            repeat(place, runs[0].id)
    (interrupted, *rest) = repetitions(place)
    assert (interrupted.info.status, len(rest)) == ("KILLED", before)
    caplog.set_level("INFO", "bloodcells")
    repeat(place, runs[0].id)
    weights = sum(weight.size for weight in keras.saving.load_model(runs[0].model_file(place)).get_weights())
    predicted = len(runs[0].predictions().labels)
    distorted = 16 * len(runs[0].predictions().of("test").labels)
    assert f"bit-identical: {weights:,} weights, " in caplog.messages[-1]
    assert f" metric values, {predicted} predictions and {distorted} distorted predictions" in caplog.messages[-1]
    assert "code, packages and machine are unchanged" in caplog.messages
    (repetition_run, *rest) = repetitions(place)
    assert (repetition_run.info.run_id, len(rest)) == (interrupted.info.run_id, before)
    assert repetition_run.info.status == "FINISHED"
    assert list((place / "mlruns" / "checkpoints").glob("*/identity.json")) == []
    assert repetition_run.info.run_name == f"Reproduction of {runs[0].name}"
    assert repetition_run.data.tags["mlflow.parentRunId"] == runs[0].id
    assert repetition_run.data.metrics["reproduction/equal"] == 1
    assert repetition_run.data.metrics["reproduction/weights_differing"] == 0
    assert repetition_run.data.tags["mlflow.note.content"].startswith(
        f"Repetition of run {runs[0].id}.\n\n- verdict: bit-identical"
    )
    assert "**smallcnn**" in repetition_run.data.tags["mlflow.note.content"]
    # It is not listed as a training run.
    assert [run.id for run in search(composed(f"tracking.directory={place}/mlruns").tracking)] == [r.id for r in runs]
    with pytest.raises(InputError, match="none of the 2 training runs"):
        find_run(composed(f"tracking.directory={place}/mlruns").tracking, repetition_run.info.run_id)


def test_two_seeds_differ_by_measured_amounts(runs) -> None:
    verdict = compare(*runs, [])
    assert not verdict.equal
    weights, metrics, predictions, distorted = verdict.compared
    models = [keras.saving.load_model(run.model_file(run.file("config.yaml").parent)).get_weights() for run in runs]
    difference = [np.abs(one.astype(float) - other) for one, other in zip(*models, strict=True)]
    assert weights.max_difference == max(array.max() for array in difference)
    assert weights.differing == sum((array > 0).sum() for array in difference)
    assert metrics.mismatches[0].step == 1
    losses = [mlflow.MlflowClient().get_metric_history(run.id, "val/loss")[0].value for run in runs]
    (row,) = [row for row in metrics.mismatches if (row.what, row.step) == ("val/loss", 1)]
    assert (row.original, row.repeat, row.difference) == (*losses, abs(losses[0] - losses[1]))
    images = [set(run.predictions().examples.tolist()) for run in runs]  # each seed has its own split
    assert images[0] & images[1] != images[0]
    assert predictions.differing >= len(images[0] ^ images[1])
    assert not distorted.equal


def test_changed_conditions_are_logged_before_training_and_one_changed_number_is_reported(place, runs, caplog) -> None:
    caplog.set_level("INFO", "bloodcells")
    packages, environment = (runs[0].file(name) for name in ("packages.txt", "environment.json"))
    packages.write_text(packages.read_text().replace(f"numpy=={np.__version__}", "numpy==1.0"))
    environment.write_text(json.dumps(json.loads(environment.read_text()) | {"processor": "Z80"}))
    table = pd.read_csv(runs[0].file("predictions.csv"), dtype=str)
    table.loc[3, "p(3)"] = str(np.float32(table.loc[3, "p(3)"]) + np.float32(0.25))
    table.to_csv(runs[0].file("predictions.csv"), index=False)
    with pytest.raises(
        NotReproducedError, match=r"1 of 35 predictions differ; possible causes: packages: numpy 1\.0, now"
    ):
        repeat(place, runs[0].id)
    logged = next(k for k, text in enumerate(caplog.messages) if f"numpy 1.0, now {np.__version__}" in text)
    assert logged < next(k for k, text in enumerate(caplog.messages) if text.startswith("training from scratch"))
    assert any(text.startswith("processor: Z80, now ") for text in caplog.messages[: logged + 2])
    repetition_run = repetitions(place)[0]
    assert (repetition_run.info.status, repetition_run.data.metrics["reproduction/equal"]) == ("FINISHED", 0)
    assert repetition_run.data.metrics["reproduction/predictions_max_difference"] == pytest.approx(0.25)
    file = mlflow.artifacts.download_artifacts(run_id=repetition_run.info.run_id, artifact_path="reproduction.csv")
    (row,) = pd.read_csv(file).to_dict("records")
    example = table.loc[3, "example"]
    assert (row["kind"], row["what"]) == ("predictions", f"{table.loc[3, 'split']} {example}, p(3)")
    assert row["original"] - row["repeat"] == pytest.approx(0.25)


def test_changed_data_are_rejected_before_a_run_starts(place, runs) -> None:
    before = len(repetitions(place))
    save(place / "cells.npz", 5)
    with pytest.raises(InputError, match=r"cells.npz has changed since the run was trained; expected .* received"):
        repeat(place, runs[0].id)
    assert len(repetitions(place)) == before


def test_missing_store_and_unknown_run_are_rejected(place) -> None:
    with pytest.raises(InputError, match="tracking=off: stores no runs; expected local or server"):
        reproduce(config_of("reproduce", "run_id=a", "tracking=off"))
    with pytest.raises(InputError, match="run_id=nothing: matches none of the 2 training runs"):
        repeat(place, "nothing")
