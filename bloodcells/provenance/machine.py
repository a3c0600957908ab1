"""The machine that a run trains on, and settings that prevent bit-identical repetition."""

import platform
from typing import Any

import psutil
import tensorflow as tf

from bloodcells.config.schema import TrainConfig
from bloodcells.provenance.fingerprint import arithmetic_variables
from bloodcells.training.devices import cores


def machine(threads: int) -> dict[str, Any]:
    """Returns a description of this machine, ready for JSON.

    Args:
        threads: number of threads per operation.

    Returns:
        host, system, processor, cores (usable by this process), memory_gib, gpus (their names), python, threads,
        variables (those of `arithmetic_variables`).

    Example:
        >>> machine(threads=2)["variables"]
        ['TF_ENABLE_ONEDNN_OPTS=0']
    """
    details = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    return {
        "host": platform.node(),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": cores(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "gpus": [str(detail.get("device_name", "GPU")) for detail in details],
        "python": platform.python_version(),
        "threads": threads,
        "variables": arithmetic_variables(),
    }


def unrepeatable(config: TrainConfig, gpus: bool) -> list[str]:
    """Returns the settings that prevent bit-identical repetition of a run, one line each.

    Args:
        config: the config of the run.
        gpus: whether the run uses a GPU.

    Example:
        >>> unrepeatable(compose("augmentation=extended"), gpus=False)
        []
    """
    lines = []
    for name, step in config.augmentation.items():
        if step.has_random_state:
            lines.append(f"augmentation.{name}: the step has random state, so repeated runs differ")
    if gpus and not config.training.deterministic:
        lines.append("training.deterministic=false: the order of sums on a GPU varies, so repeated runs differ")
    return lines


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor()
