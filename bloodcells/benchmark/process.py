"""Work in a process of its own: what imports, threads and settings cost shows only where there were none before."""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import closing
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from bloodcells.benchmark.group import Figures, Turns

Tell = Callable[[Figures], None]


def apart(work: Callable[..., None], *arguments: Any) -> Turns:
    """What `work(tell, *arguments)` tells in a new process, a turn at a time: `tell` returns once the next is wanted.

    The process begins with the first turn and is ended as the iterator is closed. `work` is a function of a module that
    imports little. Raises RuntimeError where the process ends before.
    """
    spawned = get_context("spawn")
    connection, theirs = spawned.Pipe()
    process = spawned.Process(target=_serve, args=(theirs, work, arguments), daemon=True)
    process.start()
    theirs.close()  # else the end of the process would not be seen here
    try:
        while True:
            try:
                figures = connection.recv()
            except EOFError:
                process.join()
                raise RuntimeError(f"{work.__name__}{arguments}: its process ended by {process.exitcode}") from None
            yield figures
            connection.send(None)
    finally:
        process.terminate()
        process.join()
        connection.close()


def fresh(work: Callable[..., None], *arguments: Any) -> Figures:
    """What `work(tell, *arguments)` tells first in a new process, which is then ended."""
    with closing(apart(work, *arguments)) as turns:
        return next(turns)


def _serve(connection: Connection, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; the first process ends the others

    def tell(figures: Figures) -> None:
        connection.send(figures)
        connection.recv()

    with open(os.devnull, "w") as sys.stdout:  # no bars of progress, which take time to draw, a rest's time too
        work(tell, *arguments)
