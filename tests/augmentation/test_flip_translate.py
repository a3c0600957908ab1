"""Flips and translation against NumPy's."""

import numpy as np
import tensorflow as tf

from bloodcells.augmentation.flip_translate import flip_translate
from bloodcells.config.schema import FlipTranslate

IMAGE = np.random.default_rng(0).uniform(0, 255, (6, 10, 3)).astype(np.float32)


def outcomes(translate: float, count: int) -> list[np.ndarray]:
    config = FlipTranslate(translate=translate)
    return [flip_translate(tf.constant(IMAGE), tf.constant([3, k], tf.int64), config).numpy() for k in range(count)]


def test_without_translation_each_of_the_four_mirror_images_comes_a_quarter_of_the_time() -> None:
    mirrored = [IMAGE, IMAGE[:, ::-1], IMAGE[::-1], IMAGE[::-1, ::-1]]
    counts = [0, 0, 0, 0]
    for outcome in outcomes(0.0, 400):
        matches = [np.array_equal(outcome, image) for image in mirrored]
        assert sum(matches) == 1
        counts[matches.index(True)] += 1
    # 400 draws at 1/4: mean 100, standard deviation 8.7; 4 of them either way
    assert all(65 < count < 135 for count in counts)


def test_translation_moves_by_at_most_the_share_and_reflects_at_the_edges() -> None:
    ramp = np.zeros((4, 100, 3), np.float32)
    ramp[:] = np.arange(100)[None, :, None]
    moves = []
    for k in range(200):
        moved = flip_translate(tf.constant(ramp), tf.constant([0, k], tf.int64), FlipTranslate(translate=0.1)).numpy()
        middle = moved[0, 50, 0]
        mirrored = moved[0, 51, 0] < middle
        moves.append(middle - (49 if mirrored else 50))
        assert moved.min() >= 0
        assert moved.max() <= 99.001  # reflected: no blank border; a trace of float32 rounding
    assert -10 <= min(moves) < -9
    assert 9 < max(moves) <= 10
