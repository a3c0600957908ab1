"""A run in words: its name, what it is compared by, its description and the summary at the end."""

from pathlib import PurePath

from bloodcells.augmentation.compose import name_of
from bloodcells.config.schema import TrainConfig
from bloodcells.data.clean import Cleaned
from bloodcells.data.split import Split
from bloodcells.model.trainable import Trainable
from bloodcells.training.fit import Fitted
from bloodcells.training.plan import Stage, remark
from bloodcells.training.progress import duration


def run_name(config: TrainConfig) -> str:
    """Such as "mobilenetv2 dense flip_translate+color adamw focal unfreeze=all seed=0"."""
    parts = [config.backbone.name, config.head.name, name_of(config.augmentation), config.optimizer.name]
    return " ".join([*parts, config.loss.name, f"unfreeze={_said(config.unfreeze)}", f"seed={config.seed}"])


def compared(config: TrainConfig) -> dict[str, str | int | float]:
    """The choices that runs are compared by, under the names they are typed by; the whole config is an artifact."""
    training = config.training
    choices = {
        "seed": config.seed,
        "data": config.data.name,
        "backbone": config.backbone.name,
        "backbone.weights": PurePath(config.backbone.weights).name if config.backbone.weights else "null",
        "backbone.input_size": config.backbone.input_size,
        "head": config.head.name,
        "head.units": config.head.units,
        "head.dropout": config.head.dropout,
        "augmentation": name_of(config.augmentation),
        "optimizer": config.optimizer.name,
        "optimizer.weight_decay": getattr(config.optimizer, "weight_decay", None),
        "loss": config.loss.name,
        "loss.gamma": getattr(config.loss, "gamma", None),
        "unfreeze": _said(config.unfreeze),
        "batch_size": training.batch_size,
        "batch_norm": training.batch_norm.value,
        "precision": training.precision.value,
    }
    for phase in ("feature_extraction", "fine_tuning"):
        settings = getattr(training, phase)
        choices |= {
            f"{phase}.epochs": settings.epochs,
            f"{phase}.learning_rate": settings.learning_rate,
            f"{phase}.schedule": settings.schedule.name,
        }
    if config.backbone.weights is None:
        choices["from_scratch_factor"] = training.from_scratch_factor
    return {
        key: value if isinstance(value, (int, float)) else _said(value)
        for key, value in choices.items()
        if value is not None
    }


def describe(config: TrainConfig, cleaned: Cleaned, split: Split, stages: list[Stage], trained: list[Trainable]) -> str:
    """The run's description, Markdown: model, data, and what trains when."""
    lines = [
        f"**{config.backbone.name}** ({_weights(config)}), **{config.head.name}** head, on {cleaned.images.origin}.",
        "",
        f"- data: {cleaned.describe()}; {split.describe()}",
        f"- augmentation: {name_of(config.augmentation)}; loss: {config.loss.name}; optimizer: {config.optimizer.name}",
    ]
    for stage, trainable in zip(stages, trained, strict=True):
        schedule = stage.settings.schedule.name
        lines.append(
            f"- {stage.label}: {stage.epochs} epochs at {stage.learning_rate:g} ({schedule}); {trainable.describe()}"
        )
    if note := remark(config):
        lines.append(f"- {note}")
    return "\n".join(lines)


def summary(config: TrainConfig, fitted: Fitted, headline: dict[str, float], tested: int, where: dict[str, str]) -> str:
    """What came out and where it is, for the end of the terminal's output."""
    rows = {
        "trained": f"{config.backbone.name} ({_weights(config)}), {config.head.name} head, "
        f"{len(fitted.history)} epochs in {duration(fitted.seconds)}",
        "best epoch": f"{fitted.best.epoch} ({fitted.best.stage}), validation accuracy {fitted.best.accuracy:.4f}",
        "test": f"accuracy {headline['accuracy']:.4f}, macro F1 {headline['macro_f1']:.4f} on {tested:,} images",
        **where,
    }
    width = max(map(len, rows)) + 2
    return "\n".join(["", *(f"{key:<{width}}{value}" for key, value in rows.items())])


def _weights(config: TrainConfig) -> str:
    weights = config.backbone.weights
    if weights is None:
        return "random weights"
    return "ImageNet weights" if weights == "imagenet" else f"weights of {PurePath(weights).name}"


def _said(value: object) -> str:
    """A setting as it is typed: lists without spaces."""
    return f"[{','.join(map(str, value))}]" if isinstance(value, list) else str(value)
