"""The metrics of two runs."""

import math
import struct

import mlflow

from bloodcells.reproduction.finding import Difference, Finding
from bloodcells.tracking.stored import StoredRun

OWN = "reproduction/"  # what begins the metrics that the comparison itself logs


def compare_metrics(original: StoredRun, again: StoredRun) -> Finding:
    """Each metric of each epoch, the epochs in their order, and then those of the whole run; but for times."""
    first, second = _logged(original), _logged(again)
    differences = []
    for key in sorted({*first, *second}, key=lambda key: (key[0] or math.inf, key[1])):
        one, other = first.get(key), second.get(key)
        if one is None or other is None:
            differences.append(Difference(key[1], key[0] or None, one, other, None))
        elif struct.pack("d", one) != struct.pack("d", other):
            apart = abs(one - other)
            differences.append(Difference(key[1], key[0] or None, one, other, None if math.isnan(apart) else apart))
    return Finding("metric values", len({*first, *second}), len(differences), differences)


def _logged(run: StoredRun) -> dict[tuple[int, str], float]:
    """Values by epoch, which is 0 for the whole run, and name."""
    client = mlflow.MlflowClient()
    with run.readable("metrics"):
        return {
            (entry.step, name): entry.value
            for name in run.run.data.metrics
            if not (name.startswith(OWN) or name.endswith(("seconds", "times_slower")))
            for entry in client.get_metric_history(run.id, name)
        }
