"""A finished run scored again: on its own images, on others, and what is refused."""

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
from bloodcells.runs.train import train
from bloodcells.tracking.store import database_uri
from tests.config.test_programs import config_of
from tests.conftest import SHORT, composed

NAMES = tuple(f"kind{k}" for k in range(8))


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with an archive, other.npz, and a store with a run that was trained on cells.npz beside it."""
    folder = tmp_path_factory.mktemp("place")
    for name, seed in (("cells", 0), ("other", 5)):
        save(folder / f"{name}.npz", draw_cells(220, 32, seed))
    shift = ["evaluation=shifted", "evaluation.shift.severities=[2]", "training.fine_tuning.epochs=0"]
    train(composed(*SHORT, *shift, "data=npz", f"data.path={folder}/cells.npz", f"tracking.directory={folder}/mlruns"))
    return folder


def save(path: Path, images: Images, names: tuple[str, ...] = NAMES) -> None:
    np.savez(path, images=images.pixels, labels=images.labels, class_names=np.array(names))


@pytest.fixture
def trained(place) -> mlflow.entities.Run:
    return runs(place, "bloodcells.train")[0]


def runs(place: Path, source: str) -> list[mlflow.entities.Run]:
    mlflow.set_tracking_uri(database_uri(place / "mlruns"))
    where = f"tags.`mlflow.source.name` = '{source}'"
    return mlflow.search_runs(search_all_experiments=True, filter_string=where, output_format="list")


def scored(place: Path, run_id: str, *overrides: str) -> mlflow.entities.Run:
    evaluate(config_of("evaluate", f"run_id='{run_id}'", f"tracking.directory={place}/mlruns", *overrides))
    return runs(place, "bloodcells.evaluate")[0]


def kept(run: mlflow.entities.Run, name: str) -> Path:
    return Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=name))


def test_scoring_again_gives_the_stored_numbers_to_the_last_digit(place, trained, caplog) -> None:
    with caplog.at_level("INFO", "bloodcells"):
        found = scored(place, trained.info.run_id, "evaluation=shifted", "evaluation.shift.severities=[2]")
    assert "predictions are bit-identical to the run's" in caplog.messages[-1]
    assert f"{found.info.run_id}/artifacts/evaluation.html" in caplog.messages[-1]
    for name in ("predictions.csv", "shift/predictions.csv", "headline.csv", "per_class.txt", "mistakes/worst.csv"):
        assert kept(found, name).read_bytes() == kept(trained, name).read_bytes(), name
    assert len(found.data.metrics) > 30
    for name, value in found.data.metrics.items():
        assert trained.data.metrics[name] == value, name


def test_a_name_and_a_beginning_do_for_an_id_and_the_evaluation_stands_below_its_run(place, trained) -> None:
    for wanted in (trained.info.run_id[:6], trained.info.run_name, "smallcnn"):
        found = scored(place, wanted)
        assert found.data.tags["mlflow.parentRunId"] == trained.info.run_id
        assert found.info.status == "FINISHED"
    html = kept(found, "evaluation.html").read_text()
    assert trained.info.run_id in html
    assert html.count("data:image/png;base64,") >= 3


def test_another_set_is_scored_whole_and_cleaned_when_asked(place, trained) -> None:
    other = [f"data.path={place}/other.npz", "data=npz"]
    whole = Predictions.load(kept(scored(place, trained.info.run_id, *other), "predictions.csv"))
    images = draw_cells(220, 32, 5)
    assert whole.labels.tolist() == images.labels.tolist()
    clean = scored(place, trained.info.run_id, *other, "data.clean.enabled=true")
    assert len(Predictions.load(kept(clean, "predictions.csv")).labels) < len(images)
    assert clean.inputs.dataset_inputs[0].dataset.name == "other.npz"


def test_classes_in_another_order_are_matched_by_name(place, trained) -> None:
    images = draw_cells(220, 32, 5)
    save(place / "turned.npz", Images(images.pixels, 7 - images.labels, NAMES, images.examples, ""), NAMES[::-1])
    paths = (f"data.path={place}/{name}.npz" for name in ("other", "turned"))
    one, two = (scored(place, trained.info.run_id, "data=npz", path).data.metrics for path in paths)
    assert one == two


def test_other_classes_are_refused_and_named(place, trained) -> None:
    save(place / "strange.npz", draw_cells(220, 32, 5), (*NAMES[:7], "blast"))
    before = len(runs(place, "bloodcells.evaluate"))
    with pytest.raises(InputError, match="it lacks kind7; unknown are blast"):
        scored(place, trained.info.run_id, "data=npz", f"data.path={place}/strange.npz")
    assert len(runs(place, "bloodcells.evaluate")) == before


def test_images_of_another_size_are_refused(place, trained) -> None:
    save(place / "large.npz", draw_cells(220, 48, 5))
    with pytest.raises(InputError, match="48 pixels wide and 48 high; expected 32 and 32, as the run was trained on"):
        scored(place, trained.info.run_id, "data=npz", f"data.path={place}/large.npz")


def test_test_time_augmentation_tells_what_it_gains_and_costs(place, trained, caplog) -> None:
    caplog.set_level("INFO", "bloodcells")
    found = scored(place, trained.info.run_id, "evaluation.test_time_augmentation=true")
    assert "by a single view" in caplog.messages[-1]
    prefix = "test_time_augmentation/"
    numbers = {
        name.removeprefix(prefix): value for name, value in found.data.metrics.items() if name.startswith(prefix)
    }
    single, many = (Predictions.load(kept(found, f"predictions{name}.csv")).of("test") for name in ("_single_view", ""))
    stored = Predictions.load(kept(trained, "predictions.csv")).of("test")
    assert np.array_equal(single.probabilities, stored.probabilities)
    assert not np.array_equal(many.probabilities, stored.probabilities)
    before, after = ((p.predicted == p.labels).mean() for p in (single, many))
    assert numbers["single_view_accuracy"] == pytest.approx(before)
    assert numbers["gain"] == pytest.approx(after - before)
    assert numbers["mended"] - numbers["broken"] == pytest.approx((after - before) * len(single.labels))
    assert numbers["times_slower"] > 0


def test_with_several_views_another_sets_temperature_is_fitted_on_the_runs_own_images_seen_so_too(
    place, trained
) -> None:
    views = "evaluation.test_time_augmentation=true"
    own = scored(place, trained.info.run_id, views).data.metrics
    # Both sets number their images from 0.
    other = scored(place, trained.info.run_id, views, "data=npz", f"data.path={place}/other.npz")
    assert other.data.metrics["calibration/temperature"] == own["calibration/temperature"]
    assert own["calibration/temperature"] != trained.data.metrics["calibration/temperature"]
    assert set(Predictions.load(kept(other, "predictions.csv")).splits.tolist()) == {"test"}


def test_every_distorted_image_is_answered_once_and_the_mean_is_over_all(place, trained) -> None:
    answers = pd.read_csv(kept(trained, "shift/predictions.csv"), dtype={"example": str})
    test = Predictions.load(kept(trained, "predictions.csv")).of("test")
    assert answers["example"].tolist() == test.examples.tolist()
    columns = answers.columns[2:]
    assert len(columns) == 16
    right = answers[columns].to_numpy() == answers["label"].to_numpy()[:, None]
    by_image = pd.read_csv(kept(trained, "shift/by_image.csv"))
    assert by_image["shifted_accuracy"].tolist() == right.mean(axis=1).tolist()
    assert by_image["predicted"].tolist() == test.predicted.tolist()
    assert trained.data.metrics["shift/mean_accuracy"] == pytest.approx(right.mean())
    assert trained.data.metrics["shift/worst_accuracy"] == pytest.approx(right.mean(axis=0).min())
    assert trained.data.metrics["shift/unseen_accuracy"] == pytest.approx(right.mean())  # augmentation=none


def test_data_that_changed_since_is_refused(place, trained) -> None:
    before = (place / "cells.npz").read_bytes()
    save(place / "cells.npz", draw_cells(220, 32, 9))
    try:
        with pytest.raises(InputError, match="has changed since it was trained"):
            scored(place, trained.info.run_id)
    finally:
        (place / "cells.npz").write_bytes(before)
