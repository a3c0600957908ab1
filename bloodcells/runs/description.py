"""Texts about a run: its name, its params, its description and the summary printed at the end."""

from pathlib import PurePath
from typing import Any

from bloodcells.augmentation.compose import name_of
from bloodcells.config.names import Metric
from bloodcells.config.schema import Monitor, StoredData, TrainConfig
from bloodcells.config.typed import plain
from bloodcells.data.clean import Cleaned
from bloodcells.data.split import Split
from bloodcells.evaluation.gain import gain_in_words
from bloodcells.model.trainable import Trainable
from bloodcells.provenance.fingerprint import FILING
from bloodcells.reporting.terminal import aligned, duration
from bloodcells.training.fit import FitResult
from bloodcells.training.plan import Stage, remarks


def run_name(config: TrainConfig, varied: str = "") -> str:
    """For example "mobilenetv2 dense flip_translate+color adamw focal unfreeze=all seed=0".

    Names in a table must differ in their first words: a run with a label is called "the recipe seed=0", and a job of a
    sweep by what `varied`, such as "augmentation=none seed=0".
    """
    seed = f"seed={config.seed}"
    if config.label:
        return f"{config.label} {seed}"
    parts = [config.backbone.label, config.head.name, name_of(config.augmentation), config.optimizer.label]
    return varied or " ".join([*parts, config.loss.label, f"unfreeze={_text(config.unfreeze)}", seed])


def run_params(config: TrainConfig) -> dict[str, str | int | float]:
    """The params of a run: the settings that distinguish models, under their keys in the config.

    A group appears under its own key with the name of its option, and a path as its last part. Settings that are null
    or do not affect training are left out. So are those of the data, which a tag identifies by their hash, except for
    the source, cleaning, resizing and the split.
    """
    affecting = ["data.clean.", "data.split.", "data.resize"]
    if config.training.monitor is Monitor.composed:
        affecting.append("evaluation.chains.")
    settings = {
        key.removesuffix(".name"): value
        for key, value in _flat(plain(config)).items()
        if key.startswith(tuple(affecting))
        or key.partition(".")[0] not in ("data", "evaluation", "output", "sweep", "tracking", *FILING)
    }
    settings.pop("data.split.seed", None)  # usually equal to `seed`; part of the hash of the config
    choices = {
        "data": config.data.name,
        "data.path": PurePath(config.data.path).name if isinstance(config.data, StoredData) else None,
        **settings,
        "backbone.weights": PurePath(config.backbone.weights or "null").name,
        "augmentation": name_of(config.augmentation),
    }
    return {
        key: value if isinstance(value, (int, float)) and not isinstance(value, bool) else _text(value)
        for key, value in choices.items()
        if value is not None
    }


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings under their dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def describe(
    config: TrainConfig, cleaned: Cleaned, split: Split, *, stages: list[Stage], trained: list[Trainable]
) -> str:
    """The description of a run in Markdown: model, data, and which layers train in each stage."""
    lines = [
        f"**{config.backbone.label}** ({_weights(config)}), **{config.head.name}** head, on {cleaned.images.origin}.",
        "",
        f"- data: {'; '.join((*cleaned.images.remarks, cleaned.describe(), split.describe()))}",
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
    config: TrainConfig, fitted: FitResult, metrics: dict[str, float], *, tested: int, locations: dict[str, str]
) -> str:
    """The summary printed at the end.

    metrics: those of scoring; tested: number of test images; locations: where to find the results, by description
    """
    best = fitted.best_row
    rows = {
        "trained": f"{config.backbone.label} ({_weights(config)}), {config.head.name} head, "
        f"{len(fitted.history)} epochs in {duration(fitted.seconds)}",
        "best epoch": f"{best.epoch} ({best.stage}) by {fitted.monitor.value} validation accuracy: "
        f"clean {best.val_accuracy:.3f}, composed {best.val_composed_accuracy:.3f}",
        **scores_in_words(metrics, tested),
        **locations,
    }
    return aligned(rows)


def scores_in_words(metrics: dict[str, float], tested: int) -> dict[str, str]:
    """Lines on the results of scoring, by heading: test images as they are, test-time augmentation, distorted images.

    metrics: those of `Scored`; tested: number of test images
    """
    low, high = (metrics[f"{Metric.TEST_ACCURACY}_{end}"] for end in ("low", "high"))
    rows = {
        "test": f"accuracy {metrics[Metric.TEST_ACCURACY]:.3f} ({low:.3f} to {high:.3f}), "
        f"macro F1 {metrics[Metric.TEST_MACRO_F1]:.3f} on {tested:,} images"
    }
    if gain := gain_in_words(metrics):
        rows["views"] = gain
    if Metric.COMPOSED_ACCURACY in metrics:
        low, high = (metrics[f"{Metric.COMPOSED_ACCURACY}_{end}"] for end in ("low", "high"))
        rows["distorted"] = (
            f"accuracy {metrics[Metric.COMPOSED_ACCURACY]:.3f} ({low:.3f} to {high:.3f}) under heavy chains of "
            f"distortions, {metrics[Metric.MILD_ACCURACY]:.3f} under mild ones"
        )
    if Metric.SHIFTED_ACCURACY in metrics:
        rows["grid"] = (
            f"accuracy {metrics[Metric.SHIFTED_ACCURACY]:.3f} under single distortions on average, "
            f"{metrics[Metric.WORST_ACCURACY]:.3f} under the worst one"
        )
    if Metric.BALANCED_ERROR in metrics:
        rows["MedMNIST-C"] = (
            f"BE {metrics[Metric.BALANCED_ERROR]:.3f}, rBE {metrics[Metric.RELATIVE_BALANCED_ERROR]:.3f} (AlexNet: 1)"
        )
    return rows


def _weights(config: TrainConfig) -> str:
    weights = config.backbone.weights
    if weights is None:
        return "random weights"
    return "ImageNet weights" if weights == "imagenet" else f"weights of {PurePath(weights).name}"


def _text(value: object) -> str:
    """A setting as it is typed on the command line: lists without spaces, true and false in lower case."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{','.join(map(str, value))}]" if isinstance(value, list) else str(value)
