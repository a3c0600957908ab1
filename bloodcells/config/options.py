"""The options of the groups in conf/, registered by name where they are implemented.

An option is a dataclass: its fields are the option's keys with types and ranges, its methods build what it stands for.
`@option("optimizer", "adam")` registers it. A group's options live in the module that MODULES names, which is imported
when the group is first used, so it must not import TensorFlow at its top.
"""

from collections import defaultdict
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

Kind = TypeVar("Kind", bound=type)

# Named, not imported: the config lies below the layers that implement the options.
MODULES = {
    "data": "bloodcells.data.sources",
    "augmentation": "bloodcells.augmentation.steps",
    "metric": "bloodcells.evaluation.optional_metrics",
    "backbone": "bloodcells.model.backbones",
    "head": "bloodcells.model.heads",
    "optimizer": "bloodcells.training.optimizers",
    "loss": "bloodcells.training.losses",
    "schedule": "bloodcells.training.schedules",
    "tracking": "bloodcells.config.schema.tracking",
}
_registered: defaultdict[str, dict[str, type[Any]]] = defaultdict(dict)


def option(group: str, name: str) -> Callable[[Kind], Kind]:
    """Registers a dataclass as the option `name` of a group of conf/.

    Raises ValueError for a name that the group already has.
    """

    def register(kind: Kind) -> Kind:
        if name in _registered[group]:
            raise ValueError(f"{group}={name} is registered twice: by {_registered[group][name]} and by {kind}")
        _registered[group][name] = kind
        return kind

    return register


def options(place: str) -> dict[str, type[Any]]:
    """The options at a place in the config, by name; empty where there is nothing to choose.

    The last part of a place is its group: "schedule" for "training.fine_tuning.schedule".
    """
    group = place.rpartition(".")[2]
    if group not in MODULES:
        return {}
    import_module(MODULES[group])
    return _registered[group]
