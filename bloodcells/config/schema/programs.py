"""The configs of the programs: conf/train.yaml, evaluate.yaml, report.yaml and the others."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

from bloodcells.config.errors import InputError
from bloodcells.config.schema.augmentation import AugmentationStep
from bloodcells.config.schema.data import Data
from bloodcells.config.schema.evaluation import Evaluation
from bloodcells.config.schema.model import Backbone, Head
from bloodcells.config.schema.ranges import within
from bloodcells.config.schema.tracking import SweepSettings, Tracking
from bloodcells.config.schema.training import Loss, Optimizer, Training


@dataclass
class TrainConfig:
    """One training run. `study`, `label`, `step`, `follows` and `stand_in_for` describe it and change no result."""

    unfreeze: Any
    data: Data
    backbone: Backbone
    head: Head
    augmentation: dict[str, AugmentationStep]
    optimizer: Optimizer
    loss: Loss
    training: Training
    evaluation: Evaluation
    tracking: Tracking
    study: str | None
    sweep: SweepSettings
    label: str | None
    stand_in_for: str | None
    step: int | None = within("[1, inf)")
    follows: int | None = within("[1, inf)")
    seed: int = within("[0, 4294967295]")

    def check(self) -> None:
        if self.data.name == "own":
            raise InputError(
                "data=own: expected npz, folder or synthetic; own means the images of a finished run and is for "
                "bloodcells.evaluate"
            )
        check_study(self.study)


@dataclass(kw_only=True)
class InspectConfig(TrainConfig):
    """The inspection of the data that a training run with the same settings would use."""

    output: str


@dataclass
class EvaluateConfig:
    """The evaluation of a finished run."""

    run_id: str
    data: Data
    evaluation: Evaluation
    tracking: Tracking

    def check(self) -> None:
        if self.data.name == "own" and self.data.clean.enabled:
            raise InputError(
                "data.clean.enabled=true with data=own: the run's own images were cleaned before it was trained; "
                "expected another data set to clean: data=npz or data=folder"
            )


@dataclass
class UnlabeledImages:
    """Where images without labels are: see conf/predict.yaml."""

    path: str


@dataclass
class PredictConfig:
    """The prediction of images without labels by a finished run's model.

    accuracy: target of the answers that are not flagged; None flags none
    """

    run_id: str
    data: UnlabeledImages
    output: str
    tracking: Tracking
    accuracy: float | None = within("(0, 1)")


@dataclass
class PartialTrainConfig:
    """The part of a finished run's config that evaluation needs."""

    data: Data
    augmentation: dict[str, AugmentationStep]
    seed: int = within("[0, 4294967295]")


@dataclass
class ReportConfig:
    """A comparison of runs."""

    study: str | None
    filter: str | None
    output: str | None
    tracking: Tracking

    def check(self) -> None:
        check_study(self.study)


class Format(Enum):
    """File formats of an exported model: see conf/export.yaml."""

    codabench = "codabench"
    keras = "keras"
    savedmodel = "savedmodel"
    onnx = "onnx"


@dataclass
class ExportConfig:
    """The export of a finished run's model."""

    run_id: str
    format: Format
    test_time_augmentation: bool
    output: str
    tracking: Tracking


@dataclass
class RegisterConfig:
    """The registration of a finished run's model."""

    run_id: str
    name: str
    force: bool
    tracking: Tracking

    def check(self) -> None:
        if not self.name.strip() or set(self.name) & set("/:'\""):
            raise InputError(f"name={self.name}: expected a name without / : ' and \", which MLflow does not accept")


@dataclass
class SyncedRuns:
    """The runs that are copied: those of an MLflow experiment."""

    experiment: str


@dataclass
class SyncConfig:
    """The copying of runs between stores, each a folder or the address of a server."""

    source: str | None
    target: str | None
    tracking: SyncedRuns

    def check(self) -> None:
        for name, place in (("from", self.source), ("to", self.target)):
            if not place:
                raise InputError(
                    f"{name} has no value: give {name}=FOLDER, or the address of a server, {name}=http://…"
                )
        if self.source == self.target:
            raise InputError(f"from={self.source}: the same as to; expected two stores")


@dataclass
class ServeConfig:
    """The serving of a finished run's model on this machine."""

    run_id: str
    tracking: Tracking
    port: int = within("[1, 65535]")


@dataclass
class ReproduceConfig:
    """The repetition of a finished run."""

    run_id: str
    tracking: Tracking


def check_study(study: str | None) -> None:
    """Raises InputError unless `study` can be the name of a folder, since its report is written into one."""
    if study is not None and not re.fullmatch(r"\w[\w .+-]*", study):
        raise InputError(
            f"study={study}: expected a name of letters, digits, spaces and . + - _ that begins with a letter or "
            "digit (it is also the name of a folder)"
        )
