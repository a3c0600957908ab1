"""Evaluating a finished run: on its own images, on another data set, and the errors."""

from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from bloodcells.config.errors import InputError
from bloodcells.data.images import Images
from bloodcells.data.synthetic import draw_cells
from bloodcells.evaluate import evaluate
from bloodcells.evaluation.predictions import Predictions
from bloodcells.tracking.database import database_uri
from tests.conftest import KINDS, config_of

OTHER = draw_cells(220, 32, 5)  # another data set


def save(path: Path, images: Images, names: tuple[str, ...] = KINDS) -> None:
    np.savez(path, images=images.pixels, labels=images.labels, class_names=np.array(names))


@pytest.fixture
def folder(trained_run) -> Path:
    """The folder of the run's data, cells.npz, and of its store."""
    return trained_run.folder


@pytest.fixture
def trained(trained_run) -> mlflow.entities.Run:
    """The run to evaluate."""
    return mlflow.get_run(trained_run.run.id)


@pytest.fixture(scope="module")
def other(trained_once) -> mlflow.entities.Run:
    """The evaluation of the run, chosen by its name, on other.npz."""
    save(trained_once.folder / "other.npz", OTHER)
    path = f"data.path={trained_once.folder}/other.npz"
    return scored(trained_once.folder, trained_once.run.name, "data=npz", path)


@pytest.fixture(scope="module")
def averaged(trained_once) -> mlflow.entities.Run:
    """The evaluation of the run with test-time augmentation."""
    return scored(trained_once.folder, trained_once.run.id, "evaluation.test_time_augmentation=true")


def runs(folder: Path, source: str) -> list[mlflow.entities.Run]:
    mlflow.set_tracking_uri(database_uri(folder / "mlruns"))
    where = f"tags.`mlflow.source.name` = '{source}'"
    return mlflow.search_runs(search_all_experiments=True, filter_string=where, output_format="list")


def scored(folder: Path, run_id: str, *overrides: str) -> mlflow.entities.Run:
    evaluate(config_of("evaluate", f"run_id='{run_id}'", f"tracking.directory={folder}/mlruns", *overrides))
    return runs(folder, "bloodcells.evaluate")[0]


def artifact(run: mlflow.entities.Run, name: str) -> Path:
    return Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=name))


def test_evaluating_again_reproduces_the_stored_numbers(folder, trained, caplog) -> None:
    with caplog.at_level("INFO", "bloodcells"):
        evaluation = scored(folder, trained.info.run_id, "evaluation=grid", "evaluation.grid.severities=[2]")
    assert "predictions are bit-identical to the run's" in caplog.messages[-1]
    assert f"{evaluation.info.run_id}/artifacts/evaluation.html" in caplog.messages[-1]
    for name in ("predictions.csv", "shift/predictions.csv", "headline.csv", "per_class.txt", "mistakes/worst.csv"):
        assert artifact(evaluation, name).read_bytes() == artifact(trained, name).read_bytes(), name
    assert len(evaluation.data.metrics) > 30
    for name, value in evaluation.data.metrics.items():
        assert trained.data.metrics[name] == value, name


def test_run_is_chosen_by_its_name_and_is_the_parent_of_the_evaluation(trained, other) -> None:
    assert other.data.tags["mlflow.parentRunId"] == trained.info.run_id
    assert other.info.status == "FINISHED"
    html = artifact(other, "evaluation.html").read_text()
    assert trained.info.run_id in html
    assert html.count("data:image/png;base64,") >= 3


def test_another_data_set_is_scored_whole_and_cleaned_on_request(folder, trained, other) -> None:
    assert Predictions.load(artifact(other, "predictions.csv")).labels.tolist() == OTHER.labels.tolist()
    options = (f"data.path={folder}/other.npz", "data=npz", "data.clean.enabled=true")
    clean = scored(folder, trained.info.run_id, *options)
    assert len(Predictions.load(artifact(clean, "predictions.csv")).labels) < len(OTHER)
    assert clean.inputs.dataset_inputs[0].dataset.name == "other.npz"


def test_classes_in_another_order_are_matched_by_name(folder, trained, other) -> None:
    save(folder / "turned.npz", Images(OTHER.pixels, 7 - OTHER.labels, KINDS, OTHER.examples, ""), KINDS[::-1])
    turned = scored(folder, trained.info.run_id, "data=npz", f"data.path={folder}/turned.npz")
    assert turned.data.metrics == other.data.metrics


