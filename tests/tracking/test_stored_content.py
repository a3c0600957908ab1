"""What a run stores: settings, hashes, metrics, model, figures and the view of the table of runs."""

import json
from pathlib import Path

import mlflow
import numpy as np
import pytest
import yaml

from bloodcells.config.schema import TrainConfig
from bloodcells.config.typed import plain
from bloodcells.evaluation.metrics import headline
from bloodcells.evaluation.predictions import Predictions
from bloodcells.evaluation.shift.chains import distort_by_chains
from bloodcells.provenance.fingerprint import fingerprint
from bloodcells.runs.description import run_params
from bloodcells.tracking.store import store_of
from bloodcells.tracking.stored_run import StoredRun
from bloodcells.tracking.view import NAME, TAG
from tests.conftest import composed


@pytest.fixture(scope="module")
def downloaded(trained_once, tmp_path_factory) -> str:
    """The folder of the run's artifacts."""
    mlflow.set_tracking_uri(store_of(trained_once.config.tracking).uri)
    folder = tmp_path_factory.mktemp("artifacts")
    return mlflow.artifacts.download_artifacts(run_id=trained_once.run.id, dst_path=str(folder))


@pytest.fixture
def run(trained_run, downloaded) -> tuple[mlflow.entities.Run, TrainConfig, str]:
    """The run in MLflow, its config and the folder of its artifacts."""
    return mlflow.get_run(trained_run.run.id), trained_run.config, downloaded


def test_run_is_finished_and_named_by_its_settings(run) -> None:
    stored, _, _ = run
    assert stored.info.status == "FINISHED"
    assert stored.info.run_name == "smallcnn dense none sgd focal unfreeze=all seed=3"
    params = stored.data.params
    assert params["backbone"] == "smallcnn"
    assert params["backbone.weights"] == "null"
    assert params["unfreeze"] == "all"
    assert params["head.units"] == "[256,128]"
    assert params["loss.gamma"] == "2.0"
    assert params["training.from_scratch_factor"] == "10.0"
    assert params["augmentation"] == "none"
    assert params["training.fine_tuning.epochs"] == "2"


def test_chains_are_params_of_runs_that_they_affect() -> None:
    settings = ("evaluation.chains.length=3", "evaluation.chains.strength=0.5")
    clean, by_chains = (
        run_params(composed(*settings, f"training.monitor={monitor}")) for monitor in ("clean", "composed")
    )
    chains = {"evaluation.chains.length": 3, "evaluation.chains.strength": 0.5}
    assert by_chains == clean | chains | {"training.monitor": "composed"}


def test_stored_config_equals_the_config(run) -> None:
    _, config, folder = run
    with open(f"{folder}/config.yaml") as file:
        assert yaml.safe_load(file) == plain(config)


def test_hashes_packages_and_machine_are_stored(run) -> None:
    stored, config, folder = run
    expected = fingerprint(config, config.data.load().sha256)
    tags = stored.data.tags
    assert tags["sha256.data"] == expected.data
    assert tags["sha256.config"] == expected.config
    assert tags["sha256.code"] == expected.code
    assert tags["mlflow.source.git.commit"] == expected.commit
    assert tags["git.dirty"] in ("true", "false")
    packages = Path(folder, "packages.txt").read_text().splitlines()
    assert f"mlflow=={mlflow.__version__}" in packages
    machine = json.loads(Path(folder, "environment.json").read_text())
    assert machine["cores"] >= 1
    assert machine["memory_gib"] > 0


def test_epochs_are_numbered_through_both_phases(run) -> None:
    stored, _, folder = run
    client = mlflow.MlflowClient()
    keys = [
        "all_epochs/train_loss",
        "all_epochs/train_accuracy",
        "all_epochs/val_loss",
        "all_epochs/val_accuracy",
        "all_epochs/val_composed_loss",
        "all_epochs/val_composed_accuracy",
    ]
    for key in (*keys, "all_epochs/learning_rate", "all_epochs/trainable_parameters"):
        assert [metric.step for metric in client.get_metric_history(stored.info.run_id, key)] == [1, 2, 3], key
    best = int(stored.data.metrics["best/epoch"])
    for key in ("accuracy", "composed_accuracy"):
        values = [metric.value for metric in client.get_metric_history(stored.info.run_id, f"all_epochs/val_{key}")]
        assert stored.data.metrics[f"best/val_{key}"] == pytest.approx(values[best - 1], abs=1e-6)
    assert len(Path(folder, "history.csv").read_text().splitlines()) == 1 + 3


