"""The studies under conf/experiment, checked against the course report by hand, and the two scales."""

from functools import cache

import pytest
import yaml

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.typed import plain
from bloodcells.model.depth import depths
from bloodcells.runs.description import run_params
from bloodcells.training.plan import plan
from tests.conftest import composed

CONF = CHECKOUT / "conf"
STEPS = [file.stem for file in sorted((CONF / "experiment" / "ablation").glob("*.yaml"))]
FILES = [f"ablation/{step}" for step in STEPS]
FILES += [file.stem for file in sorted((CONF / "experiment").glob("*.yaml"))]
SCALES = ["report", "laptop"]
LARGER_HEAD = {"head.units": "[256,128]", "head.dropout": "[0.3,0.3]"}
# For each step, the step it follows and what it changes. A changed option stands for all of its settings.
CHANGES = {
    2: (1, {"optimizer": "lion"}),
    3: (1, {"data.clean.enabled": "false"}),
    4: (1, {"backbone": "convnextlarge", "unfreeze": 0.25}),
    5: (4, {"augmentation": "mixup_offline+flip_translate"}),
    6: (4, {"augmentation": "flip_translate+color"}),
    7: (6, {"backbone": "efficientnetv2l"}),
    8: (7, {"augmentation": "randaugment", "optimizer": "adamw", "loss": "focal", **LARGER_HEAD}),
    9: (8, {"unfreeze": 0.5}),
    10: (7, LARGER_HEAD),
    11: (7, {"augmentation": "randaugment"}),
    12: (7, {"optimizer": "adamw"}),
    13: (7, {"loss": "focal"}),
}
STAND_INS = {
    "vgg19": {"name": "smallcnn", "weights": None, "input_size": None},
    "convnextlarge": {"name": "mobilenetv2", "weights": "imagenet", "input_size": None, "alpha": 1.0},
    "efficientnetv2l": {"name": "mobilenetv2", "weights": "imagenet", "input_size": None, "alpha": 0.35},
    "convnextxlarge": {"name": "mobilenetv2", "weights": "imagenet", "input_size": None, "alpha": 1.0},
}


@cache
def config(step: int, scale: str = "report"):
    return composed(f"experiment=ablation/{STEPS[step - 1]}", f"scale={scale}")


def changes(after: int, before: int, scale: str) -> dict:
    """The params that differ between two steps, without the settings of options that differ."""
    new, old = run_params(config(after, scale)), run_params(config(before, scale))
    changed = {key: new.get(key) for key in new | old if new.get(key) != old.get(key)}
    return {key: value for key, value in changed.items() if not any(key.startswith(f"{other}.") for other in changed)}


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("file", FILES)
def test_every_experiment_is_valid_and_its_backbone_has_the_depth(file, scale) -> None:
    needed = ["data=npz", "data.path=a.npz"] if file in ("mobilenetv2", "robust", "robust_small") else []
    config = composed(f"experiment={file}", f"scale={scale}", *needed)
    assert depths(config.unfreeze, config.backbone, config.training.fine_tuning.epochs)


@pytest.mark.parametrize("file", FILES)
def test_every_experiment_starts_with_its_claim_and_command(file) -> None:
    package, claim, *lines = (CONF / "experiment" / f"{file}.yaml").read_text().splitlines()
    assert package == "# @package _global_"
    assert claim.startswith("# Claim: ")
    comment = [line for line in lines if line.startswith("#")]
    assert any("python -m bloodcells.train " in line and f"experiment={file} " in line for line in comment)


def test_steps_are_numbered_by_file_name_and_belong_to_one_study() -> None:
    assert len(STEPS) == 13
    for number, step in enumerate(STEPS, 1):
        assert step.startswith(f"{number:02}_")
        assert (config(number).step, config(number).study) == (number, "ablation")


def test_first_step_has_the_course_reports_settings() -> None:
    expected = {
        "backbone": "vgg19", "backbone.weights": "imagenet", "augmentation": "flip_translate", "optimizer": "adam",
        "loss": "weighted_crossentropy", "loss.alpha": "balanced", "unfreeze": 10, "head": "dense",
        "head.units": "[256]", "head.dropout": "[0.3]", "data.clean.enabled": "true",
        "training.feature_extraction.learning_rate": 1e-4, "training.feature_extraction.schedule": "plateau",
        "training.fine_tuning.learning_rate": 1e-5, "training.fine_tuning.schedule": "cosine_restarts",
    }  # fmt: skip
    assert expected.items() <= run_params(config(1)).items()


@pytest.mark.parametrize("step", CHANGES)
def test_each_step_makes_exactly_the_course_reports_change(step) -> None:
    before, expected = CHANGES[step]
    assert config(step).follows == before
    assert changes(step, before, "report") == expected


