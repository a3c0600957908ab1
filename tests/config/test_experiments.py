"""The report's steps: what each changes, worked out from the report by hand; and the two scales."""

from functools import cache

import pytest
import yaml

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.typed import plain
from bloodcells.model.depth import depths
from bloodcells.runs.description import compared
from bloodcells.training.plan import plan
from tests.conftest import composed

CONF = CHECKOUT / "conf"
STEPS = [file.stem for file in sorted((CONF / "experiment" / "ablation").glob("*.yaml"))]
FILES = [f"ablation/{step}" for step in STEPS]
FILES += [file.stem for file in sorted((CONF / "experiment").glob("*.yaml"))]
SCALES = ["report", "laptop"]
LARGER_HEAD = {"head.units": "[256,128]", "head.dropout": "[0.3,0.3]"}
# The step that each is a change of, and what it changes; options stand for all that belongs to them.
CHANGES = {
    2: (1, {"optimizer": "lion"}),
    3: (1, {"data.clean.enabled": False}),
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
}


@cache
def config(step: int, scale: str = "report"):
    return composed(f"experiment=ablation/{STEPS[step - 1]}", f"scale={scale}")


def changes(after: int, before: int, scale: str) -> dict:
    """The params that two steps differ in, without those that belong to an option that does."""
    new, old = compared(config(after, scale)), compared(config(before, scale))
    found = {key: new.get(key) for key in new | old if new.get(key) != old.get(key)}
    return {key: value for key, value in found.items() if not any(key.startswith(f"{other}.") for other in found)}


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("file", FILES)
def test_every_experiment_composes_is_typed_and_has_a_depth_that_its_backbone_has(file, scale) -> None:
    needed = ["data=npz", "data.path=a.npz"] if file == "mobilenetv2" else []
    found = composed(f"experiment={file}", f"scale={scale}", *needed)
    assert depths(found.unfreeze, found.backbone.name, found.training.fine_tuning.epochs)


@pytest.mark.parametrize("file", FILES)
def test_every_experiment_opens_with_its_claim_and_the_command_that_runs_it(file) -> None:
    package, claim, *lines = (CONF / "experiment" / f"{file}.yaml").read_text().splitlines()
    assert package == "# @package _global_"
    assert claim.startswith("# Claim: ")
    comment = [line for line in lines if line.startswith("#")]
    assert any("python -m bloodcells.train " in line and f"experiment={file} " in line for line in comment)


def test_the_steps_are_numbered_in_the_order_of_their_files_and_filed_together() -> None:
    assert len(STEPS) == 13
    for number, step in enumerate(STEPS, 1):
        assert step.startswith(f"{number:02}_")
        assert (config(number).step, config(number).study) == (number, "ablation")


def test_the_reports_start() -> None:
    expected = {
        "backbone": "vgg19", "backbone.weights": "imagenet", "augmentation": "flip_translate", "optimizer": "adam",
        "loss": "weighted_crossentropy", "loss.alpha": "balanced", "unfreeze": 10, "head": "dense",
        "head.units": "[256]", "head.dropout": "[0.3]", "data.clean.enabled": True,
        "training.feature_extraction.learning_rate": 1e-4, "training.feature_extraction.schedule": "plateau",
        "training.fine_tuning.learning_rate": 1e-5, "training.fine_tuning.schedule": "cosine_restarts",
    }  # fmt: skip
    assert expected.items() <= compared(config(1)).items()


@pytest.mark.parametrize("step", CHANGES)
def test_each_step_is_the_change_that_the_report_made(step) -> None:
    before, expected = CHANGES[step]
    assert config(step).follows == before
    assert changes(step, before, "report") == expected


@pytest.mark.parametrize("step", CHANGES)
def test_at_laptop_scale_the_same_changes_are_made_but_for_the_backbones(step) -> None:
    before = CHANGES[step][0]
    found, expected = (
        {key: value for key, value in changes(step, before, scale).items() if not key.startswith("backbone")}
        for scale in ("laptop", "report")
    )
    assert found == expected


def test_mixup_is_made_beforehand() -> None:
    assert config(5).augmentation.mixup.offline
    assert config(6).augmentation.mixup is None


def test_the_last_step_is_what_the_defaults_are_but_for_backbone_augmentation_and_depth() -> None:
    last, default = compared(config(9)), compared(composed())
    found = {key for key in last | default if last.get(key) != default.get(key)}
    assert {key.partition(".")[0] for key in found} == {"backbone", "augmentation", "unfreeze"}


@pytest.mark.parametrize(("scale", "rates"), [("report", [2e-5, 2e-6]), ("laptop", [6e-4, 1.8e-4])])
def test_lion_takes_a_fifth_of_adams_rates_at_either_scale(scale, rates) -> None:
    assert [stage.learning_rate for stage in plan(config(2, scale))] == pytest.approx(rates)
    assert [stage.learning_rate for stage in plan(config(1, scale))] == pytest.approx([5 * rate for rate in rates])


@pytest.mark.parametrize("backbone", STAND_INS)
def test_small_backbones_stand_in_for_the_reports_at_laptop_scale_alone(backbone) -> None:
    assert plain(composed(f"backbone={backbone}", "scale=laptop").backbone) == STAND_INS[backbone]
    assert composed(f"backbone={backbone}", "scale=report").backbone.name == backbone


def test_a_backbone_without_a_stand_in_stays() -> None:
    assert composed("backbone=efficientnetv2s", "scale=laptop").backbone.name == "efficientnetv2s"


def test_labels_name_what_was_trained() -> None:
    assert [config(step).label for step in (1, 2, 8)] == [
        "1 vgg19", "2 vgg19, Lion", "8 efficientnetv2l, all four changes",
    ]  # fmt: skip
    assert [config(step, "laptop").label for step in (1, 2, 8)] == [
        "1 smallcnn", "2 smallcnn, Lion", "8 mobilenetv2, all four changes",
    ]  # fmt: skip
    for scale in SCALES:
        assert len({config(step, scale).label for step in range(1, 14)}) == 13


def test_the_reports_scale_changes_nothing() -> None:
    assert yaml.safe_load((CONF / "scale" / "report.yaml").read_text()) is None
    assert not list((CONF / "stand_in").glob("report_*"))


def test_laptop_scale_is_short_and_tests_all_seeds_on_the_same_images() -> None:
    found = composed("scale=laptop", "data=npz", "data.path=a.npz", "seed=5")
    assert (found.data.split.test_share, found.data.split.seed) == (0.2, 0)
    assert found.training.feature_extraction.epochs + found.training.fine_tuning.epochs == 6
    assert found.evaluation.shift.severities == [3]


def test_what_laptop_scale_chooses_can_be_chosen_otherwise() -> None:
    assert composed("scale=laptop", "evaluation=clean").evaluation.shift is None
    schedule = "schedule@training.fine_tuning.schedule=plateau"
    assert composed("scale=laptop", schedule).training.fine_tuning.schedule.name == "plateau"
