"""Blur, low resolution, noise and compression, on the images that are chosen by chance."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageFilter

from bloodcells.augmentation.affine import REFLECTED, warp


def damage(
    pixels: np.ndarray,
    uniforms: np.ndarray,
    *,
    chance: float,
    blur: float,
    motion: float,
    pixelate: float,
    noise: float,
    jpeg: int,
) -> np.ndarray:
    """Blurs, moves the camera, lowers the resolution, adds noise and compresses, each with probability `chance`.

    pixels: uint8 (b, h, w, 3); uniforms: float64 (b, 11) in [0, 1); the others: the limits, as in `variety.Damage`.
    Returns new images of the same shape and type. Amounts are uniform up to the limits.
    """
    chosen, amounts, angles, seeds = uniforms[:, :5] < chance, uniforms[:, 5:10], uniforms[:, 10], uniforms[:, 3]
    side = min(pixels.shape[1:3])
    damaged = pixels.copy()
    for i in np.flatnonzero(chosen.any(axis=1)):
        image, amount = damaged[i], amounts[i]
        if chosen[i, 0]:
            image = _filtered(image, ImageFilter.GaussianBlur(float(amount[0] * blur * side)))
        if chosen[i, 1]:
            image = _moved(image, amount[1] * motion * side, np.pi * angles[i])
        if chosen[i, 2]:
            image = _pixelated(image, 1 - amount[2] * (1 - pixelate))
        if chosen[i, 3]:
            rng = np.random.default_rng(int(seeds[i] / chance * 2**53))
            values = image + np.float32(255 * noise * amount[3]) * rng.standard_normal(image.shape, np.float32)
            image = np.rint(values.clip(0, 255)).astype(np.uint8)
        if chosen[i, 4]:
            image = _compressed(image, round(100 - amount[4] * (100 - jpeg)))
        damaged[i] = image
    return damaged


def _filtered(image: np.ndarray, chosen: ImageFilter.Filter) -> np.ndarray:
    return np.asarray(Image.fromarray(image).filter(chosen))


def _moved(image: np.ndarray, length: float, angle: float) -> np.ndarray:
    """The mean of the image over a straight path of `length` pixels, one place per pixel."""
    places = np.linspace(-0.5, 0.5, int(np.ceil(length)) + 1) * length
    copies = np.repeat(image[None], len(places), axis=0)
    identity = np.broadcast_to(np.eye(2), (len(places), 2, 2))
    starts = np.outer(places, (np.sin(angle), np.cos(angle)))
    moved = warp(copies, identity, starts, np.full(len(places), REFLECTED))
    return np.rint(moved.mean(axis=0)).astype(np.uint8)


def _pixelated(image: np.ndarray, share: float) -> np.ndarray:
    """The image after each side has been reduced to `share` of its pixels and enlarged again."""
    height, width = image.shape[:2]
    small = Image.fromarray(image).resize((max(1, round(share * width)), max(1, round(share * height))))
    return np.asarray(small.resize((width, height), Image.Resampling.BILINEAR))


def _compressed(image: np.ndarray, quality: int) -> np.ndarray:
    file = BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))
