"""The typed schema under conf/: a dataclass an option, its keys, their types and their ranges.

The values stand in conf/*.yaml, each once.
"""

from dataclasses import dataclass
from typing import Any

from bloodcells.config.schema.augmentation import (
    Augmentation,
    Color,
    CutMix,
    FlipTranslate,
    MixUp,
    RandAugment,
)
from bloodcells.config.schema.data import Clean, Data, Split, StoredData, SyntheticData
from bloodcells.config.schema.evaluation import (
    EvaluateConfig,
    Evaluation,
    ExportConfig,
    Format,
    ReportConfig,
    ReproduceConfig,
    Shift,
    TrainedConfig,
)
from bloodcells.config.schema.model import Backbone, Head, MobileNetV2
from bloodcells.config.schema.ranges import within
from bloodcells.config.schema.tracking import LocalTracking, ServerTracking, Sweep, Tracking
from bloodcells.config.schema.training import (
    SGD,
    Adam,
    AdamW,
    BatchNorm,
    CosineRestarts,
    FocalLoss,
    Lion,
    Loss,
    Optimizer,
    Phase,
    Plateau,
    Precision,
    Schedule,
    Training,
)

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Augmentation",
    "Backbone",
    "BatchNorm",
    "Clean",
    "Color",
    "CosineRestarts",
    "CutMix",
    "Data",
    "EvaluateConfig",
    "Evaluation",
    "ExportConfig",
    "FlipTranslate",
    "FocalLoss",
    "Format",
    "Head",
    "InspectConfig",
    "Lion",
    "LocalTracking",
    "Loss",
    "MixUp",
    "MobileNetV2",
    "Optimizer",
    "Phase",
    "Plateau",
    "Precision",
    "RandAugment",
    "ReportConfig",
    "ReproduceConfig",
    "Schedule",
    "ServerTracking",
    "Shift",
    "Split",
    "StoredData",
    "Sweep",
    "SyntheticData",
    "Tracking",
    "TrainConfig",
    "TrainedConfig",
    "Training",
]


@dataclass
class TrainConfig:
    """One training run: conf/train.yaml. `study`, `label`, `step` and `follows` file it and change no result."""

    unfreeze: Any
    data: Data
    backbone: Backbone
    head: Head
    augmentation: Augmentation
    optimizer: Optimizer
    loss: Loss
    training: Training
    evaluation: Evaluation
    tracking: Tracking
    study: str | None
    sweep: Sweep
    label: str | None
    step: int | None = within("[1, inf)")
    follows: int | None = within("[1, inf)")
    seed: int = within("[0, 4294967295]")


@dataclass(kw_only=True)
class InspectConfig(TrainConfig):
    """A look at what a training run would be given: conf/inspect.yaml."""

    output: str
