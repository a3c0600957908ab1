"""The number of threads that share an operation: the one that was asked for, and what it does to the last bits."""

import os

import numpy as np
import pytest

from bloodcells.config.errors import InputError
from tests.conftest import composed
from tests.resume.process import FORKS


def told(answers, overrides: tuple[str, ...], cores: int, variables: dict[str, str]) -> None:
    """In a process in which TensorFlow has not begun: the threads it has after `prepare`, a sum, and a refusal."""
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
    refusal = ""
    try:
        prepare(composed("training.threads=3").training, 0)
    except InputError as error:
        refusal = str(error)
    answers.send((tf.config.threading.get_intra_op_parallelism_threads(), gradient, refusal))


def asked(*overrides: str, cores: int = 2, **variables: str) -> tuple[int, np.ndarray, str]:
    here, there = FORKS.Pipe()
    process = FORKS.Process(target=told, args=(there, overrides, cores, variables))
    process.start()
    there.close()
    answer = here.recv()
    process.join()
    return answer


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
def test_the_threads_are_those_asked_for_whatever_the_environment_says_and_however_many_cores_there_are() -> None:
    threads, gradient, refusal = asked("training.threads=2")
    assert threads == 2
    assert refusal.startswith("training.threads=3: an earlier run in this process has set it to 2; expected the same ")
    for other in (asked(), asked(TF_NUM_INTRAOP_THREADS="1"), asked("training.threads=2", cores=1)):
        assert other[0] == 2
        np.testing.assert_array_equal(other[1], gradient)
    assert not np.array_equal(asked("training.threads=1")[1], gradient)
