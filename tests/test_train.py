"""Whole runs, small: every option of every group, and every way a run can end."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import mlflow
import numpy as np
import pytest

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.data.sources import SyntheticData
from bloodcells.data.synthetic import draw_cells
from bloodcells.evaluation.predictions import Predictions
from bloodcells.runs.train import train
from bloodcells.tracking.store import database_uri
from bloodcells.training.devices import prepare
from tests.conftest import SHORT, TINY, composed

BIG = ["vgg19", "convnextlarge", "convnexttiny", "efficientnetv2b0", "efficientnetv2l", "efficientnetv2s"]
OPTIONS = [
    ["head=linear", "unfreeze=[block3,0.5]", "training.fine_tuning.epochs=2"],
    ["augmentation=flip_translate", "optimizer=adam", "loss=crossentropy"],
    ["augmentation=extended", "optimizer=lion", "loss=weighted_crossentropy", "training.batch_norm=train"],
    ["augmentation=[randaugment_kerascv,cutmix]", "optimizer=sgd", "loss=focal", "unfreeze=0"],
    ["augmentation=mixup", "schedule@training.feature_extraction.schedule=constant", "backbone.input_size=48"],
    ["augmentation.mixup.offline=true", "augmentation=mixup", "schedule@training.fine_tuning.schedule=plateau"],
    ["data.clean.enabled=false", "training.precision=mixed_bfloat16", "training.feature_extraction.epochs=0"],
    ["training.precision=mixed_float16", "training.fine_tuning.epochs=0"],
]


@pytest.mark.parametrize("overrides", OPTIONS, ids=lambda overrides: overrides[0])
def test_every_option_trains_and_is_stored(tiny_run, overrides) -> None:
    run = tiny_run(*overrides)
    assert run.info.status == "FINISHED"
    for key, _, value in (override.partition("=") for override in overrides):
        if key in ("head", "optimizer", "loss", "unfreeze", "training.batch_norm", "training.precision"):
            assert run.data.params[key] == value
    assert 0 <= run.data.metrics["test/accuracy"] <= 1
    assert np.isfinite(run.data.metrics["best/val_loss"])


def test_pretrained_backbone_trains_its_head_and_then_from_a_block_on(tiny_run, tmp_path) -> None:
    import keras

    donor = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3), alpha=0.35)
    donor.save_weights(tmp_path / "donor.weights.h5")
    weights = f"backbone.weights={tmp_path}/donor.weights.h5"
    run = tiny_run("backbone=mobilenetv2", "backbone.alpha=0.35", weights, "unfreeze=block16")
    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "trainable_parameters")
    head = (1280 + 1) * 256 + (256 + 1) * 128 + (128 + 1) * 8
    # from block16 on, without batch normalization: 1x1 56 to 336, depthwise 3x3, 1x1 336 to 112, 1x1 112 to 1280
    assert [metric.value for metric in history] == [head, head + 56 * 336 + 9 * 336 + 336 * 112 + 112 * 1280]
    assert run.data.params["backbone.weights"] == "donor.weights.h5"
    content = Path(tmp_path, "donor.weights.h5").read_bytes()
    assert run.data.tags["sha256.initial_weights"] == hashlib.sha256(content).hexdigest()


@pytest.mark.slow  # smallcnn and MobileNetV2 train in other tests
@pytest.mark.parametrize("name", BIG)
def test_every_backbone_trains_through_both_phases(tiny_run, name) -> None:
    run = tiny_run(f"backbone={name}", "backbone.weights=null", "unfreeze=10", "training.batch_size=32")
    assert run.info.status == "FINISHED"
    assert run.data.metrics["trainable_parameters"] > 0


@pytest.fixture
def cells():
    return draw_cells(200, 32, 1)


def test_archive_trains(tiny_run, tmp_path, cells) -> None:
    np.savez(tmp_path / "cells.npz", images=cells.pixels, labels=cells.labels[:, None])
    run = tiny_run("data=npz", f"data.path={tmp_path}/cells.npz", short=SHORT)
    assert run.inputs.dataset_inputs[0].dataset.name == "cells.npz"


def test_folder_trains(tiny_run, tmp_path, cells) -> None:
    from PIL import Image

    for number, (pixels, label) in enumerate(zip(cells.pixels, cells.labels, strict=True)):
        folder = tmp_path / "cells" / cells.class_names[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    run = tiny_run("data=folder", f"data.path={tmp_path}/cells", short=SHORT)
    assert run.info.status == "FINISHED"


def test_model_is_stored_even_if_scoring_fails(tmp_path, monkeypatch) -> None:
    from bloodcells.evaluation import score

    def fail(*_) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(score, "predict", fail)
    with pytest.raises(MemoryError):
        train(composed(*TINY, "training.fine_tuning.epochs=0", f"tracking.directory={tmp_path}"))
    (run,) = runs(tmp_path)
    assert run.info.status == "FAILED"
    assert mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")


def test_without_tracking_nothing_is_stored_and_the_summary_says_so(tmp_path, caplog) -> None:
    with caplog.at_level("INFO", "bloodcells"):
        train(composed(*TINY, "tracking=off", "training.fine_tuning.epochs=0"))
    assert "not stored, since tracking=off" in caplog.messages[-1]
    assert list(tmp_path.iterdir()) == []


def test_runs_are_stored_on_a_server(tmp_path) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
         "--backend-store-uri", f"sqlite:///{tmp_path}/s.db", "--artifacts-destination", str(tmp_path / "artifacts")],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        uri = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{uri}/health", timeout=1)
                break
            except OSError:
                time.sleep(0.3)
        train(composed(*TINY, "tracking=server", f"tracking.uri={uri}", "training.fine_tuning.epochs=0"))
        (run,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
        assert run.info.status == "FINISHED"
        assert mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
    finally:
        os.killpg(server.pid, signal.SIGKILL)


def test_two_logical_processors_share_each_batch(tmp_path) -> None:
    code = (
        "import tensorflow as tf, sys\n"
        "cpu = tf.config.list_physical_devices('CPU')[0]\n"
        "tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)\n"
        "from bloodcells.training import devices\n"
        "prepare, seen = devices.prepare, []\n"
        "devices.prepare = lambda *arguments: seen.append(prepare(*arguments)) or seen[0]\n"
        "from tests.conftest import TINY, composed\n"
        "from bloodcells.runs.train import train\n"
        "train(composed(*TINY, 'training.mirrored=true', 'loss=crossentropy', f'tracking.directory={sys.argv[1]}'))\n"
        "assert seen[0].num_replicas_in_sync == 2\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=CHECKOUT, check=True, capture_output=True)
    (run,) = runs(tmp_path)
    assert run.info.status == "FINISHED"
    file = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="predictions.csv")
    validation = Predictions.load(Path(file)).of("validation")
    crossentropy = -np.log(validation.probabilities[np.arange(len(validation.labels)), validation.labels]).mean()
    assert run.data.metrics["best/val_loss"] == pytest.approx(crossentropy, rel=1e-4)


def test_layers_compute_in_the_configured_precision() -> None:
    import keras

    prepare(composed("training.precision=mixed_bfloat16").training, 0)
    assert keras.layers.Dense(1).compute_dtype == "bfloat16"
    prepare(composed().training, 0)
    assert keras.layers.Dense(1).compute_dtype == "float32"


def test_batch_that_devices_cannot_share_evenly_is_refused(monkeypatch) -> None:
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: ["first", "second"] if kind == "GPU" else [])
    with pytest.raises(InputError, match=r"training\.batch_size=63: expected a multiple of 2"):
        prepare(composed("training.mirrored=true", "training.batch_size=63").training, 0)


def runs(directory) -> list[mlflow.entities.Run]:
    mlflow.set_tracking_uri(database_uri(directory))
    return mlflow.search_runs(search_all_experiments=True, output_format="list")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["data=npz", "data.path=none.npz"], "no such file"),
        (["backbone=vgg19", "backbone.weights=none.h5"], "no such file"),
        (["unfreeze=nowhere"], "smallcnn has the blocks"),
        (["backbone=vgg19", "backbone.weights=null", "data.image_size=32", "backbone.input_size=16"], "vgg19 needs 32"),
        (["data.images=200", "data.split.test_share=0.98", "data.split.validation_share=0.01"], "no image left for"),
    ],
    ids=["data", "weights", "depth", "size", "split"],
)
def test_errors_before_training_leave_no_run_and_no_store(tmp_path, overrides, message) -> None:
    with pytest.raises(InputError, match=message):
        train(composed(*overrides, f"tracking.directory={tmp_path}/mlruns"))
    assert not (tmp_path / "mlruns").exists()


def test_missing_weights_are_reported_before_data_is_loaded(monkeypatch) -> None:
    monkeypatch.setattr(SyntheticData, "load", lambda source: pytest.fail("data was loaded first"))
    with pytest.raises(InputError, match="no such file"):
        train(composed("backbone=vgg19", "backbone.weights=none.h5"))


@pytest.mark.slow
def test_default_config_exceeds_95_percent(tiny_run) -> None:
    assert tiny_run(short=()).data.metrics["test/accuracy"] > 0.95


def test_loss_that_is_not_finite_fails_the_run_with_the_step(tmp_path) -> None:
    rate = "training.feature_extraction.learning_rate=1e18"
    with pytest.raises(InputError, match="the loss is"):
        train(composed(*TINY, "optimizer=sgd", "loss=crossentropy", rate, f"tracking.directory={tmp_path}"))
    (run,) = runs(tmp_path)
    assert run.info.status == "FAILED"
    assert "at step" in run.data.tags["error"]
