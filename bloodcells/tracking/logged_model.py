"""Logs the model of a run to MLflow."""

import base64
import io
import re
import tempfile
from importlib.metadata import version
from pathlib import Path

import keras
import mlflow
import numpy as np
from mlflow.models import ModelSignature
from mlflow.models.model import ModelInfo
from mlflow.types import ColSpec, DataType, Schema
from PIL import Image

SERVED = Path(__file__).with_name("served_model.py")
REQUIREMENTS = ("tensorflow", "keras", "numpy", "pandas", "pillow", "mlflow")  # of served_model.py


def log_model(model: keras.Model, name: str, class_names: tuple[str, ...], examples: np.ndarray) -> ModelInfo:
    """Logs `model` to the active run, as served_model.py serves it.

    name: of the run; examples: uint8 (n, h, w, 3), images that are kept as the model's input example
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "model.keras")
        # A copy without the optimizer, whose state is twice as large as the weights.
        keras.Model(model.inputs, model.outputs, name=model.name).save(file)
        return mlflow.pyfunc.log_model(
            name=re.sub(r"[/:.%\"']", "_", name),  # MLflow does not accept these characters
            loader_module=SERVED.stem,
            code_paths=[str(SERVED)],
            data_path=str(file),
            model_config={"class_names": list(class_names)},
            # No signature of the input: MLflow would then accept one type of numbers only, and no encoded files.
            signature=ModelSignature(outputs=Schema([ColSpec(DataType.float, each) for each in class_names])),
            input_example=[_png(image) for image in examples],
            pip_requirements=[f"{each}=={version(each)}" for each in REQUIREMENTS],
            metadata={"class_names": list(class_names), "image_size": list(model.input_shape[1:3])},
        )


def _png(image: np.ndarray) -> str:
    """An image as a PNG file in base64, which keeps every pixel."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, format="PNG")
    return base64.b64encode(file.getvalue()).decode("ascii")
