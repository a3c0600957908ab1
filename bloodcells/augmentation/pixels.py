"""What all loops over pixels have in common: that they are compiled, how they round, what lies beyond an edge."""

from functools import lru_cache

import numpy as np
from numba import njit

CHANNELS = 3
HALF = 0.5  # added before a value is cut off to uint8, so that it is rounded: a half goes up

# Compiled when first called, in some tenths of a second each: so they are few and call few others. They let go of
# Python's lock, so that threads work side by side. They neither share loops out among threads nor take sums in another
# order, so that an image has the same bits on any machine. No cache on disk: it would want a place to write to, and
# would not notice changes of a function that they call, in another file.
compiled = njit(nogil=True, error_model="numpy")


@lru_cache(maxsize=8)
def reflected(length: int) -> np.ndarray:
    """For places 0 to 3 `length` of a line, which of its pixels is there.

    Beyond its end it goes on as its mirror image, so that after twice its length it comes back.
    """
    places = np.arange(3 * length + 1) % (2 * length)
    return np.minimum(places, 2 * length - 1 - places)
