"""The MLflow model of a run, which classifies images given as arrays or as encoded files.

MLflow copies this file into the model and imports it to load the model, so it imports nothing of this package. See
https://mlflow.org/docs/latest/api_reference/python_api/mlflow.pyfunc.html.
"""

import base64
import binascii
import io
from typing import Any

import keras
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from PIL import Image, ImageOps

BATCH_SIZE = 64  # images
# As in training, see bloodcells/data/folder.py.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP")
MODES = ("1", "L", "LA", "P", "RGB", "RGBA")
BITS_PER_SAMPLE = 258  # a tag of TIFF files


class Classifier:
    """A classifier of images of one size."""

    def __init__(self, network: keras.Model, class_names: list[str]) -> None:
        self._network, self._class_names = network, class_names

    def predict(self, images: Any) -> pd.DataFrame:
        """The probability of each class, float32: one row per image, one column per class, named after it.

        images: RGB (n, height, width, 3) of any numeric type, in 0..255; or n image files, such as PNG or JPEG, each
            encoded in base64. Either may be an array, a list or the first column of a table.
        Raises RefusedError, which a server answers with status 400, for images of another size, values out of range
        and files that cannot be decoded.
        """
        pixels = _pixels(images)
        expected = self._network.input_shape[1:]
        if pixels.shape[3] != expected[2]:
            raise _wrong(f"an array of shape {pixels.shape}", "RGB images, (n, height, width, 3)")
        if pixels.shape[1:] != expected:
            raise _wrong(f"images of {_size(pixels.shape[1:])}", f"{_size(expected)}: resize them first")
        probabilities = np.zeros((0, len(self._class_names)), np.float32)
        if len(pixels):
            probabilities = self._network.predict(pixels.astype(np.float32), batch_size=BATCH_SIZE, verbose=0)
        return pd.DataFrame(probabilities, columns=self._class_names)


def _load_pyfunc(file: str, model_config: dict[str, Any]) -> Classifier:
    """The function that MLflow calls to load the model from its .keras file."""
    return Classifier(keras.saving.load_model(file, compile=False), model_config["class_names"])


def _pixels(given: Any) -> np.ndarray:
    """The images as an array (n, height, width, 3)."""
    if isinstance(given, pd.DataFrame):
        given = given.iloc[:, 0].tolist()
    if given is None or isinstance(given, (str, int, float)) or getattr(given, "ndim", 1) == 0:
        # Perhaps one file without a list around it.
        given = [str(given)]
    if len(given) and all(isinstance(each, str) for each in given):
        decoded = [_decoded(text, number) for number, text in enumerate(given)]
        if len(sizes := {image.shape: None for image in decoded}) > 1:
            raise _wrong(f"images of {' and '.join(map(_size, sizes))}", "one size: resize them first")
        return np.stack(decoded)
    try:
        pixels = np.asarray(given)
    except ValueError as error:
        raise _wrong("images of several sizes", "one size: resize them first") from error
    if pixels.ndim != 4 or pixels.dtype.kind not in "uif":
        found = f"an array of shape {pixels.shape} and type {pixels.dtype}"
        raise _wrong(found, "numbers of shape (n, height, width, 3), or image files in base64")
    if pixels.size and not (pixels.min() >= 0 and pixels.max() <= 255):  # also if some are NaN
        raise _wrong(f"values from {pixels.min():g} to {pixels.max():g}", "0 to 255")
    if pixels.dtype.kind == "f" and pixels.size and 0 < pixels.max() <= 1:
        raise _wrong("values from 0 to 1", "0 to 255: multiply them by 255")
    return pixels


def _decoded(text: str, number: int) -> np.ndarray:
    """The pixels of an image file in base64, uint8 (height, width, 3), turned as its metadata says."""
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            bits = (
                content[24] if image.format == "PNG" else max(getattr(image, "tag_v2", {}).get(BITS_PER_SAMPLE, (8,)))
            )
            if bits > 8 or image.mode not in MODES:
                raise _wrong(f"image {number} of mode {image.mode} with {bits} bits per channel", "RGB or gray, 8 bits")
            if image.format == "TIFF" and getattr(image, "n_frames", 1) > 1:
                raise _wrong(f"several images in file {number}", "one per file")
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except RefusedError:
        raise
    except (binascii.Error, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise _wrong(f"a text as image {number} that cannot be decoded", "an image file in base64") from error


def _size(shape: tuple[int, ...]) -> str:
    """Such as "96 x 96 pixels", width before height."""
    height, width, _ = shape
    return f"{width} x {height} pixels"


class RefusedError(MlflowException):
    """Images that cannot be predicted. Keeps its message, before which MLflow's server would put the whole input."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "message" or not hasattr(self, "message"):
            super().__setattr__(name, value)


def _wrong(received: str, expected: str) -> RefusedError:
    return RefusedError(f"received {received}; expected {expected}", error_code=INVALID_PARAMETER_VALUE)
