"""Whole training runs on a few small images: every option of every group, and every way a run can end."""

import hashlib
import subprocess
import sys
from pathlib import Path

import mlflow
import mlflow.server.handlers
import numpy as np
import pytest
from PIL import Image

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.data.sources import SyntheticData
from bloodcells.data.synthetic import draw_cells
from bloodcells.evaluation.predictions import Predictions
from bloodcells.model.backbones import SmallCNN
from bloodcells.runs.train import train
from bloodcells.tracking.database import database_uri
from bloodcells.tracking.stored_run import StoredRun
from bloodcells.training.devices import prepare
from tests.conftest import SHORT, TINY, composed

BIG = [
    "vgg19",
    "convnextlarge",
    "convnexttiny",
    "efficientnetv2b0",
    "efficientnetv2l",
    "efficientnetv2s",
    "mobilenetv2",
]
OPTIONS = {
    "folder": (
        "data=folder data.path={cells} head=linear unfreeze=[block3,0.5] training.fine_tuning.epochs=2 "
        "augmentation=flip_translate optimizer=adam loss=crossentropy backbone.input_size=48 "
        "schedule@training.feature_extraction.schedule=constant"
    ),
    "archive": (
        "data=npz data.path={cells}.npz augmentation=extended optimizer=lion loss=weighted_crossentropy "
        "training.batch_norm=train schedule@training.fine_tuning.schedule=plateau"
    ),
    "random state": (
        "augmentation=[randaugment_kerascv,mixup,cutmix] optimizer=sgd loss=focal unfreeze=0 "
        "training.feature_extraction.epochs=0"
    ),
    "offline mixup": (
        "augmentation.mixup.offline=true augmentation=mixup data.clean.enabled=false optimizer=adamw "
        "training.precision=mixed_float16 training.feature_extraction.epochs=0"
    ),
}


def runs(directory) -> list[mlflow.entities.Run]:
    mlflow.set_tracking_uri(database_uri(directory))
    return mlflow.search_runs(search_all_experiments=True, output_format="list")


@pytest.fixture(scope="module")
def cells(tmp_path_factory) -> Path:
    """A folder of images by class, next to an archive of the same images."""
    images = draw_cells(200, 32, 1)
    path = tmp_path_factory.mktemp("data") / "cells"
    np.savez(f"{path}.npz", images=images.pixels, labels=images.labels[:, None])
    for number, (pixels, label) in enumerate(zip(images.pixels, images.labels, strict=True)):
        folder = path / images.class_names[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return path


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_trains_and_is_stored(tiny_run, cells, name) -> None:
    overrides = OPTIONS[name].format(cells=cells).split()
    run = tiny_run(*overrides, short=SHORT if "data.path" in OPTIONS[name] else TINY)
    assert run.info.status == "FINISHED"
    for key, _, value in (override.partition("=") for override in overrides):
        if key in ("data", "head", "optimizer", "loss", "unfreeze", "training.batch_norm", "training.precision"):
            assert run.data.params[key] == value
    assert 0 <= run.data.metrics["test/accuracy"] <= 1
    assert np.isfinite(run.data.metrics["best/val_loss"])
    origin = {"folder": "cells", "archive": "cells.npz"}.get(name, "synthetic cells, seed 0")
    assert run.inputs.dataset_inputs[0].dataset.name == origin


def test_pretrained_backbone_trains_its_head_and_then_from_a_block_on(tiny_run, tmp_path) -> None:
    donor = SmallCNN("smallcnn", None, None).build((32, 32, 3))
    donor.save_weights(tmp_path / "donor.weights.h5")
    run = tiny_run(f"backbone.weights={tmp_path}/donor.weights.h5", "unfreeze=block3")
    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "all_epochs/trainable_parameters")
    head = (96 + 1) * 256 + (256 + 1) * 128 + (128 + 1) * 8
    # block3, without batch normalization: two 3x3 convolutions, 64 to 96 and 96 to 96 channels
    assert [metric.value for metric in history] == [head, head + 9 * 64 * 96 + 9 * 96 * 96]
    assert run.data.params["backbone.weights"] == "donor.weights.h5"
    content = Path(tmp_path, "donor.weights.h5").read_bytes()
    assert run.data.tags["sha256.initial_weights"] == hashlib.sha256(content).hexdigest()


