"""The stages that a config's two phases come to. Needs no TensorFlow."""

from dataclasses import dataclass

from bloodcells.config.schema import BatchNorm, Phase, TrainConfig
from bloodcells.model.depth import Depth, depths

FEATURE_EXTRACTION = "feature_extraction"
FINE_TUNING = "fine_tuning"
PHASE_2 = ("unfreeze", "training.fine_tuning", "training.batch_norm", "evaluation")  # settings that come in after it


@dataclass(frozen=True)
class Stage:
    """Some epochs with one optimizer and one set of trainable layers.

    phase: "feature_extraction" or "fine_tuning"; label: the same for people, with the step of gradual unfreezing
    depth: what of the backbone trains; batch_norm: whether unfrozen batch normalisation does
    """

    phase: str
    label: str
    epochs: int
    learning_rate: float
    settings: Phase
    depth: Depth
    batch_norm: bool


def plan(config: TrainConfig) -> list[Stage]:
    """Feature extraction, then fine tuning in as many steps as `unfreeze` has; stages of no epochs are left out.

    Without pretrained weights phase 1 trains the whole network, batch normalisation included, for a head cannot stand
    on random features; and both phases' learning rates are raised by `training.from_scratch_factor`. Lion takes its own
    share of either.
    Raises InputError as `depths` does.
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
        )
    ]
    for number, depth in enumerate(steps):
        shared, extra = divmod(epochs, len(steps))
        stages.append(
            Stage(
                phase=FINE_TUNING,
                label="fine tuning" if len(steps) == 1 else f"fine tuning {number + 1}/{len(steps)}",
                epochs=shared + (number < extra),
                learning_rate=training.fine_tuning.learning_rate * factor,
                settings=training.fine_tuning,
                depth=depth,
                # Random statistics are no statistics: with nothing trained before, they must move.
                batch_norm=training.batch_norm is BatchNorm.train or (scratch and first.epochs == 0),
            )
        )
    return [stage for stage in stages if stage.epochs]


def remarks(config: TrainConfig) -> list[str]:
    """What a user should know about a run before it begins."""
    told = []
    if config.backbone.weights is None:
        factor = f"at {config.training.from_scratch_factor:g} times"
        if config.training.feature_extraction.epochs == 0:
            told.append(
                "backbone.weights=null and no phase 1: fine tuning starts from random weights, batch normalisation "
                f"trained with it, {factor} its learning rate"
            )
        else:
            told.append(
                "backbone.weights=null: a frozen random backbone gives a head nothing to learn from, so phase 1 trains "
                f"the whole network, batch normalisation included, and both phases {factor} their learning rates"
            )
    for name, step in config.augmentation.items():
        if step.has_random_state:
            told.append(
                f"augmentation.{name}: the step holds random state, which threads reach in any order, so this run is "
                "not reproducible"
            )
    return told
