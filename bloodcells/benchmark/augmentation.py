"""Images a second that come out of the pipeline, by augmentation, beside keras-cv's RandAugment as documented."""

import time
from collections.abc import Callable
from functools import partial

import tensorflow as tf

from bloodcells.augmentation.compose import steps
from bloodcells.benchmark.configs import composed
from bloodcells.benchmark.documented import documented
from bloodcells.benchmark.group import Group, Turns
from bloodcells.data.images import Images
from bloodcells.data.pipeline import TrainingBatches
from bloodcells.training.devices import threads

OPTIONS = (
    "none",
    "flip_translate",
    "extended",
    "[extended,mixup]",
    "[extended,cutmix]",
    "randaugment",
    "randaugment_kerascv",
)
REFERENCE = "keras-cv as documented"
SECONDS = 1.0  # that each is looked at in a round
RUN_IN = 24  # batches: more than are made ahead


def groups(images: Images, seed: int) -> list[Group]:
    """Each augmentation, through the batches that training uses; and keras-cv on its own."""
    contenders = {option: _pace(partial(_ours, images, option, seed)) for option in OPTIONS}
    kerascv = composed("augmentation=randaugment_kerascv", f"seed={seed}")
    contenders[REFERENCE] = _pace(partial(documented, images, kerascv, epochs=None))
    return [Group("augmentation", contenders, REFERENCE, first_round=20, later_round=11)]


def _ours(images: Images, option: str, seed: int) -> tf.data.Dataset:
    config = composed(f"augmentation={option}")
    augment, workers = steps(config.augmentation, seed), threads(config.training)
    size = config.training.batch_size
    return TrainingBatches(images.pixels, images.one_hot, augment, size, seed, workers).from_epoch(0)


def _pace(made: Callable[[], tf.data.Dataset]) -> Turns:
    batches = iter(made())
    while True:
        for _ in range(RUN_IN):
            next(batches)
        count, began = 0, time.perf_counter()
        while (passed := time.perf_counter() - began) < SECONDS:
            count += len(next(batches)[0])
        yield {"images/s": count / passed}
