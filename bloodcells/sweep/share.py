"""How many of the cores each job of a sweep gets."""

from omegaconf import DictConfig


def threads(launcher: DictConfig, jobs: int) -> int | None:
    """The `training.threads` for each of `jobs` jobs under Hydra's `launcher`, config.hydra.launcher.

    joblib: an even share of this machine's cores;  Ray: what it keeps for a job;  Submitit: cpus_per_task;
    any other, one job after the other: None, which leaves them all to each.
    """
    if "n_jobs" in launcher:
        from joblib import cpu_count, effective_n_jobs

        return max(1, cpu_count() // min(effective_n_jobs(launcher.n_jobs), jobs))
    if "num_cpus" in launcher:
        return max(1, int(launcher.num_cpus))
    return launcher.get("cpus_per_task")
