"""Images per second of the training pipeline by augmentation, compared with RandAugment of other libraries."""

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import tensorflow as tf

from bloodcells import compose
from bloodcells.augmentation.compose import Augmentation
from bloodcells.config.schema import TrainConfig
from bloodcells.data.images import Images
from bloodcells.data.pipeline import TrainingBatches
from bloodcells.data.synthetic import draw_cells
from bloodcells.training.devices import threads
from experiments.benchmark.baselines import baselines, keras_cv
from experiments.benchmark.rounds import Group, Metrics

OPTIONS = (
    "none",
    "flip_translate",
    "extended",
    "[extended,mixup]",
    "[extended,cutmix]",
    "randaugment",
    "augmix",
    "strong",
    "randaugment_kerascv",
)
REFERENCE = "keras-cv as documented"
IMAGES, SIDE = 768, 96  # generated cells, and their width and height in pixels
SECONDS = 1.0  # per measurement
WARM_UP = 24  # batches: more than the pipeline prefetches


def group(seed: int) -> Group:
    """Each augmentation in the training pipeline, and other libraries, with keras-cv's own example as the reference."""
    images = draw_cells(IMAGES, SIDE, seed).take(np.arange(IMAGES))  # without the copies that are added at the end
    contenders = {
        option: partial(_images_per_second, partial(_ours, images, compose(f"augmentation={option}", f"seed={seed}")))
        for option in OPTIONS
    }
    config = compose("augmentation=randaugment_kerascv", f"seed={seed}")
    for name, baseline in {**baselines(), REFERENCE: keras_cv}.items():
        contenders[name] = partial(_images_per_second, partial(baseline, images.pixels, images.one_hot, config))
    return Group("augmentation", REFERENCE, contenders)


def _ours(images: Images, config: TrainConfig) -> tf.data.Dataset:
    augment, workers = Augmentation(config.augmentation, config.seed), threads(config.training)
    size = config.training.batch_size
    batches = TrainingBatches(
        images.pixels, images.one_hot, augment, batch_size=size, seed=config.seed, workers=workers
    )
    return batches.from_epoch(0)


def _images_per_second(dataset: Callable[[], tf.data.Dataset]) -> Metrics:
    batches = iter(dataset())
    for _ in range(WARM_UP):
        next(batches)
    count, start = 0, time.perf_counter()
    while (seconds := time.perf_counter() - start) < SECONDS:
        count += len(next(batches)[0])
    return {"images/s": count / seconds}
