"""Optimizers have the settings of their files and the learning rate of their stage; any of Keras by class name."""

import keras
import pytest

from bloodcells.config.errors import InputError
from bloodcells.provenance.fingerprint import config_hash
from bloodcells.runs.description import run_name, run_params
from bloodcells.training.plan import plan
from tests.conftest import composed

KINDS = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "lion": keras.optimizers.Lion,
    "sgd": keras.optimizers.SGD,
}


@pytest.mark.parametrize("name", KINDS)
def test_optimizer_has_the_settings_of_its_file_and_the_rate_of_its_stage(name) -> None:
    config = composed(f"optimizer={name}", "backbone=vgg19", "training.feature_extraction.learning_rate=0.007")
    built = config.optimizer.build(plan(config)[0].learning_rate)
    assert type(built) is KINDS[name]
    assert float(built.learning_rate) == pytest.approx(0.0014 if name == "lion" else 0.007)
    for key in ("beta_1", "beta_2", "epsilon", "weight_decay", "momentum", "nesterov"):
        if hasattr(config.optimizer, key):
            assert getattr(built, key) == getattr(config.optimizer, key)


def of_keras(class_name: str, arguments: str = "null") -> tuple[str, ...]:
    return "optimizer=keras", f"optimizer.class_name={class_name}", f"optimizer.arguments={arguments}"


def test_keras_optimizer_takes_its_arguments_and_a_schedule() -> None:
    config = composed(*of_keras("Adafactor", "{beta_2_decay: -0.7, relative_step: false}"), "backbone=vgg19")
    stage = plan(config)[1]
    built = config.optimizer.build(stage.settings.schedule.learning_rate(stage.learning_rate, 4, stage.epochs))
    assert type(built) is keras.optimizers.Adafactor
    assert (built.beta_2_decay, built.relative_step, built.clip_threshold) == (-0.7, False, 1.0)
    assert float(built.learning_rate) == pytest.approx(stage.learning_rate)


def test_arguments_of_keras_are_params_and_part_of_the_config_hash() -> None:
    config, other = (composed(*of_keras("Nadam", f"{{beta_1: {value}}}")) for value in (0.8, 0.7))
    params = {key: value for key, value in run_params(config).items() if key.startswith("optimizer")}
    assert params == {"optimizer": "keras", "optimizer.class_name": "Nadam", "optimizer.arguments.beta_1": 0.8}
    assert "Nadam" in run_name(config).split()
    assert config_hash(config) != config_hash(other)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (of_keras("Adafacto"), "optimizer.class_name=Adafacto: expected one of Adadelta, Adafactor, "),
        (of_keras("Adafacto"), "did you mean Adafactor?"),
        (of_keras("LossScaleOptimizer"), "optimizer.class_name=LossScaleOptimizer: expected one of "),
        (of_keras("Nadam", "{beta1: 0.8}"), "optimizer.arguments.beta1: Nadam has no such argument; expected any of"),
        (of_keras("Nadam", "{beta1: 0.8}"), "did you mean beta_1 or beta_2"),
        (of_keras("SGD", "{learning_rate: 1}"), "learning_rate: cannot be set: it comes from training.feature_extrac"),
        (of_keras("SGD", "{momentum: much}"), "optimizer.arguments.momentum=much: expected a float (default: 0.0)"),
        (of_keras("SGD", "{nesterov: 1}"), "optimizer.arguments.nesterov=1: expected a bool (default: False)"),
        (of_keras("Adam", "{beta_1: 1.5}"), "optimizer.arguments.beta_1=1.5: expected a number in [0, 1)"),
        (of_keras("SGD", "{momentum: null}"), "optimizer.arguments.momentum=None: expected a float"),
    ],
)
def test_wrong_name_or_argument_of_a_keras_optimizer_is_one_line(overrides, message) -> None:
    with pytest.raises(InputError) as error:
        composed(*overrides)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_value_that_keras_refuses_is_one_line() -> None:
    with pytest.raises(InputError) as error:
        composed(*of_keras("SGD", "{use_ema: true, ema_momentum: 3}")).optimizer.build(0.1)
    assert str(error.value) == (
        "optimizer.arguments={'use_ema': True, 'ema_momentum': 3}: not accepted by SGD (`ema_momentum` must be in the "
        "range [0, 1]. Received: ema_momentum=3); expected other values"
    )


@pytest.mark.parametrize(
    ("class_name", "arguments", "reason"),
    [
        ("SGD", "{clipnorm: abc}", "not supported between instances of 'str'"),
        ("Adam", "{beta_1: [0.9,0.8]}", "unsupported operand"),
        ("RMSprop", "{rho: 2}", "its updates are not finite"),
        ("Adam", "{loss_scale_factor: 0}", "its updates are not finite"),
    ],
)
def test_arguments_that_fail_in_an_update_are_refused_before_training(class_name, arguments, reason) -> None:
    config = composed(*of_keras(class_name, arguments)).optimizer
    with pytest.raises(InputError) as error:
        config.build(1e-3)
    assert str(error.value).startswith("optimizer.arguments={")
    assert f"{class_name} cannot update a variable with them (" in str(error.value)
    assert reason in str(error.value)
    assert "\n" not in str(error.value)
