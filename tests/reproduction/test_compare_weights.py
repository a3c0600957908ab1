"""Comparison of weights, in artificial runs whose models have two small layers."""

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from bloodcells.model.build import weights_hash
from bloodcells.reproduction.compare import compare_weights


def model_of(units: int = 3) -> keras.Model:
    inputs = keras.Input((2,))
    hidden = keras.layers.Dense(4, kernel_initializer=keras.initializers.Constant(0.5), name="first")(inputs)
    return keras.Model([inputs], [keras.layers.Dense(units, kernel_initializer="ones", name="last")(hidden)])


@pytest.fixture
def run(tmp_path: Path):
    """A function that makes a run with a model and its hash, or with the given hash."""

    def make(model: keras.Model, sha256: str | None = "own"):
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.keras"
        model.save(file)
        tags = {"sha256.weights": weights_hash(model) if sha256 == "own" else sha256} if sha256 else {}
        run = SimpleNamespace(model_file=lambda folder: file, readable=nullcontext, tags=tags)
        run.members = (run,)
        return run

    return make


def changed(place: int, index: tuple[int, ...], value: float) -> keras.Model:
    model = model_of()
    weights = model.get_weights()
    weights[place][index] = value
    model.set_weights(weights)
    return model


@pytest.mark.parametrize("sha256", ["own", None])
def test_equal_weights_are_equal_with_or_without_a_recorded_hash(run, sha256) -> None:
    result = compare_weights(run(model_of(), sha256), run(model_of()))
    assert (result.equal, result.compared, result.differing) == (True, 2 * 4 + 4 + 4 * 3 + 3, 0)


def test_changed_number_is_a_mismatch_with_its_variable_and_difference(run) -> None:
    result = compare_weights(run(model_of()), run(changed(2, (3, 1), 1.25)))
    assert (result.differing, result.max_difference) == (1, 0.25)
    (mismatch,) = result.mismatches
    assert (mismatch.what, mismatch.original, mismatch.repeat) == ("last/kernel", 1.0, 1.25)


def test_last_bit_and_sign_of_zero_are_compared(run) -> None:
    result = compare_weights(run(model_of()), run(changed(0, (0, 0), np.nextafter(np.float32(0.5), 1))))
    assert (result.differing, result.max_difference) == (1, 2.0**-24)
    result = compare_weights(run(model_of()), run(changed(3, (0,), -0.0)))
    assert (result.differing, result.max_difference) == (1, 0.0)


def test_different_hash_of_equal_weights_is_a_mismatch(run) -> None:
    result = compare_weights(run(model_of(), "a" * 64), run(model_of()))
    assert not result.equal
    assert result.describe() == "0 of 27 differ, first their SHA-256"


def test_different_shapes_and_layers_are_mismatches(run) -> None:
    result = compare_weights(run(model_of()), run(model_of(units=5)))
    assert [(d.what, d.original, d.repeat) for d in result.mismatches] == [
        ("last/kernel", "shape (4, 3)", "shape (4, 5)"),
        ("last/bias", "shape (3,)", "shape (5,)"),
    ]
    model = model_of()
    shorter = keras.Model(model.inputs, [model.layers[1].output])
    for first, second in ((model, shorter), (shorter, model)):
        result = compare_weights(run(first), run(second))
        assert len(result.mismatches) == 2
        assert result.differing == 4 * 3 + 3
