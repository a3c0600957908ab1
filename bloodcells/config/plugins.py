"""Plugins of our own, where Hydra looks for them."""

from hydra.core.plugins import Plugins
from hydra.plugins.plugin import Plugin


def register(plugin: type[Plugin]) -> None:
    """Lets conf/ name a plugin as `_target_: hydra_plugins.bloodcells.CLASS`: Hydra takes no other package's.

    The class stays what it is, importable where it stands, so that it reaches a launcher's workers like any other.
    """
    Plugins.instance().class_name_to_class[f"hydra_plugins.bloodcells.{plugin.__name__}"] = plugin
