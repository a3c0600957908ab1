"""Finds copies: exact ones by SHA-256, near ones by a perceptual hash.

Copies on both sides of the split, such as two photographs of one cell, leak test images into training.
"""

from collections import defaultdict

import numpy as np

from bloodcells.data.images import Images

GRAY = np.array([0.299, 0.587, 0.114], np.float32)  # luma of ITU-R BT.601
HASH_SIDE = 8  # a grid of 9 x 9 fields has 8 x 8 differences across and 8 x 8 down, 128 bits
HASH_DISTANCE = 20  # bits by which candidates may differ
CORRELATION = 0.965  # minimum after alignment; on 11,959 real cells: near copies 0.987 or more, others 0.946 or less
COLOR_DISTANCE = 16  # of 255, maximum for the mean of each channel: cells of one shape differ in stain
ALIGNMENT = 4  # pixels by which near copies may be off in each direction once both are centered


def exact_copies(images: Images) -> list[np.ndarray]:
    """The indices, ascending, of each set of two or more images with equal pixels; sets ordered by first image."""
    sets: dict[bytes, list[int]] = defaultdict(list)
    for index, digest in enumerate(images.digests):
        sets[digest].append(index)
    return [np.array(indices) for indices in sets.values() if len(indices) > 1]


def near_copies(pixels: np.ndarray) -> list[tuple[int, int]]:
    """Pairs (i, j), i < j, of images of the same cell, shifted or re-encoded.

    Images are centered on their dark pixels (the cell), so that a shift does not change the hash. A difference hash
    (Krawetz 2013, hackerfactor.com) proposes pairs, and their correlation decides.

    pixels: uint8 (n, h, w, 3), all different.
    """
    crops = np.concatenate([_centered_crops(pixels[start : start + 512]) for start in range(0, len(pixels), 512)])
    words, colors = _difference_hash(crops), pixels.mean(axis=(1, 2))
    pairs = []
    block = max(1, 4_000_000 // len(words))
    for start in range(0, len(words), block):
        rows = words[start : start + block]
        distance = sum(np.bitwise_count(rows[:, k, None] ^ words[None, :, k]) for k in range(words.shape[1]))
        for row, other in zip(*np.nonzero(distance <= HASH_DISTANCE), strict=True):
            first, second = int(start + row), int(other)
            if (
                first < second
                and np.abs(colors[first] - colors[second]).max() <= COLOR_DISTANCE
                and _correlation(crops[first], crops[second]) >= CORRELATION
            ):
                pairs.append((first, second))
    return pairs


def _centered_crops(pixels: np.ndarray) -> np.ndarray:
    """float32 (n, side, side): gray crops, three quarters of the side long, around the center of the dark pixels."""
    gray = pixels.astype(np.float32) @ GRAY
    count, height, width = gray.shape
    side = 3 * min(height, width) // 4
    dark = np.maximum(np.median(gray, axis=(1, 2), keepdims=True) - gray, 0) ** 4
    total = dark.sum(axis=(1, 2))
    # A constant image has no dark pixels: use its middle.
    y = np.where(total > 0, dark.sum(axis=2) @ np.arange(height) / np.maximum(total, 1e-6), height / 2)
    x = np.where(total > 0, dark.sum(axis=1) @ np.arange(width) / np.maximum(total, 1e-6), width / 2)
    half = side // 2
    padded = np.pad(gray, ((0, 0), (half, side), (half, side)), mode="edge")
    rows = np.rint(y).astype(int)[:, None] + np.arange(side)
    columns = np.rint(x).astype(int)[:, None] + np.arange(side)
    return padded[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]


def _difference_hash(crops: np.ndarray) -> np.ndarray:
    """uint64 (n, 2): whether each field of a 9 x 9 grid is brighter than its left and its upper neighbor.

    Brighter means by more than one gray level, so that noise does not decide in uniform areas.
    """
    edges = np.linspace(0, crops.shape[1], HASH_SIDE + 2).astype(int)[:-1]
    fields = np.add.reduceat(np.add.reduceat(crops, edges, axis=1), edges, axis=2)
    area = np.diff(np.append(edges, crops.shape[1]))
    fields = fields / (area[:, None] * area[None, :])
    across = fields[:, :HASH_SIDE, 1:] > fields[:, :HASH_SIDE, :-1] + 1
    down = fields[:, 1:, :HASH_SIDE] > fields[:, :-1, :HASH_SIDE] + 1
    bits = np.stack([across, down], axis=1).reshape(len(crops), -1)
    return np.packbits(bits, axis=1).view(np.uint64)


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    """The highest correlation of two crops over all shifts by up to ALIGNMENT pixels; 0 for a constant crop."""
    side = len(first) - 2 * ALIGNMENT
    middle = first[ALIGNMENT:-ALIGNMENT:2, ALIGNMENT:-ALIGNMENT:2].ravel()  # every second pixel is enough
    windows = np.lib.stride_tricks.sliding_window_view(second, (side, side))[:, :, ::2, ::2]
    windows = windows.reshape(-1, middle.size)
    middle = middle - middle.mean()
    windows = windows - windows.mean(axis=1, keepdims=True)
    norms = np.sqrt((windows * windows).sum(axis=1) * (middle * middle).sum())
    return float(np.max(windows @ middle / np.maximum(norms, 1e-6)))
