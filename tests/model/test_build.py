"""The whole model: its input, preprocessing, head and output, and saving it."""

import keras
import numpy as np
import pytest

from bloodcells.config.errors import InputError
from bloodcells.config.options import options
from bloodcells.config.schema import Backbone
from bloodcells.model.build import backbone_of, build
from bloodcells.model.heads import Dense

LINEAR, DENSE = Dense("linear", [], []), Dense("dense", [12, 6], [0.5, 0.25])
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 40, 32, 3), dtype=np.uint8)
MEANS = np.array([103.939, 116.779, 123.68])  # of ImageNet, blue, green, red; Simonyan and Zisserman's preprocessing
# The module of keras.applications whose preprocessing each backbone needs.
MODULES = {
    "vgg19": "vgg19",
    "convnexttiny": "convnext",
    "convnextlarge": "convnext",
    "convnextxlarge": "convnext",
    "efficientnetv2b0": "efficientnet_v2",
    "efficientnetv2s": "efficientnet_v2",
    "efficientnetv2l": "efficientnet_v2",
    "mobilenetv2": "mobilenet_v2",
    "smallcnn": "mobilenet_v2",
}


def backbone(name: str, size: int | None = None) -> Backbone:
    width = {"alpha": 0.35} if name == "mobilenetv2" else {}
    return options("backbone")[name](name, None, size, **width)


def by_formula(name: str, images: np.ndarray) -> np.ndarray:
    if name == "vgg19":
        return images[..., ::-1] - MEANS
    if name in ("mobilenetv2", "smallcnn"):
        return images / 127.5 - 1
    return images.astype(float)  # EfficientNetV2 and ConvNeXt rescale inside the network


@pytest.mark.parametrize("name", MODULES)
def test_preprocessing_is_that_of_keras(name, monkeypatch) -> None:
    config = backbone(name)
    identity = keras.Sequential([keras.Input((40, 32, 3)), keras.layers.Identity()])
    monkeypatch.setattr(type(config), "build", lambda self, shape: identity)
    model = build(config, LINEAR, (40, 32), classes=5, weights=None)
    preprocessed = keras.Model(model.inputs, model.get_layer("pooling").input).predict(IMAGES, verbose=0)
    expected = getattr(keras.applications, MODULES[name]).preprocess_input(IMAGES.astype(np.float32))
    assert np.allclose(preprocessed, expected, atol=1e-4)
    assert np.allclose(preprocessed, by_formula(name, IMAGES), atol=1e-4)


@pytest.mark.parametrize(
    "name",
    [
        "smallcnn",
        "vgg19",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("mobilenetv2", "efficientnetv2b0")),
    ],
)
def test_uint8_float_and_the_saved_model_give_the_same_probabilities(name, tmp_path) -> None:
    model = build(backbone(name), DENSE, (40, 32), classes=5, weights=None)
    probabilities = model.predict(IMAGES, verbose=0)
    assert (probabilities.shape, probabilities.dtype) == ((3, 5), np.float32)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert np.array_equal(probabilities, model.predict(IMAGES.astype(np.float32), verbose=0))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.array_equal(probabilities, loaded.predict(IMAGES, verbose=0))


def test_heads_have_the_layers_and_rates_of_the_config() -> None:
    model = build(backbone("smallcnn"), DENSE, (32, 32), classes=5, weights=None)
    names = [layer.name for layer in model.layers]
    assert names[-5:] == ["dense1", "dropout1", "dense2", "dropout2", "probabilities"]
    assert [model.get_layer(f"dense{k}").units for k in (1, 2)] == [12, 6]
    assert [model.get_layer(f"dropout{k}").rate for k in (1, 2)] == [0.5, 0.25]
    linear = build(backbone("smallcnn"), LINEAR, (32, 32), classes=5, weights=None)
    assert [layer.name for layer in linear.layers][-2:] == ["pooling", "probabilities"]


def test_input_size_resizes_inside_the_model() -> None:
    model = build(backbone("smallcnn", 64), LINEAR, (40, 32), classes=5, weights=None)
    assert model.input_shape == (None, 40, 32, 3)
    assert backbone_of(model).input_shape == (None, 64, 64, 3)


def test_images_that_are_too_small_are_refused_with_the_remedy() -> None:
    with pytest.raises(InputError, match=r"vgg19 needs 32 pixels per side or more, received 28x40; .*input_size=32"):
        build(backbone("vgg19"), LINEAR, (40, 28), classes=5, weights=None)
    assert build(backbone("vgg19", 32), LINEAR, (40, 28), classes=5, weights=None).input_shape == (None, 40, 28, 3)


def test_probabilities_are_float32_in_mixed_precision() -> None:
    keras.config.set_dtype_policy("mixed_float16")
    model = build(backbone("smallcnn"), DENSE, (32, 32), classes=5, weights=None)
    assert model.get_layer("dense1").compute_dtype == "float16"
    assert model.get_layer("probabilities").compute_dtype == "float32"


@pytest.mark.parametrize("suffix", [".weights.h5", ".h5"])
def test_weights_are_loaded_from_a_file_of_the_same_network(tmp_path, suffix) -> None:
    donor = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(40, 32, 3), alpha=0.35)
    path = tmp_path / f"w{suffix}"
    donor.save_weights(path) if suffix == ".weights.h5" else donor.save(path)
    model = build(backbone("mobilenetv2"), LINEAR, (40, 32), classes=5, weights=path)
    for ours, theirs in zip(backbone_of(model).get_weights(), donor.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)


def test_weights_of_another_network_are_refused_in_one_line(tmp_path) -> None:
    keras.applications.MobileNetV2(include_top=False, weights=None, alpha=0.5).save_weights(tmp_path / "w.weights.h5")
    (tmp_path / "text.h5").write_text("no weights")
    for name, file in (("mobilenetv2", "w.weights.h5"), ("vgg19", "w.weights.h5"), ("mobilenetv2", "text.h5")):
        with pytest.raises(InputError, match=f"not weights of {name} without its top") as error:
            build(backbone(name), LINEAR, (40, 32), classes=5, weights=tmp_path / file)
        assert "\n" not in str(error.value)
