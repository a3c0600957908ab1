"""The number of threads per operation: as set in the config, and its effect on the last bits of a result."""

import os

import numpy as np
import pytest

from bloodcells.config.errors import InputError
from tests.conftest import composed
from tests.resume.process import FORKS


def report(connection, overrides: tuple[str, ...], cores: int, variables: dict[str, str]) -> None:
    """Sends the threads after `prepare`, a gradient, and the error for another number of threads.

    Runs in a process in which TensorFlow has not computed anything yet.
    """
    import tensorflow as tf

    from bloodcells.training.devices import prepare

    os.environ |= variables
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    training = composed(*overrides).training
    prepare(training, 0)
    prepare(training, 0)  # another run in the same process
    rng = np.random.default_rng(0)
    pixels, kernel = (tf.constant(rng.normal(size=shape), tf.float32) for shape in ((32, 48, 48, 8), (3, 3, 8, 16)))
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        loss = tf.reduce_sum(tf.nn.conv2d(pixels, kernel, 1, "SAME") ** 2)
    gradient = tape.gradient(loss, kernel).numpy()
    message = ""
    try:
        prepare(composed("training.threads=3").training, 0)
    except InputError as error:
        message = str(error)
    connection.send((tf.config.threading.get_intra_op_parallelism_threads(), gradient, message))


def in_new_process(*overrides: str, cores: int = 2, **variables: str) -> tuple[int, np.ndarray, str]:
    here, there = FORKS.Pipe()
    process = FORKS.Process(target=report, args=(there, overrides, cores, variables))
    process.start()
    there.close()
    received = here.recv()
    process.join()
    return received


@pytest.mark.slow
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
def test_threads_follow_the_config_and_not_the_environment_or_the_cores() -> None:
    threads, gradient, message = in_new_process("training.threads=2")
    assert threads == 2
    assert message.startswith("training.threads=3: an earlier run in this process has set it to 2; expected the same ")
    for other in (
        in_new_process(),
        in_new_process(TF_NUM_INTRAOP_THREADS="1"),
        in_new_process("training.threads=2", cores=1),
    ):
        assert other[0] == 2
        np.testing.assert_array_equal(other[1], gradient)
    assert not np.array_equal(in_new_process("training.threads=1")[1], gradient)
