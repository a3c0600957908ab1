"""The weights of two runs."""

import tempfile
from itertools import zip_longest
from pathlib import Path

import numpy as np

from bloodcells.model.restore import restore
from bloodcells.reproduction.bits import differ, distance
from bloodcells.reproduction.finding import Difference, Finding
from bloodcells.tracking.stored import StoredRun

HASH = "sha256.weights"
NONE = ("a variable more", np.empty(0))


def compare_weights(original: StoredRun, again: StoredRun) -> Finding:
    """Every number in the two models as they are kept, and the hashes taken of them; a difference a variable.

    Raises InputError where one of the models cannot be read.
    """
    hash_then, hash_now = (run.run.data.tags.get(HASH) for run in (original, again))
    first, second = _variables(original), _variables(again)
    differences, differing = [], 0
    for (name, one), (_, other) in zip_longest(first, second, fillvalue=NONE):
        if (one.shape, one.dtype) != (other.shape, other.dtype):
            differing += max(one.size, other.size)
            differences.append(Difference(name, None, f"shape {one.shape}", f"shape {other.shape}", None))
        elif (unlike := differ(one, other)).any():
            differing += int(unlike.sum())
            apart = distance(one, other)
            place = np.unravel_index(np.where(unlike, apart, -1).argmax(), one.shape)
            differences.append(Difference(name, None, float(one[place]), float(other[place]), float(apart[place])))
    if hash_then and hash_now and hash_then != hash_now and not differences:
        differences.append(Difference("their SHA-256", None, hash_then, hash_now, None))
    return Finding("weights", sum(array.size for _, array in first), differing, differences)


def _variables(run: StoredRun) -> list[tuple[str, np.ndarray]]:
    """Each variable with its path, such as "stem_conv/kernel", in the order of the model."""
    with tempfile.TemporaryDirectory() as folder:
        model = restore(run.model_file(Path(folder)))
    return [(variable.path, np.array(variable)) for variable in model.weights]
