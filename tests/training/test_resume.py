"""Training resumed from the end of any epoch gives the same result, bit for bit, as training without interruption."""

import shutil
from dataclasses import replace
from functools import cache
from itertools import product

import keras
import numpy as np
import pytest
from keras import layers

from bloodcells.augmentation.compose import Augmentation
from bloodcells.config.schema import Monitor, TrainConfig
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

pytestmark = pytest.mark.usefixtures("small_backbone")
RNG = np.random.default_rng(0)
LABELS = RNG.permutation(np.arange(60) % 3)
TARGETS = np.eye(3, dtype=np.float32)[LABELS]
PIXELS = RNG.integers(0, 256, (60, 32, 32, 3), dtype=np.uint8)
VALIDATION = {Monitor.clean: PIXELS, Monitor.composed: PIXELS[:, ::2, ::2].repeat(2, axis=1).repeat(2, axis=2)}
OPTIMIZERS = {
    **{name: [f"optimizer={name}"] for name in ("adam", "adamw", "lion", "sgd")},
    "adafactor": ["optimizer=keras", "optimizer.class_name=Adafactor", "optimizer.arguments={clip_threshold: 2.0}"],
}
SCHEDULES = {
    name: [f"schedule@training.{phase}.schedule={name}" for phase in ("feature_extraction", "fine_tuning")]
    for name in ("plateau", "cosine_restarts", "constant")
}


def network(shape: tuple[int, int, int]) -> keras.Model:
    """A small backbone that is traced quickly, with batch statistics and with dropout inside."""
    inputs = keras.Input(shape)
    x = layers.Conv2D(8, 5, 4, use_bias=False, name="conv")(inputs)
    x = layers.BatchNormalization(name="bn")(x)
    return keras.Model(inputs, layers.SpatialDropout2D(0.2, name="drop")(x), name="smallcnn")


@pytest.fixture
def small_backbone(monkeypatch) -> None:
    monkeypatch.setattr(SmallCNN, "build", lambda self, shape: network(shape))


class KeepsAll(StateFile):
    """Also keeps the state after each epoch, in 1.npz, 2.npz, ...: what a kill would leave there."""

    def write(self, state: State) -> None:
        super().write(state)
        shutil.copy(self._path, self._path.with_name(f"{self.epochs}.npz"))


@cache
def config_of(*overrides: str) -> TrainConfig:
    return composed(*TINY, "training.batch_size=16", "loss=crossentropy", *overrides)


def trained(
    overrides: list[str],
    file: StateFile | None,
    build_seed: int = 0,
    validate: keras.callbacks.Callback | None = None,
) -> tuple[keras.Model, FitResult]:
    """Builds everything, as a new process does, and trains. `build_seed` sets the initial weights and dropout."""
    config = config_of(*overrides)
    prepare(config.training, build_seed)
    model = build(config.backbone, config.head, (32, 32), classes=3, weights=None)
    loss = config.loss.build(LABELS, 3)
    batches = TrainingBatches(PIXELS, TARGETS, Augmentation({}, 0), batch_size=16, seed=config.seed)
    validate = validate or Validate(Inference(model, 60), VALIDATION, TARGETS, loss=loss)
    rows: list[Epoch] = []
    before = list(file.read().history) if file and file.epochs else []

    def on_epoch(row: Epoch, ago: float) -> None:
        assert ago == sum(later.seconds for later in before[row.epoch :])  # 0 for an epoch of this process
        assert file is None or file.epochs >= row.epoch  # otherwise an epoch trained again would be reported twice
        rows.append(row)

    stages = plan(config)
    result = fit(
        model,
        stages,
        batches,
        validate=validate,
        monitor=config.training.monitor,
        optimizer=config.optimizer,
        loss=loss,
        ema_momentum=config.training.ema_momentum,
        on_epoch=on_epoch,
        file=file,
    )
    assert tuple(rows) == result.history
    return model, result


def same(one: tuple[keras.Model, FitResult], other: tuple[keras.Model, FitResult]) -> bool:
    """Whether weights, best epoch and history, apart from its seconds, are bit-identical."""
    (model, result), (other_model, other_result) = one, other
    history, other_history = ([replace(row, seconds=0) for row in each.history] for each in (result, other_result))
    weights = zip(model.get_weights(), other_model.get_weights(), strict=True)
    return (
        history == other_history
        and result.best == other_result.best
        and all(np.array_equal(left, right) for left, right in weights)
    )


