"""Everything that training imports and compiles, loaded once by the server that job processes are forked from.

This takes seconds. It starts no TensorFlow threads, which would not survive a fork.
"""

from bloodcells.reporting.quiet_tensorflow import import_tensorflow

import_tensorflow()

import joblib  # noqa: E402, F401  # registers the start method of its worker processes
import mlflow.keras  # noqa: E402, F401
import numpy as np  # noqa: E402

import bloodcells.data.pipeline  # noqa: E402
import bloodcells.evaluation.figures.draw  # noqa: E402
import bloodcells.runs.contents  # noqa: E402
import bloodcells.runs.lifecycle  # noqa: E402
import bloodcells.training.fit  # noqa: E402, F401
from bloodcells.augmentation.batch_steps import MixUp  # noqa: E402
from bloodcells.augmentation.compose import Augmentation  # noqa: E402
from bloodcells.augmentation.steps import Color, FlipTranslate, RandAugment  # noqa: E402
from bloodcells.augmentation.variety import Affine  # noqa: E402


def compile_loops() -> None:
    """Compiles the loops of all augmentation steps once, so that no job has to."""
    steps = {
        "flip_translate": FlipTranslate(translate=0.1),
        "color": Color(brightness=0.1, contrast=0.1, saturation=0.1, hue=0.1),
        "affine": Affine(chance=1.0, rotation=30, translate=0.1, zoom=1.2, shear=0.1),
        "randaugment": RandAugment(augmentations_per_image=3, magnitude=0.5, magnitude_stddev=0.1, rate=1.0),
        "mixup": MixUp(alpha=1.0, offline=False),
    }
    augmentation = Augmentation(steps, seed=0)
    pixels, labels = np.zeros((2, 32, 32, 3), np.uint8), np.eye(2, dtype=np.float32)
    uniforms = np.random.default_rng(0).random((2, augmentation.draws))
    augmentation.batch(augmentation.images(pixels, uniforms), labels, uniforms)


compile_loops()
