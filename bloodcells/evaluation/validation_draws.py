"""Predictions for validation images under chains of rising strength, on which forecasts of accuracy are fitted."""

import hashlib
from collections.abc import Callable

import numpy as np
import pandas as pd

from bloodcells.config.schema import Chains
from bloodcells.data.images import Images
from bloodcells.evaluation.shift.chains import chain, distort_by_chains
from bloodcells.evaluation.shift.operations import OPERATIONS
from bloodcells.reporting.terminal import with_progress

DRAWS = 3  # distorted variants of each validation image


def validation_draws(
    infer: Callable[[np.ndarray], np.ndarray], images: Images, clean: np.ndarray, *, chains: Chains, seed: int
) -> pd.DataFrame:
    """Predictions for validation images as they are and under DRAWS chains each, for `fit`.

    infer: maps uint8 (n, h, w, 3) to probabilities (n, classes); clean: those of `images`; seed: of the chains
    Returns one row per image and draw: example, label, draw (0: as it is), strength (share of the full one, spread
    evenly over [0, 1)), groups (of the chain's operations), predicted, confidence.
    """
    examples = images.examples.tolist()
    first = np.array([_uniform(f"{seed}/strength/{example}") for example in examples])
    tables = [_table(images, 0, np.zeros(len(images)), groups=[""] * len(images), probabilities=clean)]
    for draw in with_progress(range(1, DRAWS + 1), "distorted validation images"):
        strength = (first + draw / DRAWS) % 1
        distorted = distort_by_chains(
            images.pixels, examples, strength=strength * chains.strength, length=chains.length, draw=draw, seed=seed
        )
        links = [chain(example, length=chains.length, draw=draw, seed=seed) for example in examples]
        groups = [" ".join(OPERATIONS[link.operation].group for link in each) for each in links]
        tables.append(_table(images, draw, strength, groups=groups, probabilities=infer(distorted)))
    return pd.concat(tables, ignore_index=True)


def _table(
    images: Images, draw: int, strength: np.ndarray, *, groups: list[str], probabilities: np.ndarray
) -> pd.DataFrame:
    columns = {"example": images.examples, "label": images.labels, "draw": draw, "strength": strength, "groups": groups}
    return pd.DataFrame(columns | {"predicted": probabilities.argmax(axis=1), "confidence": probabilities.max(axis=1)})


def _uniform(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6]) / 2**48
