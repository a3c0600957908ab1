"""What the models of two runs answered."""

import numpy as np
import pandas as pd

from bloodcells.reproduction.bits import differ, distance
from bloodcells.reproduction.finding import Difference, Finding
from bloodcells.tracking.stored import StoredRun

DISTORTED = "shift/predictions.csv"


def compare_predictions(original: StoredRun, again: StoredRun) -> Finding:
    """The probabilities for each validation and test image; a difference an image, where they are furthest apart."""
    one, other = original.predictions(), again.predictions()
    first, second = (
        {f"{split} {example}": row for split, example, row in zip(p.splits, p.examples, p.probabilities, strict=True)}
        for p in (one, other)
    )
    differences = []
    for name in dict.fromkeys([*first, *second]):
        if name not in first or name not in second:
            then, now = ("answered" if name in rows else None for rows in (first, second))
            differences.append(Difference(name, None, then, now, None))
        elif (unlike := differ(first[name], second[name])).any():
            apart = distance(first[name], second[name])
            most = int(np.where(unlike, apart, -1).argmax())
            place = f"{name}, p({one.class_names[most]})"
            values = float(first[name][most]), float(second[name][most])
            differences.append(Difference(place, None, *values, float(apart[most])))
    return Finding("predictions", len({*first, *second}), len(differences), differences)


def compare_distorted(original: StoredRun, again: StoredRun) -> Finding | None:
    """The class answered for each distorted image, or None where not both runs were asked."""
    one, other = _distorted(original), _distorted(again)
    if one is None or other is None:
        return None
    first, second = (table.drop(columns="label").set_index("example").stack().to_dict() for table in (one, other))
    differences = [
        Difference(f"test {', '.join(key)}", None, first.get(key), second.get(key), None)
        for key in dict.fromkeys([*first, *second])
        if first.get(key) != second.get(key)
    ]
    return Finding("distorted predictions", len({*first, *second}), len(differences), differences)


def _distorted(run: StoredRun) -> pd.DataFrame | None:
    if "shift/mean_accuracy" not in run.run.data.metrics:  # evaluation=clean
        return None
    file = run.file(DISTORTED)
    with run.readable(DISTORTED):
        return pd.read_csv(file, dtype={"example": str})
