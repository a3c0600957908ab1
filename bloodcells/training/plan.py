"""The stages of training, planned from the two phases of the config. Needs no TensorFlow."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from bloodcells.config.errors import InputError
from bloodcells.config.schema import BatchNorm, Evaluation, Phase, TrainConfig
from bloodcells.model.depth import Depth, depths

FEATURE_EXTRACTION = "feature_extraction"
FINE_TUNING = "fine_tuning"
# Settings on which phase 1 does not depend. It does on `evaluation.chains`: they distort the images of validation.
PHASE_2 = (
    "unfreeze", "training.fine_tuning", "training.batch_norm",
    *(f"evaluation.{field.name}" for field in fields(Evaluation) if field.name != "chains"),
)  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """Consecutive epochs with one optimizer and one set of trainable layers.

    phase: "feature_extraction" or "fine_tuning"
    label: the stage's name in output, with the step of gradual unfreezing, such as "fine-tuning 2/3"
    epochs: the maximum; learning_rate: the initial rate, with all factors applied
    settings: of the phase
    depth: which layers of the backbone train; batch_norm: whether their batch normalization trains
    sides: by epoch, the shorter side of the training images in pixels; empty: the images as they are
    """

    phase: str
    label: str
    epochs: int
    learning_rate: float
    settings: Phase
    depth: Depth
    batch_norm: bool
    sides: tuple[int, ...]

    def may_stop_after(self, epoch: int) -> bool:
        """Whether early stopping may end the stage after this epoch, from 1: not before the last size of images."""
        at_last_size = self.sides[epoch - 1 : epoch] == self.sides[-1:]
        return at_last_size and self.settings.schedule.may_stop_after(epoch)


def plan(config: TrainConfig) -> list[Stage]:
    """Feature extraction, then one stage of fine-tuning per step of `unfreeze`; stages without epochs are left out.

    Without pretrained weights, phase 1 trains the whole network including batch normalization, since a head cannot
    learn from random features, and `training.from_scratch_factor` raises the learning rates of both phases.
    Raises InputError as `depths` does, and for a `training.resolution` that the backbone or the epochs do not allow.
    """
    training, epochs = config.training, config.training.fine_tuning.epochs
    steps = depths(config.unfreeze, config.backbone, epochs)
    scratch = config.backbone.weights is None
    factor = (training.from_scratch_factor if scratch else 1.0) * config.optimizer.rate_factor
    first = training.feature_extraction
    stages = [
        Stage(
            phase=FEATURE_EXTRACTION,
            label="training from scratch" if scratch else "feature extraction",
            epochs=first.epochs,
            learning_rate=first.learning_rate * factor,
            settings=first,
            depth=depths("all" if scratch else 0, config.backbone, 1)[0],
            batch_norm=scratch,
            sides=_sides(training.resolution, first.epochs),
        )
    ]
    for number, depth in enumerate(steps):
        shared, extra = divmod(epochs, len(steps))
        stages.append(
            Stage(
                phase=FINE_TUNING,
                label="fine-tuning" if len(steps) == 1 else f"fine-tuning {number + 1}/{len(steps)}",
                epochs=shared + (number < extra),
                learning_rate=training.fine_tuning.learning_rate * factor,
                settings=training.fine_tuning,
                depth=depth,
                # Without phase 1, the statistics belong to random weights and must adapt.
                batch_norm=training.batch_norm is BatchNorm.train or (scratch and first.epochs == 0),
                sides=_sides(training.resolution, shared + (number < extra)),
            )
        )
    stages = [stage for stage in stages if stage.epochs]
    _check(config, min(stage.epochs for stage in stages))
    return stages


def _sides(resolution: Sequence[int] | None, epochs: int) -> tuple[int, ...]:
    """The sides of `resolution` that share this number of epochs equally, one side per epoch."""
    return tuple(resolution[epoch * len(resolution) // epochs] for epoch in range(epochs)) if resolution else ()


def check_resolution(resolution: Sequence[int] | None, size: tuple[int, int]) -> None:
    """Raises InputError if a side is larger than images of this height and width."""
    if resolution and max(resolution) > min(size):
        raise InputError(
            f"training.resolution={resolution}: images of {size[1]}x{size[0]} pixels; expected at most {min(size)}"
        )


def _check(config: TrainConfig, fewest_epochs: int) -> None:
    sides, backbone = config.training.resolution, config.backbone
    if sides is None:
        return
    name = f"training.resolution={sides}"
    if not sides:
        raise InputError(f"{name}: expected one or more sides in pixels, or null for the images as they are")
    if backbone.input_size:
        raise InputError(
            f"{name}: backbone.input_size={backbone.input_size} resizes every image; expected one of the two to be null"
        )
    if min(sides) < backbone.smallest_size:
        raise InputError(f"{name}: {backbone.label} needs {backbone.smallest_size} pixels per side or more")
    if len(sides) > fewest_epochs:
        raise InputError(
            f"{name}: {len(sides)} sides, but a stage has {fewest_epochs} epochs; expected at least one for each side"
        )


def remarks(config: TrainConfig) -> list[str]:
    """Consequences of the config that users may not expect, one line each."""
    lines = []
    if config.stand_in_for:
        lines.append(
            f"backbone={config.stand_in_for}: at this scale {config.backbone.label} stands in for it; scale=report "
            f"trains {config.stand_in_for} itself (for a GPU)"
        )
    if config.backbone.weights is None:
        factor = f"{config.training.from_scratch_factor:g} times"
        if config.training.feature_extraction.epochs == 0:
            lines.append(
                "backbone.weights=null and no phase 1: fine-tuning starts from random weights, trains batch "
                f"normalization and uses {factor} its learning rate"
            )
        else:
            lines.append(
                "backbone.weights=null: a head cannot learn from random features, so phase 1 trains the whole network "
                f"including batch normalization, and both phases use {factor} their learning rates"
            )
    for name, step in config.augmentation.items():
        if step.has_random_state:
            lines.append(
                f"augmentation.{name}: the step has random state, which threads use in any order, so this run is not "
                "reproducible"
            )
    return lines
