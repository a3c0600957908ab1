"""Export formats: the libraries they need, their file names and their rounding tolerances. Needs no TensorFlow."""

from importlib.util import find_spec
from pathlib import Path

from bloodcells.config.errors import InputError
from bloodcells.config.schema import ExportConfig, Format
from bloodcells.tracking.stored_run import StoredRun

SUFFIX = {Format.codabench: ".zip", Format.keras: ".keras", Format.savedmodel: "", Format.onnx: ".onnx"}

TENSORFLOW = ("tensorflow", "keras", "numpy")
# Distributions that a user of the exported model has installed.
RUNTIME = {
    Format.codabench: TENSORFLOW,
    Format.keras: TENSORFLOW,
    Format.savedmodel: TENSORFLOW,
    Format.onnx: ("onnxruntime", "numpy"),
}
# Python code that predicts images with an exported model.
USE = {
    Format.codabench: "Model().predict(images)  # labels; predict_names(images) returns names; Model is in model.py",
    Format.keras: "keras.saving.load_model('{name}')(images)",
    Format.savedmodel: "tf.saved_model.load('{name}').serve(images)",
    Format.onnx: "onnxruntime.InferenceSession('{name}').run(None, {{'images': images}})[0]",
}
# Maximum difference of a probability due to rounding; ONNX Runtime sums in a different order.
TOLERANCE = {Format.codabench: 1e-5, Format.keras: 1e-5, Format.savedmodel: 1e-5, Format.onnx: 1e-3}


def check_installed(format: Format) -> None:
    """Raises InputError if libraries that writing the format needs are not installed."""
    missing = [name for name in ("tf2onnx", "onnx", "onnxruntime") if find_spec(name) is None]
    if format is Format.onnx and missing:
        raise InputError(
            f"format=onnx: {', '.join(missing)} not installed; expected the extra onnx: pip install -e '.[onnx]'"
        )


def file_name(config: ExportConfig, run: StoredRun) -> str:
    """Such as "mobilenetv2_dense_b2d4f0cf.zip", or "..._tta.zip" with test-time augmentation.

    The mean of several runs is named after the first, as "..._mean_of_3.zip".
    """
    params, count = run.params, len(run.members)
    parts = [params["backbone"], params["head"], run.id[:8]]
    parts += [f"mean_of_{count}"] if count > 1 else []
    parts += ["tta"] if config.test_time_augmentation else []
    return "_".join(parts) + SUFFIX[config.format]


def megabytes(path: Path) -> float:
    """Size of a file, or of all files in a folder, in MB (1e6 bytes)."""
    return sum(file.stat().st_size for file in (path, *path.rglob("*")) if file.is_file()) / 1e6
