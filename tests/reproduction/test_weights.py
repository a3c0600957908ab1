"""Weights compared, in made-up runs whose models are two small layers."""

from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from bloodcells.model.restore import weights_hash
from bloodcells.reproduction.weights import compare_weights


def model_of(units: int = 3) -> keras.Model:
    inputs = keras.Input((2,))
    hidden = keras.layers.Dense(4, kernel_initializer=keras.initializers.Constant(0.5), name="first")(inputs)
    return keras.Model([inputs], [keras.layers.Dense(units, kernel_initializer="ones", name="last")(hidden)])


@pytest.fixture
def run(tmp_path: Path):
    """A function that makes a run of a model; its hash is that of the model, or the one given."""

    def make(model: keras.Model, sha256: str | None = "own"):
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.keras"
        model.save(file)
        tags = {"sha256.weights": weights_hash(model) if sha256 == "own" else sha256} if sha256 else {}
        return SimpleNamespace(model_file=lambda folder: file, run=SimpleNamespace(data=SimpleNamespace(tags=tags)))

    return make


def changed(place: int, index: tuple[int, ...], value: float) -> keras.Model:
    model = model_of()
    weights = model.get_weights()
    weights[place][index] = value
    model.set_weights(weights)
    return model


@pytest.mark.parametrize("sha256", ["own", None])
def test_equal_weights_are_equal_with_or_without_a_hash_on_record(run, sha256) -> None:
    found = compare_weights(run(model_of(), sha256), run(model_of()))
    assert (found.equal, found.compared, found.differing) == (True, 2 * 4 + 4 + 4 * 3 + 3, 0)


def test_a_changed_number_is_found_with_its_layer_and_distance(run) -> None:
    found = compare_weights(run(model_of()), run(changed(2, (3, 1), 1.25)))
    assert (found.differing, found.apart) == (1, 0.25)
    (difference,) = found.differences
    assert (difference.what, difference.original, difference.again) == ("last/kernel", 1.0, 1.25)


def test_the_last_bit_counts_and_so_does_the_sign_of_a_nought(run) -> None:
    found = compare_weights(run(model_of()), run(changed(0, (0, 0), np.nextafter(np.float32(0.5), 1))))
    assert (found.differing, found.apart) == (1, 2.0**-24)
    found = compare_weights(run(model_of()), run(changed(3, (0,), -0.0)))
    assert (found.differing, found.apart) == (1, 0.0)


def test_another_hash_of_the_same_weights_is_found(run) -> None:
    found = compare_weights(run(model_of(), "a" * 64), run(model_of()))
    assert not found.equal
    assert found.describe() == "0 of 27 differ, first their SHA-256"


def test_other_shapes_and_other_layers_are_found(run) -> None:
    found = compare_weights(run(model_of()), run(model_of(units=5)))
    assert [(d.what, d.original, d.again) for d in found.differences] == [
        ("last/kernel", "shape (4, 3)", "shape (4, 5)"),
        ("last/bias", "shape (3,)", "shape (5,)"),
    ]
    model = model_of()
    shorter = keras.Model(model.inputs, [model.layers[1].output])
    for first, second in ((model, shorter), (shorter, model)):
        found = compare_weights(run(first), run(second))
        assert len(found.differences) == 2
        assert found.differing == 4 * 3 + 3
