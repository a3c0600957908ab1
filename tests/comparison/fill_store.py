"""Fills a store with artificial runs, for tests and for timing the report by hand:

python -m tests.comparison.fill_store /tmp/thousand
time python -m bloodcells.report study=made-up tracking.directory=/tmp/thousand output=/tmp/thousand/report
python -m tests.comparison.fill_store /tmp/jobs 'seed=range(1000)'
time python -m bloodcells.train --multirun 'seed=range(1000)' tracking.directory=/tmp/jobs
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlparse

import mlflow
import numpy as np
from hydra import initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from mlflow.entities import Metric, Param, RunTag
from pyarrow import csv, table

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.schema import LocalTracking, RankBy
from bloodcells.evaluation.shift.by_image import GRADES, NAMED
from bloodcells.sweep.decide import TAGS, decide
from bloodcells.sweep.expand import expand, parser
from bloodcells.tracking.store import store_of

DRAWS = 4
START = 1_700_000_000_000  # ms since 1970
DISTORTIONS = [
    "rotation", "shear", "zoom", "crop", "defocus", "motion blur", "gaussian noise", "shot noise", "jpeg", "brightness",
    "contrast", "hue", "saturation", "stain", "dust", "mixture",
]  # fmt: skip
CHOICES = {
    "data": "npz", "data.path": "cells.npz", "backbone": "efficientnetv2s", "backbone.weights": "imagenet",
    "head": "dense", "head.units": "[256,128]", "augmentation": "flip_translate+color", "optimizer": "adamw",
    "optimizer.beta_1": "0.9", "optimizer.beta_2": "0.999", "loss": "focal", "loss.gamma": "2.0", "unfreeze": "all",
    "training.batch_size": "64", "training.fine_tuning.epochs": "15", "training.fine_tuning.learning_rate": "0.0003",
    **{f"training.setting_{k}": str(k) for k in range(24)},
}  # fmt: skip


@dataclass(frozen=True)
class MadeUp:
    """An artificial run. An image has a difficulty from N(0, 1); below `skill` it is mostly classified correctly."""

    choices: dict[str, str] = field(default_factory=dict)
    seed: int = 0
    skill: float = 2.5
    parameters: int = 1_000_000
    status: str = "FINISHED"
    study: str = "made-up"
    data: str = "d" * 64
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Size:
    """Number of images in the data and in each split, and of severities; 0 severities for no distorted images."""

    images: int = 11_947
    test: int = 598
    validation: int = 1_195
    severities: int = 5


def fill(directory: Path, runs: Iterable[MadeUp], size: Size) -> list[str]:
    """Adds runs to the store in `directory`, one minute apart, and returns their ids."""
    store_of(LocalTracking("local", str(directory), "bloodcells", tensorboard=False, rank_by=RankBy.composed)).open()
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("bloodcells").experiment_id
    difficulty = np.random.default_rng(0).normal(size=size.images)
    ids = []
    for number, made_up in enumerate(runs):
        start = START + 60_000 * number
        params = CHOICES | made_up.choices | {"seed": str(made_up.seed)}
        tags = {"mlflow.source.name": "bloodcells.train", "sha256.data": made_up.data, "study": made_up.study}
        tags |= made_up.tags
        run = client.create_run(experiment, start, tags, f"{params['backbone']} seed={made_up.seed}")
        ids.append(run.info.run_id)
        metrics = {}
        if made_up.status == "FINISHED":
            folder = Path(urlparse(run.info.artifact_uri).path)
            metrics = _predict(folder, made_up, size, difficulty, np.random.default_rng(number))
        client.log_batch(
            run.info.run_id,
            [Metric(key, float(value), start, 0) for key, value in metrics.items()],
            [Param(key, value) for key, value in params.items()],
            [RunTag(tag, tag[7] * 64) for tag in ("sha256.config", "sha256.xcode") if tag not in tags],
        )
        if made_up.status != "RUNNING":
            client.set_terminated(run.info.run_id, made_up.status, start + 50_000)
    return ids


def _predict(
    folder: Path, made_up: MadeUp, size: Size, difficulty: np.ndarray, rng: np.random.Generator
) -> dict[str, float]:
    split = np.random.default_rng(made_up.seed).permutation(size.images)[: size.test + size.validation]
    labels, count = split % 8, len(split)
    skill = made_up.skill + 0.05 * rng.normal() + 0.4 * rng.normal(size=count)
    predicted = np.where(skill > difficulty[split], labels, (labels + 3) % 8)
    names = split.astype(str)
    part = np.repeat(["validation", "test"], [size.validation, size.test])
    probabilities = rng.dirichlet([0.1] * 8, count).astype(np.float32)
    folder.mkdir(parents=True)
    columns = {"split": part, "example": names, "label": labels, "predicted": predicted}
    columns |= {f"p(class {k})": probabilities[:, k] for k in range(8)}
    csv.write_csv(table(columns), folder / "predictions.csv")
    test = part == "test"
    correct = (predicted == labels)[test]
    metrics = {
        "test/accuracy": correct.mean(),
        "test/macro_f1": correct.mean() - 0.002,
        "all_epochs/trainable_parameters": made_up.parameters,
        "training_seconds": rng.uniform(400, 700),
        "best/val_accuracy": (predicted == labels)[~test].mean(),
    }
    columns, first = {}, {"example": names[test], "label": labels[test], "predicted": predicted[test]}
    if not size.severities:
        csv.write_csv(table(first), folder / "by_image.csv")
        return metrics
    for kind, name in enumerate(DISTORTIONS):
        for severity in range(1, size.severities + 1):
            harm = 0.06 * severity * (1 + kind % 4) - 0.3 * rng.normal(size=int(test.sum()))
            fits = skill[test] - harm > difficulty[split[test]]
            columns[f"{name} {severity}"] = np.where(fits, labels[test], (labels[test] + 3) % 8)
    (folder / "shift").mkdir()
    (folder / "composed").mkdir()
    first["grid"] = shares = np.mean([predictions == labels[test] for predictions in columns.values()], axis=0)
    lines = ["strength,chains,accuracy"]
    for grade in GRADES:
        harm = 1.5 * grade - 0.3 * rng.normal(size=(DRAWS if grade in NAMED else 1, int(test.sum())))
        first[f"strength {grade:g}"] = chains = (skill[test] - harm > difficulty[split[test]]).mean(axis=0)
        lines.append(f"{grade:g},{DRAWS} of up to 4 operations, strength 1,{chains.mean()}")
        if grade in NAMED:
            metrics[NAMED[grade]] = chains.mean()
    csv.write_csv(table(first), folder / "by_image.csv")
    (folder / "composed" / "curve.csv").write_text("\n".join(lines) + "\n")
    header = ["distortion", *map(str, range(1, size.severities + 1)), "mean"]
    rows = [",".join(header), *DISTORTIONS]
    (folder / "shift" / "accuracy.csv").write_text("\n".join(rows) + "\n")
    for name in DISTORTIONS:
        correct = [
            predictions == labels[test] for key, predictions in columns.items() if key.rpartition(" ")[0] == name
        ]
        metrics[f"shift/{name}"] = np.mean(correct)
    return metrics | {"shift/mean_accuracy": shares.mean(), "shift/worst_accuracy": shares.mean() - 0.1}


def thousand() -> list[MadeUp]:
    """334 configurations with three seeds each, except for two seeds of the last."""
    rng = np.random.default_rng(1)
    runs = []
    for number in range(334):
        backbone, depth, rest = number % 8, number // 8 % 4, number // 32
        choices = {
            "backbone": f"backbone{backbone}",
            "backbone.weights": f"{backbone}.h5",
            "optimizer": ["adam", "adamw", "lion"][rest % 3],
            "loss.gamma": str(rest // 3),
            "unfreeze": ["0", "10", "50", "all"][depth],
        }
        skill = 1.6 + 0.2 * rng.uniform() + 0.05 * backbone + 0.1 * depth
        runs += [MadeUp(choices, seed, skill, 100_000 * 8**depth) for seed in range(3)]
    return runs[:1000]


def study() -> list[MadeUp]:
    """Five configurations and five depths, three seeds each; one run failed, one is running, one is repeated."""
    ladder = [
        ({"backbone": "vgg19", "optimizer": "adam"}, 1.7),
        ({"backbone": "convnextlarge", "optimizer": "adam"}, 1.9),
        ({"optimizer": "adam"}, 2.15),
        ({"optimizer": "lion"}, 2.17),
        ({"augmentation": "flip_translate+color+mixup"}, 2.3),
    ]
    depths = [("0", 40_000, 1.5), ("10", 900_000, 1.95), ("50", 3_000_000, 2.1), ("block6", 9_000_000, 2.3)]
    depths += [("all", 20_000_000, 2.25)]
    runs = [MadeUp(choices, seed, skill, 20_000_000) for choices, skill in ladder for seed in range(3)]
    runs += [MadeUp({"unfreeze": depth}, seed, skill, many) for depth, many, skill in depths for seed in range(3)]
    again = replace(runs[4], skill=1.92)
    return [*runs[:8], *runs[9:], again, replace(runs[8], status="FAILED"), replace(runs[0], seed=0, status="RUNNING")]


def finished(overrides: list[str]) -> list[MadeUp]:
    """A run for each job of a sweep, which then skips them all."""
    with initialize_config_dir(str(CHECKOUT / "conf"), version_base="1.3"):
        loader = GlobalHydra.instance().hydra.config_loader
        (jobs,) = BasicSweeper.split_arguments(parser(loader).parse_overrides(overrides), None)
        keys = decide(expand(loader, loader.load_configuration("train", [], RunMode.MULTIRUN), jobs), {}).keys
    return [MadeUp(study=study, tags=dict(zip(TAGS, rest, strict=True))) for study, *rest in keys.values()]


if __name__ == "__main__":
    match sys.argv[2:]:
        case []:
            fill(Path(sys.argv[1]), thousand(), Size())
        case ["study"]:
            fill(Path(sys.argv[1]), study(), Size())
        case overrides:
            fill(Path(sys.argv[1]), finished(overrides), Size(test=20, validation=20))
