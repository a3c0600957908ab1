"""RandAugment's loops, compiled where this is imported: in the server, so that no process forked from it has to."""

import numpy as np

from bloodcells.augmentation.compose import steps
from bloodcells.config.schema import Augmentation, RandAugment

ENOUGH = 100  # images for each operation to be drawn
chosen = steps(Augmentation(randaugment=RandAugment(3, 0.5, 0.15, 1.0)), seed=0)
uniforms = np.random.default_rng(0).random((ENOUGH, chosen.numbers))
chosen.images(np.zeros((ENOUGH, 32, 32, 3), np.uint8), uniforms)
