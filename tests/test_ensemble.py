"""Several runs that predict together: evaluated, exported, used for other images, and the errors."""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from bloodcells.config.errors import InputError
from bloodcells.data.synthetic import draw_cells
from bloodcells.evaluate import evaluate
from bloodcells.export import export
from bloodcells.model.inference import members
from bloodcells.predict import predict
from bloodcells.runs.result import stored_model
from bloodcells.runs.train import train
from bloodcells.tracking.find import find_runs, search
from bloodcells.tracking.stored_run import StoredRun
from tests.conftest import KINDS, SHORT, composed, config_of


@dataclass(frozen=True)
class Trained:
    """Two runs with the same test images, three with others, and the folder of their store.

    namesakes: with other images that have the same names, splits and labels; larger: with larger images
    """

    folder: Path
    first: StoredRun
    second: StoredRun
    elsewhere: StoredRun
    namesakes: StoredRun
    larger: StoredRun

    @property
    def both(self) -> str:
        return f"run_id='[{self.first.id},{self.second.id}]'"

    @property
    def store(self) -> str:
        return f"tracking.directory={self.folder}/mlruns"

    @property
    def mean(self) -> np.ndarray:
        """Of the stored probabilities for the test images."""
        stored = [run.predictions().of("test").probabilities for run in (self.first, self.second)]
        return (stored[0].astype(float) + stored[1]) / 2


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Trained:
    folder = tmp_path_factory.mktemp("ensemble")
    cells, larger = draw_cells(150, 32, 0), draw_cells(150, 48, 0)
    for name, pixels in (("cells", cells.pixels), ("namesakes", 255 - cells.pixels), ("larger", larger.pixels)):
        np.savez(folder / f"{name}.npz", images=pixels, labels=cells.labels, class_names=KINDS)
    for name, seed, split in (("cells", 0, 0), ("cells", 1, 0), ("cells", 2, 2), ("namesakes", 0, 0), ("larger", 0, 0)):
        data = ("data=npz", f"data.path={folder}/{name}.npz", f"seed={seed}", f"data.split.seed={split}")
        config = composed(*SHORT, *data, f"tracking.directory={folder}/mlruns")
        train(config)
    return Trained(folder, *search(config.tracking))


def test_the_mean_of_the_probabilities_is_scored(trained, caplog) -> None:
    caplog.set_level("INFO", "bloodcells")
    result = evaluate(config_of("evaluate", trained.both, trained.store, "evaluation=composed"))
    test = result.predictions.of("test")
    assert test.probabilities == pytest.approx(trained.mean, abs=1e-6)
    labels = trained.first.predictions().of("test").labels
    assert result.metrics["test/accuracy"] == pytest.approx((trained.mean.argmax(axis=1) == labels).mean())
    assert result.metrics["composed/accuracy"] > 0
    assert f"run {trained.first.id}, {trained.second.id}: mean of 2 runs" in caplog.text
    assert "0 predicted classes changed" in caplog.text or "bit-identical" in caplog.text
    assert result.predictions.of("validation").labels.size


def test_other_images_are_predicted_by_the_mean(trained, tmp_path) -> None:
    images = trained.first.predictions().of("test").examples.astype(int)
    with np.load(trained.folder / "cells.npz") as cells:
        np.savez(tmp_path / "unlabeled.npz", images=cells["images"][images])
    path = f"data.path={tmp_path}/unlabeled.npz"
    table = predict(config_of("predict", trained.both, trained.store, path, f"output={tmp_path}/out"))
    assert table[[f"p({name})" for name in KINDS]].to_numpy() == pytest.approx(trained.mean, abs=1e-6)
    assert len(pd.read_csv(tmp_path / "out" / "predictions.csv")) == len(images)


def test_the_exported_file_is_the_mean(trained, tmp_path) -> None:
    export(config_of("export", trained.both, trained.store, "format=keras", f"output={tmp_path}"))
    (file,) = tmp_path.glob("*.keras")
    assert file.name == f"smallcnn_dense_{trained.first.id[:8]}_mean_of_2.keras"
    images = trained.first.predictions().of("test").examples.astype(int)
    with np.load(trained.folder / "cells.npz") as cells:
        pixels = cells["images"][images]
    model = keras.saving.load_model(file)
    assert model.predict(pixels, verbose=0) == pytest.approx(trained.mean, abs=1e-5)
    assert [len(members(each)) for each in (model, stored_model(trained.first))] == [2, 1]


def test_runs_that_cannot_predict_together_are_refused(trained) -> None:
    tracking = config_of("evaluate", "run_id=x", trained.store).tracking
    first, elsewhere = trained.first.id, trained.elsewhere.id
    with pytest.raises(InputError, match="2 runs, of which some are the same"):
        find_runs(tracking, f"[{first},{first}]")
    with pytest.raises(InputError, match="different validation or test images; expected the same data and split"):
        find_runs(tracking, f"[{first},{elsewhere}]").predictions()
    with pytest.raises(InputError, match="different validation or test images"):
        find_runs(tracking, f"[{first},{trained.namesakes.id}]").predictions()
    with pytest.raises(InputError, match="take images of different sizes; expected one size"):
        stored_model(find_runs(tracking, f"[{first},{trained.larger.id}]"))
    with pytest.raises(InputError, match="run_id=nosuch: matches none"):
        find_runs(tracking, f"[{first},nosuch]")
    for wanted in ("[]", f"[{first},]"):
        with pytest.raises(InputError, match=r"a run is missing; expected their ids or names, as in \[a,b\]"):
            find_runs(tracking, wanted)
    with pytest.raises(InputError, match=rf"expected one run, or .* 'run_id=\[{first},{elsewhere}\]'"):
        find_runs(tracking, f"{first}, {elsewhere}")
    assert find_runs(tracking, f"[{first}]").id == first
    assert find_runs(tracking, f'["{trained.second.name}"]').id == trained.second.id
