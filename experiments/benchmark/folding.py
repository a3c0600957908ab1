"""Images per second with batch normalization folded into convolutions, compared with the same model in plain Keras."""

import time
from collections.abc import Callable
from functools import partial

import numpy as np

from bloodcells import compose
from bloodcells.reporting.quiet_tensorflow import import_tensorflow
from experiments.benchmark.rounds import Group, Metrics, fresh

PLAIN = "plain Keras"
BACKBONES = ("mobilenetv2", "efficientnetv2b0")
IMAGES, BATCH = 512, 64  # the images of one measured pass, and of one batch
PASSES = 3


def backbone(name: str, seed: int) -> Group:
    """Scoring, phase 1 and fine-tuning of all layers, each with frozen batch normalization."""
    overrides = (f"backbone={name}", "backbone.weights=null", f"seed={seed}")
    contenders = {
        "folded": partial(fresh, _measure, overrides, True),
        PLAIN: partial(fresh, _measure, overrides, False),
    }
    return Group(f"folding {name}", PLAIN, contenders)


def _measure(overrides: tuple[str, ...], fold: bool) -> Metrics:
    import_tensorflow()
    import keras
    import tensorflow as tf

    from bloodcells.model.build import build
    from bloodcells.model.folding import folded
    from bloodcells.model.trainable import set_trainable
    from bloodcells.training.devices import jit_compile, prepare

    config = compose(*overrides)
    prepare(config.training, config.seed)
    rng = np.random.default_rng(config.seed)
    images = tf.constant(rng.integers(0, 256, (IMAGES, 96, 96, 3), dtype=np.uint8))
    labels = np.eye(8, dtype=np.float32)[np.arange(IMAGES) % 8]
    model = build(config.backbone, config.head, (96, 96), classes=8, weights=None)
    scored = folded(model) if fold else model
    forward = tf.function(lambda batch: scored(batch, training=False))

    def score() -> None:
        for start in range(0, IMAGES, BATCH):
            forward(images[start : start + BATCH]).numpy()

    metrics = {"images/s scoring": _rate(score)}
    batches = tf.data.Dataset.from_tensor_slices((images, labels)).batch(BATCH).cache()
    for phase, first in (("phase 1", len(model.layers) + 10_000), ("all layers", 0)):
        set_trainable(model, first, batch_norm=False)
        trained = folded(model, only_frozen=True) if fold else model
        trained.compile(keras.optimizers.AdamW(1e-4), "categorical_crossentropy", jit_compile=jit_compile())
        metrics[f"images/s training {phase}"] = _rate(partial(trained.fit, batches, shuffle=False, verbose=0))
    return metrics


def _rate(work: Callable[[], object]) -> float:
    """Images per second of the fastest of several passes, after one that traces the graph."""
    work()
    seconds = []
    for _ in range(PASSES):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return IMAGES / min(seconds)
