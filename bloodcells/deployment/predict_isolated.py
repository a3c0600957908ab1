"""Runs an exported model with only the libraries that its user has: `python -I predict_isolated.py JOB`.

JOB is JSON: the format, the path of the model, the importable modules and their folders, the .npy file with the images
and the .npz file for the predictions.
"""

import json
import sys
import time
from collections.abc import Callable
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

BATCH_SIZE = 64  # images


class ImportFilter(PathFinder):
    """Finds the standard library and the `allowed` modules; all others appear as not installed."""

    allowed: frozenset[str] = frozenset()

    @classmethod
    def find_spec(cls, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        name = fullname.partition(".")[0]
        standard = name in sys.stdlib_module_names or name.startswith("_sysconfigdata")  # named after the platform
        if standard or name in cls.allowed:
            return super().find_spec(fullname, path, target)
        return None


def codabench(folder: str) -> Callable[[Any], Any]:
    """Loads a submission, which predicts labels; the models of all other formats predict probabilities."""
    ImportFilter.allowed |= {entry.stem for entry in Path(folder).iterdir()}
    sys.path.insert(0, folder)
    from model import Model  # type: ignore[import-not-found]

    return Model().predict


def keras(file: str) -> Callable[[Any], Any]:
    import keras

    model = keras.saving.load_model(file)
    return lambda images: model.predict(images, batch_size=BATCH_SIZE, verbose=0)


def savedmodel(folder: str) -> Callable[[Any], Any]:
    import tensorflow as tf

    model = tf.saved_model.load(folder)
    return _in_batches(lambda batch: model.serve(batch).numpy())


def onnx(file: str) -> Callable[[Any], Any]:
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return _in_batches(lambda batch: session.run(None, {name: batch})[0])


def _in_batches(predict_batch: Callable[[Any], Any]) -> Callable[[Any], Any]:
    import numpy as np

    def predict(images: Any) -> Any:
        starts = range(0, len(images), BATCH_SIZE)
        return np.concatenate([predict_batch(images[k : k + BATCH_SIZE].astype(np.float32)) for k in starts])

    return predict


def print_error_last(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """Prints the traceback, then the error in one line, which the calling process reports."""
    sys.__excepthook__(kind, error, trace)
    print(f"{kind.__name__}: {str(error).partition(chr(10))[0]}", file=sys.stderr)


def main() -> None:
    sys.excepthook = print_error_last
    job = json.loads(sys.argv[1])
    sys.path += [folder for folder in job["folders"] if folder not in sys.path]
    ImportFilter.allowed = frozenset(job["modules"])
    sys.meta_path[:] = [BuiltinImporter, FrozenImporter, ImportFilter]
    import numpy as np

    loaders = {"codabench": codabench, "keras": keras, "savedmodel": savedmodel, "onnx": onnx}
    images = np.load(job["images"])
    predict = loaders[job["format"]](job["model"])
    predict(images[:1])  # builds the graph
    start = time.perf_counter()
    output = predict(images)
    np.savez(job["predictions"], output=output, seconds=time.perf_counter() - start)


if __name__ == "__main__":
    main()
