"""Changes of stain, color and brightness.

Each function takes an image, uint8 (h, w, 3), RGB, a strength and a random generator, and returns uint8 (h, w, 3).
"""

import numpy as np

from bloodcells.evaluation.shift.blending import EITHER_WAY, blended, rounded

# Absorption of red, green and blue by the stains of a Giemsa mixture, methylene blue and eosin (Landini et al. 2021).
GIEMSA = np.array([[0.834750233, 0.513556283, 0.196330403], [0.092789, 0.954111, 0.283111]])


def _stains() -> np.ndarray:
    """(3, 3): one unit vector per row. The first two are the stains; the third, orthogonal to both, is the residual."""
    vectors = np.vstack([GIEMSA, np.cross(*GIEMSA)])
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


STAINS = _stains()
UNMIXING = np.linalg.inv(STAINS)

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # of ITU-R BT.601
ORDERS = ((0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))  # of the channels, except for the original one


def stain(image: np.ndarray, change: float, rng: np.random.Generator) -> np.ndarray:
    """Multiplies the amount of each stain by its own factor, uniform in [1 - `change`, 1 + `change`].

    Optical density (Beer-Lambert) is a sum over the stains (Ruifrok and Johnston 2001), whose amounts change as in
    Tellez et al. 2018, with two differences: the residual stays unchanged and no constant is added, since either would
    tint the background. White stays white; `white_balance` changes it.
    """
    factors = [*(1 + change * rng.uniform(-1, 1, 2)), 1]
    density = -np.log(np.maximum(image, 1) / np.float32(255))
    changed = density @ (UNMIXING @ np.diag(factors) @ STAINS).astype(np.float32)
    return rounded(255 * np.exp(-changed))


def hue(image: np.ndarray, degrees: float, rng: np.random.Generator) -> np.ndarray:
    """Rotates colors about the gray axis of the RGB cube by `degrees`, in a random direction. Grays do not change."""
    angle = np.deg2rad(degrees) * rng.choice(EITHER_WAY)
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    turn = np.cos(angle) * np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) / 3  # Rodrigues' formula
    return rounded(image.astype(np.float32) @ turn.T.astype(np.float32))


def white_balance(image: np.ndarray, stops: float, rng: np.random.Generator) -> np.ndarray:
    """Makes the light warmer or colder: red gains `stops` (doublings) and blue loses as many, or the reverse."""
    stops *= rng.choice(EITHER_WAY)
    return rounded(image * np.array([2**stops, 1, 2**-stops], np.float32))


def saturation(image: np.ndarray, change: float, rng: np.random.Generator) -> np.ndarray:
    """Multiplies the distance of each color from its gray by 1 - `change`, down to gray at 1, or by 1 + 2 `change`."""
    gray = (image @ LUMA)[..., None]
    return rounded(gray + (image - gray) * np.float32(1 + change * rng.choice((-1, 2))))


def channel_permutation(image: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Moves each color by `share` of the way to the color with its channels in another order, drawn at random."""
    return blended(image, image[..., ORDERS[rng.integers(len(ORDERS))]], share)


def brightness(image: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Adds or subtracts `share` of the range."""
    return rounded(image + np.float32(255 * share * rng.choice(EITHER_WAY)))


def contrast(image: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
    """Multiplies or divides the distance of each value from its channel's mean by `factor`."""
    mean = image.mean(axis=(0, 1), dtype=np.float32)
    return rounded(mean + (image - mean) * np.float32(factor ** rng.choice(EITHER_WAY)))
