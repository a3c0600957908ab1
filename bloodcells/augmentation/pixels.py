"""What all loops over pixels share: compilation, rounding, and reflection at the edges."""

from functools import lru_cache

import numpy as np
from numba import njit

CHANNELS = 3
HALF = 0.5  # added before truncation to uint8, which then rounds half up

# Compiles a function at its first call, which takes a few tenths of a second: keep such functions few. They release the
# GIL, so threads run in parallel. Loops are not parallelized and sums not reordered, so that results are bit-identical
# on any machine. Compiled code is not cached on disk: a cache needs a writable folder and does not notice changes to
# functions in other files that a cached function calls.
compiled = njit(nogil=True, error_model="numpy")


@lru_cache(maxsize=8)
def reflected(length: int) -> np.ndarray:
    """The pixel at each of the positions 0 to 3 `length` of a line that is reflected at its ends.

    The reflected line has a period of twice its length.
    """
    places = np.arange(3 * length + 1) % (2 * length)
    return np.minimum(places, 2 * length - 1 - places)