def test_metrics_follow_from_the_stored_predictions(run) -> None:
    stored, _, folder = run
    predictions = Predictions.load(f"{folder}/predictions.csv")
    assert set(predictions.splits.tolist()) == {"validation", "test"}
    for split, prefix in (("test", "test/"), ("validation", "best/val_")):
        for name, value in headline(predictions.of(split)).items():
            if split == "test" or name in ("accuracy", "macro_f1"):
                assert stored.data.metrics[prefix + name] == pytest.approx(value, abs=1e-6)


def test_model_is_named_after_its_run_and_keeps_two_test_images_of_each_class(run) -> None:
    stored, config, folder = run
    images, test = config.data.load(), Predictions.load(f"{folder}/predictions.csv").of("test")
    of_run = f"source_run_id = '{stored.info.run_id}'"
    (logged,) = mlflow.search_logged_models([stored.info.experiment_id], of_run, output_format="list")
    assert logged.name == stored.info.run_name
    chosen = [k for k, label in enumerate(test.labels) if list(test.labels[:k]).count(label) < 2]
    pixels = [images.pixels[images.examples.tolist().index(test.examples[k])] for k in chosen]
    assert np.array_equal(StoredRun(stored).model_examples(), pixels)
    assert np.allclose(
        mlflow.pyfunc.load_model(logged.model_uri).predict(pixels), test.probabilities[chosen], atol=1e-6
    )


def test_every_image_is_recorded_as_used_or_removed(run) -> None:
    _, config, folder = run
    kept = [line.split(",")[0] for line in Path(folder, "data/split.csv").read_text().splitlines()[1:]]
    removed = [line.split(",")[0] for line in Path(folder, "data/removed.csv").read_text().splitlines()[1:]]
    assert sorted(kept + removed, key=int) == config.data.load().examples.tolist()


def test_model_loads_with_pyfunc_and_keras_and_predicts_as_in_the_run_and_its_validation(run, tmp_path) -> None:
    import keras

    stored, config, folder = run
    images = config.data.load()
    test = Predictions.load(f"{folder}/predictions.csv").of("test")
    pixels = images.pixels[np.isin(images.examples, test.examples)]
    uri = StoredRun(stored).model_uri
    model = mlflow.pyfunc.load_model(uri)
    assert model.metadata.metadata["class_names"] == list(images.class_names)
    predicted = model.predict(pixels)
    assert list(predicted.columns) == list(images.class_names) == model.metadata.get_output_schema().input_names()
    assert np.allclose(predicted, test.probabilities, atol=1e-6)
    loaded = keras.saving.load_model(StoredRun(stored).model_file(tmp_path))
    assert np.allclose(loaded.predict(pixels.astype(np.float32), verbose=0), test.probabilities, atol=1e-6)
    assert not loaded.compiled  # the optimizer would triple the file

    validation = Predictions.load(f"{folder}/predictions.csv").of("validation")
    pixels = images.pixels[np.isin(images.examples, validation.examples)]
    chains = config.evaluation.chains
    drawn = distort_by_chains(
        pixels, validation.examples, strength=chains.strength, length=chains.length, draw=0, seed=3
    )
    predicted = loaded.predict(drawn.astype(np.float32), verbose=0)
    losses = mlflow.MlflowClient().get_metric_history(stored.info.run_id, "all_epochs/val_composed_loss")
    expected = config.loss.build(validation.labels, 8).call(np.eye(8)[validation.labels], predicted)
    best = int(stored.data.metrics["best/epoch"])
    assert losses[best - 1].value == pytest.approx(float(np.mean(expected)), rel=1e-5)


def test_figures_and_description_are_stored(run) -> None:
    stored, _, folder = run
    for name in ("learning_curves", "confusion_matrix", "training_images"):
        with open(f"{folder}/figures/{name}.png", "rb") as file:
            assert file.read(4) == b"\x89PNG"
    note = stored.data.tags["mlflow.note.content"]
    for part in ("**smallcnn** (random weights)", "cells.npz", "training from scratch: 1 epochs", "parameters"):
        assert part in note


def test_data_set_is_named_in_the_table_of_runs(run) -> None:
    stored, _, _ = run
    (dataset,) = stored.inputs.dataset_inputs
    assert dataset.dataset.name == "cells.npz"
    assert stored.data.tags["sha256.data"].startswith(dataset.dataset.digest)


def test_columns_of_the_saved_view_exist_in_a_run(run) -> None:
    stored, _, _ = run
    view = json.loads(mlflow.get_experiment(stored.info.experiment_id).tags[TAG])
    assert view["name"] == NAME
    columns = json.loads(view["state"])["selectedColumns"]
    kinds = {"metrics": stored.data.metrics, "params": stored.data.params}
    for column in columns:
        kind, _, key = column.partition(".")
        assert key.strip("`") in kinds[kind], column
    assert len(columns) > 8
    state = json.loads(view["state"])
    assert (state["orderByKey"], state["orderByAsc"]) == ("metrics.`composed/accuracy`", False)
