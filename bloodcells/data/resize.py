"""Images of several sizes brought to one size."""

from collections import Counter

import numpy as np
from PIL import Image, ImageOps

Size = tuple[int, int]  # height and width


def fitted(image: np.ndarray, size: Size) -> np.ndarray:
    """The image, uint8 (h, w, 3), at `size`. If its sides have another ratio, only its middle, without distortion."""
    if image.shape[:2] == size:
        return image
    return np.asarray(ImageOps.fit(Image.fromarray(image), size[::-1], Image.Resampling.BICUBIC))


def describe_resizing(sizes: Counter[Size], size: Size) -> str | None:
    """Such as "300 of 400 images resized from 363x360 to 96x96 pixels"; None if all had this size.

    sizes: number of images by their size before
    """
    height, width = size
    others = [other for other in sizes if other != size]
    if not others:
        return None
    count = sum(sizes[other] for other in others)
    origin = f"{others[0][1]}x{others[0][0]}" if len(others) == 1 else f"{len(others)} sizes"
    cropped = sum(sizes[h, w] for h, w in others if h * width != w * height)
    note = f", {cropped:,} of them cropped, since their sides have another ratio" if cropped else ""
    return f"{count:,} of {sizes.total():,} images resized from {origin} to {width}x{height} pixels{note}"
