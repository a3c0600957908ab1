"""The machine and the packages a run had."""

import os
import platform
from importlib.metadata import distributions
from typing import Any

import psutil
import tensorflow as tf


def machine() -> dict[str, Any]:
    """Processor, cores, memory, GPUs, system and Python, and TensorFlow's thread settings (0: one a core)."""
    details = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    return {
        "host": platform.node(),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "gpus": [str(detail.get("device_name", "GPU")) for detail in details],
        "python": platform.python_version(),
        "intra_op_threads": tf.config.threading.get_intra_op_parallelism_threads(),
        "inter_op_threads": tf.config.threading.get_inter_op_parallelism_threads(),
    }


def packages() -> list[str]:
    """Every installed package as name==version, in alphabetical order."""
    return sorted({f"{entry.metadata['Name']}=={entry.version}" for entry in distributions()}, key=str.lower)


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor()
