"""Runs that are tracked but train nothing."""

from dataclasses import dataclass
from itertools import count
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Run

from bloodcells.config.schema import TrainConfig
from bloodcells.provenance.fingerprint import fingerprint
from bloodcells.runs.lifecycle import tracked
from tests.conftest import composed

SEEDS = count()


@pytest.fixture(scope="module")
def directory(tmp_path_factory) -> Path:
    """One store for all these tests: MLflow takes a second to create one."""
    return tmp_path_factory.mktemp("store")


@dataclass
class Training:
    """The config of a run, and the folder of the store."""

    config: TrainConfig
    directory: Path

    def run(self, *steps) -> None:
        """Makes a run as one process does: calls each step with the run, or raises it if it is an error."""
        with tracked(self.config, fingerprint(self.config, "d" * 64), "cells.npz") as run:
            for step in steps:
                if isinstance(step, BaseException):
                    raise step
                step(run)

    def runs(self) -> list[Run]:
        seed = f"params.seed = '{self.config.seed}'"
        return mlflow.search_runs(search_all_experiments=True, filter_string=seed, output_format="list")

    def states(self) -> list[Path]:
        return list(Path(self.directory, "checkpoints").glob("*/state.npz"))


@pytest.fixture
def training(directory) -> Training:
    """One with a seed of its own, which no other test uses."""
    return Training(composed(f"tracking.directory={directory}", f"seed={next(SEEDS)}"), directory)
