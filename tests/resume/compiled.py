"""RandAugment's loops, compiled where this is imported: in the server, so that no process forked from it has to."""

import numpy as np

from bloodcells.augmentation.steps import RandAugment

ENOUGH = 100  # images for each operation to be drawn
step = RandAugment(3, 0.5, 0.15, 1.0)
uniforms = np.random.default_rng(0).random((ENOUGH, step.draws))
step.on_images(np.zeros((ENOUGH, 32, 32, 3), np.uint8), uniforms)
