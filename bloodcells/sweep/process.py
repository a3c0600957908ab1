"""Runs one job in its own process, forked from a server that has imported everything, so that it starts at once.

No TensorFlow state, seed or thread passes from one job to another.
"""

import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from _thread import interrupt_main
from functools import partial
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from bloodcells.config.command import INTERRUPTED
from bloodcells.config.errors import InputError
from bloodcells.config.interrupt import raise_on_signals
from bloodcells.config.schema import TrainConfig
from bloodcells.runs.sweep_run import PrunedError, SweepJob
from bloodcells.sweep.search.judge import judged

SECONDS_TO_CLOSE = 60  # an interrupted job may take this long to close its run
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["bloodcells.sweep.preload"])


def start(config: TrainConfig, job: SweepJob | None, output: Path | None) -> tuple[BaseProcess, Connection]:
    """Starts a training process.

    job: its place in the sweep; None if runs are not tracked
    output: the file for everything it prints; None for the terminal
    Returns the process and a connection that yields its error message, if it ends with an InputError.
    """
    _ensure_server()
    receiver, sender = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=_run, args=(config, job, output), kwargs={"errors": sender})
    process.start()
    sender.close()
    return process, receiver


def _ensure_server() -> None:
    """Starts the server that jobs are forked from, unless it runs.

    It ignores the signals that a cluster sends to all processes of a job that is to end: a training process must live
    on until it has closed its run, and its supervisor learns from the server how it ended.
    """
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGTERM, signal.SIGUSR2)}
    try:
        forkserver.ensure_running()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _run(config: TrainConfig, job: SweepJob | None, output: Path | None, *, errors: Connection) -> None:
    _exit_with_parent()
    raise_on_signals()
    if output:
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, 1)
        os.dup2(file, 2)
    logging.basicConfig(stream=sys.stdout, format="%(message)s", level=logging.WARNING, force=True)
    logging.getLogger("bloodcells").setLevel(logging.INFO)

    # Imported here, since only the job's process needs TensorFlow.
    from bloodcells.runs.lifecycle import tracked
    from bloodcells.runs.train import train

    tracker = partial(tracked, sweep=job)
    try:
        train(config, partial(judged, tracker, job.judge) if job and job.judge else tracker)
    except PrunedError:
        sys.exit()  # the run has a tag that says so
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except InputError as error:
        errors.send(str(error))
        sys.exit(f"error: {error}" if output else 1)


def _exit_with_parent() -> None:
    """Ends the job when the process that started it is killed, since nothing would record the job's result."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        interrupt_main()
        time.sleep(SECONDS_TO_CLOSE)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
