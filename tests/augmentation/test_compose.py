"""Composition: the steps in their order, each with random numbers of its own."""

import keras
import numpy as np
import tensorflow as tf

from bloodcells.augmentation.color import NUMBERS, color
from bloodcells.augmentation.compose import Steps, beforehand, name_of, steps
from bloodcells.augmentation.flip_translate import flip_translate
from bloodcells.augmentation.mixing import CUTMIX_NUMBERS, MIXUP_NUMBERS, cutmix, mixup
from bloodcells.augmentation.randaugment import numbers, randaugment
from bloodcells.config.schema import Augmentation
from tests.conftest import composed

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (6, 16, 16, 3), dtype=np.uint8)
LABELS = np.eye(6, dtype=np.float32)


def test_the_names_tell_the_steps_in_their_order() -> None:
    everything = "augmentation=[cutmix,mixup,randaugment_kerascv,randaugment,extended]"
    expected = "flip_translate+color+randaugment+randaugment_kerascv+mixup+cutmix"
    assert name_of(composed(everything).augmentation) == expected
    assert name_of(composed("augmentation=none").augmentation) == "none"
    offline = composed("augmentation=[extended,mixup]", "augmentation.mixup.offline=true").augmentation
    assert name_of(offline) == "mixup_offline+flip_translate+color"


def test_none_leaves_images_and_labels_as_they_are() -> None:
    chosen, nothing = steps(Augmentation(), 0), np.empty((6, 0))
    assert chosen.numbers == 0
    assert chosen.images(PIXELS, nothing) is PIXELS
    assert chosen.batch(PIXELS, LABELS, nothing) == (PIXELS, LABELS)


def test_steps_are_taken_in_their_order_each_with_numbers_of_its_own() -> None:
    config = composed("augmentation=[cutmix,mixup,randaugment,extended]").augmentation
    chosen = steps(config, 0)
    taken = (4, NUMBERS, numbers(config.randaugment), MIXUP_NUMBERS, CUTMIX_NUMBERS)
    assert chosen.numbers == sum(taken)
    uniforms = RNG.random((6, chosen.numbers))
    own = np.split(uniforms, np.cumsum(taken)[:-1], axis=1)
    expected = flip_translate(PIXELS, own[0], config.flip_translate)
    expected = randaugment(color(expected, own[1], config.color), own[2], config.randaugment)
    changed = chosen.images(PIXELS, uniforms)
    assert np.array_equal(changed, expected)
    mixed = cutmix(*mixup(expected, LABELS, own[3], config.mixup), own[4], config.cutmix)
    for found, wanted in zip(chosen.batch(changed, LABELS, uniforms), mixed, strict=True):
        assert np.array_equal(found, wanted)


def through_keras_cv(seed: int) -> np.ndarray:
    keras.utils.set_random_seed(0)  # as each run does with its own
    chosen = steps(composed("augmentation=randaugment_kerascv").augmentation, seed)
    return chosen.layer(tf.constant(PIXELS[:1], tf.float32)).numpy()  # of several any may come first


def test_keras_cvs_randaugment_follows_the_seed_when_run_in_order() -> None:
    first, again, other = (through_keras_cv(seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_keras_cvs_randaugment_applies_several_operations_to_each_image() -> None:
    chosen = steps(composed("augmentation=randaugment_kerascv").augmentation, 0)
    cell = np.tile(np.linspace(20, 230, 24, dtype=np.float32)[:, None, None], (1, 24, 3))
    outcomes = chosen.layer(tf.constant(np.tile(cell, (20, 1, 1, 1)))).numpy()
    assert outcomes.shape == (20, 24, 24, 3)
    assert min(outcome.min() for outcome in outcomes) >= 0
    assert max(outcome.max() for outcome in outcomes) <= 255
    # Of 3 operations, each at a chance of 10/11, at least one is applied in all but 1 of 1,331.
    assert sum(not np.array_equal(outcome, cell) for outcome in outcomes) >= 18


def test_offline_mixup_happens_beforehand_and_only_there() -> None:
    pixels, labels = np.zeros((4, 8, 8, 3), np.uint8), np.eye(2, dtype=np.float32)[np.arange(4) % 2]
    offline = composed("augmentation=mixup", "augmentation.mixup.offline=true").augmentation
    online = composed("augmentation=mixup").augmentation
    assert len(beforehand(pixels, labels, offline, 0)[0]) == 8
    assert len(beforehand(pixels, labels, online, 0)[0]) == 4
    assert steps(offline, 0) == Steps()
    assert len(steps(online, 0).on_batches) == 1
