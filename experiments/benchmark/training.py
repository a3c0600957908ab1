"""Seconds per epoch of training, compared with a plain Keras fit of the same model; threads, devices and tracking."""

import os
import tempfile
import time
from functools import partial
from statistics import median

from bloodcells import compose, train
from bloodcells.reporting.quiet_tensorflow import import_tensorflow
from experiments.benchmark.rounds import Group, Metrics, fresh

PLAIN = "plain Keras, keras-cv"
BACKBONES = {
    "smallcnn": ("backbone=smallcnn",),
    "mobilenetv2": ("backbone=mobilenetv2", "backbone.alpha=0.35", "backbone.weights=null"),
}
# All layers from random weights: one epoch that traces the graph, and two that do not.
SHORT = (
    "data.images=2000",
    "unfreeze=all",
    "training.feature_extraction.epochs=0",
    "training.fine_tuning.epochs=3",
    "training.fine_tuning.patience_epochs=null",
    "evaluation=clean",
    "evaluation.resamples=100",
)


def backbone(name: str, seed: int) -> Group:
    """Our training with our RandAugment and with keras-cv's, and plain Keras with keras-cv's as the reference."""
    overrides = (*SHORT, *BACKBONES[name], f"seed={seed}")
    kerascv = (*overrides, "augmentation=randaugment_kerascv")
    contenders = {
        "randaugment": partial(fresh, _ours, (*overrides, "augmentation=randaugment")),
        "randaugment_kerascv": partial(fresh, _ours, kerascv),
        PLAIN: partial(fresh, _plain, kerascv),
    }
    return Group(f"training {name}", PLAIN, contenders)


def determinism(cores: int, gpu: bool, seed: int) -> list[Group]:
    """Training smallcnn on one thread, two and one per core; on a GPU, with and without deterministic operations."""
    overrides = (*SHORT, "augmentation=randaugment", f"seed={seed}")
    threads = {
        f"threads={number}": partial(fresh, _ours, (*overrides, f"training.threads={number}"), False)
        for number in sorted({1, 2, cores})
    }
    groups = [Group("determinism", f"threads={cores}", threads)]
    if gpu:
        ways = [f"deterministic={value}" for value in ("true", "false")]
        contenders = {way: partial(fresh, _ours, (*overrides, f"training.{way}")) for way in ways}
        groups.append(Group("determinism on a GPU", ways[-1], contenders))
    return groups


def run(seed: int) -> Group:
    """A short run, stored in MLflow and not stored."""
    ways = ("tracking=local", "tracking=off")
    return Group("run", ways[-1], {way: partial(fresh, _ours, (*SHORT, way, f"seed={seed}")) for way in ways})


def _ours(overrides: tuple[str, ...], gpu: bool = True) -> Metrics:
    """Trains in this process, which must not have imported TensorFlow; times everything from that import on."""
    if not gpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    with tempfile.TemporaryDirectory() as folder:
        place = () if "tracking=off" in overrides else (f"tracking.directory={folder}",)
        config, start = compose(*overrides, *place), time.perf_counter()
        epochs = train(config).history["seconds"].tolist()
        seconds = time.perf_counter() - start
    return {**_epochs(epochs), "s outside epochs": seconds - sum(epochs)}


def _plain(overrides: tuple[str, ...]) -> Metrics:
    """Trains the same model, optimizer, loss and batch size on the same images, as the guides of Keras and keras-cv do.

    Like ours, without XLA on a CPU, where Keras's default of XLA makes most backbones slower.
    """
    import_tensorflow()
    import keras
    import tensorflow as tf

    from bloodcells.data.clean import clean
    from bloodcells.data.split import split
    from bloodcells.model.build import build
    from bloodcells.training.devices import jit_compile, prepare
    from bloodcells.training.plan import plan
    from experiments.benchmark.baselines import keras_cv

    config = compose(*overrides)
    prepare(config.training, config.seed)
    images = split(clean(config.data.load(), config.data.clean), config.data.split)
    training, validation, classes = images.training, images.validation, len(images.training.class_names)
    model = build(config.backbone, config.head, training.size, classes=classes, weights=None)
    (stage,) = plan(config)
    batches = keras_cv(training.pixels, training.one_hot, config, epochs=1)
    rate = stage.settings.schedule.learning_rate(stage.learning_rate, len(batches), stage.epochs)
    model.compile(
        optimizer=config.optimizer.build(rate),
        loss=config.loss.build(training.labels, classes),
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        jit_compile=jit_compile(),
    )
    times: list[float] = []
    clock = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: times.append(-time.perf_counter()),
        on_epoch_end=lambda epoch, logs: times.append(times.pop() + time.perf_counter()),
    )
    validated = tf.data.Dataset.from_tensor_slices((validation.pixels, validation.one_hot))
    model.fit(
        batches,
        validation_data=validated.batch(config.training.batch_size).prefetch(tf.data.AUTOTUNE),
        epochs=stage.epochs,
        callbacks=[clock],
        shuffle=False,  # the pipeline shuffles
        verbose=0,
    )
    return _epochs(times)


def _epochs(seconds: list[float]) -> Metrics:
    """Seconds per epoch including validation, and how much longer the first epoch takes, which traces the graph."""
    first, *later = seconds
    return {"s/epoch": median(later), "s of tracing": first - median(later)}
