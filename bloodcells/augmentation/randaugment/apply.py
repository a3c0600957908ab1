"""RandAugment on a batch."""

import numpy as np

from bloodcells.augmentation.randaugment.geometry import move
from bloodcells.augmentation.randaugment.grey import grey
from bloodcells.augmentation.randaugment.points import change
from bloodcells.augmentation.randaugment.policy import Operation, Plan, planned
from bloodcells.augmentation.randaugment.tables import SHAPE, begin, settle
from bloodcells.config.schema import RandAugment


def randaugment(pixels: np.ndarray, uniforms: np.ndarray, config: RandAugment) -> np.ndarray:
    """Applies up to `augmentations_per_image` random operations to each image, each with a chance of `rate`.

    pixels: uint8 (b, h, w, 3), RGB, and so is what it returns; uniforms: float64 (b, numbers(config)) in [0, 1).
    """
    return applied(pixels, planned(uniforms, config))


def applied(pixels: np.ndarray, plan: Plan) -> np.ndarray:
    """What `plan` makes of the images; shapes as in `randaugment`.

    Operations on values that follow one another wait in a table of floating-point numbers and change the pixels
    together, rounded once; shears, translations and grey change them at once. Each operation alone, and any chain on
    values, differs from keras-cv's by no more than this rounding: half a level of 255. keras-cv never
    rounds, so after several changes of the pixels the two differ more: over 400 cells at the default config by 0.4
    levels on average, half of the images nowhere by more than 1, a fifth somewhere by more than 2. Most differ those
    where equalize or solarize come last: both can make a step of many levels out of one.
    """
    changed, waiting = pixels.copy(), np.zeros(len(pixels), bool)
    tables, counts = np.empty((len(pixels), *SHAPE)), np.empty((len(pixels), *SHAPE), np.int64)
    for operations, amounts, thresholds in zip(plan.operations.T, plan.amounts.T, plan.thresholds.T, strict=True):
        at_once = operations >= Operation.GREY
        on_values = (operations != Operation.NONE) & ~at_once
        begin(changed, on_values & ~waiting, tables, counts)
        change(tables, counts, operations, amounts, thresholds)
        settle(changed, at_once & waiting, tables)
        waiting = (waiting | on_values) & ~at_once
        grey(changed, operations, amounts)
        move(changed, operations, amounts)
    settle(changed, waiting, tables)
    return changed
