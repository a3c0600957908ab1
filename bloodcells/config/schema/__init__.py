"""The typed schema of conf/: one dataclass per group or option, with the keys, their types and their ranges.

Values are in conf/*.yaml only. The dataclasses of options are next to their code, in the modules that options.py names.
"""

from bloodcells.config.schema.augmentation import AugmentationStep
from bloodcells.config.schema.data import CleanConfig, Data, SplitConfig, StoredData
from bloodcells.config.schema.evaluation import Chains, Evaluation, OptionalMetric
from bloodcells.config.schema.model import Backbone, Download, Head, Layout
from bloodcells.config.schema.programs import (
    EvaluateConfig,
    ExportConfig,
    Format,
    InspectConfig,
    PartialTrainConfig,
    PredictConfig,
    RegisterConfig,
    ReportConfig,
    ReproduceConfig,
    ServeConfig,
    SyncConfig,
    TrainConfig,
)
from bloodcells.config.schema.ranges import within
from bloodcells.config.schema.tracking import LocalTracking, RankBy, ServerTracking, SweepSettings, Tracking
from bloodcells.config.schema.training import (
    BatchNorm,
    Loss,
    Monitor,
    Optimizer,
    Phase,
    Precision,
    Schedule,
    Training,
)

__all__ = [
    "AugmentationStep",
    "Backbone",
    "BatchNorm",
    "Chains",
    "CleanConfig",
    "Data",
    "Download",
    "EvaluateConfig",
    "Evaluation",
    "ExportConfig",
    "Format",
    "Head",
    "InspectConfig",
    "Layout",
    "LocalTracking",
    "Loss",
    "Monitor",
    "Optimizer",
    "OptionalMetric",
    "PartialTrainConfig",
    "Phase",
    "Precision",
    "PredictConfig",
    "RankBy",
    "RegisterConfig",
    "ReportConfig",
    "ReproduceConfig",
    "Schedule",
    "ServeConfig",
    "ServerTracking",
    "SplitConfig",
    "StoredData",
    "SweepSettings",
    "SyncConfig",
    "Tracking",
    "TrainConfig",
    "Training",
    "within",
]
