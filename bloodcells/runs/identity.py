"""What tells a training from any other, so that none is taken up by another."""

from bloodcells.config.schema import LocalTracking, ServerTracking, TrainConfig
from bloodcells.provenance.fingerprint import Fingerprint
from bloodcells.provenance.machine import machine
from bloodcells.runs.unfinished import MACHINE
from bloodcells.training.devices import threads


def identity_of(
    config: TrainConfig, tracking: LocalTracking | ServerTracking, fingerprint: Fingerprint, reproduces: str = ""
) -> dict[str, str]:
    """What tells a training from any other: where it is filed, and what its last bits depend on.

    reproduces: the id of the run that it repeats, or nothing.
    """
    return {
        "server": tracking.uri if isinstance(tracking, ServerTracking) else "",
        "experiment": tracking.experiment,
        "study": config.study or "",
        "reproduces": reproduces,
        **depends_on(config, fingerprint),
    }


def depends_on(config: TrainConfig, fingerprint: Fingerprint) -> dict[str, str]:
    """What the last bits of a training depend on: config, data, code, packages, initial weights and machine."""
    found = machine(threads(config.training))
    return {
        **{key: getattr(fingerprint, key) for key in ("config", "data", "code", "packages", "weights")},
        **{key: str(found[key]) for key in MACHINE},
    }
