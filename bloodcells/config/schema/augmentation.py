"""The steps of augmentation: conf/augmentation/."""

from dataclasses import dataclass

from bloodcells.config.schema.ranges import within


@dataclass
class FlipTranslate:
    """`translate`: the largest move, as a share of the side."""

    translate: float = within("[0, 1)")


@dataclass
class Color:
    """The largest change of each: a share of the range (brightness), of 1 (contrast, saturation), of a turn (hue)."""

    brightness: float = within("[0, 1)")
    contrast: float = within("[0, 1)")
    saturation: float = within("[0, 1)")
    hue: float = within("[0, 0.5]")


@dataclass
class RandAugment:
    """As keras_cv.layers.RandAugment takes them; ours, too, means the same by them."""

    augmentations_per_image: int = within("[1, inf)")
    magnitude: float = within("[0, 1]")
    magnitude_stddev: float = within("[0, 1]")
    rate: float = within("[0, 1]")


@dataclass
class MixUp:
    """`offline`: once beforehand, doubling the set; `alpha` of the Beta distribution that shares are drawn from."""

    offline: bool
    alpha: float = within("(0, inf)")


@dataclass
class CutMix:
    """`alpha` of the Beta distribution that areas are drawn from."""

    alpha: float = within("(0, inf)")


@dataclass
class Augmentation:
    """What is done to the training images, in the order of these fields; None leaves a step out."""

    flip_translate: FlipTranslate | None = None
    color: Color | None = None
    randaugment: RandAugment | None = None
    randaugment_kerascv: RandAugment | None = None
    mixup: MixUp | None = None
    cutmix: CutMix | None = None
