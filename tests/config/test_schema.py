"""Every option of every group fits the schema; numbers out of range and impossible combinations are one line."""

import dataclasses
import subprocess
import sys

import pytest
import yaml
from omegaconf import OmegaConf
from omegaconf.errors import ConfigKeyError, MissingMandatoryValue, ValidationError

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.config.options import MODULES, option, options
from bloodcells.config.schema import TrainConfig
from bloodcells.config.schema.ranges import inside
from bloodcells.config.typed import plain, typed
from tests.conftest import composed

GROUPS = ["data", "backbone", "head", "augmentation", "optimizer", "loss", "training", "evaluation", "tracking"]
CHOICES = [(group, file.stem) for group in GROUPS for file in sorted((CHECKOUT / "conf" / group).glob("*.yaml"))]
NEEDED = {
    "data=npz": "data.path=a.npz",
    "data=folder": "data.path=a",
    "backbone=keras": "backbone.network=DenseNet121",
    "optimizer=keras": "optimizer.class_name=Nadam",
    "loss=keras": "loss.class_name=Dice",
    "tracking=server": "tracking.uri=http://127.0.0.1:5000",
}


@pytest.mark.parametrize(("group", "name"), [choice for choice in CHOICES if choice != ("data", "own")])
def test_every_option_composes_and_fits_its_schema(group: str, name: str) -> None:
    choice = f"{group}={name}"
    config = composed(choice, *([NEEDED[choice]] if choice in NEEDED else []))
    if group in MODULES and group != "augmentation":
        assert type(getattr(config, group)) is options(group)[name]


def test_schema_and_files_have_the_same_options() -> None:
    for group in set(MODULES) & set(GROUPS) - {"augmentation"}:
        assert {name for each, name in CHOICES if each == group} == set(options(group))


def test_every_augmentation_step_is_set_by_an_option() -> None:
    files = (CHECKOUT / "conf" / "augmentation").glob("*.yaml")
    keys = {key for file in files for key in yaml.safe_load(file.read_text()) or {}}
    assert keys - {"defaults"} == set(options("augmentation"))


