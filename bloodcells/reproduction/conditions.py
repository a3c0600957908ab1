"""What a result depends on: config, code, packages, initial weights and machine, as recorded and at present."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bloodcells.config.names import Artifact, Tag
from bloodcells.config.schema import Tracking, TrainConfig
from bloodcells.provenance.fingerprint import Fingerprint, packages
from bloodcells.runs.checkpoint import MACHINE
from bloodcells.runs.result import stored_config
from bloodcells.tracking.stored_run import StoredRun

FIRST = ("tensorflow", "keras", "numpy")  # packages that are most likely to change a result
NAMED = 4  # maximum number of changed packages to name


def recorded_config(run: StoredRun, tracking: Tracking) -> TrainConfig:
    """The config that the run was trained with, with the number of threads that it used, and `tracking` as its store.

    Raises InputError if the config cannot be read or does not match the current schema.
    """
    config, threads = stored_config(run, tracking), run.environment().get("threads")
    return replace(config, training=replace(config.training, threads=threads or config.training.threads))


@dataclass(frozen=True)
class Conditions:
    """Conditions under which a run was trained.

    config, code, weights: SHA-256 of the config, the code and the file of initial weights
    commit: as text; packages: versions by name; machine: values by the names in MACHINE
    """

    config: str
    code: str
    weights: str
    commit: str
    packages: Mapping[str, str]
    machine: Mapping[str, Any]


def recorded_conditions(run: StoredRun) -> Conditions:
    """The conditions stored with `run`. Raises InputError if a file is missing or cannot be read."""
    tags = run.tags
    environment, file = run.environment(), run.file(Artifact.PACKAGES)
    with run.readable(Artifact.PACKAGES):
        lines = file.read_text().splitlines()
    return Conditions(
        config=tags.get(Tag.CONFIG, ""),
        code=tags.get(Tag.CODE, ""),
        weights=tags.get(Tag.INITIAL_WEIGHTS, ""),
        commit=_commit(tags.get(Tag.COMMIT, "unknown"), tags.get(Tag.DIRTY) == "true"),
        packages=_versions(lines),
        machine={key: environment.get(key) for key in MACHINE},
    )


def present_conditions(config: TrainConfig, fingerprint: Fingerprint) -> Conditions:
    """The conditions of this process; config: the one to train with."""
    from bloodcells.provenance.machine import machine  # imports TensorFlow
    from bloodcells.training.devices import threads

    environment = machine(threads(config.training))
    return Conditions(
        config=fingerprint.config,
        code=fingerprint.code,
        weights=fingerprint.weights,
        commit=_commit(fingerprint.commit, fingerprint.dirty),
        packages=_versions(packages()),
        machine={key: environment[key] for key in MACHINE},
    )


def changes(then: Conditions, now: Conditions) -> list[str]:
    """What has changed, one line each, such as "threads: 4, now 8"; of many packages, names the first few."""
    lines = []
    if then.code != now.code:
        lines.append(f"code: {then.commit}, now {now.commit}")
    elif then.config != now.config:
        lines.append("config: same settings, different SHA-256")
    if then.weights != now.weights:
        lines.append("backbone.weights: the file has changed")
    names = [*FIRST, *sorted({*then.packages, *now.packages} - set(FIRST), key=str.lower)]
    versions = [(name, then.packages.get(name, "none"), now.packages.get(name, "none")) for name in names]
    if changed := [f"{name} {old}, now {new}" for name, old, new in versions if old != new]:
        more = f"; and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
        lines.append(f"packages: {'; '.join(changed[:NAMED])}{more}")
    for key, old in then.machine.items():
        if old != now.machine[key]:
            lines.append(f"{key}: {_in_words(old)}, now {_in_words(now.machine[key])}")
    return lines


def _commit(commit: str, dirty: bool) -> str:
    return f"commit {commit[:8]}" + (" with uncommitted changes" if dirty else "")


def _versions(lines: list[str]) -> dict[str, str]:
    return {name: version for name, _, version in (line.partition("==") for line in lines)}


def _in_words(value: object) -> str:
    if isinstance(value, list):
        return " and ".join(value) or "none"
    return "not recorded" if value is None else str(value)