def two_phases(optimizer: str, schedule: str) -> list[str]:
    """Overrides for two short phases with this optimizer and schedule, and a head with dropout."""
    overrides = [*OPTIMIZERS[optimizer], *SCHEDULES[schedule], "head.units=[16]", "head.dropout=[0.5]"]
    for phase in ("feature_extraction", "fine_tuning"):
        overrides += [f"training.{phase}.epochs=3", f"training.{phase}.learning_rate=3e-3"]
    return overrides


# One epoch to resume after for some pairs; every epoch for all pairs among the slow tests.
QUICK = {
    ("adam", "plateau"): 4,
    ("lion", "constant"): 4,
    ("sgd", "cosine_restarts"): 5,
}
PAIRS = [
    pytest.param(*pair, marks=() if pair in QUICK else pytest.mark.slow) for pair in product(OPTIMIZERS, SCHEDULES)
]


@pytest.mark.parametrize(("optimizer", "schedule"), PAIRS)
def test_every_optimizer_and_schedule_resumes(tmp_path, optimizer, schedule) -> None:
    overrides = two_phases(optimizer, schedule)
    uninterrupted = trained(overrides, KeepsAll(tmp_path / "state.npz", {}))
    for epoch in [QUICK[optimizer, schedule]] if (optimizer, schedule) in QUICK else [1, 2, 3, 4, 5]:
        # With other initial weights, everything that is equal in the end came from the file.
        assert same(trained(overrides, StateFile(tmp_path / f"{epoch}.npz", {}), build_seed=epoch), uninterrupted), (
            epoch
        )


# One per epoch; the loss is always 1. With a patience of 3 epochs for a stage and 2 for the rate, by hand:
ACCURACIES = [
    *(0.5, 0.4, 0.4, 0.6, 0.5, 0.5, 0.5),  # the rate falls after epochs 3 and 6; epoch 7 of at most 10 is the last
    *(0.3, 0.7, 0.6, 0.6, 0.6),  # the rate falls after epoch 11; epoch 12, the 5th of at most 7, is the last
    *(0.2, 0.3, 0.4, 0.5, 0.4, 0.45, 0.6),  # the rate falls after epoch 18
]


class GivenAccuracies(keras.callbacks.Callback):
    """Replaces validation: reports ACCURACIES on composed images, without the first `passed`, and 1 on clean ones."""

    def __init__(self, passed: int) -> None:
        super().__init__()
        self._left = iter(ACCURACIES[passed:])

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        logs |= {"val_loss": 1.0, "val_accuracy": 1.0}
        logs |= {"val_composed_loss": 1.0, "val_composed_accuracy": next(self._left)}


def test_early_stopping_plateau_and_gradual_unfreezing_resume(tmp_path, caplog) -> None:
    caplog.set_level("INFO", "bloodcells")
    overrides = [*two_phases("adamw", "plateau"), "unfreeze=[0,all]", "training.precision=mixed_float16"]
    overrides += ["training.monitor=composed"]
    overrides += ["training.feature_extraction.epochs=10", "training.fine_tuning.epochs=14"]
    overrides += [f"training.{phase}.patience_epochs=3" for phase in ("feature_extraction", "fine_tuning")]
    uninterrupted = trained(overrides, KeepsAll(tmp_path / "state.npz", {}), validate=GivenAccuracies(0))
    history = uninterrupted[1].history
    assert [row.stage for row in history] == [
        *["training from scratch"] * 7, *["fine-tuning 1/2"] * 5, *["fine-tuning 2/2"] * 7
    ]  # fmt: skip
    factors = [1] * 3 + [0.2] * 3 + [0.04] + [1] * 4 + [0.2] + [1] * 6 + [0.2]
    assert [row.learning_rate for row in history] == pytest.approx([0.03 * factor for factor in factors])
    assert [message for message in caplog.messages if message.startswith("early stopping")] == [
        "early stopping after epoch 7 (patience 3); best so far: epoch 4, composed validation accuracy 0.600",
        "early stopping after epoch 12 (patience 3); best so far: epoch 9, composed validation accuracy 0.700",
    ]
    for epoch in (7, 11, 17, 19):
        file = StateFile(tmp_path / f"{epoch}.npz", {})
        resumed = trained(overrides, file, build_seed=1, validate=GivenAccuracies(epoch))
        assert same(resumed, uninterrupted), epoch
        assert resumed[1].seconds > file.read().seconds


@pytest.mark.slow
def test_saving_the_state_changes_nothing(tmp_path) -> None:
    overrides = two_phases("adamw", "plateau")
    assert same(trained(overrides, None), trained(overrides, StateFile(tmp_path / "state.npz", {})))
