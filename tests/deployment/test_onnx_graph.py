"""ONNX, of what the backbones are made of."""

import numpy as np
import pytest

from bloodcells.config.schema import Backbone, Head
from bloodcells.model.build import build
from bloodcells.model.views import averaged

pytest.importorskip("tf2onnx")
onnxruntime = pytest.importorskip("onnxruntime")


@pytest.mark.parametrize(
    ("name", "input_size"),
    [
        ("smallcnn", 48),  # resizes; where training is not given, that layer of Keras makes it True
        ("vgg19", None),  # subtracts a mean colour
        pytest.param("efficientnetv2b0", None, marks=pytest.mark.slow),  # normalises
        pytest.param("convnexttiny", None, marks=pytest.mark.slow),  # grouped convolutions, erfc
    ],
)
def test_it_answers_as_the_model(tmp_path, name, input_size) -> None:
    from bloodcells.deployment.onnx_graph import write_onnx

    model = averaged(build(Backbone(name, None, input_size), Head("linear", [], []), (32, 32), 5, None))
    write_onnx(model, tmp_path / "a.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "a.onnx", providers=["CPUExecutionProvider"])
    (images,), (probabilities,) = session.get_inputs(), session.get_outputs()
    assert (images.name, images.shape[1:], images.type) == ("images", [32, 32, 3], "tensor(float)")
    assert probabilities.name == "probabilities"
    pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    (answers,) = session.run(None, {"images": pixels.astype(np.float32)})
    assert np.allclose(answers, model(pixels, training=False), atol=1e-5)
