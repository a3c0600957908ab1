"""The Slurm launcher: a job that is cancelled, lost or out of time ends alone, and the same command resumes it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import OmegaConf

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.command import register_plugin
from bloodcells.config.errors import InputError
from bloodcells.sweep import slurm
from bloodcells.sweep.remote import JobLostError, RemoteJob
from bloodcells.sweep.slurm import SlurmLauncher
from bloodcells.sweep.slurm_job import SlurmJob
from tests.conftest import TINY
from tests.sweep.command import Sweep
from tests.sweep.slurm import MISSING, Cluster, started_cluster, wait_for

pytest.importorskip("submitit", reason="needs the extra submitit")
import submitit

LONG = (*TINY, "training.fine_tuning.epochs=300", "training.fine_tuning.patience_epochs=null")


def launcher(folder: Path, **changed: object) -> SlurmLauncher:
    """The launcher with the settings in conf and those that are changed, without what Hydra adds to it."""
    register_plugin(SlurmLauncher)
    settings = OmegaConf.load(CHECKOUT / "conf/hydra/launcher/submitit_slurm.yaml")
    launcher = Plugins.instance()._instantiate(OmegaConf.merge(settings, changed))
    launcher.setup(
        hydra_context=None, task_function=None, config=OmegaConf.create({"hydra": {"sweep": {"dir": str(folder)}}})
    )
    return launcher


@pytest.fixture
def commands(tmp_path, monkeypatch) -> Path:
    """A folder with Slurm's commands, which do nothing and are found first. Waiting takes no time."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sbatch", "srun", "squeue", "scancel"):
        command(folder, name, "exit 0")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    for seconds in ("SECONDS_BETWEEN_QUERIES", "SECONDS_TO_APPEAR", "SECONDS_TO_CLOSE"):
        monkeypatch.setattr(slurm, seconds, 0.01)
    return folder


def command(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_missing_commands_are_named(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        InputError, match=r"^hydra/launcher=submitit_slurm: sbatch, srun, squeue, scancel: no such comm"
    ):
        launcher(tmp_path).launch([["seed=0"]], 0)


def test_a_missing_extra_is_named(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(InputError, match=r"install the extra: pip install '\.\[submitit\]'"):
        launcher(tmp_path).launch([["seed=0"]], 0)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ({"cpus_per_task": "abc"}, "cpus_per_task=abc: expected a whole number, 1 or more"),
        ({"timeout_min": -5}, "timeout_min=-5: expected a whole number, 1 or more"),
        ({"timeout_min": 2}, "signal_delay_s=120: expected less than hydra.launcher.timeout_min=2, in seconds"),
        ({"setup": "module load cuda"}, r"setup=module load cuda: expected brackets, such as '\[module load cuda\]'"),
        ({"additional_parameters": ["a"]}, r"additional_parameters=\['a'\]: expected brackets, such as '\{nice: 9\}'"),
    ],
)
def test_wrong_settings_are_one_error(tmp_path, commands, setting, expected) -> None:
    command(commands, "sbatch", "exit 9")
    with pytest.raises(InputError, match=f"^hydra.launcher.{expected}$"):
        launcher(tmp_path, **setting).launch([["seed=0"]], 0)


def test_jobs_that_slurm_does_not_accept_are_one_error(tmp_path, commands, capfd) -> None:
    command(commands, "sbatch", "echo 'sbatch: error: invalid partition specified: gpu' >&2; exit 1")
    with pytest.raises(InputError, match=r"^hydra.launcher: Slurm does not accept the jobs: invalid partition specif"):
        launcher(tmp_path).launch([["seed=0"], ["seed=1"]], 0)
    assert capfd.readouterr() == ("", "")


