"""The names of runs."""

import pytest

from bloodcells.runs.contents import rounded
from bloodcells.runs.description import run_name, run_params
from tests.conftest import composed


def test_a_run_is_named_after_its_settings() -> None:
    assert run_name(composed("seed=3")) == "smallcnn dense flip_translate+color adamw focal unfreeze=all seed=3"


def test_a_job_of_a_sweep_is_named_after_what_varies() -> None:
    assert run_name(composed("seed=3"), "augmentation=none seed=3") == "augmentation=none seed=3"


def test_a_run_with_a_label_is_named_after_it() -> None:
    config = composed("label='the recipe'", "seed=3")
    assert run_name(config) == run_name(config, "experiment=robust/1_recipe seed=3") == "the recipe seed=3"


def test_resized_images_are_a_param() -> None:
    data = ("data=npz", "data.path=a.npz")
    assert run_params(composed(*data, "data.resize=96"))["data.resize"] == 96
    assert "data.resize" not in run_params(composed(*data))


@pytest.mark.parametrize(
    ("value", "shown"), [(2 / 3, 0.66666667), (1234567.0, 1234567.0), (24, 24), (1.23456789e-7, 1.2345679e-7)]
)
def test_metrics_of_the_whole_run_have_eight_digits(value, shown) -> None:
    assert rounded({"a": value}) == {"a": shown}
    assert str(rounded({"a": float("nan")})["a"]) == "nan"
