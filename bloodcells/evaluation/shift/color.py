"""Changes of stain, colour and light.

Every function takes image, uint8 (h, w, 3), RGB, a strength in the unit of the table, and the generator of its
randomness, and gives uint8 (h, w, 3).
"""

import numpy as np

from bloodcells.evaluation.shift.pixels import EITHER_WAY, rounded

# What each stain of a Giemsa mixture absorbs of red, green and blue (Landini et al. 2021): methylene blue and eosin.
GIEMSA = np.array([[0.834750233, 0.513556283, 0.196330403], [0.092789, 0.954111, 0.283111]])


def _stains() -> np.ndarray:
    """(3, 3): a stain a row, of length 1; the third, at right angles to both, takes what they leave."""
    vectors = np.vstack([GIEMSA, np.cross(*GIEMSA)])
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


STAINS = _stains()
UNMIXING = np.linalg.inv(STAINS)


def stain(image: np.ndarray, change: float, rng: np.random.Generator) -> np.ndarray:
    """Multiplies each stain's amount by a factor of its own, drawn evenly from 1 - `change` to 1 + `change`.

    Optical densities (Beer-Lambert) are sums over the stains (Ruifrok and Johnston 2001), whose amounts change as in
    Tellez et al. 2018, save that what neither stain explains stays, and that no constant is added: either would tint
    the bare glass, as `white_balance` does. White stays white.
    """
    factors = [*(1 + change * rng.uniform(-1, 1, 2)), 1]
    density = -np.log(np.maximum(image, 1) / np.float32(255))
    changed = density @ (UNMIXING @ np.diag(factors) @ STAINS).astype(np.float32)
    return rounded(255 * np.exp(-changed))


def hue(image: np.ndarray, degrees: float, rng: np.random.Generator) -> np.ndarray:
    """Turns colours about the grey axis of the RGB cube by `degrees`, either way. Greys stay."""
    angle = np.deg2rad(degrees) * rng.choice(EITHER_WAY)
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    turn = np.cos(angle) * np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) / 3  # Rodrigues' formula
    return rounded(image.astype(np.float32) @ turn.T.astype(np.float32))


def white_balance(image: np.ndarray, stops: float, rng: np.random.Generator) -> np.ndarray:
    """Makes the light warmer or colder: red gains `stops` (doublings) and blue loses as much, or the reverse."""
    stops *= rng.choice(EITHER_WAY)
    return rounded(image * np.array([2**stops, 1, 2**-stops], np.float32))


def brightness(image: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Adds `share` of the range to every value, or takes it away."""
    return rounded(image + np.float32(255 * share * rng.choice(EITHER_WAY)))


def contrast(image: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
    """Multiplies, or divides, each value's distance from its channel's mean by `factor`."""
    mean = image.mean(axis=(0, 1), dtype=np.float32)
    return rounded(mean + (image - mean) * np.float32(factor ** rng.choice(EITHER_WAY)))
