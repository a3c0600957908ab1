"""Keras has the package's settings, whatever those of the user are."""

import json
import subprocess
import sys

import pytest

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.reporting.quiet_tensorflow import import_tensorflow

PRINT = """
from bloodcells.reporting.quiet_tensorflow import import_tensorflow
import_tensorflow()
import keras
print(keras.backend.backend(), keras.config.floatx(), keras.config.image_data_format(), keras.config.epsilon())
"""


def test_settings_of_the_user_are_replaced(tmp_path, monkeypatch) -> None:
    settings = {"backend": "jax", "floatx": "float64", "image_data_format": "channels_first", "epsilon": 0.1}
    (tmp_path / "keras.json").write_text(json.dumps(settings))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    output = subprocess.run([sys.executable, "-c", PRINT], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert output.stdout == "tensorflow float32 channels_last 1e-07\n"


def test_another_backend_is_refused(monkeypatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    with pytest.raises(InputError, match=r"^the environment variable KERAS_BACKEND is torch; expected tensorflow: "):
        import_tensorflow()
