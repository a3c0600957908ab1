"""RandAugment (Cubuk et al. 2019, arXiv:1909.13719) with the operations and the magnitudes of keras-cv's.

`policy` turns uniform numbers into what happens to each image, and `apply` does it: `geometry` moves pixels, `grey`
blends colours, `points` changes values, through `tables` that wait to be applied.
https://github.com/keras-team/keras-cv
"""

from bloodcells.augmentation.randaugment.apply import randaugment
from bloodcells.augmentation.randaugment.policy import numbers

__all__ = ["numbers", "randaugment"]
