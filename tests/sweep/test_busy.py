"""Jobs that another sweep is running are left for the end."""

import hashlib
from types import SimpleNamespace

import pytest
from filelock import FileLock, Timeout
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import OmegaConf

from bloodcells.config.schema import LocalTracking, RankBy
from bloodcells.runs.checkpoint import JOB_LOCK
from bloodcells.runs.sweep_run import SweepRun
from bloodcells.sweep.supervise import Outcome, Supervisor
from bloodcells.sweep.sweeper import Sweeper
from bloodcells.tracking.store import store_of

KEY = ("study", "config")


class Recorded(Sweeper):
    """Records the jobs of each launch; another sweep runs jobs 1 and 3 during the first."""

    def _launch_once(self, jobs, supervisor):
        self.launches = [*getattr(self, "launches", []), ([job.number for job in jobs], supervisor.waits)]
        assert [task.number for task in supervisor.tasks] == [job.number for job in jobs]
        returned = []
        for job in jobs:
            busy = job.number in (1, 3) and not supervisor.waits
            returned.append(JobReturn(status=JobStatus.COMPLETED))
            returned[-1].return_value = Outcome(busy=True) if busy else Outcome(done_by=f"run {job.number}")
        return returned


def test_busy_jobs_are_launched_again_and_results_keep_the_order_of_the_jobs(tmp_path) -> None:
    sweeper = Recorded(None)
    sweeper._config = OmegaConf.create({"hydra": {"sweep": {"dir": str(tmp_path)}, "launcher": {"_target_": "x"}}})
    jobs = [SimpleNamespace(number=number, name=str(number), overrides=()) for number in (1, 2, 3, 4)]
    keys = dict.fromkeys((1, 2, 3, 4), KEY)
    returned = sweeper.launch(jobs, keys, total=4, parent=None, shared=None, rerun=False)
    assert sweeper.launches == [([1, 2, 3, 4], False), ([1, 3], True)]
    assert [each.return_value.done_by for each in returned] == ["run 1", "run 2", "run 3", "run 4"]


def test_a_job_is_busy_while_its_lock_is_held(tmp_path) -> None:
    store = store_of(LocalTracking("local", str(tmp_path), "bloodcells", tensorboard=False, rank_by=RankBy.composed))
    store.open()
    supervisor = Supervisor((), 1, SweepRun(store, "parent", "attempt"), None, None, None, rerun=True)
    name = hashlib.sha256(repr((store.experiment, KEY)).encode()).hexdigest()
    with FileLock(store.checkpoints / JOB_LOCK.format(name)), pytest.raises(Timeout), supervisor._exclusive(KEY, 1):
        pass
    with supervisor._exclusive(KEY, 1) as finished:
        assert finished is None
