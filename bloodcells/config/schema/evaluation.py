"""How a model is scored, compared and handed in: conf/evaluation/ and the programs that come after training."""

from dataclasses import dataclass
from enum import Enum

from bloodcells.config.schema.augmentation import Augmentation
from bloodcells.config.schema.data import Data
from bloodcells.config.schema.ranges import within
from bloodcells.config.schema.tracking import Tracking


@dataclass
class Shift:
    """The severities at which every distortion is tried."""

    severities: list[int] = within("[1, 5]")


@dataclass
class Evaluation:
    """What is worked out from a model's answers; `shift` None leaves the distorted images out."""

    test_time_augmentation: bool
    shift: Shift | None
    resamples: int = within("[100, inf)")
    calibration_bins: int = within("[2, inf)")


@dataclass
class EvaluateConfig:
    """The scoring of a finished run: conf/evaluate.yaml."""

    run_id: str
    data: Data
    evaluation: Evaluation
    tracking: Tracking


@dataclass
class TrainedConfig:
    """What scoring needs of the config a run was trained with."""

    data: Data
    augmentation: Augmentation
    seed: int = within("[0, 4294967295]")


@dataclass
class ReportConfig:
    """A comparison of runs: conf/report.yaml."""

    study: str | None
    filter: str | None
    output: str | None
    tracking: Tracking


class Format(Enum):
    """What a model is written as: see conf/export.yaml."""

    codabench = "codabench"
    keras = "keras"
    savedmodel = "savedmodel"
    onnx = "onnx"


@dataclass
class ExportConfig:
    """A model written for use elsewhere: conf/export.yaml."""

    run_id: str
    format: Format
    test_time_augmentation: bool
    output: str
    tracking: Tracking


@dataclass
class ReproduceConfig:
    """A finished run done again: conf/reproduce.yaml."""

    run_id: str
    tracking: Tracking
