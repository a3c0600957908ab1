"""Grad-CAM, against class activation maps, which are plain arithmetic with a linear head."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from bloodcells.model.build import backbone_of, build
from bloodcells.model.gradcam import GradCam
from tests.conftest import composed

QUICK = ["vgg19", "mobilenetv2", "smallcnn"]
OTHERS = ["convnexttiny", "convnextlarge", "efficientnetv2b0", "efficientnetv2l", "efficientnetv2s"]


def made(name: str, head: str = "dense") -> keras.Model:
    keras.utils.set_random_seed(1)
    config = composed(f"backbone={name}", "backbone.weights=null", f"head={head}")
    return build(config.backbone, config.head, (64, 64), classes=5, weights=None)


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)])
def test_maps_have_the_size_of_the_images_and_values_in_0_to_1(name, pixels) -> None:
    model = made(name)
    kernel = model.layers[-1].kernel.numpy()
    kernel[:, 1] = -kernel[:, 0]  # so that evidence against one class is evidence for the other
    model.layers[-1].kernel.assign(kernel)
    heat = GradCam(model)(np.repeat(pixels[:1], 2, axis=0), np.array([0, 1]))
    assert heat.shape == (2, 64, 64)
    assert heat.dtype == np.float32
    assert heat.min() >= 0
    assert all(top == pytest.approx(1) or top == 0 for top in heat.max(axis=(1, 2)))
    assert heat.any()


def test_a_linear_head_gives_the_class_activation_map(pixels) -> None:
    model = made("smallcnn", head="linear")
    # Zhou et al. 2016, arXiv:1512.04150: the feature maps summed with the class's own weights.
    inside = backbone_of(model)(keras.applications.mobilenet_v2.preprocess_input(pixels.astype("float32")))
    maps = np.einsum("nhwc,cn->nhw", inside, model.layers[-1].kernel.numpy()[:, [2, 0, 3]]).clip(min=0)
    expected = tf.image.resize(maps[..., None], (64, 64), method="bicubic").numpy()[..., 0].clip(min=0)
    expected /= expected.max(axis=(1, 2), keepdims=True)
    assert np.allclose(GradCam(model)(pixels, np.array([2, 0, 3])), expected, atol=1e-4)


def test_a_loaded_model_gives_the_same_maps(tmp_path, pixels) -> None:
    model = made("mobilenetv2")
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    classes = np.array([1, 2, 3])
    assert np.allclose(GradCam(model)(pixels, classes), GradCam(loaded)(pixels, classes), atol=1e-5)
