"""The chosen steps and their order."""

import keras
import numpy as np
import tensorflow as tf

from bloodcells.augmentation.color import color
from bloodcells.augmentation.compose import beforehand, name_of, steps
from bloodcells.augmentation.flip_translate import flip_translate
from bloodcells.augmentation.mixing import cutmix, mixup
from bloodcells.config.schema import Augmentation, FlipTranslate
from tests.conftest import composed

IMAGE = tf.constant(np.random.default_rng(0).uniform(0, 255, (16, 16, 3)).astype(np.float32))
SEED = tf.constant([0, 5], tf.int64)


def test_names_tell_the_steps_in_their_order() -> None:
    everything = "augmentation=[cutmix,mixup,randaugment_kerascv,extended]"
    assert name_of(composed(everything).augmentation) == "flip_translate+color+randaugment_kerascv+mixup+cutmix"
    assert name_of(composed("augmentation=none").augmentation) == "none"
    offline = composed("augmentation=[extended,mixup]", "augmentation.mixup.offline=true").augmentation
    assert name_of(offline) == "mixup_offline+flip_translate+color"


def test_none_leaves_images_and_labels_as_they_are() -> None:
    chosen = steps(Augmentation(), 0)
    assert chosen.image(IMAGE, SEED) is IMAGE
    labels = tf.constant(np.eye(2, dtype=np.float32)[np.array([0, 1])])
    images = tf.stack([IMAGE, IMAGE])
    assert chosen.batch(images, labels, SEED) == (images, labels)


def test_a_step_gets_a_seed_of_its_own() -> None:
    config = FlipTranslate(translate=0.3)
    chosen = steps(Augmentation(flip_translate=config), 0)
    expected = flip_translate(IMAGE, tf.random.fold_in(SEED, 0), config)
    assert np.array_equal(chosen.image(IMAGE, SEED), expected)


def test_steps_are_taken_in_their_order_whatever_the_order_typed() -> None:
    config = composed("augmentation=[cutmix,mixup,extended]").augmentation
    chosen = steps(config, 0)
    moved = flip_translate(IMAGE, tf.random.fold_in(SEED, 0), config.flip_translate)
    assert np.array_equal(chosen.image(IMAGE, SEED), color(moved, tf.random.fold_in(SEED, 1), config.color))
    images, labels = tf.random.stateless_uniform([6, 16, 16, 3], SEED, maxval=255.0), tf.eye(6)
    blended = mixup(images, labels, tf.random.fold_in(SEED, 0), config.mixup)
    expected = cutmix(*blended, tf.random.fold_in(SEED, 1), config.cutmix)
    for found, wanted in zip(chosen.batch(images, labels, SEED), expected, strict=True):
        assert np.array_equal(found, wanted)


def test_keras_cvs_randaugment_follows_the_seed_when_run_in_order() -> None:
    config = composed("augmentation=randaugment_kerascv").augmentation

    def first_image(seed: int) -> np.ndarray:
        keras.utils.set_random_seed(0)  # as each run does with its own
        return steps(config, seed).image(IMAGE, SEED).numpy()

    first, again, other = first_image(1), first_image(1), first_image(2)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_offline_mixup_happens_beforehand_and_only_there() -> None:
    pixels, labels = np.zeros((4, 8, 8, 3), np.uint8), np.eye(2, dtype=np.float32)[np.arange(4) % 2]
    offline = composed("augmentation=mixup", "augmentation.mixup.offline=true").augmentation
    online = composed("augmentation=mixup").augmentation
    assert len(beforehand(pixels, labels, offline, 0)[0]) == 8
    assert len(beforehand(pixels, labels, online, 0)[0]) == 4
    assert len(steps(offline, 0).on_batches) == 0
    assert len(steps(online, 0).on_batches) == 1


def test_keras_cvs_randaugment_applies_several_operations_to_each_image() -> None:
    chosen = steps(composed("augmentation=randaugment_kerascv").augmentation, 0)
    cell = tf.constant(np.tile(np.linspace(20, 230, 24, dtype=np.float32)[:, None, None], (1, 24, 3)))
    outcomes = [chosen.image(cell, SEED).numpy() for _ in range(20)]
    assert all(outcome.shape == (24, 24, 3) for outcome in outcomes)
    assert min(outcome.min() for outcome in outcomes) >= 0
    assert max(outcome.max() for outcome in outcomes) <= 255
    # Of 3 operations, each at a chance of 10/11, at least one is applied in all but 1 of 1,331.
    assert sum(not np.array_equal(outcome, cell) for outcome in outcomes) >= 18
