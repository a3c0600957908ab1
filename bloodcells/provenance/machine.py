"""The machine and the packages a run had."""

import os
import platform
from typing import Any

import psutil
import tensorflow as tf

from bloodcells.config.schema import TrainConfig
from bloodcells.training.devices import cores


def machine(threads: int) -> dict[str, Any]:
    """Processor, cores, memory, GPUs, system and Python; `threads` that share an operation; how oneDNN is used."""
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
        "onednn": _onednn(),
    }


def unrepeatable(config: TrainConfig, gpus: bool) -> list[str]:
    """What of the config keeps a run from coming out the same again, a line each; gpus: whether it has any."""
    found = []
    if config.augmentation.randaugment_kerascv:
        found.append("augmentation: keras-cv's RandAugment holds random state, so no two runs with it are equal")
    if gpus and not config.training.deterministic:
        found.append("training.deterministic=false: a GPU takes sums in any order, so no two runs on one are equal")
    return found


def _onednn() -> str:
    """As the environment has it: on, off, or kept to some of the processor's instructions, such as "up to AVX2"."""
    if os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1").lower() in ("0", "false"):
        return "off"
    most = os.environ.get("ONEDNN_MAX_CPU_ISA")
    return f"up to {most}" if most else "on"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor()
