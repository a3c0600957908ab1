"""The process of one job: forked from a server that has imported everything once, so that it begins at once.

A job has it all to itself, so that neither TensorFlow's state nor its seeds or threads come from another's.
"""

import logging
import multiprocessing
import os
import signal
import sys
import threading
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NoReturn

from bloodcells.config.command import INTERRUPTED
from bloodcells.config.errors import InputError
from bloodcells.config.schema import TrainConfig
from bloodcells.runs.sweep_run import SweepJob

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["bloodcells.sweep.preload"])


def start(config: TrainConfig, job: SweepJob | None, output: Path | None) -> tuple[BaseProcess, Connection]:
    """A process that trains; the connection gives what went wrong, if anything did, once it has ended.

    job: its place in the sweep, where runs are tracked; output: the file for all it prints, or None for the terminal.
    """
    errors, theirs = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=_run, args=(config, job, output, theirs))
    process.start()
    theirs.close()
    return process, errors


def _run(config: TrainConfig, job: SweepJob | None, output: Path | None, errors: Connection) -> None:
    _end_with_parent()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    if output:
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, 1)
        os.dup2(file, 2)
    logging.basicConfig(stream=sys.stdout, format="%(message)s", level=logging.WARNING, force=True)
    logging.getLogger("bloodcells").setLevel(logging.INFO)

    # The program itself, whose imports include this package's sweeper.
    from bloodcells.runs.lifecycle import tracked
    from bloodcells.runs.train import train

    try:
        train(config, partial(tracked, sweep=job))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except InputError as error:
        errors.send(str(error))
        sys.exit(f"error: {error}" if output else 1)


def _interrupt(*_: Any) -> NoReturn:
    for number in (signal.SIGINT, signal.SIGTERM):  # a terminal sends one and the sweep another: one is enough
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _end_with_parent() -> None:
    """Ends this process when the one that started it is gone, killed: nobody would be told of what it does."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
