"""Augmentation steps that mix the images of a batch, and their labels with them."""

from dataclasses import dataclass

import numpy as np

from bloodcells.config.options import option
from bloodcells.config.schema.augmentation import AugmentationStep
from bloodcells.config.schema.ranges import within


@option("augmentation", "mixup")
@dataclass
class MixUp(AugmentationStep):
    """mixup, Zhang et al. 2018, arXiv:1710.09412: blends images in pairs, with shares drawn from Beta(alpha, alpha).

    offline: blend every image once before training, which doubles the training set, as in the course report.
    """

    offline: bool
    alpha: float = within("(0, inf)")
    draws = 1

    @property
    def is_offline(self) -> bool:
        return self.offline

    def on_batch(self, pixels: np.ndarray, labels: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        from bloodcells.augmentation.mixing import mixup

        return mixup(pixels, labels, uniforms, alpha=self.alpha)

    def on_training_set(self, pixels: np.ndarray, labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        from bloodcells.augmentation.mixing import append_blends

        return append_blends(pixels, labels, alpha=self.alpha, seed=seed)


@option("augmentation", "cutmix")
@dataclass
class CutMix(AugmentationStep):
    """CutMix, Yun et al. 2019, arXiv:1905.04899: pastes rectangles, with areas drawn from Beta(alpha, alpha)."""

    alpha: float = within("(0, inf)")
    draws = 3
    resembles = ("occlusion", "rectangles")

    def on_batch(self, pixels: np.ndarray, labels: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        from bloodcells.augmentation.mixing import cutmix

        return cutmix(pixels, labels, uniforms, alpha=self.alpha)


@option("augmentation", "mixup_or_cutmix")
@dataclass
class MixUpOrCutMix(AugmentationStep):
    """mixup for half of the batches and CutMix for the others, as in https://github.com/huggingface/pytorch-image-models.

    mixup_alpha, cutmix_alpha: of the Beta distributions of the shares and the areas
    """

    mixup_alpha: float = within("(0, inf)")
    cutmix_alpha: float = within("(0, inf)")
    draws = 4
    resembles = ("occlusion", "rectangles")

    def on_batch(self, pixels: np.ndarray, labels: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        from bloodcells.augmentation.mixing import cutmix, mixup

        if uniforms[0, 0] < 0.5:
            return mixup(pixels, labels, uniforms[:, 1:2], alpha=self.mixup_alpha)
        return cutmix(pixels, labels, uniforms[:, 1:], alpha=self.cutmix_alpha)