def test_option_modules_import_nothing_slow() -> None:
    code = (
        "import sys; from importlib import import_module; from bloodcells.config.options import MODULES\n"
        "for modules in MODULES.values(): list(map(import_module, modules))\n"
        "print(sorted({'tensorflow', 'keras', 'numba', 'scipy', 'pandas', 'PIL', 'mlflow'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_name_can_be_registered_once_only() -> None:
    with pytest.raises(ValueError, match="optimizer=adam is registered twice"):
        option("optimizer", "adam")(int)
    assert options("optimizer")["adam"] is not int


def test_last_part_of_a_place_is_its_group() -> None:
    assert options("training.fine_tuning.schedule") == options("schedule")
    assert options("training.fine_tuning") == {}


@pytest.mark.parametrize("file", sorted((CHECKOUT / "conf").rglob("*.yaml")), ids=lambda file: file.stem)
def test_every_file_starts_with_a_comment(file) -> None:
    assert file.read_text().startswith("# ")


@pytest.mark.parametrize(
    ("number", "interval", "expected"),
    [(0, "(0, 1]", False), (1, "(0, 1]", True), (0, "[0, 1)", True), (1, "[0, 1)", False), (9e9, "(0, inf)", True)],
)
def test_round_brackets_exclude_a_bound_and_square_brackets_include_it(number, interval, expected) -> None:
    assert inside(number, interval) is expected


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("seed=-1", "seed=-1"),
        ("training.batch_size=0", "training.batch_size=0"),
        ("head.dropout=[0.3,1.0]", "head.dropout=[0.3, 1.0]"),
        ("training.fine_tuning.learning_rate=0", "training.fine_tuning.learning_rate=0.0"),
        ("data.split.test_share=1.5", "data.split.test_share=1.5"),
        ("training.fine_tuning.schedule.peak_decay=0", "training.fine_tuning.schedule.peak_decay=0.0"),
        ("training.fine_tuning.schedule.first_cycle_epochs=0.01", "training.fine_tuning.schedule.first_cycle_epochs=0"),
    ],
)
def test_number_out_of_range_is_reported_with_its_range(override: str, key: str) -> None:
    with pytest.raises(InputError, match=r"expected a number in [\[(]") as error:
        composed(override)
    assert str(error.value).startswith(key)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["data.split.test_share=0.6", "data.split.validation_share=0.4"], "leave nothing to train on"),
        (["head.units=[8]"], "one rate for each of the 1 dense layers"),
        (["training.feature_extraction.epochs=0", "training.fine_tuning.epochs=0"], "at least one epoch"),
        (["loss.alpha=inverse"], "expected a number, or balanced"),
        (["head.name=linear"], r"head.units=\[256, 128\]: expected none with head=linear"),
        (["head=linear", "head.name=dense"], r"head.units=\[\]: expected .* one or more with head=dense"),
        (["data.clean=3"], r"data.clean=3: expected keys under it \(such as data.clean.enabled=VALUE\)"),
        (["sweep=null"], r"sweep=null: expected keys under it \(such as sweep.rerun=VALUE\)"),
        (["evaluation.metric=cohen_kappa"], r"evaluation.metric=cohen_kappa: expected metric=OPTION, of cohen_kappa, "),
        (
            ["optimizer=keras", "optimizer.class_name=Adam", "optimizer.arguments=[0.9]"],
            r"optimizer.arguments=\[0.9\]: expected {key: value, …} or null",
        ),
        (["training.fine_tuning.schedule=null"], "schedule=null: expected schedule@training.fine_tuning.schedule=OPT"),
        (["training.fine_tuning.schedule=constant"], "expected schedule@training.fine_tuning.schedule=OPTION"),
        (["tracking=server", "tracking.uri=sqlite:///x.db"], "expected the address of a server"),
        (["backbone.name=resnet"], "expected one of vgg19, "),
    ],
)
def test_impossible_combination_is_one_line(overrides: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        composed(*overrides)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("override", "error"),
    [("+training.epochs=1", ConfigKeyError), ("seed=abc", ValidationError), ("data=npz", MissingMandatoryValue)],
)
def test_unknown_key_wrong_type_and_missing_value_are_errors(override: str, error: type) -> None:
    with pytest.raises(error):
        composed(override)


def test_augmentation_steps_combine_in_the_order_of_registration() -> None:
    steps = composed("augmentation=[cutmix,extended]", "augmentation.color.hue=0.1").augmentation
    assert list(steps) == ["flip_translate", "color", "cutmix"]
    assert all(type(step) is options("augmentation")[name] for name, step in steps.items())
    assert steps["color"].hue == 0.1


def test_step_that_is_null_is_left_out() -> None:
    assert list(composed("augmentation=[extended,mixup]", "augmentation.color=null").augmentation) == [
        "flip_translate",
        "mixup",
    ]
    stored = plain(composed("augmentation=mixup"))
    stored["augmentation"] |= {"color": None, "cutmix": None}
    assert list(typed(OmegaConf.create(stored), TrainConfig).augmentation) == ["mixup"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["+augmentation.mixpu.alpha=1"], r"augmentation.mixpu: no such option; expected .*; did you mean mixup\?"),
        (["augmentation=mixup", "augmentation.mixup.alpha=0"], r"augmentation.mixup.alpha=0.0: expected a number in"),
        (
            ["augmentation=mixup", "augmentation.mixup=true"],
            r"augmentation.mixup=True: expected keys under it",
        ),
    ],
)
def test_error_in_a_step_is_one_line(overrides: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        composed(*overrides)
    assert "\n" not in str(error.value)


def test_split_uses_the_seed_of_the_run_unless_it_has_its_own() -> None:
    assert composed("seed=7").data.split.seed == 7
    assert composed("seed=7", "data.split.seed=1").data.split.seed == 1


def test_plain_config_is_unchanged_by_yaml() -> None:
    config = composed("unfreeze=[10,all]", "training.batch_norm=train")
    loaded = yaml.safe_load(yaml.safe_dump(plain(config)))
    assert loaded == plain(config)
    assert loaded["training"]["batch_norm"] == "train"
    assert set(loaded) == {f.name for f in dataclasses.fields(TrainConfig)}