def test_images_of_some_classes_are_scored_and_the_others_named(folder, trained, caplog) -> None:
    some = OTHER.take(np.flatnonzero(OTHER.labels < 3))
    save(folder / "some.npz", some, KINDS[:3])
    with caplog.at_level("INFO", "bloodcells"):
        result = scored(folder, trained.info.run_id, "data=npz", f"data.path={folder}/some.npz")
    assert any(message.endswith("no images of kind3, kind4, kind5, kind6, kind7") for message in caplog.messages)
    predictions = Predictions.load(artifact(result, "predictions.csv"))
    assert (predictions.labels.tolist(), predictions.class_names) == (some.labels.tolist(), KINDS)
    assert result.data.metrics["test/accuracy"] == pytest.approx(
        (predictions.predicted == predictions.labels).mean(), abs=1e-6
    )


def test_unknown_classes_are_an_error(folder, trained) -> None:
    save(folder / "strange.npz", OTHER, (*KINDS[:7], "blast"))
    before = len(runs(folder, "bloodcells.evaluate"))
    with pytest.raises(InputError, match="class blast; expected only kind0, kind1"):
        scored(folder, trained.info.run_id, "data=npz", f"data.path={folder}/strange.npz")
    assert len(runs(folder, "bloodcells.evaluate")) == before


def test_images_of_another_size_are_an_error(folder, trained) -> None:
    save(folder / "large.npz", draw_cells(50, 48, 5))
    with pytest.raises(InputError, match="48x48 pixels; expected 32x32, the size of the images"):
        scored(folder, trained.info.run_id, "data=npz", f"data.path={folder}/large.npz")


def test_test_time_augmentation_reports_gain_and_cost(trained, averaged) -> None:
    assert "with a single view" in averaged.data.tags["mlflow.note.content"]
    prefix = "test_time_augmentation/"
    numbers = {
        name.removeprefix(prefix): value for name, value in averaged.data.metrics.items() if name.startswith(prefix)
    }
    single, many = (
        Predictions.load(artifact(averaged, f"predictions{name}.csv")).of("test") for name in ("_single_view", "")
    )
    stored = Predictions.load(artifact(trained, "predictions.csv")).of("test")
    assert np.array_equal(single.probabilities, stored.probabilities)
    assert not np.array_equal(many.probabilities, stored.probabilities)
    before, after = ((p.predicted == p.labels).mean() for p in (single, many))
    assert numbers["single_view_accuracy"] == pytest.approx(before, abs=1e-6)
    assert numbers["gain"] == pytest.approx(after - before, abs=1e-6)
    assert numbers["corrected"] - numbers["broken"] == pytest.approx((after - before) * len(single.labels), abs=1e-4)
    assert numbers["times_slower"] > 0


def test_temperature_for_another_data_set_is_fitted_on_averaged_predictions(folder, trained, averaged, other) -> None:
    own = averaged.data.metrics
    # Both data sets number their images from 0.
    options = ("evaluation.test_time_augmentation=true", "data=npz", f"data.path={folder}/other.npz")
    other = scored(folder, trained.info.run_id, *options)
    assert other.data.metrics["calibration/temperature"] == own["calibration/temperature"]
    assert own["calibration/temperature"] != trained.data.metrics["calibration/temperature"]
    assert set(Predictions.load(artifact(other, "predictions.csv")).splits.tolist()) == {"test"}


def test_every_distorted_image_is_predicted_once_and_counts_in_the_mean(folder, trained) -> None:
    predicted = pd.read_csv(artifact(trained, "shift/predictions.csv"), dtype={"example": str})
    test = Predictions.load(artifact(trained, "predictions.csv")).of("test")
    assert predicted["example"].tolist() == test.examples.tolist()
    columns = predicted.columns[2:]
    assert len(columns) == 16
    correct = predicted[columns].to_numpy() == predicted["label"].to_numpy()[:, None]
    by_image = pd.read_csv(artifact(trained, "by_image.csv"))
    assert by_image["grid"].tolist() == correct.mean(axis=1).tolist()
    assert by_image["predicted"].tolist() == test.predicted.tolist()
    assert trained.data.metrics["shift/mean_accuracy"] == pytest.approx(correct.mean(), abs=1e-6)
    assert trained.data.metrics["shift/worst_accuracy"] == pytest.approx(correct.mean(axis=0).min(), abs=1e-6)
    assert trained.data.metrics["shift/unseen_accuracy"] == pytest.approx(correct.mean(), abs=1e-6)  # augmentation=none


def test_changed_data_is_an_error(folder, trained) -> None:
    before = (folder / "cells.npz").read_bytes()
    save(folder / "cells.npz", draw_cells(220, 32, 9))
    try:
        with pytest.raises(InputError, match="has changed since the run was trained"):
            scored(folder, trained.info.run_id)
    finally:
        (folder / "cells.npz").write_bytes(before)
