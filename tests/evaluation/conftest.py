"""A model whose predictions can be computed by hand, and its scores on plain-coloured images."""

import keras
import numpy as np
import pytest

from bloodcells.config.schema import Chains, Evaluation
from bloodcells.config.schema.evaluation import Composed, Grid
from bloodcells.data.images import Images
from bloodcells.evaluation.score import Scored, score

SIZE = 16
RED, GREEN, BLUE, BRIGHT_GREEN, DIM_GREEN = (200, 0, 0), (0, 200, 0), (0, 0, 200), (0, 250, 0), (90, 100, 80)


def plain_images(colors: list[tuple[int, int, int]], labels: list[int], first: int) -> Images:
    """One image per colour, named by its number from `first`; the classes are red, green and blue."""
    pixels = np.broadcast_to(np.array(colors, np.uint8)[:, None, None], (len(colors), SIZE, SIZE, 3)).copy()
    examples = np.arange(first, first + len(labels)).astype(str)
    return Images(pixels, np.array(labels), ("red", "green", "blue"), examples, "plain")


@pytest.fixture(scope="session")
def parts() -> dict[str, Images]:
    """Validation images, the last mislabelled, and test images, of which the model gets 5 of 8 right."""
    return {
        "validation": plain_images([RED, RED, GREEN, GREEN, BLUE, BLUE], [0, 0, 1, 1, 2, 0], 0),
        "test": plain_images([RED, RED, RED, GREEN, GREEN, BLUE, DIM_GREEN, BRIGHT_GREEN], [0, 0, 1, 1, 0, 2, 1, 2], 6),
    }


@pytest.fixture(scope="session")
def color_model() -> keras.Model:
    """Predicts the softmax of four times each channel's mean in [0, 1]."""
    images = keras.Input((SIZE, SIZE, 3), dtype="uint8")
    pooled = keras.layers.GlobalAveragePooling2D(name="pooling")(keras.layers.Rescaling(1 / 255)(images))
    dense = keras.layers.Dense(3, activation="softmax")
    model = keras.Model(images, dense(pooled))
    dense.set_weights([4 * np.eye(3), np.zeros(3)])
    return model


@pytest.fixture(scope="session")
def scored(color_model, parts) -> Scored:
    """With two chains per image, single distortions at severities 1 and 3, and MedMNIST-C; from single views."""
    settings = Evaluation(False, Chains(3, 0.8), Composed(2), Grid([3, 1]), True, {}, 200, 5)
    return score(color_model, parts, settings, trained_with={}, batch_size=4, seed=1)
