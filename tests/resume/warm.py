"""Computed once in the server, when it imports this, instead of in each process forked from it."""

import numpy as np

from bloodcells.augmentation.steps import RandAugment
from bloodcells.provenance import fingerprint

fingerprint.code_hash(), fingerprint._packages_hash(), fingerprint.packages()  # kept by tests/shortcuts.py

# Compiles the loops of RandAugment: so many images draw each operation.
IMAGES = 100
step = RandAugment(3, 0.5, 0.15, 1.0)
uniforms = np.random.default_rng(0).random((IMAGES, step.draws))
step.on_images(np.zeros((IMAGES, 32, 32, 3), np.uint8), uniforms)