@pytest.mark.slow  # other tests train smallcnn
@pytest.mark.parametrize("name", BIG)
def test_every_backbone_trains_through_both_phases(tiny_run, name) -> None:
    run = tiny_run(f"backbone={name}", "backbone.weights=null", "unfreeze=10", "training.batch_size=32")
    assert run.info.status == "FINISHED"
    assert run.data.metrics["all_epochs/trainable_parameters"] > 0


@pytest.mark.slow  # 348 million parameters at 224 pixels: 4 minutes and 15 GB of memory
def test_the_recipe_for_a_gpu_trains_a_few_steps(tiny_run, tmp_path) -> None:
    cells = draw_cells(400, 32, 0)
    chosen = np.concatenate([np.flatnonzero(cells.labels == label)[:4] for label in (0, 1)])
    np.savez(tmp_path / "cells.npz", images=cells.pixels[chosen], labels=cells.labels[chosen])
    run = tiny_run(
        "experiment=robust", "scale=report", f"data.path={tmp_path}/cells.npz", "backbone.weights=null",
        "data.clean.enabled=false", "data.split.test_share=0.25", "data.split.validation_share=0.25",
        "training.batch_size=2", "training.feature_extraction.epochs=1", "training.fine_tuning.epochs=1",
        "evaluation=clean", short=(),
    )  # fmt: skip
    assert run.info.status == "FINISHED"
    params = run.data.params
    assert (params["backbone"], params["backbone.input_size"], params["optimizer"]) == ("convnextxlarge", "224", "lion")
    assert run.data.metrics["all_epochs/trainable_parameters"] > 348e6


def test_model_is_stored_even_if_scoring_fails(tmp_path, monkeypatch) -> None:
    from bloodcells.evaluation import score

    def fail(*_) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(score, "predict", fail)
    with pytest.raises(MemoryError):
        train(composed(*TINY, "training.fine_tuning.epochs=0", f"tracking.directory={tmp_path}"))
    (run,) = runs(tmp_path)
    assert run.info.status == "FAILED"
    assert mlflow.pyfunc.load_model(StoredRun(run).model_uri)


def test_without_tracking_nothing_is_stored_and_the_summary_says_so(tmp_path, caplog) -> None:
    with caplog.at_level("INFO", "bloodcells"):
        train(composed(*TINY, "tracking=off", "training.fine_tuning.epochs=0"))
    assert "not stored, since tracking=off" in caplog.messages[-1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow  # its process imports TensorFlow and compiles the model for two devices: 40 s
def test_two_logical_devices_share_each_batch(tmp_path) -> None:
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


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["data=npz", "data.path=none.npz"], "no such file"),
        (["backbone=vgg19", "backbone.weights=none.h5"], "no such file"),
        (["unfreeze=nowhere"], "smallcnn has the blocks"),
        ([*TINY, "backbone=vgg19", "backbone.weights=null", "backbone.input_size=16"], "vgg19 needs 32"),
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
def test_the_default_config_learns_undistorted_and_distorted_cells(tiny_run) -> None:
    # The best epoch by distorted images is often an early one, with lower accuracy on undistorted images.
    assert tiny_run("training.monitor=clean", short=()).data.metrics["test/accuracy"] > 0.95
    metrics = tiny_run(short=()).data.metrics
    assert metrics["test/accuracy"] > 0.9
    assert metrics["composed/accuracy"] > 0.35  # 1/8 is chance


def test_loss_that_is_not_finite_fails_the_run_with_the_step(tmp_path) -> None:
    rate = "training.feature_extraction.learning_rate=1e30"
    with pytest.raises(InputError, match="the loss is"):
        train(composed(*TINY, "optimizer=adamw", rate, f"tracking.directory={tmp_path}"))
    (run,) = runs(tmp_path)
    assert run.info.status == "FAILED"
    assert "at step" in run.data.tags["error"]
