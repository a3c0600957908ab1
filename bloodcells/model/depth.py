"""How deep fine tuning reaches into the backbone: what `unfreeze` means, without building anything."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bloodcells.config.errors import InputError
from bloodcells.config.explain import nearest
from bloodcells.model.catalogue import CATALOGUE

WAYS = "0, a number of layers, a share such as 0.25, a block's name, all, or a list of these"


@dataclass(frozen=True)
class Depth:
    """`said`: the setting; `first`: the index of the first backbone layer that trains (the number of layers: none)."""

    said: str
    first: int


def depths(unfreeze: Any, backbone: str, epochs: int) -> list[Depth]:
    """The steps of fine tuning that `unfreeze` asks for: one, or several for gradual unfreezing.

    unfreeze: 0, or the last n layers (int); the last share of the layers (float in (0, 1]); a block of the backbone,
        from its first layer on; "all"; or a list of these, each deeper than the one before.
    epochs: of fine tuning; each step needs one.
    Raises InputError, naming the blocks, for anything else.
    """
    settings = unfreeze if isinstance(unfreeze, list) else [unfreeze]
    steps = [_depth(setting, backbone) for setting in settings]
    if not steps:
        raise InputError(f"unfreeze=[]: expected {WAYS}")
    for shallow, deep in pairwise(steps):
        if deep.first >= shallow.first:
            raise InputError(
                f"unfreeze={settings}: {deep.said} reaches no deeper than {shallow.said}; "
                "expected each step to unfreeze more than the one before"
            )
    if len(steps) > max(epochs, 1):
        raise InputError(
            f"unfreeze={settings}: {len(steps)} steps but training.fine_tuning.epochs={epochs}; "
            "expected an epoch or more for each step"
        )
    return steps


def _depth(setting: Any, backbone: str) -> Depth:
    facts = CATALOGUE[backbone]
    if setting == "all":
        return Depth("all", 0)
    if isinstance(setting, str):
        if setting not in facts.blocks:
            raise InputError(
                f"unfreeze={setting}: {backbone} has the blocks {', '.join(facts.blocks)}; expected one of them, "
                f"or {WAYS}{nearest(setting, ['all', *facts.blocks])}"
            )
        return Depth(setting, facts.blocks[setting])
    if isinstance(setting, bool) or not isinstance(setting, (int, float)):
        raise InputError(f"unfreeze={setting}: expected {WAYS}")
    if isinstance(setting, float):
        if not 0 < setting <= 1:
            raise InputError(
                f"unfreeze={setting}: expected a share of the layers in (0, 1], or a whole number of layers"
            )
        return Depth(f"{setting:g} of the layers", facts.layers - max(1, round(setting * facts.layers)))
    if not 0 <= setting <= facts.layers:
        raise InputError(
            f"unfreeze={setting}: {backbone} has {facts.layers} layers; expected 0 to {facts.layers}, or all"
        )
    return Depth(f"last {setting} layers" if setting else "nothing", facts.layers - setting)