def test_each_job_gets_its_result_or_its_state(tmp_path, commands, monkeypatch, caplog) -> None:
    """Job 0 returns, 1 was cancelled, 2 ran out of time, 3 is forgotten, 4 raises."""
    command(commands, "sbatch", "echo Submitted batch job 7")
    # At first the controller does not answer; then job 2 waits; then it has ended.
    calls = tmp_path / "calls"
    states = "7_0 COMPLETED None\\n7_1 CANCELLED None\\n7_2 $two\\n9_0 RUNNING None"
    command(
        commands,
        "squeue",
        f"echo >> {calls}; n=$(wc -l < {calls})\n[ $n = 1 ] && {{ echo no controller >&2; exit 1; }}\n"
        f"two='PENDING QOS limit'; [ $n -gt 4 ] && two='TIMEOUT None'; printf \"{states}\\n\"",
    )
    done = JobReturn(status=JobStatus.COMPLETED)
    done.return_value = "result"
    pickles = {0: ("success", done), 4: ("error", "Traceback\n  line\nValueError: seed 4\n")}
    for number, content in pickles.items():
        path = tmp_path / f"slurm/7_{number}/7_{number}_0_result.pkl"
        path.parent.mkdir(parents=True)
        submitit.core.utils.cloudpickle_dump(content, path)
    monkeypatch.setattr(SlurmLauncher, "common", (str(tmp_path), None, None, None, {}))
    returned = launcher(tmp_path).launch([[f"seed={seed}"] for seed in range(5)], 0)
    assert returned[0].return_value == "result"
    assert [each.overrides for each in returned[1:]] == [[f"seed={seed}"] for seed in range(1, 5)]
    errors = [each._return_value for each in returned[1:]]
    assert {type(error) for error in errors} == {JobLostError}
    assert [str(error) for error in errors] == [
        "cancelled with scancel (Slurm job 7_1)",
        "reached its time limit, hydra.launcher.timeout_min (Slurm job 7_2)",
        f"ended without a result, see {tmp_path}/slurm/7_3/7_3_0_log.err (Slurm job 7_3)",
        "ValueError: seed 4 (Slurm job 7_4)",
    ]
    assert [error.status for error in errors] == ["KILLED", "KILLED", "FAILED", "FAILED"]
    assert [text for text in caplog.messages if "Slurm does not" in text] == [
        "Slurm does not answer (no controller); waiting for it",
        "Slurm does not start job 7_2: QOS limit",
    ]


