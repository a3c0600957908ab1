"""The model that MLflow loads and serves: what it accepts, what it returns and what it refuses."""

import ast
import base64
import io
import sys
import zlib

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bloodcells.tracking.logged_model import REQUIREMENTS, SERVED
from bloodcells.tracking.served_model import Classifier, RefusedError

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 4, 6, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def model() -> Classifier:
    """Its second class is the more probable, the redder the first pixel of the image."""
    network = keras.Sequential([keras.Input((4, 6, 3)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    kernel = np.zeros((72, 2), np.float32)
    kernel[0, 1] = 0.01
    network.set_weights([kernel, np.zeros(2, np.float32)])
    return Classifier(network, ["blue", "größer"])


def encoded(pixels: np.ndarray, format: str = "PNG", *, mode: str | None = None, **options) -> str:
    file = io.BytesIO()
    image = Image.fromarray(pixels) if mode is None else Image.new(mode, pixels.shape[1::-1])
    image.save(file, format, **options)
    return base64.b64encode(file.getvalue()).decode()


def chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)


# A PNG of one pixel, RGB with 16 bits per channel.
DEEP = base64.b64encode(
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", (1).to_bytes(4) * 2 + bytes([16, 2, 0, 0, 0]))
    + chunk(b"IDAT", zlib.compress(b"\0" + bytes([15, 255]) * 3))
    + chunk(b"IEND", b"")
).decode()


def probabilities(pixels: np.ndarray) -> np.ndarray:
    red = 1 / (1 + np.exp(-0.01 * pixels[:, 0, 0, 0].astype(np.float64)))
    return np.stack([1 - red, red], axis=1)


@pytest.mark.parametrize(
    "given",
    [
        PIXELS,
        PIXELS.astype(np.float32),
        PIXELS.tolist(),
        [encoded(image) for image in PIXELS],
        np.array([encoded(image, "BMP") for image in PIXELS]),
        pd.DataFrame({"image": [encoded(image) for image in PIXELS]}),
    ],
    ids=["uint8", "float32", "list", "PNG", "array of BMP", "table"],
)
def test_arrays_and_encoded_files_have_the_same_probabilities_by_class_name(model, given) -> None:
    predicted = model.predict(given)
    assert list(predicted.columns) == ["blue", "größer"]
    assert np.allclose(predicted, probabilities(PIXELS), atol=1e-6)


def test_one_encoded_file_and_black_images_are_accepted(model) -> None:
    text = encoded(PIXELS[1])
    for given in (text, np.array(text), [f"{text[:40]}\n{text[40:]}\n"]):
        assert np.allclose(model.predict(given), probabilities(PIXELS[1:2]), atol=1e-6)
    assert model.predict(np.zeros((0, 4, 6, 3), np.uint8)).shape == (0, 2)
    assert np.allclose(model.predict(np.zeros((1, 4, 6, 3), np.float32)), 0.5)


def test_jpeg_is_turned_as_its_metadata_says(model) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the viewer rotates by 90 degrees clockwise
    stored = np.zeros((6, 4, 3), np.uint8)
    stored[3:] = 200  # the lower half, which the rotation moves to the left
    shown = np.rot90(stored, -1)
    predicted = model.predict([encoded(stored, "JPEG", exif=exif, quality=95)])
    assert np.allclose(predicted, probabilities(shown[None]), atol=0.02)
    assert predicted.iloc[0, 1] > 0.8


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (PIXELS[:, :3], "received images of 6 x 3 pixels; expected 6 x 4 pixels: resize them first"),
        ([encoded(PIXELS[0, :3])], "received images of 6 x 3 pixels; expected 6 x 4 pixels: resize them first"),
        (
            [encoded(PIXELS[0, :3]), encoded(PIXELS[0])],
            "received images of 6 x 3 pixels and 6 x 4 pixels; expected one",
        ),
        ([PIXELS[0].tolist(), PIXELS[0, :3].tolist()], "received images of several sizes; expected one size"),
        (PIXELS[..., :1], r"received an array of shape \(3, 4, 6, 1\); expected RGB images, \(n, height, width, 3\)"),
        (None, "received a text as image 0 that cannot be decoded"),
        (5, "received a text as image 0 that cannot be decoded"),
        (PIXELS[0], r"received an array of shape \(4, 6, 3\) and type uint8; expected numbers of shape \(n, height"),
        ([], r"received an array of shape \(0,\)"),
        ([None], r"received an array of shape \(1,\) and type object"),
        (PIXELS / 255, "received values from 0 to 1; expected 0 to 255: multiply them by 255"),
        (PIXELS.astype(int) - 100, "received values from -.* expected 0 to 255"),
        (np.full((1, 4, 6, 3), np.nan), "received values from nan to nan; expected 0 to 255"),
        (["not base64"], "received a text as image 0 that cannot be decoded; expected an image file in base64"),
        ([encoded(PIXELS[0])[:60]], "image 0 that cannot be decoded"),
        ([encoded(np.zeros((4, 6), np.uint16))], "image 0 of mode I;16 with 16 bits per channel; expected RGB or gray"),
        ([DEEP], "received image 0 of mode RGB with 16 bits per channel; expected RGB or gray, 8 bits"),
        ([encoded(np.zeros((4, 6, 4), np.uint8), "TIFF", mode="CMYK")], "image 0 of mode CMYK with 8 bits per channel"),
        (
            [encoded(PIXELS[0], "TIFF", save_all=True, append_images=[Image.new("RGB", (6, 4))])],
            "several images in file 0",
        ),
        ([encoded(PIXELS[0], "GIF")], "image 0 that cannot be decoded"),
    ],
)
def test_other_input_is_refused_in_one_line(model, given, message) -> None:
    with pytest.raises(RefusedError, match=message) as refused:
        model.predict(given)
    refused.value.message = f"Failed to predict data '{given}'"  # as MLflow's server does
    assert refused.value.get_http_status_code() == 400
    assert "Failed" not in refused.value.serialize_as_json()
    assert "\n" not in str(refused.value)


def test_file_needs_only_the_requirements_of_the_model() -> None:
    imported = set()
    for node in ast.walk(ast.parse(SERVED.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module.partition(".")[0])
    assert imported - set(sys.stdlib_module_names) <= {*REQUIREMENTS, "PIL"}
