"""What the figures hold for, in a line."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from bloodcells.provenance.fingerprint import Fingerprint


def told(machine: Mapping[str, Any], fingerprint: Fingerprint) -> str:
    """Such as "Xeon, 4 cores, 4 threads, no GPU; TensorFlow 2.21.0, Python 3.11.9; commit 5a9c0d2e"."""
    gpus = ", ".join(machine["gpus"]) or "no GPU"
    changed = " and changes since" if fingerprint.dirty else ""
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['threads']} threads, {gpus}; "
        f"TensorFlow {version('tensorflow')}, Keras {version('keras')}, Python {machine['python']}; "
        f"commit {fingerprint.commit[:8]}{changed}"
    )
