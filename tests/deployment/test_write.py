"""Exported models predict what the Keras model predicts."""

import importlib.util
import json
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

import bloodcells.deployment
from bloodcells.config.schema import Format
from bloodcells.deployment.card import CARD, CLASSES, ModelCard
from bloodcells.deployment.formats import megabytes
from bloodcells.deployment.write import write, write_savedmodel
from bloodcells.model.backbones import VGG19, ConvNeXtTiny, EfficientNetV2B0, SmallCNN
from bloodcells.model.build import build
from bloodcells.model.heads import Dense
from bloodcells.model.inference import averaged

CARDED = ModelCard("# a network\n", ("erythroblast", "größer", "ig", "monocyte", "platelet"))
IMAGES = np.random.default_rng(0).integers(0, 256, (150, 32, 32, 3), dtype=np.uint8)  # more than two batches of 64


def test_savedmodel_predicts_through_function_and_signature_and_stores_weights_once(tmp_path) -> None:
    model = build(SmallCNN("smallcnn", None, None), Dense("dense", [2000], [0.5]), (32, 32), classes=5, weights=None)
    write_savedmodel(model, tmp_path / "a")
    loaded = tf.saved_model.load(str(tmp_path / "a"))
    pixels = IMAGES[:3].astype(np.float32)
    assert np.allclose(loaded.serve(pixels), model(pixels), atol=1e-6)
    (probabilities,) = loaded.signatures["serving_default"](images=tf.constant(pixels)).values()
    assert np.allclose(probabilities, model(pixels), atol=1e-6)
    weights = 4 * model.count_params() / 1e6
    assert weights < megabytes(tmp_path / "a" / "variables") < 1.1 * weights


class LikeVGG19(SmallCNN):
    """A small network with the preprocessing of VGG19, which subtracts a mean color."""

    def preprocess(self, images: keras.KerasTensor) -> keras.KerasTensor:
        return VGG19("vgg19", None, None).preprocess(images)


@pytest.mark.parametrize(
    ("kind", "input_size"),
    [
        (SmallCNN, 48),  # has a resizing layer, which Keras runs as in training by default
        (LikeVGG19, None),
        pytest.param(EfficientNetV2B0, None, marks=pytest.mark.slow),  # normalizes
        pytest.param(ConvNeXtTiny, None, marks=pytest.mark.slow),  # grouped convolutions, erfc
    ],
)
def test_onnx_predicts_as_the_model(tmp_path, kind, input_size) -> None:
    pytest.importorskip("tf2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    backbone = kind(kind.__name__.lower(), None, input_size)
    model = averaged(build(backbone, Dense("linear", [], []), (32, 32), classes=5, weights=None))
    write(model, Format.onnx, tmp_path / "a.onnx", CARDED)
    session = onnxruntime.InferenceSession(tmp_path / "a.onnx", providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map == CARDED.files
    (images,), (output,) = session.get_inputs(), session.get_outputs()
    assert (images.name, images.shape[1:], images.type) == ("images", [32, 32, 3], "tensor(float)")
    assert output.name == "probabilities"
    (probabilities,) = session.run(None, {"images": IMAGES[:3].astype(np.float32)})
    assert np.allclose(probabilities, model(IMAGES[:3], training=False), atol=1e-5)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    model = build(SmallCNN("smallcnn", None, None), Dense("linear", [], []), (32, 32), classes=5, weights=None)
    model.layers[-1].set_weights([20 * weight for weight in model.layers[-1].get_weights()])  # several classes occur
    return model


@pytest.fixture(scope="module")
def submission(network, tmp_path_factory):
    """An instance of `Model` from an unpacked submission; the current folder is another one."""
    folder = tmp_path_factory.mktemp("submission")
    write(network, Format.codabench, folder / "a.zip", CARDED)
    shutil.unpack_archive(folder / "a.zip", folder)
    spec = importlib.util.spec_from_file_location("submission", folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Model()


def test_submission_predicts_the_labels_of_the_model(submission, network) -> None:
    labels = submission.predict(IMAGES)
    assert labels.shape == (150,)
    assert labels.dtype == np.int64
    assert len(set(labels.tolist())) > 1
    assert np.array_equal(labels, network(IMAGES).numpy().argmax(axis=1))


def test_submission_refuses_images_of_another_size_in_one_line(submission) -> None:
    with pytest.raises(
        ValueError, match=r"^received images of shape \(3, \d+, \d+, 3\); expected \(n, \d+, \d+, 3\): resize"
    ):
        submission.predict(IMAGES[:3, 1:])


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES[:3] / 255, "received values from 0 to 1; expected 0 to 255: multiply them by 255"),
        (IMAGES[:3].astype(int) - 300, "received values from -.*; expected 0 to 255"),
        (np.full(IMAGES[:3].shape, np.nan), "received values from nan to nan"),
    ],
)
def test_submission_refuses_values_out_of_range(submission, images, message) -> None:
    with pytest.raises(ValueError, match=message):
        submission.predict(images)


def test_submission_predicts_names(submission) -> None:
    names = [CARDED.class_names[label] for label in submission.predict(IMAGES)]
    assert submission.predict_names(IMAGES) == names
    assert submission.class_names == list(CARDED.class_names)


def test_keras_file_and_savedmodel_contain_the_card_and_can_be_loaded(tmp_path, network) -> None:
    write(network, Format.keras, tmp_path / "a.keras", CARDED)
    assert np.allclose(keras.saving.load_model(tmp_path / "a.keras")(IMAGES[:3]), network(IMAGES[:3]), atol=1e-6)
    shutil.unpack_archive(tmp_path / "a.keras", tmp_path / "unpacked", "zip")
    write(network, Format.savedmodel, tmp_path / "saved", CARDED)
    assert tf.saved_model.load(str(tmp_path / "saved")).serve(IMAGES[:3].astype(np.float32)).shape == (3, 5)
    for folder in ("unpacked", "saved"):
        assert (tmp_path / folder / CARD).read_text() == "# a network\n"
        assert json.loads((tmp_path / folder / CLASSES).read_text()) == list(CARDED.class_names)


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float16, np.float32, np.float64])
def test_submission_accepts_any_numeric_type(submission, kind) -> None:
    assert np.array_equal(submission.predict(IMAGES[:9].astype(kind)), submission.predict(IMAGES)[:9])


@pytest.mark.parametrize("count", [0, 1, 64, 65])
def test_submission_accepts_any_number_of_images(submission, count) -> None:
    labels = submission.predict(IMAGES[:count])
    assert (labels.shape, labels.dtype) == ((count,), np.int64)
    assert np.array_equal(labels, submission.predict(IMAGES)[:count])


def test_submission_imports_only_what_the_host_has() -> None:
    with open(bloodcells.deployment.__path__[0] + "/submission.py") as file:
        imports = [line for line in file if line.startswith(("import", "from"))]
    assert imports == [
        "import json\n", "from pathlib import Path\n", "import numpy as np\n", "import tensorflow as tf\n",
    ]  # fmt: skip
