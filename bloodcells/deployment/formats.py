"""What a model is written as."""

import logging
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from bloodcells.config.errors import InputError
from bloodcells.config.schema import Format

if TYPE_CHECKING:
    import keras

SUFFIX = {Format.codabench: ".zip", Format.keras: ".keras", Format.savedmodel: "", Format.onnx: ".onnx"}


def check_installed(format: Format) -> None:
    """Raises InputError where the format needs libraries that are not there. Needs no TensorFlow."""
    missing = [name for name in ("tf2onnx", "onnx", "onnxruntime") if find_spec(name) is None]
    if format is Format.onnx and missing:
        raise InputError(
            f"format=onnx: {', '.join(missing)} not installed; expected the extra onnx: pip install -e '.[onnx]'"
        )


def write(model: "keras.Model", format: Format, path: Path) -> None:
    """Writes `model` at `path`, which has the format's suffix: a file, or for savedmodel a folder.

    What is written takes RGB images in 0..255, float32 (n, h, w, 3).
    """
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of what its own converters use
    match format:
        case Format.codabench:
            _write_submission(model, path)
        case Format.keras:
            model.save(path)
        case Format.savedmodel:
            from bloodcells.deployment.savedmodel import write_savedmodel

            write_savedmodel(model, path)
        case Format.onnx:
            from bloodcells.deployment.onnx_graph import write_onnx

            write_onnx(model, path)


def _write_submission(model: "keras.Model", path: Path) -> None:
    from bloodcells.deployment.savedmodel import write_savedmodel

    # The weights are a graph of TensorFlow's, since a host's Keras may be too old for a .keras file of ours.
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        weights = Path(folder, "weights")
        write_savedmodel(model, weights)
        archive.write(Path(__file__).with_name("submission.py"), "model.py")
        for entry in sorted(weights.rglob("*")):
            archive.write(entry, entry.relative_to(folder))
