"""Which images are copies of each other: exactly, by SHA-256, or nearly, by a perceptual hash.

A cell photographed twice, or one picture saved twice, leaks from training to test if the two are split up.
"""

from collections import defaultdict

import numpy as np

from bloodcells.data.images import Images

GREY = np.array([0.299, 0.587, 0.114], np.float32)  # luma of ITU-R BT.601
HASH_SIDE = 8  # the hash compares 9 x 9 fields: 8 x 8 steps across and as many down, 128 bits
HASH_DISTANCE = 20  # bits that may differ before two images are looked at
CORRELATION = 0.965  # of near copies, aligned; on 11,959 real cells they reach 0.987 and more, other pairs 0.946
COLOR_DISTANCE = 16  # of 255, that the mean of each channel may differ: cells of one shape come in many stains
ALIGNMENT = 4  # pixels that two near copies may be off, each way, once both are centred


def exact_copies(images: Images) -> list[np.ndarray]:
    """The indices of each set of two or more images with equal pixels, ascending, in order of the first."""
    sets: dict[bytes, list[int]] = defaultdict(list)
    for index, digest in enumerate(images.digests):
        sets[digest].append(index)
    return [np.array(indices) for indices in sets.values() if len(indices) > 1]


def near_copies(pixels: np.ndarray) -> list[tuple[int, int]]:
    """Pairs (i, j), i < j, of images that show the same thing, moved or re-encoded.

    pixels: uint8 (n, h, w, 3), no two of them equal.
    Every image is centred on what is dark in it (the cell), so that moving the field does not change its hash; a
    difference hash (Krawetz 2013, hackerfactor.com) proposes pairs, and their correlation decides.
    """
    crops = np.concatenate([_centred(pixels[start : start + 512]) for start in range(0, len(pixels), 512)])
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


def _centred(pixels: np.ndarray) -> np.ndarray:
    """float32 (n, side, side): grey crops of three quarters of the images' side around the centre of what is dark."""
    grey = pixels.astype(np.float32) @ GREY
    count, height, width = grey.shape
    side = 3 * min(height, width) // 4
    dark = np.maximum(np.median(grey, axis=(1, 2), keepdims=True) - grey, 0) ** 4
    total = dark.sum(axis=(1, 2))
    # An image of one brightness has nothing dark; its middle will do.
    y = np.where(total > 0, dark.sum(axis=2) @ np.arange(height) / np.maximum(total, 1e-6), height / 2)
    x = np.where(total > 0, dark.sum(axis=1) @ np.arange(width) / np.maximum(total, 1e-6), width / 2)
    half = side // 2
    padded = np.pad(grey, ((0, 0), (half, side), (half, side)), mode="edge")
    rows = np.rint(y).astype(int)[:, None] + np.arange(side)
    columns = np.rint(x).astype(int)[:, None] + np.arange(side)
    return padded[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]


def _difference_hash(crops: np.ndarray) -> np.ndarray:
    """uint64 (n, 2): whether each field of a 9 x 9 grid is brighter than its left and its upper neighbour.

    Brighter by a grey level at least, so that grain does not decide where there is nothing to see.
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
    """The highest correlation of two crops over all alignments by up to ALIGNMENT pixels; 0 for flat ones."""
    side = len(first) - 2 * ALIGNMENT
    middle = first[ALIGNMENT:-ALIGNMENT:2, ALIGNMENT:-ALIGNMENT:2].ravel()  # every second pixel says enough
    windows = np.lib.stride_tricks.sliding_window_view(second, (side, side))[:, :, ::2, ::2]
    windows = windows.reshape(-1, middle.size)
    middle = middle - middle.mean()
    windows = windows - windows.mean(axis=1, keepdims=True)
    norms = np.sqrt((windows * windows).sum(axis=1) * (middle * middle).sum())
    return float(np.max(windows @ middle / np.maximum(norms, 1e-6)))
