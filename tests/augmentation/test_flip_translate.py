"""Flips and translation, compared with NumPy and TensorFlow."""

import numpy as np
import tensorflow as tf

from bloodcells.augmentation.steps import FlipTranslate

IMAGE = np.random.default_rng(0).integers(0, 256, (6, 10, 3), dtype=np.uint8)


def outcomes(image: np.ndarray, translate: float, count: int) -> np.ndarray:
    uniforms = np.random.default_rng(1).random((count, FlipTranslate.draws))
    return FlipTranslate(translate=translate).on_images(np.tile(image, (count, 1, 1, 1)), uniforms)


def test_without_translation_the_four_mirror_images_are_equally_likely() -> None:
    mirrored = [IMAGE, IMAGE[:, ::-1], IMAGE[::-1], IMAGE[::-1, ::-1]]
    counts = [0, 0, 0, 0]
    for outcome in outcomes(IMAGE, 0.0, 400):
        matches = [np.array_equal(outcome, image) for image in mirrored]
        assert sum(matches) == 1
        counts[matches.index(True)] += 1
    # 400 draws at 1/4: mean 100, standard deviation 8.7; 4 of them either way
    assert all(65 < count < 135 for count in counts)


def test_translation_shifts_up_to_its_limit_and_reflects_at_the_edges() -> None:
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
    # No blank border: the image continues beyond its edge as its mirror image.
    assert np.abs(np.diff(moved[:, 0, :, 0])).max() <= 1


def test_the_warp_equals_tensorflows_up_to_rounding() -> None:
    uniforms = np.random.default_rng(2).random((50, FlipTranslate.draws))
    ours = FlipTranslate(translate=0.6).on_images(np.tile(IMAGE, (50, 1, 1, 1)), uniforms)
    for outcome, (left_right, up_down, x, y) in zip(ours, uniforms, strict=True):
        image = IMAGE[:: -1 if up_down < 0.5 else 1, :: -1 if left_right < 0.5 else 1].astype(np.float32)
        # TensorFlow shifts after flipping, so a flipped axis shifts in the opposite direction.
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


def test_a_result_does_not_depend_on_the_batch_and_the_input_is_unchanged() -> None:
    images = np.random.default_rng(3).integers(0, 256, (20, 6, 10, 3), dtype=np.uint8)
    before, uniforms = images.copy(), np.random.default_rng(4).random((20, FlipTranslate.draws))
    together = FlipTranslate(0.3).on_images(images, uniforms)
    assert np.array_equal(images, before)
    alone = [FlipTranslate(0.3).on_images(images[i : i + 1], uniforms[i : i + 1])[0] for i in range(20)]
    assert np.array_equal(together, alone)
