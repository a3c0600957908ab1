"""Every error of composing or typing a config becomes one line: the key, what was expected, what to do."""

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.explain import explain, nearest
from bloodcells.config.schema import TrainConfig
from bloodcells.config.typed import typed


def explained(*overrides: str) -> str:
    """The line for the error of these overrides."""
    with (
        pytest.raises((HydraException, OmegaConfBaseException)) as error,
        initialize_config_dir(str(CHECKOUT / "conf"), version_base="1.3"),
    ):
        typed(compose("train", list(overrides)), TrainConfig)
    line = explain(error.value)
    assert "\n" not in line
    return line


def test_unknown_option_names_the_options_and_the_closest() -> None:
    assert explained("optimizer=adan") == (
        "optimizer=adan: expected one of adam, adamw, keras, lion, sgd; did you mean adam or adamw?"
    )


def test_unknown_option_that_resembles_none_has_no_suggestion() -> None:
    assert explained("optimizer=xyz") == "optimizer=xyz: expected one of adam, adamw, keras, lion, sgd"


def test_unknown_option_among_several_names_the_options() -> None:
    line = explained("augmentation=[extended,mixupp]")
    assert line.startswith("augmentation=mixupp: expected one of cutmix, extended, flip_translate, mixup, none,")
    assert line.endswith("; did you mean mixup?")


def test_unknown_option_in_a_folder_names_the_options_of_that_folder() -> None:
    line = explained("experiment=ablation/1_vgg19")
    assert line.startswith("experiment=ablation/1_vgg19: expected one of ablation/01_vgg19, ablation/02_vgg19_lion,")
    assert "did you mean ablation/01_vgg19" in line


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("seed", "missing EQUAL at '<EOF>'"),
        ("label=a=b", "mismatched input '=' expecting <EOF>"),
        ("unfreeze=[1,2", "no viable alternative at input '[1,2'"),
        ("data.path=/images/é.npz", "unexpected é"),
        ("data.path=~/cells.npz", "unexpected ~"),
    ],
)
def test_override_that_cannot_be_parsed_says_why_and_how_to_write_it(override, reason) -> None:
    assert explained(override) == (
        f"{override}: cannot be parsed ({reason}); expected key=value, lists as key=[a,b], "
        "special characters in quotes as 'key=\"value\"'"
    )


def test_misspelt_key_suggests_the_closest_in_its_place() -> None:
    line = explained("training.fine_tuning.epoch=3")
    assert line == (
        "training.fine_tuning.epoch: no such key; expected one of epochs, learning_rate, patience_epochs, schedule "
        "under training.fine_tuning; did you mean epochs?"
    )


def test_misspelt_key_at_the_top_has_no_place() -> None:
    line = explained("sed=3")
    assert line.startswith("sed: no such key; expected one of ")
    assert line.endswith("; did you mean seed?")
    assert " under " not in line


def test_key_in_the_wrong_place_suggests_where_it_is() -> None:
    line = explained("epochs=3")
    assert line.startswith("epochs: no such key; expected one of ")
    assert line.endswith("; did you mean training.feature_extraction.epochs or training.fine_tuning.epochs?")


def test_key_of_another_option_names_the_options_that_have_it() -> None:
    assert explained("loss=crossentropy", "loss.gamma=1") == (
        "loss.gamma: no such key; expected one of name, label_smoothing under loss; "
        "gamma is a key of loss=weighted_crossentropy and loss=focal"
    )


def test_key_that_exists_nowhere_has_no_suggestion() -> None:
    assert explained("loss=crossentropy", "loss.zzz=1") == (
        "loss.zzz: no such key; expected one of name, label_smoothing under loss"
    )


def test_unknown_key_that_was_added_is_found_by_the_schema() -> None:
    line = explained("+training.epoch=3")
    assert line.startswith("training.epoch: no such key; expected one of batch_norm, precision, ")


def test_key_below_a_group_without_an_option_names_the_option() -> None:
    assert explained("evaluation=clean", "evaluation.shift.severities=[1]") == (
        "evaluation.shift.severities: evaluation.shift is not set; choose the option that sets it: evaluation=shift"
    )


def test_key_below_a_mapping_that_is_null_shows_how_to_set_it() -> None:
    assert explained("optimizer=keras", "optimizer.class_name=Nadam", "optimizer.arguments.beta_1=0.8") == (
        "optimizer.arguments.beta_1: optimizer.arguments is null; give 'optimizer.arguments={beta_1: VALUE}'"
    )


def test_missing_value_is_asked_for() -> None:
    assert explained("data=npz") == "data.path has no value: give data.path=VALUE"


def test_value_of_the_wrong_type_names_key_and_type() -> None:
    assert explained("seed=abc") == "seed: Value 'abc' of type 'str' could not be converted to Integer"


def test_any_other_error_keeps_its_text_on_one_line() -> None:
    assert explain(HydraException("first line\n\n  second line\n")) == "first line; second line"
    assert explained("schedule=plateau").startswith(
        "Could not override 'schedule'.; Did you mean to override one of schedule@training.feature_extraction.schedule"
    )


def test_key_error_without_a_config_has_no_suggestion_elsewhere() -> None:
    config = OmegaConf.create({"a": {"bb": 1}})
    OmegaConf.set_struct(config, True)
    with pytest.raises(OmegaConfBaseException) as error:
        config.a.other = 1
    assert explain(error.value) == "a.other: no such key; expected one of bb under a"


def test_nearest_lists_at_most_three() -> None:
    assert nearest("ab1", ["ab2", "ab3", "ab4", "ab5", "zzz"]).count("ab") == 3
    assert nearest("ab1", ["zzz"]) == ""
