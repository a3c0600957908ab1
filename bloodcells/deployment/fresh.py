"""Run in a process of its own, `python -I fresh.py ORDER`: answers for images with what the model's user has, no more.

ORDER is JSON: the format, what was written, the modules that may be imported and the folders they lie in, the images'
.npy file, and the .npz file that the answers go to.
"""

import json
import sys
import time
from collections.abc import Callable
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

BATCH_SIZE = 64  # images


class Fence(PathFinder):
    """Finds the standard library and `allowed` modules; to a program behind it no other is installed."""

    allowed: frozenset[str] = frozenset()

    @classmethod
    def find_spec(cls, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        name = fullname.partition(".")[0]
        standard = name in sys.stdlib_module_names or name.startswith("_sysconfigdata")  # that one is named by platform
        if standard or name in cls.allowed:
            return super().find_spec(fullname, path, target)
        return None


def codabench(folder: str) -> Callable[[Any], Any]:
    """Gives labels; the others give probabilities."""
    Fence.allowed |= {entry.stem for entry in Path(folder).iterdir()}
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


def _in_batches(answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
    import numpy as np

    def answers(images: Any) -> Any:
        starts = range(0, len(images), BATCH_SIZE)
        return np.concatenate([answer(images[start : start + BATCH_SIZE].astype(np.float32)) for start in starts])

    return answers


def complain(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """The traceback, and as the last line what went wrong."""
    sys.__excepthook__(kind, error, trace)
    print(f"{kind.__name__}: {str(error).partition(chr(10))[0]}", file=sys.stderr)


def main() -> None:
    sys.excepthook = complain
    order = json.loads(sys.argv[1])
    sys.path += [folder for folder in order["folders"] if folder not in sys.path]
    Fence.allowed = frozenset(order["modules"])
    sys.meta_path[:] = [BuiltinImporter, FrozenImporter, Fence]
    import numpy as np

    loaders = {"codabench": codabench, "keras": keras, "savedmodel": savedmodel, "onnx": onnx}
    images = np.load(order["images"])
    answer = loaders[order["format"]](order["written"])
    answer(images[:1])  # the first makes the graph ready
    begun = time.perf_counter()
    answers = answer(images)
    np.savez(order["answers"], answers=answers, seconds=time.perf_counter() - begun)


if __name__ == "__main__":
    main()
