"""The stages planned from a config."""

import pytest

from bloodcells.config.errors import InputError
from bloodcells.training.plan import plan, remarks
from tests.conftest import composed

PRETRAINED = ("backbone=mobilenetv2", "training.feature_extraction.epochs=4", "training.fine_tuning.epochs=8")
RANDOM = (*PRETRAINED, "backbone.weights=null")


def stages(*overrides: str) -> list[tuple]:
    return [
        (stage.phase, stage.epochs, pytest.approx(stage.learning_rate), stage.depth.first, stage.batch_norm)
        for stage in plan(composed(*overrides))
    ]


def test_two_phases_of_the_course_report() -> None:
    # mobilenetv2 has 154 layers: from layer 154 on means none of them
    assert stages(*PRETRAINED, "unfreeze=50") == [
        ("feature_extraction", 4, 1e-4, 154, False),
        ("fine_tuning", 8, 1e-5, 104, False),
    ]
    assert remarks(composed(*PRETRAINED)) == []


def test_lion_scales_the_rates_of_both_phases() -> None:
    assert [stage[2] for stage in stages(*PRETRAINED, "optimizer=lion")] == [2e-5, 2e-6]
    lion = ("optimizer=lion", "optimizer.learning_rate_factor=0.1", "training.from_scratch_factor=20")
    assert [stage[2] for stage in stages(*RANDOM, *lion)] == [2e-4, 2e-5]


def test_batch_norm_can_train_in_fine_tuning() -> None:
    assert [stage[-1] for stage in stages(*PRETRAINED, "training.batch_norm=train")] == [False, True]


def test_gradual_unfreezing_divides_the_epochs_and_gives_the_remainder_to_the_first_steps() -> None:
    assert [stage[1:4] for stage in stages(*PRETRAINED, "unfreeze=[10,50,all]")[1:]] == [
        (3, 1e-5, 144),
        (3, 1e-5, 104),
        (2, 1e-5, 0),
    ]
    labels = [stage.label for stage in plan(composed(*PRETRAINED, "unfreeze=[10,50,all]"))]
    assert labels == ["feature extraction", "fine-tuning 1/3", "fine-tuning 2/3", "fine-tuning 3/3"]


def test_without_pretrained_weights_phase_1_trains_everything_at_higher_rates_with_a_remark() -> None:
    assert stages(*RANDOM, "unfreeze=50", "training.from_scratch_factor=20") == [
        ("feature_extraction", 4, 2e-3, 0, True),
        ("fine_tuning", 8, 2e-4, 104, False),
    ]
    assert "phase 1 trains the whole network" in remarks(composed(*RANDOM))[0]


def test_random_weights_without_phase_1_train_batch_norm_in_fine_tuning_with_a_remark() -> None:
    overrides = (*RANDOM, "training.feature_extraction.epochs=0")
    assert stages(*overrides) == [("fine_tuning", 8, 1e-4, 0, True)]
    assert "fine-tuning starts from random weights" in remarks(composed(*overrides))[0]


def test_stand_in_has_a_remark_that_names_both_backbones_and_how_to_train_the_large_one() -> None:
    line = (
        "backbone=convnextlarge: at this scale mobilenetv2 stands in for it; scale=report trains convnextlarge itself"
    )
    assert remarks(composed("backbone=convnextlarge", "scale=laptop"))[0].startswith(line)
    assert remarks(composed("backbone=convnextlarge", "scale=report")) == []
    assert remarks(composed("backbone=mobilenetv2", "scale=laptop")) == []


def test_phase_without_epochs_is_left_out() -> None:
    assert [stage[0] for stage in stages(*PRETRAINED, "training.fine_tuning.epochs=0")] == ["feature_extraction"]


def test_impossible_depth_is_an_error_of_the_plan() -> None:
    with pytest.raises(InputError, match="unfreeze=155"):
        plan(composed(*PRETRAINED, "unfreeze=155"))


def test_augmentation_with_random_state_has_a_remark_that_the_run_is_not_reproducible() -> None:
    (line,) = remarks(composed(*PRETRAINED, "augmentation=[randaugment_kerascv,mixup]"))
    assert line.startswith("augmentation.randaugment_kerascv: ")
    assert line.endswith("this run is not reproducible")
    assert remarks(composed(*PRETRAINED, "augmentation=randaugment")) == []
