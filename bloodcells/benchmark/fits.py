"""A training as bloodcells.train does it, and the same by Keras's own fit."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from bloodcells.augmentation.compose import steps
from bloodcells.benchmark.documented import documented
from bloodcells.benchmark.process import Tell
from bloodcells.benchmark.watch import Watch
from bloodcells.config.schema import TrainConfig
from bloodcells.data.images import Images
from bloodcells.data.pipeline import TrainingBatches
from bloodcells.model.build import build
from bloodcells.model.inference import Inference
from bloodcells.model.trainable import set_trainable
from bloodcells.training.devices import compiles_ahead, prepare, threads
from bloodcells.training.fit import fit
from bloodcells.training.ingredients import loss, optimizer
from bloodcells.training.plan import Stage, plan
from bloodcells.training.state import StateFile
from bloodcells.training.validate import Validate

VALIDATED = 128  # images; of 768 the others are 20 batches of 32


class Watched(Validate):
    """Validation that counts steps, too: `fit` takes no callbacks but this one."""

    watch: Watch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.watch.step()


def ours(tell: Tell, config: TrainConfig, images: Images, epochs: int) -> None:
    """Fine-tunes all layers from random weights, the state kept at each epoch's end."""
    strategy = prepare(config.training, config.seed)
    training, validation = _halves(images)
    with strategy.scope():
        model, stage, objective = _model(config, training, epochs)
    size = config.training.batch_size
    validate = Watched(Inference(model, size), validation.pixels, validation.one_hot, objective)
    validate.watch = watch = Watch(tell)
    augment, workers = steps(config.augmentation, config.seed), threads(config.training)
    batches = TrainingBatches(training.pixels, training.one_hot, augment, size, config.seed, workers)
    with tempfile.TemporaryDirectory() as folder, strategy.scope():
        state = StateFile(Path(folder, "state.npz"), {})
        fit(model, [stage], batches, validate, config.optimizer, objective, lambda row: watch.epoch(), state)


def plain(tell: Tell, config: TrainConfig, images: Images, epochs: int) -> None:
    """The same model, optimizer, loss and batch size with keras-cv's RandAugment, as the guides of both have it.

    Not compiled by XLA, as ours is not on a processor, though Keras by itself would: that makes most backbones slower.
    """
    prepare(config.training, config.seed)
    training, validation = _halves(images)
    model, stage, objective = _model(config, training, epochs)
    watch = Watch(tell)
    batches = documented(training, config)
    validated = tf.data.Dataset.from_tensor_slices((validation.pixels, validation.one_hot))
    model.compile(
        optimizer=optimizer(config.optimizer, stage, len(batches)),
        loss=objective,
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        jit_compile=compiles_ahead(),
    )
    watching = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: watch.step(), on_epoch_end=lambda epoch, logs: watch.epoch()
    )
    model.fit(
        batches,
        validation_data=validated.batch(config.training.batch_size).prefetch(tf.data.AUTOTUNE),
        epochs=epochs,
        callbacks=[watching],
        shuffle=False,  # the images are already
        verbose=0,
    )


def _halves(images: Images) -> tuple[Images, Images]:
    """Images to train on and to validate with."""
    indices = np.arange(len(images))
    return images.take(indices[VALIDATED:]), images.take(indices[:VALIDATED])


def _model(config: TrainConfig, training: Images, epochs: int) -> tuple[keras.Model, Stage, keras.losses.Loss]:
    classes = len(training.class_names)
    model = build(config.backbone, config.head, training.size, classes, None)
    stage = replace(plan(config)[-1], epochs=epochs)
    set_trainable(model, stage.depth.first, stage.batch_norm)
    return model, stage, loss(config.loss, training.labels, classes)