@pytest.mark.parametrize("step", CHANGES)
def test_laptop_scale_makes_the_same_changes_except_for_backbones(step) -> None:
    before = CHANGES[step][0]
    laptop, report = (
        {key: value for key, value in changes(step, before, scale).items() if not key.startswith("backbone")}
        for scale in ("laptop", "report")
    )
    assert laptop == report


def test_step_5_uses_offline_mixup() -> None:
    assert config(5).augmentation["mixup"].is_offline
    assert "mixup" not in config(6).augmentation


def test_last_step_differs_from_the_defaults_in_backbone_augmentation_and_depth() -> None:
    last, default = run_params(config(9)), run_params(composed())
    changed = {key for key in last | default if last.get(key) != default.get(key)}
    assert {key.partition(".")[0] for key in changed} == {"backbone", "augmentation", "unfreeze"}


@pytest.mark.parametrize(("scale", "rates"), [("report", [2e-5, 2e-6]), ("laptop", [2e-3, 2e-4])])
def test_lion_uses_a_fifth_of_adams_learning_rates(scale, rates) -> None:
    assert [stage.learning_rate for stage in plan(config(2, scale))] == pytest.approx(rates)
    assert [stage.learning_rate for stage in plan(config(1, scale))] == pytest.approx([5 * rate for rate in rates])


@pytest.mark.parametrize("backbone", STAND_INS)
def test_small_backbones_replace_large_ones_at_laptop_scale_only(backbone) -> None:
    config = composed(f"backbone={backbone}", "scale=laptop")
    assert plain(config.backbone) == STAND_INS[backbone]
    assert config.stand_in_for == backbone
    assert composed(f"backbone={backbone}", "scale=report").backbone.name == backbone


def test_a_backbone_without_a_stand_in_is_kept() -> None:
    assert composed("backbone=efficientnetv2s", "scale=laptop").backbone.name == "efficientnetv2s"


def test_labels_name_the_backbone_that_was_trained() -> None:
    assert [config(step).label for step in (1, 2, 8)] == [
        "1 vgg19", "2 vgg19, Lion", "8 efficientnetv2l, all four changes",
    ]  # fmt: skip
    assert [config(step, "laptop").label for step in (1, 2, 8)] == [
        "1 smallcnn", "2 smallcnn, Lion", "8 mobilenetv2, all four changes",
    ]  # fmt: skip
    for scale in SCALES:
        assert len({config(step, scale).label for step in range(1, 14)}) == 13


def test_scale_report_changes_nothing() -> None:
    assert yaml.safe_load((CONF / "scale" / "report.yaml").read_text()) is None
    assert not list((CONF / "stand_in").glob("report_*"))


def test_at_laptop_scale_all_seeds_share_the_test_images_and_epochs() -> None:
    config = composed("scale=laptop", "data=npz", "data.path=a.npz", "seed=5")
    assert (config.data.split.test_share, config.data.split.seed) == (0.2, 0)
    assert config.training.feature_extraction.epochs + config.training.fine_tuning.epochs == 36


def test_choices_of_laptop_scale_can_be_overridden() -> None:
    assert composed("scale=laptop", "evaluation=clean").evaluation.grid is None
    schedule = "schedule@training.fine_tuning.schedule=plateau"
    assert composed("scale=laptop", schedule).training.fine_tuning.schedule.name == "plateau"


def test_robust_trains_mobilenetv2_by_default_and_convnextxlarge_at_scale_report() -> None:
    recipe = ["experiment=robust", "data.path=a.npz"]
    laptop, report = composed(*recipe), composed(*recipe, "scale=report")
    assert (plain(laptop.backbone), laptop.optimizer.name) == (STAND_INS["convnextxlarge"], "adamw")
    assert (report.backbone.name, report.backbone.input_size, report.optimizer.name) == ("convnextxlarge", 224, "lion")
    # Both phases; Lion's factor of 0.2 is part of the rate.
    assert [(stage.epochs, stage.learning_rate) for stage in plan(laptop)] == [(2, 1e-3), (36, 1e-3)]
    assert [stage.epochs for stage in plan(report)] == [2, 20]
    assert [stage.learning_rate for stage in plan(report)] == pytest.approx([2e-4, 1e-5])


@pytest.mark.parametrize("scale", SCALES)
def test_the_small_recipe_differs_from_the_other_in_width_only_at_any_scale(scale) -> None:
    small = run_params(composed("experiment=robust_small", "data.path=a.npz", f"scale={scale}", "data.split.seed=0"))
    large = run_params(composed("experiment=robust", "data.path=a.npz"))
    changed = {key for key in small | large if small.get(key) != large.get(key)} - {"data.split.test_share"}
    assert changed == {"backbone.alpha"}
