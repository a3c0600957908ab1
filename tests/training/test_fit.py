"""The loop: stages in order, the best weights at the end, and a loss that is no number stops it with the step."""

import keras
import numpy as np
import pytest

from bloodcells.augmentation.compose import Augmentation
from bloodcells.data.pipeline import TrainingBatches
from bloodcells.model.build import backbone_of, build
from bloodcells.model.inference import Inference
from bloodcells.training.devices import prepare
from bloodcells.training.epochs import DivergedError, Validate
from bloodcells.training.fit import count_trainable, fit
from bloodcells.training.plan import plan
from tests.conftest import TINY, composed

LABELS = np.arange(40) % 2
TARGETS = np.eye(2, dtype=np.float32)[LABELS]
PIXELS = np.random.default_rng(0).integers(0, 120, (40, 32, 32, 3), dtype=np.uint8)
PIXELS[LABELS == 1] += 120  # dark and bright images


def trained(*overrides: str, batch_size: int = 16):
    config = composed(*TINY, "training.batch_size=16", *overrides)
    prepare(config.training, config.seed)
    model = build(config.backbone, config.head, (32, 32), 2, None)
    batches = TrainingBatches(PIXELS, TARGETS, Augmentation({}, 0), batch_size=batch_size, seed=config.seed)
    loss = config.loss.build(LABELS, 2)
    validate = Validate(Inference(model, 16), PIXELS, TARGETS, loss)
    rows = []
    stages = plan(config)
    fitted = fit(model, stages, batches, validate=validate, optimizer=config.optimizer, loss=loss, on_epoch=rows.append)
    assert tuple(rows) == fitted.history
    return model, stages, fitted


def test_epochs_count_on_through_the_stages_and_each_is_reported() -> None:
    _, _, fitted = trained("training.feature_extraction.epochs=2", "training.fine_tuning.epochs=3", "unfreeze=[4,all]")
    assert [row.epoch for row in fitted.history] == [1, 2, 3, 4, 5]
    assert [row.phase for row in fitted.history] == ["feature_extraction"] * 2 + ["fine_tuning"] * 3
    assert [row.stage for row in fitted.history][2:] == ["fine tuning 1/2", "fine tuning 1/2", "fine tuning 2/2"]
    counts = [row.trainable_parameters for row in fitted.history]
    assert counts[0] == counts[1] > counts[4] > counts[2] == counts[3]
    assert all(row.seconds > 0 for row in fitted.history)


def test_the_model_ends_with_the_weights_of_the_best_epoch() -> None:
    model, _, fitted = trained("training.feature_extraction.epochs=4", "training.fine_tuning.epochs=2")
    best = max(fitted.history, key=lambda row: (row.val_accuracy, -row.val_loss))
    assert (fitted.best.epoch, fitted.best.accuracy) == (best.epoch, best.val_accuracy)
    # by Keras's own reckoning
    found = model.evaluate(PIXELS, TARGETS, verbose=0, return_dict=True)
    assert found["accuracy"] == pytest.approx(best.val_accuracy, abs=1e-6)
    assert found["loss"] == pytest.approx(best.val_loss, rel=1e-4)


def test_a_frozen_backbone_does_not_move_in_phase_1_and_only_its_depth_in_phase_2(tmp_path) -> None:
    donor = build(composed().backbone, composed().head, (32, 32), 2, None)
    keras.Model.save_weights(backbone_of(donor), tmp_path / "w.weights.h5")
    config = composed(*TINY, f"backbone.weights={tmp_path}/w.weights.h5", "unfreeze=block3")
    prepare(config.training, 0)
    model = build(config.backbone, config.head, (32, 32), 2, tmp_path / "w.weights.h5")
    before = [weight.copy() for weight in backbone_of(model).get_weights()]
    batches = TrainingBatches(PIXELS, TARGETS, Augmentation({}, 0), batch_size=16, seed=0)
    loss = config.loss.build(LABELS, 2)
    validate = Validate(Inference(model, 16), PIXELS, TARGETS, loss)
    seen = []

    def on_epoch(row) -> None:
        after = backbone_of(model).weights
        seen.append({w.path for old, w in zip(before, after, strict=True) if not np.array_equal(old, w)})

    fit(model, plan(config), batches, validate=validate, optimizer=config.optimizer, loss=loss, on_epoch=on_epoch)
    assert seen[0] == set()
    assert seen[1] == {"block3_down_conv/kernel", "block3_residual_conv/kernel"}


def test_two_runs_from_one_seed_are_equal_and_two_seeds_differ() -> None:
    (first, _, _), (again, _, _), (other, _, _) = trained("seed=1"), trained("seed=1"), trained("seed=2")
    assert all(np.array_equal(a, b) for a, b in zip(first.get_weights(), again.get_weights(), strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first.get_weights(), other.get_weights(), strict=True))


def test_weights_that_the_last_step_broke_stop_training_too() -> None:
    overrides = ("optimizer=sgd", "training.feature_extraction.learning_rate=1e30", "loss=crossentropy")
    with pytest.raises(DivergedError, match=r"the validation loss is (nan|inf) at the last step of epoch 1"):
        trained(*overrides, batch_size=40)


def test_what_each_stage_will_train_is_counted_beforehand() -> None:
    model, stages, fitted = trained("unfreeze=4")
    assert [trainable.parameters for trainable in count_trainable(model, stages)] == [
        row.trainable_parameters for row in fitted.history
    ]


def test_a_loss_that_is_no_number_stops_training_with_epoch_step_and_what_to_do() -> None:
    overrides = ("optimizer=sgd", "training.feature_extraction.learning_rate=1e18", "loss=crossentropy")
    with pytest.raises(DivergedError, match=r"the loss is (nan|inf) at step \d of epoch 1 .*lower training\.feature"):
        trained(*overrides)
