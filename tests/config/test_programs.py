"""The configs of the programs other than train."""

import pytest

from bloodcells.config.errors import InputError
from bloodcells.config.typed import plain
from tests.conftest import composed, config_of


@pytest.mark.parametrize(
    ("program", "needed"),
    [
        ("evaluate", ["run_id=a"]),
        ("predict", ["run_id=a", "data.path=b"]),
        ("inspect", []),
        ("report", []),
        ("register", ["run_id=a"]),
        ("serve", ["run_id=a"]),
        ("reproduce", ["run_id=a"]),
        ("export", ["run_id=a", "format=keras"]),
    ],
)
def test_config_of_every_program_fits_its_schema(program, needed) -> None:
    assert config_of(program, *needed).tracking.name == "local"


def test_inspect_has_the_settings_of_train() -> None:
    overrides = ("data=npz", "data.path=a.npz", "augmentation=mixup", "seed=4")
    inspected = plain(config_of("inspect", *overrides))
    del inspected["output"]
    assert inspected == plain(composed(*overrides))


def test_other_images_are_evaluated_without_split_and_cleaned_on_request_only() -> None:
    data = config_of("evaluate", "run_id=a", "data=folder", "data.path=b").data
    assert (data.split, data.clean.enabled) == (None, False)
    data = config_of("evaluate", "run_id=a", "data=folder", "data.path=b", "data.clean.enabled=true").data
    assert data.clean == composed().data.clean


def test_synthetic_cells_can_be_evaluated() -> None:
    data = config_of("evaluate", "run_id=a", "data=synthetic").data
    assert (data.split, data.clean.enabled, data.images) == (None, False, composed().data.images)


@pytest.mark.parametrize(
    ("program", "overrides", "part"),
    [
        ("evaluate", ["run_id=a", "data.clean.enabled=true"], "the run's own images were cleaned before"),
        ("evaluate", ["run_id=a", "evaluation.grid.severities=[6]", "evaluation=grid"], r"in \[1, 5\]"),
        ("train", ["data=own"], "data=own: expected npz, folder or synthetic"),
        (
            "train",
            ["evaluation=grid", "evaluation.grid.severities=[]"],
            r"severities=\[\]: expected one or more of 1 to 5",
        ),
        ("train", ["study=../other"], "study=../other: expected a name of letters"),
        ("register", ["run_id=a", "name=a/b"], "name=a/b: expected a name without / : ' and"),
        ("register", ["run_id=a", "name=' '"], "name= : expected a name without"),
        ("register", ["run_id=a", 'name="o\'brien"'], "name=o'brien: expected a name without"),
        ("serve", ["run_id=a", "port=70000"], r"port=70000: expected a number in \[1, 65535\]"),
        ("report", ["study=/tmp/x"], "study=/tmp/x: expected a name of letters"),
    ],
)
def test_impossible_setting_is_one_line(program, overrides, part) -> None:
    with pytest.raises(InputError, match=part):
        config_of(program, *overrides)
