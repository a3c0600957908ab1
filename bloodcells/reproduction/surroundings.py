"""What a result depends on beside data and settings: code, packages, initial weights and machine, then and now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bloodcells.config.schema import TrainConfig
from bloodcells.provenance.fingerprint import Fingerprint, packages
from bloodcells.provenance.machine import machine
from bloodcells.runs.unfinished import MACHINE
from bloodcells.tracking.stored import StoredRun
from bloodcells.training.devices import threads

FIRST = ("tensorflow", "keras", "numpy")  # of the packages those that results most likely depend on
NAMED = 4  # packages, of which no more are named


@dataclass(frozen=True)
class Surroundings:
    """Hashes of config, code and the file of weights, the commit in words, versions by package, what MACHINE names."""

    config: str
    code: str
    weights: str
    commit: str
    packages: Mapping[str, str]
    machine: Mapping[str, Any]


def recorded(run: StoredRun) -> Surroundings:
    """Those that `run` had. Raises InputError where it does not keep them."""
    tags = run.run.data.tags
    found, file = run.environment(), run.file("packages.txt")
    with run.readable("packages.txt"):
        lines = file.read_text().splitlines()
    return Surroundings(
        tags.get("sha256.config", ""),
        tags.get("sha256.code", ""),
        tags.get("sha256.initial_weights", ""),
        _commit(tags.get("mlflow.source.git.commit", "unknown"), tags.get("git.dirty") == "true"),
        _versions(lines),
        {key: found.get(key) for key in MACHINE},
    )


def present(config: TrainConfig, fingerprint: Fingerprint) -> Surroundings:
    """Those of this process."""
    found = machine(threads(config.training))
    return Surroundings(
        fingerprint.config,
        fingerprint.code,
        fingerprint.weights,
        _commit(fingerprint.commit, fingerprint.dirty),
        _versions(packages()),
        {key: found[key] for key in MACHINE},
    )


def _commit(commit: str, dirty: bool) -> str:
    return f"commit {commit[:8]}" + (" with files changed since" if dirty else "")


def _versions(lines: list[str]) -> dict[str, str]:
    return {name: version for name, _, version in (line.partition("==") for line in lines)}


def differences(then: Surroundings, now: Surroundings) -> list[str]:
    """What is not as it was, a line each; of the packages the first few, and how many more."""
    found = []
    if then.code != now.code:
        found.append(f"code: that of {then.commit}, now that of {now.commit}")
    elif then.config != now.config:
        found.append("config: the same settings, now with another SHA-256")
    if then.weights != now.weights:
        found.append("backbone.weights: another file than then")
    names = [*FIRST, *sorted({*then.packages, *now.packages} - set(FIRST), key=str.lower)]
    versions = [(name, then.packages.get(name, "none"), now.packages.get(name, "none")) for name in names]
    if changed := [f"{name} {old}, now {new}" for name, old, new in versions if old != new]:
        more = f"; and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
        found.append(f"packages: {'; '.join(changed[:NAMED])}{more}")
    for key, old in then.machine.items():
        if old != now.machine[key]:
            found.append(f"{key}: {_said(old)}, now {_said(now.machine[key])}")
    return found


def _said(value: object) -> str:
    """A fact about a machine in words."""
    if isinstance(value, list):
        return " and ".join(value) or "none"
    return "not on record" if value is None else str(value)
