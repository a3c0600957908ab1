"""The meaning of `unfreeze`: how many layers of the backbone fine-tuning trains, counted from the head."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bloodcells.config.errors import InputError
from bloodcells.config.explain import nearest
from bloodcells.config.schema import Backbone
from bloodcells.model.layout import layout_of

CHOICES = "0, a number of layers, a share such as 0.25, a block's name, all, or a list of these"


@dataclass(frozen=True)
class Depth:
    """A depth of fine-tuning.

    label: the setting in words; first: the index of the first trainable layer, or the number of layers if none trains
    """

    label: str
    first: int


def depths(unfreeze: Any, backbone: Backbone, epochs: int) -> list[Depth]:
    """The steps of fine-tuning that `unfreeze` describes: one, or several for gradual unfreezing.

    unfreeze: 0; the last n layers (int); a share of the layers (float in (0, 1]), counted from the end; a block of the
        backbone and all layers after it; "all"; or a list of these, each deeper than the one before
    epochs: number of fine-tuning epochs; each step needs at least one
    Raises InputError for anything else.
    """
    settings = unfreeze if isinstance(unfreeze, list) else [unfreeze]
    steps = [_depth(setting, backbone) for setting in settings]
    if not steps:
        raise InputError(f"unfreeze=[]: expected {CHOICES}")
    for shallow, deep in pairwise(steps):
        if deep.first >= shallow.first:
            raise InputError(
                f"unfreeze={settings}: {deep.label} is no deeper than {shallow.label}; "
                "expected each step to unfreeze more than the one before"
            )
    if len(steps) > max(epochs, 1):
        raise InputError(
            f"unfreeze={settings}: {len(steps)} steps but training.fine_tuning.epochs={epochs}; "
            "expected at least one epoch for each step"
        )
    return steps


def _depth(setting: Any, backbone: Backbone) -> Depth:
    if setting == "all":
        return Depth("all", 0)
    if isinstance(setting, bool) or not isinstance(setting, (int, float, str)):
        raise InputError(f"unfreeze={setting}: expected {CHOICES}")
    layout = layout_of(backbone)
    if isinstance(setting, str):
        if setting not in layout.blocks:
            raise InputError(
                f"unfreeze={setting}: {backbone.label} has the blocks {', '.join(layout.blocks)}; expected one of "
                f"them, or {CHOICES}{nearest(setting, ['all', *layout.blocks])}"
            )
        return Depth(setting, layout.blocks[setting])
    if isinstance(setting, float):
        if not 0 < setting <= 1:
            raise InputError(f"unfreeze={setting}: expected a share of the layers in (0, 1], or a number of layers")
        return Depth(f"{setting:g} of the layers", layout.layers - max(1, round(setting * layout.layers)))
    if not 0 <= setting <= layout.layers:
        raise InputError(
            f"unfreeze={setting}: {backbone.label} has {layout.layers} layers; expected 0 to {layout.layers}, or all"
        )
    return Depth(f"last {setting} layers" if setting else "nothing", layout.layers - setting)
