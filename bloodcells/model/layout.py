"""The layers and blocks of a backbone, declared by its option or derived from its network."""

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bloodcells.config.schema import Backbone, Layout
from bloodcells.reporting.quiet_tensorflow import import_tensorflow

if TYPE_CHECKING:
    import keras

SIDE = 224  # pixels; at smaller sizes a late stage could be 1x1, like the squeeze-and-excitation branches
_layouts: dict[str, Layout] = {}


def layout_of(backbone: Backbone) -> Layout:
    """The layout that an option declares, or else that of the network it builds, derived once per process."""
    if (declared := backbone.layout) is not None:
        return declared
    key = repr(backbone)
    if key not in _layouts:
        side = backbone.input_size or SIDE
        with symbolic():
            _layouts[key] = layout(backbone.build((side, side, 3)))
    return _layouts[key]


@contextmanager
def symbolic() -> Iterator[None]:
    """Context in which networks are built with layers and shapes but no weights, in a fraction of the time.

    On exit, Keras's session is cleared and the random state that seeds Keras's initializers is restored. TensorFlow's
    runtime is not started, so the number of threads can still be set.
    """
    import_tensorflow()
    import keras
    import tensorflow as tf

    state = random.getstate()
    try:
        with tf.Graph().as_default(), keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        keras.backend.clear_session()  # else Keras would initialize the weights later
        random.setstate(state)


def layout(network: "keras.Model") -> Layout:
    """The layout of a network, its blocks derived from the names of its layers.

    A block is a run of layers with the same prefix and number: block_3_expand, conv4_block1_0_bn, stage_1_block_0_add.
    Of several prefixes, the one with the most layers is used. Layers between two blocks belong to the second. Layers
    with trainable weights before the first block form the block "stem", those after the last one "top". Without
    numbered names, blocks stage1 to stageN start where the resolution halves. Blocks without weights are left out.
    """
    spans = _numbered(network) or _resolutions(network)
    trains = [bool(layer.trainable_variables) for layer in network.layers]
    first, last = (spans[0][1], spans[-1][2]) if spans else (len(trains), len(trains))
    blocks = {"stem": trains.index(True)} if any(trains[:first]) else {}
    blocks |= {name: start for name, start, end in spans if any(trains[start : end + 1])}
    if any(trains[last + 1 :]):
        blocks["top"] = last + 1
    return Layout(len(trains), blocks)


def _numbered(network: "keras.Model") -> list[tuple[str, int, int]]:
    """Name, first and last layer of each block numbered in layer names; empty if fewer than a quarter of them are."""
    names = [None if _automatic(layer) else layer.name.removeprefix(f"{network.name}_") for layer in network.layers]
    runs: defaultdict[str, list[tuple[str, int, int]]] = defaultdict(list)
    sizes: defaultdict[str, int] = defaultdict(int)
    for index, name in enumerate(names):
        if name is not None and (match := re.match(r"(\D+?)_?(\d+)", name)):
            run, block = runs[match[1]], f"{match[1]}{match[2]}".lower()
            if run and run[-1][0] == block:
                run[-1] = (block, run[-1][1], index)
            else:
                run.append((block, run[-1][2] + 1 if run else index, index))
            sizes[match[1]] += 1
    # A prefix whose numbers recur, as in parallel branches, does not number blocks.
    in_order = [prefix for prefix, run in runs.items() if len({block for block, *_ in run}) == len(run) > 1]
    best = max(in_order, key=lambda prefix: sizes[prefix], default="")
    return runs[best] if 4 * sizes[best] >= len([name for name in names if name is not None]) else []


def _automatic(layer: "keras.Layer") -> bool:
    """Whether Keras named a layer after its class, such as conv2d_12."""
    return layer.name.rstrip("_0123456789").replace("_", "") == type(layer).__name__.lower()


def _resolutions(network: "keras.Model") -> list[tuple[str, int, int]]:
    """Name, first and last layer of each stage, which starts where the height is about half the previous stage's."""
    starts: list[int] = []
    height = network.input_shape[1]
    for index, layer in enumerate(network.layers):
        shape: tuple[int, ...] = getattr(layer.output, "shape", ())
        if len(shape) == 4 and 0.4 * height <= shape[1] <= 0.6 * height:
            starts.append(index)
            height = shape[1]
    ends = [start - 1 for start in [*starts[1:], len(network.layers)]]
    return [(f"stage{number + 1}", start, ends[number]) for number, start in enumerate(starts)]
