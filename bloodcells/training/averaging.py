"""The exponential moving average of the weights, which Keras's optimizers compute."""

from collections.abc import Sequence

import keras


def averaging(optimizer: keras.optimizers.Optimizer, momentum: float | None) -> keras.optimizers.Optimizer:
    """The optimizer, which now also averages the weights if there is a momentum; before it is built."""
    if momentum is not None:
        optimizer.use_ema, optimizer.ema_momentum = True, momentum
    return optimizer


def on_average(callbacks: Sequence[keras.callbacks.Callback], momentum: float | None) -> list[keras.callbacks.Callback]:
    """The callbacks, which find the averaged weights in the model at the end of an epoch if there is a momentum.

    Callbacks after them find the weights themselves, so that a saved state has both, the average in the optimizer.
    """
    if momentum is None:
        return list(callbacks)
    swap = keras.callbacks.SwapEMAWeights()
    return [
        swap,
        keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: swap.on_test_begin()),
        *callbacks,
        keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: swap.on_test_end()),
    ]
