"""How the cores are shared out among the jobs of a sweep, under each launcher's own settings."""

import joblib
import pytest
from omegaconf import OmegaConf

from bloodcells.sweep import share


@pytest.mark.parametrize(
    ("launcher", "jobs", "expected"),
    [
        ({"n_jobs": -1}, 100, 1),
        ({"n_jobs": -1}, 3, 2),  # 8 cores, 3 at once: 2 each, and 2 are left
        ({"n_jobs": -1}, 1, 8),
        ({"n_jobs": 2}, 100, 4),
        ({"n_jobs": 2}, 1, 8),
        ({"n_jobs": 16}, 100, 1),  # more at once than cores
        ({"n_jobs": -2}, 100, 1),  # joblib's all but one
        ({"num_cpus": 3}, 100, 3),
        ({"num_cpus": 0.5}, 100, 1),
        ({"cpus_per_task": 6}, 100, 6),
        ({"cpus_per_task": None}, 100, None),
        ({}, 100, None),
    ],
)
def test_each_job_gets_its_share_of_the_cores(monkeypatch, launcher: dict, jobs: int, expected: int | None) -> None:
    monkeypatch.setattr(joblib, "cpu_count", lambda: 8)
    monkeypatch.setattr(joblib, "effective_n_jobs", lambda n_jobs: n_jobs if n_jobs > 0 else 8 + 1 + n_jobs)
    assert share.threads(OmegaConf.create({"_target_": "a.launcher", **launcher}), jobs) == expected
