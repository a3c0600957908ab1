"""The export program: every format, and what it rejects."""

import logging
import re
from pathlib import Path

import keras
import mlflow
import numpy as np
import pytest

from bloodcells.config.errors import InputError
from bloodcells.deployment import formats
from bloodcells.deployment.write import write
from bloodcells.export import export
from bloodcells.model.build import restore
from bloodcells.model.inference import averaged
from bloodcells.runs.images import split_images
from bloodcells.tracking.stored_run import StoredRun
from tests.conftest import config_of


@pytest.fixture
def program(trained_run, tmp_path):
    """A function that exports the run to tmp_path with the given overrides."""

    def run(*overrides: str) -> None:
        where = [f"tracking.directory={trained_run.folder}/mlruns", f"output={tmp_path}"]
        export(config_of("export", "run_id=smallcnn", *where, *overrides))

    return run


@pytest.fixture
def run(trained_run) -> StoredRun:
    """The run to export."""
    return trained_run.run


@pytest.mark.parametrize(
    ("format", "suffix"),
    [("codabench", ".zip"), pytest.param("savedmodel", "", marks=pytest.mark.slow), ("onnx", ".onnx")],
)
def test_every_format_is_written_and_summarized(program, run, tmp_path, caplog, format, suffix) -> None:
    if format == "onnx":
        pytest.importorskip("tf2onnx")
    caplog.set_level(logging.INFO, logger="bloodcells")
    program(f"format={format}")
    card, written = sorted(tmp_path.iterdir(), key=lambda entry: entry.suffix != ".md")
    assert (card.name, written.name) == (f"{written.name}.md", f"smallcnn_dense_{run.id[:8]}{suffix}")
    assert card.read_text().startswith(f"# {run.name}\n")
    assert_summarized(caplog.messages[-1], written, run)
    assert ("probabilities differ by at most" in caplog.messages[-1]) == (format != "codabench")


def assert_summarized(summary: str, written: Path, run: StoredRun) -> None:
    count = len(run.predictions().of("test").labels)
    assert re.search(rf"written +{re.escape(str(written))} \(\d+\.\d MB\)\n", summary)
    assert f"{count} of {count} labels equal" in summary
    assert "s per image" in summary


def test_keras_format_is_written_with_test_time_augmentation(program, run, tmp_path, caplog) -> None:
    caplog.set_level(logging.INFO, logger="bloodcells")
    program("format=keras", "test_time_augmentation=true")
    written = tmp_path / f"smallcnn_dense_{run.id[:8]}_tta.keras"
    assert f"load_model('{written.name}')" in Path(f"{written}.md").read_text()
    assert_summarized(caplog.messages[-1], written, run)
    pixels = split_images(run, "test")["test"].pixels
    expected = averaged(restore(run.model_file(tmp_path)))(pixels)
    assert np.allclose(keras.saving.load_model(written)(pixels), expected, atol=1e-6)
    assert not np.allclose(run.predictions().of("test").probabilities, expected, atol=1e-6)


def test_without_the_data_predictions_are_compared_on_the_kept_images(program, run, caplog, monkeypatch) -> None:
    caplog.set_level(logging.INFO, logger="bloodcells")

    def unavailable(*_) -> None:
        raise InputError("data.path=cells.npz: no such file")

    monkeypatch.setattr("bloodcells.runs.images.load", unavailable)
    program("format=keras")
    (warning,) = [message for message in caplog.messages if "no such file" in message]
    labels = run.predictions().of("test").labels
    count = sum(min(2, int((labels == label).sum())) for label in set(labels.tolist()))
    assert warning.endswith(f"compares predictions on the {count} images kept with the model instead")
    assert f"{count} of {count} labels equal" in caplog.messages[-1]


def test_wrong_predictions_keep_the_previous_export(program, run, tmp_path, monkeypatch) -> None:
    pytest.importorskip("tf2onnx")
    path = tmp_path / f"smallcnn_dense_{run.id[:8]}.onnx"
    path.write_text("before")
    correct = write

    def wrong(model, format, path, card) -> None:
        *rest, bias = model.layers[-1].get_weights()
        model.layers[-1].set_weights([*rest, np.roll(bias, 1) + np.arange(len(bias))])
        correct(model, format, path, card)

    monkeypatch.setattr("bloodcells.deployment.write.write", wrong)
    with pytest.raises(InputError, match=r"smallcnn_dense_\w{8}.onnx: \d+ of \d+ labels differ"):
        program("format=onnx")
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "before"


def test_model_that_disagrees_with_recorded_predictions_is_rejected(program, run, tmp_path, monkeypatch) -> None:
    other = restore(run.model_file(tmp_path))
    *rest, bias = other.layers[-1].get_weights()
    other.layers[-1].set_weights([*rest, bias + 3 * np.arange(len(bias))])
    other.save(tmp_path / "other.keras")
    monkeypatch.setattr("bloodcells.tracking.stored_run.StoredRun.model_file", lambda *_: tmp_path / "other.keras")
    with pytest.raises(InputError, match=rf"run {run.id}'s model: "):
        program("format=keras")


def test_missing_library_is_named_with_the_extra_that_installs_it(program, monkeypatch) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda name: None if name == "tf2onnx" else object())
    with pytest.raises(InputError, match=r"format=onnx: tf2onnx not installed; expected the extra onnx"):
        program("format=onnx")


def test_unknown_run_is_one_line(trained_run) -> None:
    config = config_of("export", "run_id=nothing", "format=keras", f"tracking.directory={trained_run.folder}/mlruns")
    with pytest.raises(InputError, match="run_id=nothing: matches none of the 1 training runs"):
        export(config)
    assert mlflow.active_run() is None
