"""bloodcells: reproducible, tracked experiments on classifying blood cells from images.

Example:
    >>> from bloodcells import compose, evaluate, load_run, train
    >>> result = train(compose("backbone=mobilenetv2", "seed=1"))
    >>> result.metrics["test/accuracy"]
    0.9714
"""

import os
import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bloodcells.api import Result, compose, evaluate, load_run, train

# Before MLflow is imported: its telemetry sends usage data, and competes with our requests to a server.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
__all__ = ["Result", "compose", "evaluate", "load_run", "train"]


class _Package(ModuleType):
    """A package whose public names are imported on first use, so that importing the package is fast."""

    def __getattr__(self, name: str) -> Any:
        if name in __all__:
            return getattr(import_module("bloodcells.api"), name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        # Python sets each imported submodule as an attribute of its package. The programs bloodcells.train and
        # bloodcells.evaluate must not hide the functions of these names.
        if name not in __all__ or not isinstance(value, ModuleType):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *__all__})


sys.modules[__name__].__class__ = _Package
