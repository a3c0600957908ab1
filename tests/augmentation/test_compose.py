"""The composition of steps: their order, and which random numbers each of them gets."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from bloodcells.augmentation.compose import Augmentation, name_of
from bloodcells.config.options import options
from bloodcells.evaluation.shift.catalogue import DISTORTIONS
from bloodcells.evaluation.shift.operations import OPERATIONS
from tests.conftest import composed

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (6, 16, 16, 3), dtype=np.uint8)
LABELS = np.eye(6, dtype=np.float32)


def test_the_name_lists_the_steps_in_order() -> None:
    everything = "augmentation=[cutmix,mixup,randaugment_kerascv,randaugment,extended]"
    expected = "flip_translate+color+randaugment+randaugment_kerascv+mixup+cutmix"
    assert name_of(composed(everything).augmentation) == expected
    assert name_of(composed("augmentation=none").augmentation) == "none"
    offline = composed("augmentation=[extended,mixup]", "augmentation.mixup.offline=true").augmentation
    assert name_of(offline) == "mixup_offline+flip_translate+color"


def test_no_steps_return_images_and_labels_unchanged() -> None:
    augmentation, nothing = Augmentation({}, 0), np.empty((6, 0))
    assert (augmentation.draws, augmentation.layer, augmentation.mixes_labels) == (0, None, False)
    assert augmentation.images(PIXELS, nothing) is PIXELS
    assert augmentation.batch(PIXELS, LABELS, nothing) == (PIXELS, LABELS)
    assert augmentation.training_set(PIXELS, LABELS) == (PIXELS, LABELS)


def test_steps_run_in_order_on_their_own_random_numbers() -> None:
    steps = composed("augmentation=[cutmix,mixup,randaugment,extended]").augmentation
    augmentation = Augmentation(steps, 0)
    assert augmentation.draws == 4 + 4 + 3 * 4 + 1 + 3
    assert augmentation.mixes_labels
    uniforms = RNG.random((6, augmentation.draws))
    flip, color, randaugment, mixup, cutmix = np.split(uniforms, [4, 8, 20, 21], axis=1)
    expected = steps["flip_translate"].on_images(PIXELS, flip)
    expected = steps["randaugment"].on_images(steps["color"].on_images(expected, color), randaugment)
    changed = augmentation.images(PIXELS, uniforms)
    assert np.array_equal(changed, expected)
    mixed = steps["cutmix"].on_batch(*steps["mixup"].on_batch(expected, LABELS, mixup), cutmix)
    for result, wanted in zip(augmentation.batch(changed, LABELS, uniforms), mixed, strict=True):
        assert np.array_equal(result, wanted)


def through_keras_cv(seed: int) -> np.ndarray:
    keras.utils.set_random_seed(0)  # as every run does with its own seed
    augmentation = Augmentation(composed("augmentation=randaugment_kerascv").augmentation, seed)
    return augmentation.layer(tf.constant(PIXELS[:1], tf.float32)).numpy()  # the order of several images is random


@pytest.mark.slow  # keras-cv traces its layer three times
def test_randaugment_of_keras_cv_follows_the_seed_when_called_in_order() -> None:
    first, again, other = (through_keras_cv(seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_randaugment_of_keras_cv_applies_several_operations_to_each_image() -> None:
    augmentation = Augmentation(composed("augmentation=randaugment_kerascv").augmentation, 0)
    gradient = np.tile(np.linspace(20, 230, 24, dtype=np.float32)[:, None, None], (1, 24, 3))
    results = augmentation.layer(tf.constant(np.tile(gradient, (20, 1, 1, 1)))).numpy()
    assert results.shape == (20, 24, 24, 3)
    assert results.min() >= 0
    assert results.max() <= 255
    # With 3 operations at a rate of 10/11, all but 1 of 1,331 images get at least one.
    assert sum(not np.array_equal(result, gradient) for result in results) >= 18


def test_offline_mixup_changes_only_the_training_set() -> None:
    pixels, labels = np.zeros((4, 8, 8, 3), np.uint8), np.eye(2, dtype=np.float32)[np.arange(4) % 2]
    offline = Augmentation(composed("augmentation=mixup", "augmentation.mixup.offline=true").augmentation, 0)
    online = Augmentation(composed("augmentation=mixup").augmentation, 0)
    assert len(offline.training_set(pixels, labels)[0]) == 8
    assert len(online.training_set(pixels, labels)[0]) == 4
    assert (offline.draws, offline.mixes_labels) == (0, False)
    assert (online.draws, online.mixes_labels) == (1, True)


@pytest.mark.parametrize("name", options("augmentation"))
def test_a_step_resembles_distortions_that_exist(name: str) -> None:
    assert set(options("augmentation")[name].resembles) <= (set(DISTORTIONS) | set(OPERATIONS)) - {"mixture"}


@pytest.mark.slow  # keras-cv traces its layer
def test_randaugment_of_keras_cv_computes_in_float32_in_mixed_precision() -> None:
    keras.config.set_dtype_policy("mixed_float16")
    augmentation = Augmentation(composed("augmentation=randaugment_kerascv").augmentation, 0)
    assert keras.config.dtype_policy().name == "mixed_float16"
    assert augmentation.layer(tf.constant(PIXELS, tf.float32)).dtype == tf.float32
