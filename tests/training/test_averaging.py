"""The moving average of the weights is validated and kept, while training continues from the weights themselves."""

import keras
import numpy as np
import pytest

from bloodcells.training.progress import Progress
from tests.training import test_resume
from tests.training.test_resume import trained

pytestmark = pytest.mark.usefixtures("small_backbone")
small_backbone = test_resume.small_backbone
MOMENTUM = 0.75


def test_average_of_all_steps_is_validated_and_kept(monkeypatch) -> None:
    steps, validated = [], []

    def record(progress: Progress, batch: int, logs: dict[str, float]) -> None:
        steps.append([np.array(variable) for variable in progress.model.trainable_variables])

    class Spy(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            validated.append([np.array(variable) for variable in self.model.trainable_variables])
            logs |= dict.fromkeys(("val_loss", "val_accuracy", "val_composed_loss"), 1.0)
            logs["val_composed_accuracy"] = [0.5, 0.9, 0.7][epoch]

    monkeypatch.setattr(Progress, "on_train_batch_end", record)
    overrides = ["training.feature_extraction.epochs=3", "training.fine_tuning.epochs=0", "optimizer=sgd"]
    overrides += [f"training.ema_momentum={MOMENTUM}", "training.feature_extraction.learning_rate=1e-2"]
    model, result = trained(overrides, None, validate=Spy())
    assert (result.best.epoch, len(steps)) == (2, 12)
    average = steps[0]
    for number, weights in enumerate(steps):
        average = [MOMENTUM * a + (1 - MOMENTUM) * w for a, w in zip(average, weights, strict=True)]
        if number % 4 == 3:
            close = [np.allclose(*pair, atol=1e-6) for pair in zip(average, validated[number // 4], strict=True)]
            assert all(close)
        if number == 7:
            kept = average
    assert all(np.allclose(*pair, atol=1e-6) for pair in zip(kept, model.trainable_variables, strict=True))
    assert not all(np.allclose(*pair, atol=1e-4) for pair in zip(kept, steps[7], strict=True))
