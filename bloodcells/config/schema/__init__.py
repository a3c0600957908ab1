"""The typed schema of conf/: one dataclass per group or option, with the keys, their types and their ranges.

Values are in conf/*.yaml only. Options with code of their own are next to it: see config/options.py.
"""

from bloodcells.config.schema.augmentation import (
    Augmentation,
    Color,
    CutMix,
    FlipTranslate,
    MixUp,
    RandAugment,
)
from bloodcells.config.schema.data import Clean, Data, Split, StoredData, SyntheticData
from bloodcells.config.schema.evaluation import Evaluation, Shift
from bloodcells.config.schema.model import Backbone, Head, MobileNetV2
from bloodcells.config.schema.programs import (
    EvaluateConfig,
    ExportConfig,
    Format,
    InspectConfig,
    ReportConfig,
    ReproduceConfig,
    TrainConfig,
    TrainedConfig,
)
from bloodcells.config.schema.ranges import within
from bloodcells.config.schema.tracking import LocalTracking, ServerTracking, Sweep, Tracking
from bloodcells.config.schema.training import (
    BatchNorm,
    Loss,
    Optimizer,
    Phase,
    Precision,
    Schedule,
    Training,
)

__all__ = [
    "Augmentation",
    "Backbone",
    "BatchNorm",
    "Clean",
    "Color",
    "CutMix",
    "Data",
    "EvaluateConfig",
    "Evaluation",
    "ExportConfig",
    "FlipTranslate",
    "Format",
    "Head",
    "InspectConfig",
    "LocalTracking",
    "Loss",
    "MixUp",
    "MobileNetV2",
    "Optimizer",
    "Phase",
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
    "within",
]
