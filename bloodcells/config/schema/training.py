"""What a phase trains with and for how long: conf/optimizer/, loss/, schedule/ and training/."""

from dataclasses import dataclass
from enum import Enum

from bloodcells.config.options import option
from bloodcells.config.schema.ranges import within


@dataclass
class Optimizer:
    """What every optimizer has; its learning rate is the phase's."""

    name: str


@option("optimizer", "adam")
@dataclass
class Adam(Optimizer):
    """Adam: decay rates of the two moments."""

    beta_1: float = within("[0, 1)")
    beta_2: float = within("[0, 1)")
    epsilon: float = within("(0, inf)")


@option("optimizer", "adamw")
@dataclass
class AdamW(Adam):
    """Adam with decoupled weight decay."""

    weight_decay: float = within("[0, inf)")


@option("optimizer", "lion")
@dataclass
class Lion(Optimizer):
    """Lion: interpolation rates and decoupled weight decay; `learning_rate_factor`: what it takes of a phase's rate."""

    beta_1: float = within("[0, 1)")
    beta_2: float = within("[0, 1)")
    weight_decay: float = within("[0, inf)")
    learning_rate_factor: float = within("(0, inf)")


@option("optimizer", "sgd")
@dataclass
class SGD(Optimizer):
    """Stochastic gradient descent with momentum."""

    nesterov: bool
    momentum: float = within("[0, 1]")


@option("loss", "crossentropy")
@dataclass
class Loss:
    """Cross-entropy, and what every loss has."""

    name: str
    label_smoothing: float = within("[0, 1)")


@option("loss", "focal")
@option("loss", "weighted_crossentropy")
@dataclass
class FocalLoss(Loss):
    """`alpha`: a factor on every class, or "balanced" for weights from the training split; `gamma`: the focus."""

    alpha: float | str = within("(0, inf)")
    gamma: float = within("[0, inf)")


@option("schedule", "constant")
@dataclass
class Schedule:
    """How a phase's learning rate moves; by itself, not at all."""

    name: str


@option("schedule", "plateau")
@dataclass
class Plateau(Schedule):
    """Times `factor` after `patience_epochs` without better validation accuracy."""

    factor: float = within("(0, 1)")
    patience_epochs: int = within("[1, inf)")
    minimum_learning_rate: float = within("[0, inf)")


@option("schedule", "cosine_restarts")
@dataclass
class CosineRestarts(Schedule):
    """Cycles of cosine decay: the first one's length in epochs, and how length and peak change from one to the next."""

    first_cycle_epochs: float = within("[1, inf)")
    cycle_growth: float = within("[1, inf)")
    peak_decay: float = within("(0, 1]")


@dataclass
class Phase:
    """`epochs` at the most; `patience_epochs` without a better one end it, None for never."""

    schedule: Schedule
    epochs: int = within("[0, inf)")
    learning_rate: float = within("(0, inf)")
    patience_epochs: int | None = within("[1, inf)")


class BatchNorm(Enum):
    """What fine tuning does with the backbone's batch normalisation: see bloodcells/model/trainable.py."""

    frozen = "frozen"
    train = "train"


class Precision(Enum):
    """The dtype policies of Keras, see https://keras.io/api/mixed_precision/policy."""

    float32 = "float32"
    mixed_float16 = "mixed_float16"
    mixed_bfloat16 = "mixed_bfloat16"


@dataclass
class Training:
    """The two phases and what they share."""

    batch_norm: BatchNorm
    precision: Precision
    mirrored: bool
    deterministic: bool
    feature_extraction: Phase
    fine_tuning: Phase
    batch_size: int = within("[1, inf)")
    threads: int | None = within("[1, inf)")
    from_scratch_factor: float = within("(0, inf)")
