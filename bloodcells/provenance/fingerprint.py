"""Hashes of what a result depends on, so that any run can be told from any other."""

import hashlib
import json
import subprocess
import tomllib
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.typed import plain
from bloodcells.provenance.requirements import required

# The source that a training goes through: not what comes before it or after, such as a report.
CODE = tuple(
    f"bloodcells/{name}"
    for name in (
        "__init__.py", "config", "data", "augmentation", "model", "training", "evaluation", "provenance", "tracking",
        "runs",
    )
)  # fmt: skip
SOURCES = (*CODE, "conf", "pyproject.toml", "requirements.lock")  # what a result depends on in the checkout
GPU_LIBRARIES = "tensorflow[and-cuda]"  # an extra that changes bits where it is installed
FILING = ("study", "label", "step", "follows")  # where a run stands among others: it changes no result
UNCOUNTED = ("tracking", "output", "sweep", *FILING, "data.path", "backbone.weights", "training.threads")


@dataclass(frozen=True)
class Fingerprint:
    """SHA-256 of the data, the config, the source of training, the packages it needs, the file of weights; the commit.

    Where a run is tracked, how it is filed there and where a page of it goes change no result and do not count. Nor do
    paths, since what lies there has a hash of its own, nor `training.threads` as it is typed: what it comes to
    on a machine is on record with the machine.
    """

    data: str
    config: str
    code: str
    packages: str
    weights: str
    commit: str
    dirty: bool


def fingerprint(config: object, data: str, weights: Path | None = None) -> Fingerprint:
    """The fingerprint of a run with a config of the schema.

    data: the hash of the images as loaded; weights: the file that training begins with, whose hash is "none" without.
    """
    commit = _git("rev-parse", "HEAD") or "unknown"
    dirty = bool(_git("status", "--porcelain", "--", *SOURCES))
    return Fingerprint(data, config_hash(config), _code_hash(), _packages_hash(), file_hash(weights), commit, dirty)


def packages() -> list[str]:
    """Every installed package as name==version, in alphabetical order."""
    return sorted({f"{entry.metadata['Name']}=={entry.version}" for entry in distributions()}, key=str.lower)


def config_hash(config: object, *without: str) -> str:
    """SHA-256 of the settings, `without` and UNCOUNTED left out: keys, or groups, such as "training.fine_tuning"."""
    settings = plain(config)
    for key in (*UNCOUNTED, *without):
        *groups, last = key.split(".")
        within = settings
        for group in groups:
            within = within.get(group, {})
        within.pop(last, None)
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def file_hash(path: Path | None) -> str:
    if path is None:
        return "none"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _packages_hash() -> str:
    """Of those that bloodcells requires: a linter beside them changes nothing."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    lines = [f"{name}=={entry.version}" for name, entry in required(*project["dependencies"], GPU_LIBRARIES).items()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _code_hash() -> str:
    digest = hashlib.sha256()
    places = [CHECKOUT / place for place in CODE]
    for file in sorted(file for place in places for file in ([place] if place.is_file() else place.rglob("*.py"))):
        digest.update(file.relative_to(CHECKOUT).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _git(*arguments: str) -> str:
    """What git prints, or nothing where there is no git or no repository."""
    try:
        answer = subprocess.run(["git", *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return answer.stdout.strip()
