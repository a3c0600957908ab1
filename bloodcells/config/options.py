"""Registry of the options of each group in conf/.

An option is a dataclass, registered by `@option("optimizer", "adam")`. Its fields are the keys of
conf/optimizer/adam.yaml with their types and ranges; its methods build the object, such as the optimizer. All options
of a group are in the modules that MODULES names, which are imported when the group is first used. These modules must
not import TensorFlow at the top. Their order, and the order within each, is that of the options.
"""

from collections import defaultdict
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

Kind = TypeVar("Kind", bound=type)

# Names instead of imports, since most of these modules are in higher layers.
MODULES = {
    "data": ("bloodcells.data.sources",),
    "augmentation": (
        "bloodcells.augmentation.steps",
        "bloodcells.augmentation.variety",
        "bloodcells.augmentation.batch_steps",
    ),
    "metric": ("bloodcells.evaluation.optional_metrics",),
    "backbone": ("bloodcells.model.backbones",),
    "head": ("bloodcells.model.heads",),
    "optimizer": ("bloodcells.training.optimizers",),
    "loss": ("bloodcells.training.losses",),
    "schedule": ("bloodcells.training.schedules",),
    "tracking": ("bloodcells.config.schema.tracking",),
}
_registered: defaultdict[str, dict[str, type[Any]]] = defaultdict(dict)


def option(group: str, name: str) -> Callable[[Kind], Kind]:
    """Decorator that registers a dataclass as conf/GROUP/NAME.yaml. Raises ValueError if the name is taken."""

    def register(kind: Kind) -> Kind:
        if name in _registered[group]:
            raise ValueError(f"{group}={name} is registered twice: by {_registered[group][name]} and by {kind}")
        _registered[group][name] = kind
        return kind

    return register


def options(place: str) -> dict[str, type[Any]]:
    """The options at a place in the config, by name; empty if there is nothing to choose.

    The group is the last part of the place: "schedule" for "training.fine_tuning.schedule".
    """
    group = place.rpartition(".")[2]
    if group not in MODULES:
        return {}
    for module in MODULES[group]:
        import_module(module)
    # Modules may have been imported in another order; those that are not listed come last.
    places = {module: place for place, module in enumerate(MODULES[group])}
    registered = _registered[group].items()
    return dict(sorted(registered, key=lambda each: places.get(each[1].__module__, len(places))))