@pytest.mark.parametrize("left", [0, 1])
def test_a_job_near_its_time_limit_closes_its_run_and_is_queued_again(tmp_path, monkeypatch, left) -> None:
    """left: how many times it may still be queued again."""
    events = []

    def run(*_) -> None:
        try:
            os.kill(os.getpid(), signal.SIGUSR2)
        finally:
            events.append("closed")

    def queue_again(*_) -> None:
        events.append("queued")
        if left == 0:
            raise submitit.core.utils.UncompletedJobError("timed-out too many times")
        raise SystemExit(255)

    monkeypatch.setattr(RemoteJob, "__call__", run)
    handler = signal.signal(signal.SIGUSR2, queue_again)
    try:
        job = SlurmJob(str(tmp_path), None, None, None, {})
        if left:
            with pytest.raises(SystemExit):
                job(["seed=0"], 0)
        else:
            returned = job(["seed=0"], 0)
            assert str(returned._return_value) == "reached its time limit, hydra.launcher.timeout_min"
    finally:
        signal.signal(signal.SIGUSR2, handler)
    assert events == ["closed", "queued"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    with started_cluster(tmp_path_factory.mktemp("slurm")) as started:
        yield started


on_slurm = pytest.mark.skipif(
    bool(MISSING) or os.geteuid() != 0,
    reason=f"needs root and Debian's packages slurm-wlm and munge; missing: {', '.join(MISSING) or 'root'}",
)


@pytest.fixture
def start(cluster) -> Iterator[Callable[..., subprocess.Popen]]:
    """A function that starts a sweep on the cluster with settings of the launcher, in a process of its own."""
    processes = []

    def started(sweep: Sweep, *settings: str) -> subprocess.Popen:
        slurm = ("hydra/launcher=submitit_slurm", *(f"hydra.launcher.{setting}" for setting in settings))
        command = [sys.executable, "-m", "bloodcells.train", *sweep.overrides, *slurm]
        with sweep.directory.with_suffix(".out").open("w") as output:
            process = subprocess.Popen(
                [*command, f"tracking.directory={sweep.directory}"],
                cwd=CHECKOUT, env=cluster.environment, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        processes.append(process)
        return process

    yield started
    for process in processes:  # those of a test that failed would wait for the cluster
        process.kill()


@pytest.fixture
def training(start, tmp_path) -> tuple[Sweep, subprocess.Popen]:
    """A sweep of three jobs and its process; two jobs train, one on each node, and one is queued."""
    sweep = Sweep(tmp_path / "mlruns", ("--multirun", *LONG, "seed=0,1,2"))
    process = start(sweep)
    wait_for(lambda: trains(sweep, 1) and trains(sweep, 2), "training")
    return sweep, process


def trains(sweep: Sweep, number: int) -> bool:
    """Whether a job has a run with a completed epoch."""
    return any(run.data.metrics for run in sweep.jobs() if run.data.tags["sweep.job"] == str(number))


@pytest.mark.slow
@on_slurm
def test_a_cancelled_job_and_a_lost_node_cost_no_other_job(cluster, start, training) -> None:
    sweep, process = training
    first, second = cluster.jobs("RUNNING")
    (pending,) = cluster.jobs("PENDING")
    node = cluster.call("squeue", "--noheader", f"--jobs={second}", "--format=%N").strip()
    cluster.kill_node(node)
    cluster.call("scancel", first)
    cluster.call("scancel", pending)
    wait_for(lambda: cluster.jobs("PENDING") == [second], "queued again")
    cluster.call("scontrol", "update", f"JobId={second}", "StartTime=now")  # instead of two minutes later
    assert process.wait() == 1, sweep.output("out")
    assert sweep.statuses() == ["KILLED", "FINISHED", "KILLED"]
    errors = [run.data.tags.get("error", "") for run in sweep.jobs()]
    assert errors[0] == f"cancelled with scancel (Slurm job {first})"
    assert errors[2] == f"cancelled with scancel (Slurm job {pending})"
    assert all(error in sweep.output("out") for error in errors)
    assert "sacct" not in sweep.output("out")

    cluster.start_node(node)
    assert start(sweep).wait() == 0, sweep.output("out")
    assert "jobs    3: 2 done, 1 done before" in sweep.output("out")
    assert sorted(sweep.statuses()) == ["FINISHED", "FINISHED", "FINISHED", "KILLED"]


@pytest.mark.slow
@on_slurm
def test_a_job_that_reaches_its_time_limit_is_queued_again_and_resumes(tmp_path, cluster, start) -> None:
    sweep = Sweep(tmp_path / "mlruns", ("--multirun", *TINY, "training.fine_tuning.epochs=100000", "seed=0"))
    logs = f"hydra.sweep.dir={tmp_path}/logs"
    process = start(replace(sweep, overrides=(*sweep.overrides, logs)), "timeout_min=2", "signal_delay_s=30")
    wait_for(lambda: trains(sweep, 1), "training")
    (job,) = cluster.jobs("RUNNING")
    wait_for(lambda: cluster.jobs("PENDING") == [job], "queued again")
    assert sweep.statuses() == ["KILLED"]
    cluster.call("scontrol", "update", f"JobId={job}", "StartTime=now")  # instead of two minutes later
    (run,) = sweep.jobs()
    wait_for(lambda: f"resuming run {run.info.run_id}" in (tmp_path / "logs/job-1.log").read_text(), "resumed")
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130


@pytest.mark.slow
@on_slurm
def test_an_interrupt_cancels_the_jobs(cluster, training) -> None:
    sweep, process = training
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130, sweep.output("out")
    assert cluster.jobs("PENDING", "RUNNING") == []
    assert sweep.statuses() == ["KILLED"] * 2
