"""The check of an exported model: in a fresh process, and against expected predictions."""

import zipfile

import numpy as np
import pytest

from bloodcells.config.errors import InputError
from bloodcells.config.schema import Format
from bloodcells.deployment.check import check_agreement, importable, predict_in_fresh_process

IMAGES = np.full((3, 4, 4, 3), 200, np.uint8)
EXPECTED = np.array([[0.7, 0.2, 0.1], [0.1, 0.4501, 0.4499], [0.0, 0.1, 0.9]], np.float32)

MODEL = """
import os
{line}
class Model:
    def predict(self, X):
        assert set(os.listdir()) <= {{"model.py", "__pycache__"}}, os.listdir()
        return X[:, 0, 0, 0] // 100
"""


def submission(tmp_path, line: str):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("model.py", MODEL.format(line=line))
    return tmp_path / "a.zip"


ABSENT = """
import importlib, importlib.util, sys
for name in {names}:
    assert importlib.util.find_spec(name) is None, name
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        pass
    else:
        raise AssertionError(name + " was found")
assert not any(os.path.isdir(folder + "/bloodcells") for folder in sys.path), sys.path
"""


def test_libraries_of_the_host_can_be_imported(tmp_path) -> None:
    line = "import numpy, tensorflow, keras, sysconfig, google.protobuf, h5py"
    output = predict_in_fresh_process(Format.codabench, submission(tmp_path, line), IMAGES)
    assert output.labels.tolist() == [2, 2, 2]
    assert output.probabilities is None
    assert output.seconds_per_image > 0


def test_other_installed_packages_appear_missing(tmp_path) -> None:
    names = ["bloodcells", "pandas", "sklearn", "matplotlib", "scipy", "mlflow"]
    for name in names:
        __import__(name)  # it is installed
    output = predict_in_fresh_process(Format.codabench, submission(tmp_path, ABSENT.format(names=names)), IMAGES)
    assert output.labels.tolist() == [2, 2, 2]


@pytest.mark.parametrize("library", ["bloodcells", "sklearn.metrics"])
def test_submission_with_another_import_is_rejected(tmp_path, library) -> None:
    name = library.partition(".")[0]
    wanted = f"only tensorflow, keras, numpy: ModuleNotFoundError: No module named '{name}'$"
    with pytest.raises(InputError, match=wanted):
        predict_in_fresh_process(Format.codabench, submission(tmp_path, f"import {library}"), IMAGES)


def test_failing_submission_is_one_line(tmp_path) -> None:
    with pytest.raises(InputError, match=r"numpy: RuntimeError: first$"):
        predict_in_fresh_process(Format.codabench, submission(tmp_path, "raise RuntimeError('first\\nsecond')"), IMAGES)


def test_transitive_dependencies_can_be_imported() -> None:
    modules = set(importable("tensorflow", "keras", "numpy")[0])
    assert {"tensorflow", "keras", "numpy", "h5py", "absl", "google"} <= modules
    assert not {"bloodcells", "pandas", "sklearn", "mlflow", "matplotlib", "PIL", "scipy", "hydra"} & modules
    assert importable("numpy")[0] == ["numpy"]


def test_predictions_within_the_tolerance_agree() -> None:
    labels = EXPECTED.argmax(axis=1)
    result = check_agreement("a", EXPECTED, labels=labels, probabilities=EXPECTED + np.float32(5e-6), tolerance=1e-5)
    assert (result.images, result.equal) == (3, 3)
    assert result.largest == pytest.approx(5e-6, abs=1e-7)
    assert result.describe() == "3 of 3 labels equal, probabilities differ by at most 5.0e-06"


def test_label_may_differ_only_at_a_tie() -> None:
    assert check_agreement("a", EXPECTED, labels=np.array([0, 2, 2]), probabilities=None, tolerance=1e-3).equal == 2
    with pytest.raises(InputError, match=r"a\.zip: 1 of 3 labels differ"):
        check_agreement("a.zip", EXPECTED, labels=np.array([0, 2, 2]), probabilities=None, tolerance=1e-5)
    with pytest.raises(InputError, match=r"a\.zip: 1 of 3 labels differ"):
        check_agreement("a.zip", EXPECTED, labels=np.array([1, 2, 2]), probabilities=None, tolerance=1e-3)


def test_different_probabilities_and_shapes_are_rejected() -> None:
    labels = EXPECTED.argmax(axis=1)
    with pytest.raises(InputError, match=r"a probability differs by 2\.0e-03; expected at most 1e-03"):
        check_agreement("a", EXPECTED, labels=labels, probabilities=EXPECTED + np.float32(2e-3), tolerance=1e-3)
    with pytest.raises(InputError, match="a probability differs by nan"):
        check_agreement("a", EXPECTED, labels=labels, probabilities=EXPECTED * np.nan, tolerance=1e-3)
    with pytest.raises(InputError, match=r"labels of shape \(3, 1\)"):
        check_agreement("a", EXPECTED, labels=labels[:, None], probabilities=None, tolerance=1e-3)
