"""The check of what was written: alone, and against what is expected."""

import zipfile

import numpy as np
import pytest

from bloodcells.config.errors import InputError
from bloodcells.config.schema import Format
from bloodcells.deployment.check import agreement, fresh_answers
from bloodcells.deployment.libraries import libraries

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


def test_what_a_host_has_may_be_imported(tmp_path) -> None:
    line = "import numpy, tensorflow, keras, sysconfig, google.protobuf, h5py"
    answers = fresh_answers(Format.codabench, submission(tmp_path, line), IMAGES)
    assert answers.labels.tolist() == [2, 2, 2]
    assert answers.probabilities is None
    assert answers.seconds_per_image > 0


def test_nothing_else_is_there(tmp_path) -> None:
    names = ["bloodcells", "pandas", "sklearn", "matplotlib", "scipy", "mlflow"]
    for name in names:
        __import__(name)  # it is installed
    answers = fresh_answers(Format.codabench, submission(tmp_path, ABSENT.format(names=names)), IMAGES)
    assert answers.labels.tolist() == [2, 2, 2]


@pytest.mark.parametrize("library", ["bloodcells", "sklearn.metrics"])
def test_a_submission_that_needs_more_is_refused(tmp_path, library) -> None:
    name = library.partition(".")[0]
    wanted = f"only tensorflow, keras, numpy: ModuleNotFoundError: No module named '{name}'$"
    with pytest.raises(InputError, match=wanted):
        fresh_answers(Format.codabench, submission(tmp_path, f"import {library}"), IMAGES)


def test_what_does_not_run_is_one_line(tmp_path) -> None:
    with pytest.raises(InputError, match=r"numpy: RuntimeError: first$"):
        fresh_answers(Format.codabench, submission(tmp_path, "raise RuntimeError('first\\nsecond')"), IMAGES)


def test_what_is_required_of_what_is_required_counts() -> None:
    modules = set(libraries("tensorflow", "keras", "numpy").modules)
    assert {"tensorflow", "keras", "numpy", "h5py", "absl", "google"} <= modules
    assert not {"bloodcells", "pandas", "sklearn", "mlflow", "matplotlib", "PIL", "scipy", "hydra"} & modules
    assert libraries("numpy").modules == ("numpy",)


def test_equal_answers_agree() -> None:
    found = agreement("a", EXPECTED, EXPECTED.argmax(axis=1), EXPECTED + np.float32(5e-6), 1e-5)
    assert (found.images, found.equal) == (3, 3)
    assert found.largest == pytest.approx(5e-6, abs=1e-7)
    assert found.describe() == "3 of 3 labels equal, the largest difference of a probability 5.0e-06"


def test_a_label_may_differ_at_a_tie_and_only_there() -> None:
    assert agreement("a", EXPECTED, np.array([0, 2, 2]), None, 1e-3).equal == 2
    with pytest.raises(InputError, match=r"a\.zip: 1 of 3 labels differ"):
        agreement("a.zip", EXPECTED, np.array([0, 2, 2]), None, 1e-5)
    with pytest.raises(InputError, match=r"a\.zip: 1 of 3 labels differ"):
        agreement("a.zip", EXPECTED, np.array([1, 2, 2]), None, 1e-3)


def test_probabilities_and_shapes_that_differ_are_refused() -> None:
    labels = EXPECTED.argmax(axis=1)
    with pytest.raises(InputError, match=r"a probability differs by 2\.0e-03; expected 1e-03 or less"):
        agreement("a", EXPECTED, labels, EXPECTED + np.float32(2e-3), 1e-3)
    with pytest.raises(InputError, match="a probability differs by nan"):
        agreement("a", EXPECTED, labels, EXPECTED * np.nan, 1e-3)
    with pytest.raises(InputError, match=r"labels of shape \(3, 1\)"):
        agreement("a", EXPECTED, labels[:, None], None, 1e-3)
