"""Training taken up again: from the end of any epoch it comes to what it would have come to undisturbed."""

import shutil
from dataclasses import replace
from functools import cache
from itertools import product

import keras
import numpy as np
import pytest
from keras import layers

from bloodcells.augmentation.compose import Augmentation
from bloodcells.config.schema import TrainConfig
from bloodcells.data.pipeline import TrainingBatches
from bloodcells.model.backbones import SmallCNN
from bloodcells.model.build import build
from bloodcells.model.inference import Inference
from bloodcells.training.devices import prepare
from bloodcells.training.epochs import Epoch, Validate
from bloodcells.training.fit import FitResult, fit
from bloodcells.training.plan import plan
from bloodcells.training.state import State, StateFile
from tests.conftest import TINY, composed

RNG = np.random.default_rng(0)
LABELS = RNG.permutation(np.arange(60) % 3)
TARGETS = np.eye(3, dtype=np.float32)[LABELS]
PIXELS = RNG.integers(0, 256, (60, 32, 32, 3), dtype=np.uint8)
BOTH = ("schedule@training.feature_extraction.schedule", "schedule@training.fine_tuning.schedule")
SCHEDULES = {
    "plateau": [f"{key}=plateau" for key in BOTH],
    "cosine": [f"{key}=cosine_restarts" for key in BOTH],
    "constant": [f"{key}=constant" for key in BOTH],
}


def network(shape: tuple[int, int, int]) -> keras.Model:
    """A backbone that is traced in no time, with what others have: statistics that move, and dropout inside."""
    inputs = keras.Input(shape)
    x = layers.Conv2D(8, 5, 4, use_bias=False, name="conv")(inputs)
    x = layers.BatchNormalization(name="bn")(x)
    return keras.Model(inputs, layers.SpatialDropout2D(0.2, name="drop")(x), name="smallcnn")


@pytest.fixture(autouse=True)
def small(monkeypatch) -> None:
    monkeypatch.setattr(SmallCNN, "build", lambda self, shape: network(shape))


class KeepsAll(StateFile):
    """Leaves beside the file what a kill after each epoch would have left, as 1.npz, 2.npz and so on."""

    def write(self, state: State) -> None:
        super().write(state)
        shutil.copy(self._path, self._path.with_name(f"{self.epochs}.npz"))


@cache
def config_of(*overrides: str) -> TrainConfig:
    return composed(*TINY, "training.batch_size=16", "loss=crossentropy", *overrides)


def trained(
    overrides: list[str],
    file: StateFile | None,
    built_from: int = 0,
    validate: keras.callbacks.Callback | None = None,
) -> tuple[keras.Model, FitResult]:
    """Builds everything, as a new process does, and trains; `built_from`: the seed of weights and dropout."""
    config = config_of(*overrides)
    prepare(config.training, built_from)
    model = build(config.backbone, config.head, (32, 32), 3, None)
    loss = config.loss.build(LABELS, 3)
    batches = TrainingBatches(PIXELS, TARGETS, Augmentation({}, 0), batch_size=16, seed=config.seed)
    validate = validate or Validate(Inference(model, 60), PIXELS, TARGETS, loss)
    rows: list[Epoch] = []

    def tell(row: Epoch) -> None:
        assert file is None or file.epochs >= row.epoch  # else one that is trained again would be told twice
        rows.append(row)

    fitted = fit(
        model, plan(config), batches, validate=validate, optimizer=config.optimizer, loss=loss, on_epoch=tell, file=file
    )
    assert tuple(rows) == fitted.history
    return model, fitted


def same(one: tuple[keras.Model, FitResult], other: tuple[keras.Model, FitResult]) -> bool:
    """Whether weights, history (but for its seconds) and best epoch are equal, bit for bit."""
    (model, fitted), (other_model, other_fitted) = one, other
    history, other_history = ([replace(row, seconds=0) for row in found.history] for found in (fitted, other_fitted))
    weights = zip(model.get_weights(), other_model.get_weights(), strict=True)
    return (
        history == other_history
        and fitted.best == other_fitted.best
        and all(np.array_equal(left, right) for left, right in weights)
    )


