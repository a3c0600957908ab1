"""The model.py of a submission, as its host uses it."""

import importlib.util
import shutil

import keras
import numpy as np
import pytest

import bloodcells.deployment
from bloodcells.config.schema import Backbone, Format, Head
from bloodcells.deployment.formats import write
from bloodcells.model.build import build

IMAGES = np.random.default_rng(0).integers(0, 256, (150, 32, 32, 3), dtype=np.uint8)  # more than two batches of 64


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    model = build(Backbone("smallcnn", None, None), Head("linear", [], []), (32, 32), 5, None)
    model.layers[-1].set_weights([20 * weight for weight in model.layers[-1].get_weights()])  # of several classes
    return model


@pytest.fixture(scope="module")
def submitted(network, tmp_path_factory):
    """`Model` of an unpacked submission, made while the current folder is another."""
    folder = tmp_path_factory.mktemp("submission")
    write(network, Format.codabench, folder / "a.zip")
    shutil.unpack_archive(folder / "a.zip", folder)
    spec = importlib.util.spec_from_file_location("submitted", folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Model()


def test_its_answers_are_the_models_labels(submitted, network) -> None:
    labels = submitted.predict(IMAGES)
    assert labels.shape == (150,)
    assert labels.dtype == np.int64
    assert len(set(labels.tolist())) > 1
    assert np.array_equal(labels, network(IMAGES).numpy().argmax(axis=1))


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float16, np.float32, np.float64])
def test_any_number_type_will_do(submitted, kind) -> None:
    assert np.array_equal(submitted.predict(IMAGES[:9].astype(kind)), submitted.predict(IMAGES)[:9])


@pytest.mark.parametrize("count", [0, 1, 64, 65])
def test_any_number_of_images_will_do(submitted, count) -> None:
    labels = submitted.predict(IMAGES[:count])
    assert (labels.shape, labels.dtype) == ((count,), np.int64)
    assert np.array_equal(labels, submitted.predict(IMAGES)[:count])


def test_it_reads_as_what_is_run_and_names_no_other_library() -> None:
    source = (bloodcells.deployment.__path__[0] + "/submission.py", "r")
    with open(*source) as file:
        imports = [line for line in file if line.startswith(("import", "from"))]
    assert imports == ["from pathlib import Path\n", "import numpy as np\n", "import tensorflow as tf\n"]
