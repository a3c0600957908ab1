"""A Slurm cluster on this machine for tests: a controller and two nodes of one core."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

SBIN = f"{os.environ['PATH']}:/usr/sbin:/sbin"
MISSING = [
    program
    for program in ("slurmctld", "slurmd", "sbatch", "srun", "munged", "mungekey")
    if not shutil.which(program, path=SBIN)
]
NODES = ("node1", "node2")
STUCK = 300  # seconds after which the cluster counts as stuck
CONF = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/controller.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/controller.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
MinJobAge=30
SlurmdTimeout=30
NodeName=node1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1 RealMemory=4000
NodeName=node2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1 RealMemory=4000
PartitionName=main Nodes=node1,node2 Default=YES MaxTime=INFINITE State=UP
"""


@dataclass(frozen=True)
class Cluster:
    """A running cluster.

    folder: for its state, logs and configuration
    """

    folder: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment in which Slurm's commands find it."""
        return {**os.environ, "PATH": SBIN, "SLURM_CONF": str(self.folder / "slurm.conf")}

    def call(self, *command: str) -> str:
        """The output of one of Slurm's commands."""
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True).stdout

    def jobs(self, *states: str) -> list[str]:
        """The names of the jobs that are in one of the states, in order."""
        names = self.call("squeue", "--noheader", "--array", f"--states={','.join(states)}", "--format=%i")
        return sorted(names.split())

    def start_node(self, node: str) -> None:
        self.call("slurmd", "-N", node)

    def kill_node(self, node: str) -> None:
        """Ends a node as a power cut does, with all that runs there."""
        jobs = self.call("squeue", "--noheader", f"--nodelist={node}", "--format=%A").split()
        daemon = psutil.Process(int((self.folder / f"{node}.pid").read_text()))
        steps = [
            process
            for process in psutil.process_iter()
            if any(f"slurmstepd: [{job}." in " ".join(process.cmdline()) for job in jobs)
        ]
        for process in [daemon, *steps, *(child for step in steps for child in step.children(recursive=True))]:
            with suppress(psutil.NoSuchProcess):
                process.kill()


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Waits until the condition holds; fails if it does not in `STUCK` seconds."""
    deadline = time.monotonic() + STUCK
    while not condition():
        assert time.monotonic() < deadline, f"not {what} in {STUCK} s"
        time.sleep(0.2)


@contextmanager
def started_cluster(folder: Path) -> Iterator[Cluster]:
    """Starts the daemons, and stops them at the end. Needs root."""
    with ExitStack() as sockets:
        free = [sockets.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        ports = [each.getsockname()[1] for each in free]
    for name in ("state", *NODES):
        (folder / name).mkdir()
    (folder / "slurm.conf").write_text(CONF.format(host=socket.gethostname().split(".")[0], ports=ports, folder=folder))
    cluster = Cluster(folder)
    files = {kind: str(folder / f"munge.{kind}") for kind in ("key", "socket", "pid", "log", "seed")}
    cluster.call("mungekey", "--create", f"--keyfile={files['key']}")
    try:
        cluster.call(
            "munged",
            "--force",
            *(f"--{kind}{'' if kind == 'socket' else '-file'}={file}" for kind, file in files.items()),
        )
        cluster.call("slurmctld")
        for node in NODES:
            cluster.start_node(node)
        wait_for(lambda: cluster.call("sinfo", "--noheader", "--states=idle", "--format=%D").strip() == "2", "started")
        yield cluster
    finally:
        subprocess.run(["scancel", "--user=root"], env=cluster.environment, capture_output=True, check=False)
        for file in folder.glob("*.pid"):
            with suppress(psutil.NoSuchProcess):
                psutil.Process(int(file.read_text())).terminate()
