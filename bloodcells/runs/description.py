"""A run in words: its name, what it is compared by, its description and the summary at the end."""

from pathlib import PurePath
from typing import Any

from bloodcells.augmentation.compose import name_of
from bloodcells.config.schema import StoredData, TrainConfig
from bloodcells.config.typed import plain
from bloodcells.data.clean import Cleaned
from bloodcells.data.split import Split
from bloodcells.model.trainable import Trainable
from bloodcells.provenance.fingerprint import FILING
from bloodcells.reporting.terminal import aligned, duration
from bloodcells.training.fit import FitResult
from bloodcells.training.plan import Stage, remarks


def run_name(config: TrainConfig) -> str:
    """Such as "mobilenetv2 dense flip_translate+color adamw focal unfreeze=all seed=0"."""
    parts = [config.backbone.name, config.head.name, name_of(config.augmentation), config.optimizer.label]
    return " ".join([*parts, config.loss.label, f"unfreeze={_said(config.unfreeze)}", f"seed={config.seed}"])


def compared(config: TrainConfig) -> dict[str, str | int | float]:
    """The choices that runs are compared by and all that belongs to them, under the keys they have in the config.

    A group stands under its own key as the option chosen; of paths the last part. What is not set is left out, and
    so is what says nothing of how the model was trained. Of the data what cleans and splits them: their hash is a tag.
    """
    settings = {
        key.removesuffix(".name"): value
        for key, value in _flat(plain(config)).items()
        if key.startswith(("data.clean.", "data.split."))
        or key.partition(".")[0] not in ("data", "evaluation", "output", "sweep", "tracking", *FILING)
    }
    settings.pop("data.split.seed", None)  # it follows `seed` as a rule, and is in the config's hash
    choices = {
        "data": config.data.name,
        "data.path": PurePath(config.data.path).name if isinstance(config.data, StoredData) else None,
        **settings,
        "backbone.weights": PurePath(config.backbone.weights or "null").name,
        "augmentation": name_of(config.augmentation),
    }
    return {
        key: value if isinstance(value, (int, float)) else _said(value)
        for key, value in choices.items()
        if value is not None
    }


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings under their dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def describe(config: TrainConfig, cleaned: Cleaned, split: Split, stages: list[Stage], trained: list[Trainable]) -> str:
    """The run's description, Markdown: model, data, and what trains when."""
    lines = [
        f"**{config.backbone.name}** ({_weights(config)}), **{config.head.name}** head, on {cleaned.images.origin}.",
        "",
        f"- data: {cleaned.describe()}; {split.describe()}",
        f"- augmentation: {name_of(config.augmentation)}; loss: {config.loss.label}; "
        f"optimizer: {config.optimizer.label}",
    ]
    for stage, trainable in zip(stages, trained, strict=True):
        schedule = stage.settings.schedule.name
        lines.append(
            f"- {stage.label}: {stage.epochs} epochs at {stage.learning_rate:g} ({schedule}); {trainable.describe()}"
        )
    lines += [f"- {remark}" for remark in remarks(config)]
    return "\n".join(lines)


def summary(
    config: TrainConfig, fitted: FitResult, metrics: dict[str, float], tested: int, where: dict[str, str]
) -> str:
    """What came out and where it is, for the end of the terminal's output; `metrics`: what scoring gave."""
    rows = {
        "trained": f"{config.backbone.name} ({_weights(config)}), {config.head.name} head, "
        f"{len(fitted.history)} epochs in {duration(fitted.seconds)}",
        "best epoch": f"{fitted.best.epoch} ({fitted.best.stage}), validation accuracy {fitted.best.accuracy:.4f}",
        **outcome(metrics, tested),
        **where,
    }
    return aligned(rows)


def outcome(metrics: dict[str, float], tested: int) -> dict[str, str]:
    """What scoring gave, in words: accuracy with its interval, what several views did, how distorted images fared."""
    low, high = (metrics[f"test/accuracy_{end}"] for end in ("low", "high"))
    rows = {
        "test": f"accuracy {metrics['test/accuracy']:.4f} ({low:.3f} to {high:.3f}), "
        f"macro F1 {metrics['test/macro_f1']:.4f} on {tested:,} images"
    }
    views = {
        key.partition("/")[2]: value for key, value in metrics.items() if key.startswith("test_time_augmentation/")
    }
    if views:
        rows["views"] = (
            f"accuracy {views['single_view_accuracy']:.4f} by a single view; the mean over turns and mirror images "
            f"mends {views['mended']:.0f} answers and breaks {views['broken']:.0f}, "
            f"in {views['times_slower']:.1f} times the time"
        )
    if "shift/mean_accuracy" in metrics:
        low, high = (metrics[f"shift/mean_accuracy_{end}"] for end in ("low", "high"))
        rows["distorted"] = (
            f"accuracy {metrics['shift/mean_accuracy']:.4f} ({low:.3f} to {high:.3f}) on average, "
            f"{metrics['shift/worst_accuracy']:.4f} under the worst distortion"
        )
    return rows


def _weights(config: TrainConfig) -> str:
    weights = config.backbone.weights
    if weights is None:
        return "random weights"
    return "ImageNet weights" if weights == "imagenet" else f"weights of {PurePath(weights).name}"


def _said(value: object) -> str:
    """A setting as it is typed: lists without spaces."""
    return f"[{','.join(map(str, value))}]" if isinstance(value, list) else str(value)
