"""The training loop: stages in order, the best weights at the end, and an error when the loss is not finite."""

import keras
import numpy as np
import pytest

from bloodcells.augmentation.compose import Augmentation
from bloodcells.config.schema import Monitor
from bloodcells.data.pipeline import TrainingBatches
from bloodcells.model.build import backbone_of, build
from bloodcells.model.inference import Inference
from bloodcells.training.devices import prepare
from bloodcells.training.epochs import DivergedError, Validate
from bloodcells.training.fit import count_trainable, fit
from bloodcells.training.plan import plan
from tests.conftest import TINY, composed
from tests.training import test_resume

LABELS = np.arange(40) % 2
TARGETS = np.eye(2, dtype=np.float32)[LABELS]
PIXELS = np.random.default_rng(0).integers(0, 120, (40, 32, 32, 3), dtype=np.uint8)
PIXELS[LABELS == 1] += 120  # dark and bright images
VALIDATION = {Monitor.clean: PIXELS, Monitor.composed: 255 - PIXELS}  # the better on one, the worse on the other
small_backbone = test_resume.small_backbone


def trained(*overrides: str, batch_size: int = 16):
    config = composed(*TINY, "training.batch_size=16", *overrides)
    prepare(config.training, config.seed)
    model = build(config.backbone, config.head, (32, 32), classes=2, weights=None)
    batches = TrainingBatches(PIXELS, TARGETS, Augmentation({}, 0), batch_size=batch_size, seed=config.seed)
    loss = config.loss.build(LABELS, 2)
    rows = []
    stages = plan(config)
    result = fit(
        model,
        stages,
        batches,
        validate=Validate(Inference(model, 16), VALIDATION, TARGETS, loss=loss),
        monitor=config.training.monitor,
        optimizer=config.optimizer,
        loss=loss,
        ema_momentum=config.training.ema_momentum,
        on_epoch=lambda row, _: rows.append(row),
    )
    assert tuple(rows) == result.history
    return model, stages, result


def test_epochs_are_numbered_over_all_stages_and_each_is_reported(small_backbone) -> None:
    epochs = ("training.feature_extraction.epochs=2", "training.fine_tuning.epochs=3")
    model, stages, result = trained(*epochs, "unfreeze=[2,all]", "head=linear")
    assert [row.epoch for row in result.history] == [1, 2, 3, 4, 5]
    assert [row.phase for row in result.history] == ["feature_extraction"] * 2 + ["fine_tuning"] * 3
    assert [row.stage for row in result.history][2:] == ["fine-tuning 1/2", "fine-tuning 1/2", "fine-tuning 2/2"]
    assert all(row.seconds > 0 for row in result.history)
    convolution, scales_and_offsets, head = 5 * 5 * 3 * 8, 2 * 8, 8 * 2 + 2
    # Batch normalization trains in phase 1 only.
    expected = [convolution + scales_and_offsets + head, head, convolution + head]
    assert [row.trainable_parameters for row in result.history] == [expected[stage] for stage in (0, 0, 1, 1, 2)]
    assert [trainable.parameters for trainable in count_trainable(model, stages)] == expected


def test_model_ends_with_the_weights_of_the_best_epoch_on_the_monitored_images(small_backbone) -> None:
    epochs = ("training.feature_extraction.epochs=4", "training.fine_tuning.epochs=2")
    model, _, result = trained(*epochs, "training.monitor=composed")
    best = max(result.history, key=lambda row: (row.val_composed_accuracy, -row.val_composed_loss))
    assert best != max(result.history, key=lambda row: (row.val_accuracy, -row.val_loss))
    assert (result.best.epoch, result.best.accuracy) == (best.epoch, best.val_composed_accuracy)
    assert (result.best_row, result.monitor) == (best, Monitor.composed)
    model.compile(loss=composed().loss.build(LABELS, 2), metrics=["categorical_accuracy"])
    for monitor, pixels in VALIDATION.items():
        by_keras = model.evaluate(pixels, TARGETS, verbose=0, return_dict=True)
        assert by_keras["categorical_accuracy"] == pytest.approx(getattr(best, monitor.accuracy), abs=1e-6)
        assert by_keras["loss"] == pytest.approx(getattr(best, monitor.loss), rel=1e-4)


def test_frozen_backbone_does_not_change_in_phase_1_and_only_from_its_depth_on_in_phase_2(tmp_path) -> None:
    donor = build(composed().backbone, composed().head, (32, 32), classes=2, weights=None)
    keras.Model.save_weights(backbone_of(donor), tmp_path / "w.weights.h5")
    config = composed(*TINY, f"backbone.weights={tmp_path}/w.weights.h5", "unfreeze=block3")
    prepare(config.training, 0)
    model = build(config.backbone, config.head, (32, 32), classes=2, weights=tmp_path / "w.weights.h5")
    before = [weight.copy() for weight in backbone_of(model).get_weights()]
    batches = TrainingBatches(PIXELS, TARGETS, Augmentation({}, 0), batch_size=16, seed=0)
    loss = config.loss.build(LABELS, 2)
    changed = []

    def on_epoch(row, _: float) -> None:
        after = backbone_of(model).weights
        changed.append({w.path for old, w in zip(before, after, strict=True) if not np.array_equal(old, w)})

    fit(
        model,
        plan(config),
        batches,
        validate=Validate(Inference(model, 16), VALIDATION, TARGETS, loss=loss),
        monitor=Monitor.clean,
        optimizer=config.optimizer,
        loss=loss,
        ema_momentum=config.training.ema_momentum,
        on_epoch=on_epoch,
    )
    assert changed == [set(), {"block3_down_conv/kernel", "block3_residual_conv/kernel"}]


def test_runs_with_the_same_seed_are_bit_identical_and_with_another_differ(small_backbone) -> None:
    short = ("training.fine_tuning.epochs=0", "head=linear")
    (first, _, _), (again, _, _), (other, _, _) = (trained(*short, f"seed={seed}") for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first.get_weights(), again.get_weights(), strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first.get_weights(), other.get_weights(), strict=True))


def test_loss_that_is_not_finite_stops_training_and_says_where_and_what_to_do(small_backbone) -> None:
    overrides = ("optimizer=sgd", "training.feature_extraction.learning_rate=1e18", "loss=crossentropy")
    with pytest.raises(DivergedError) as error:
        trained(*overrides)
    assert "\n" not in str(error.value)
    error.match(
        r"^the loss is (nan|inf) at step \d of epoch 1 \(training from scratch\); expected a finite number: "
        r"lower training\.feature_extraction\.learning_rate \(now 1e\+19\) or change the optimizer$"
    )


def test_divergence_in_the_last_step_shows_in_validation_and_stops_training(small_backbone) -> None:
    overrides = ("optimizer=sgd", "training.feature_extraction.learning_rate=1e30", "loss=crossentropy")
    with pytest.raises(DivergedError, match=r"the validation loss is (nan|inf) at the last step of epoch 1"):
        trained(*overrides, batch_size=40)
