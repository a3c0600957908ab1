"""What the server of job processes has ready for them."""

import sys

from numba.core.dispatcher import Dispatcher


def test_every_compiled_loop_of_augmentation_is_compiled_before_jobs_are_forked() -> None:
    import bloodcells.sweep.preload  # noqa: F401

    names = [name for name in sys.modules if name.startswith("bloodcells.augmentation")]
    loops = {value for name in names for value in vars(sys.modules[name]).values() if isinstance(value, Dispatcher)}
    assert len(loops) >= 10
    assert [loop.py_func.__name__ for loop in loops if not loop.signatures] == []
