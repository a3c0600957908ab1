"""Every error of composing or typing a config becomes one line: the key, what was expected, what to do."""

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

import bloodcells
from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.config.explain import explain, nearest
from bloodcells.config.schema import TrainConfig
from bloodcells.config.typed import typed


def explained(*overrides: str, program: str = "train") -> str:
    """The line for the error of these overrides."""
    with (
        pytest.raises((HydraException, OmegaConfBaseException)) as error,
        initialize_config_dir(str(CHECKOUT / "conf"), version_base="1.3"),
    ):
        typed(compose(program, list(overrides)), TrainConfig)
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
    assert line.startswith("augmentation=mixupp: expected one of affine, augmix, covered, cutmix, damage,")
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


def test_misspelt_function_suggests_the_closest() -> None:
    assert explained("loss.gamma=intervall(0,4)").startswith(
        "loss.gamma=intervall(0,4): cannot be parsed (no such function intervall; did you mean interval?); expected"
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


def test_value_in_a_list_of_the_wrong_type_is_not_suggested_to_be_a_list() -> None:
    assert explained("training.resolution=[16.5,32]") == "training.resolution[0]=16.5: expected an integer"
    assert explained("training.resolution=96").endswith("did you mean training.resolution=[96]?")


def test_key_that_exists_nowhere_has_no_suggestion() -> None:
    assert explained("loss=crossentropy", "loss.zzz=1") == (
        "loss.zzz: no such key; expected one of name, label_smoothing under loss"
    )


def test_unknown_key_that_was_added_is_found_by_the_schema() -> None:
    line = explained("+training.epoch=3")
    assert line.startswith("training.epoch: no such key; expected one of monitor, batch_norm, ")


def test_key_below_a_group_without_an_option_names_the_option() -> None:
    assert explained("evaluation=clean", "evaluation.grid.severities=[1]") == (
        "evaluation.grid.severities: evaluation.grid is null; choose an option that sets it: evaluation=grid"
    )


def test_key_below_a_plain_value_is_refused() -> None:
    assert explained("seed.x=3") == "seed.x: seed has no keys; expected seed=VALUE"


def test_key_below_a_mapping_that_is_null_shows_how_to_set_it() -> None:
    assert explained("optimizer=keras", "optimizer.class_name=Nadam", "optimizer.arguments.beta_1=0.8") == (
        "optimizer.arguments.beta_1: optimizer.arguments is null; give 'optimizer.arguments={beta_1: VALUE}'"
    )


def test_missing_value_is_asked_for() -> None:
    assert explained("data=npz") == "data.path has no value: give data.path=VALUE"


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (["seed=abc"], "seed=abc: expected an integer"),
        (["seed=null"], "seed=null: expected an integer"),
        (["training.threads=x"], "training.threads=x: expected an integer or null"),
        (["loss.alpha=[1]"], "loss.alpha=[1]: expected a number or a text"),
        (["sweep.rerun=maybe"], "sweep.rerun=maybe: expected true or false"),
        (["training.batch_norm=3"], "training.batch_norm=3: expected one of frozen, train"),
        (["head.units=64"], "head.units=64: expected a list of integers; did you mean head.units=[64]?"),
        (["head.units=null"], "head.units=null: expected a list of integers"),
        (["head.units=[a]"], "head.units[0]=a: expected an integer"),
        (["head.units={a: 1}"], "head.units={a: 1}: expected a list"),
        (["augmentation.color=[1]"], "augmentation.color=[1]: expected {key: value, …}"),
        (["data.split=3"], "data.split=3: expected keys under it (such as data.split.test_share=VALUE) or null"),
        (
            ["optimizer=keras", "optimizer.class_name=Adam", "optimizer.arguments=3"],
            "optimizer.arguments=3: expected {key: value, …} or null",
        ),
    ],
)
def test_value_of_the_wrong_type_names_key_value_and_type(overrides, line) -> None:
    assert explained(*overrides) == line


def test_errors_of_hydra_are_reworded() -> None:
    places = [f"schedule@training.{phase}.schedule" for phase in ("feature_extraction", "fine_tuning")]
    assert explained("schedule=constant") == (
        f"schedule=constant: no such group; expected one of {', '.join(places)}, such as {places[1]}=constant"
    )
    assert (
        explained("tracking@x=off") == "tracking@x=off: no such group; expected one of tracking, such as tracking=off"
    )
    assert explained("backbone=vgg19", program="evaluate") == (
        "backbone=vgg19: this program has no group backbone; --help lists the groups"
    )
    assert explained("+seed=3") == "+seed=3: the key exists; give seed=3"
    assert explained("+optimizer=adam") == "+optimizer=adam: the group has an option already; give optimizer=adam"
    assert explained("backbone=[vgg19,smallcnn]") == "scale and backbone: expected one option of each"
    assert explained("seed=0,1") == (
        "seed=0,1: expected one value; add --multirun to run a job with each, or give a list as seed=[0,1]"
    )


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("augmentation=null", "expected one of affine, augmix, covered, cutmix, damage, "),
        ("tracking=null", "expected one of local, off, server; did you mean off?"),
        ("head=3", "expected one of dense, linear"),
        ("schedule@training.fine_tuning.schedule=null", "expected one of constant, cosine, cosine_restarts, plateau"),
    ],
)
def test_value_that_cannot_name_an_option_is_reported_with_its_group(override, line) -> None:
    with pytest.raises(InputError) as error:
        bloodcells.compose("seed=3", override)
    assert str(error.value).startswith(f"{override}: {line}")


def test_any_other_error_keeps_its_text_on_one_line() -> None:
    assert explain(HydraException("first line\n\n  second line\n")) == "first line; second line"


def test_key_error_without_a_config_has_no_suggestion_elsewhere() -> None:
    config = OmegaConf.create({"a": {"bb": 1}})
    OmegaConf.set_struct(config, True)
    with pytest.raises(OmegaConfBaseException) as error:
        config.a.other = 1
    assert explain(error.value) == "a.other: no such key; expected one of bb under a"


def test_nearest_lists_at_most_three() -> None:
    assert nearest("ab1", ["ab2", "ab3", "ab4", "ab5", "zzz"]).count("ab") == 3
    assert nearest("ab1", ["zzz"]) == ""
