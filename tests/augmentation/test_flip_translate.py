"""Flips and translation against NumPy's and TensorFlow's."""

import numpy as np
import tensorflow as tf

from bloodcells.augmentation.flip_translate import NUMBERS, flip_translate
from bloodcells.config.schema import FlipTranslate

IMAGE = np.random.default_rng(0).integers(0, 256, (6, 10, 3), dtype=np.uint8)


def outcomes(image: np.ndarray, translate: float, count: int) -> np.ndarray:
    uniforms = np.random.default_rng(1).random((count, NUMBERS))
    return flip_translate(np.tile(image, (count, 1, 1, 1)), uniforms, FlipTranslate(translate=translate))


def test_without_translation_each_of_the_four_mirror_images_comes_a_quarter_of_the_time() -> None:
    mirrored = [IMAGE, IMAGE[:, ::-1], IMAGE[::-1], IMAGE[::-1, ::-1]]
    counts = [0, 0, 0, 0]
    for outcome in outcomes(IMAGE, 0.0, 400):
        matches = [np.array_equal(outcome, image) for image in mirrored]
        assert sum(matches) == 1
        counts[matches.index(True)] += 1
    # 400 draws at 1/4: mean 100, standard deviation 8.7; 4 of them either way
    assert all(65 < count < 135 for count in counts)


def test_translation_moves_by_at_most_the_share_and_reflects_at_the_edges() -> None:
    ramp = np.zeros((4, 100, 3), np.uint8)
    ramp[:] = 2 * np.arange(100)[None, :, None]
    moved = outcomes(ramp, 0.1, 200).astype(float) / 2
    middle = moved[:, 0, 50, 0]
    mirrored = moved[:, 0, 51, 0] < middle
    moves = middle - np.where(mirrored, 49, 50)
    assert 70 < mirrored.sum() < 130
    assert moved.max() <= 99
    assert -10 <= min(moves) < -9
    assert 9 < max(moves) <= 10
    # No blank border: beyond its edge the image goes on as its mirror image.
    assert np.abs(np.diff(moved[:, 0, :, 0])).max() <= 1


def test_the_warp_is_tensorflows_but_for_rounding() -> None:
    uniforms = np.random.default_rng(2).random((50, NUMBERS))
    ours = flip_translate(np.tile(IMAGE, (50, 1, 1, 1)), uniforms, FlipTranslate(translate=0.6))
    for outcome, (left_right, up_down, x, y) in zip(ours, uniforms, strict=True):
        image = IMAGE[:: -1 if up_down < 0.5 else 1, :: -1 if left_right < 0.5 else 1].astype(np.float32)
        # TensorFlow moves the image that is mirrored already, so a mirrored axis moves the other way.
        move_x = (2 * x - 1) * 0.6 * 10 * (-1 if left_right < 0.5 else 1)
        move_y = (2 * y - 1) * 0.6 * 6 * (-1 if up_down < 0.5 else 1)
        theirs = tf.raw_ops.ImageProjectiveTransformV3(
            images=image[None],
            transforms=tf.constant([[1, 0, move_x, 0, 1, move_y, 0, 0]], tf.float32),
            output_shape=[6, 10],
            interpolation="BILINEAR",
            fill_mode="REFLECT",
            fill_value=0.0,
        )[0]
        assert np.abs(outcome - theirs).max() <= 0.51


def test_an_image_changes_alike_in_whatever_batch_and_the_input_stays() -> None:
    images = np.random.default_rng(3).integers(0, 256, (20, 6, 10, 3), dtype=np.uint8)
    before, uniforms = images.copy(), np.random.default_rng(4).random((20, NUMBERS))
    together = flip_translate(images, uniforms, FlipTranslate(0.3))
    assert np.array_equal(images, before)
    alone = [flip_translate(images[i : i + 1], uniforms[i : i + 1], FlipTranslate(0.3))[0] for i in range(20)]
    assert np.array_equal(together, alone)
