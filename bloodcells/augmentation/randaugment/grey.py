"""Colours blended with their grey."""

import numpy as np

from bloodcells.augmentation.pixels import HALF, compiled
from bloodcells.augmentation.randaugment.policy import Operation

RED, GREEN, BLUE = 0.2989, 0.587, 0.114  # of grey, as tf.image weighs them


@compiled
def grey(pixels: np.ndarray, operations: np.ndarray, shares: np.ndarray) -> None:
    """Gives those of the images, uint8 (b, h, w, 3), whose operation is GREY a share, (b,), of it, in place; rounds."""
    for i in range(len(pixels)):
        if operations[i] == Operation.GREY:
            image, share = pixels[i], shares[i]
            for y in range(image.shape[0]):
                for x in range(image.shape[1]):
                    red, green, blue = image[y, x]
                    added = share * (RED * red + GREEN * green + BLUE * blue) + HALF
                    image[y, x, 0] = np.uint8((1 - share) * red + added)
                    image[y, x, 1] = np.uint8((1 - share) * green + added)
                    image[y, x, 2] = np.uint8((1 - share) * blue + added)