def setting(optimizer: str, schedule: str) -> list[str]:
    """Overrides: two short phases with this optimizer and schedule, and a head with dropout."""
    overrides = [f"optimizer={optimizer}", "head.units=[16]", "head.dropout=[0.5]", *SCHEDULES[schedule]]
    for phase in ("feature_extraction", "fine_tuning"):
        overrides += [f"training.{phase}.epochs=3", f"training.{phase}.learning_rate=3e-3"]
    return overrides


FEW = {("adamw", "cosine"): 2, ("adam", "plateau"): 4, ("lion", "constant"): 4, ("sgd", "cosine"): 5}
PAIRS = [
    pytest.param(*pair, marks=() if pair in FEW else pytest.mark.slow)
    for pair in product(("adam", "adamw", "lion", "sgd"), SCHEDULES)
]


@pytest.mark.parametrize(("optimizer", "schedule"), PAIRS)
def test_with_every_optimizer_and_schedule_it_goes_on(tmp_path, optimizer, schedule) -> None:
    overrides = setting(optimizer, schedule)
    undisturbed = trained(overrides, KeepsAll(tmp_path / "state.npz", {}))
    for epoch in [FEW[optimizer, schedule]] if (optimizer, schedule) in FEW else [1, 2, 3, 4, 5]:
        # Built from another seed, the model has nothing that the file does not give it.
        assert same(trained(overrides, StateFile(tmp_path / f"{epoch}.npz", {}), built_from=epoch), undisturbed), epoch


# Of each epoch; the loss is always 1. Patience is 3 epochs for a stage and 2 for the rate, so that by hand:
ACCURACIES = [
    *(0.5, 0.4, 0.4, 0.6, 0.5, 0.5, 0.5),  # the rate falls after the 3rd and the 6th; the 7th of at most 10 is the last
    *(0.3, 0.7, 0.6, 0.6, 0.6),  # the rate falls after the 11th; the 12th is the last, the 5th of at most 7
    *(0.2, 0.3, 0.4, 0.5, 0.4, 0.45, 0.6),  # the rate falls after the 18th
]


class Told(keras.callbacks.Callback):
    """In place of validation: these accuracies, those of the first epochs left out."""

    def __init__(self, passed: int) -> None:
        super().__init__()
        self._left = iter(ACCURACIES[passed:])

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        logs |= {"val_loss": 1.0, "val_accuracy": next(self._left)}


def test_what_early_stopping_plateau_and_gradual_unfreezing_remember_goes_on(tmp_path) -> None:
    overrides = [*setting("adamw", "plateau"), "unfreeze=[0,all]", "training.precision=mixed_float16"]
    overrides += ["training.feature_extraction.epochs=10", "training.fine_tuning.epochs=14"]
    overrides += [f"training.{phase}.patience_epochs=3" for phase in ("feature_extraction", "fine_tuning")]
    undisturbed = trained(overrides, KeepsAll(tmp_path / "state.npz", {}), validate=Told(0))
    history = undisturbed[1].history
    assert [row.stage for row in history] == [
        *["training from scratch"] * 7, *["fine tuning 1/2"] * 5, *["fine tuning 2/2"] * 7
    ]  # fmt: skip
    times = [1] * 3 + [0.2] * 3 + [0.04] + [1] * 4 + [0.2] + [1] * 6 + [0.2]
    assert [row.learning_rate for row in history] == pytest.approx([0.03 * factor for factor in times])
    for epoch in (7, 11, 17, 19):
        file = StateFile(tmp_path / f"{epoch}.npz", {})
        continued = trained(overrides, file, built_from=1, validate=Told(epoch))
        assert same(continued, undisturbed), epoch
        assert continued[1].seconds > file.read().seconds


@pytest.mark.slow
def test_keeping_the_state_changes_nothing_and_so_does_a_file_that_holds_none_yet(tmp_path) -> None:
    overrides = setting("adamw", "plateau")
    assert same(trained(overrides, None), trained(overrides, StateFile(tmp_path / "state.npz", {})))
