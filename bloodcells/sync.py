"""Copies runs between stores: `python -m bloodcells.sync from=mlruns to=http://127.0.0.1:5000`. Needs no TensorFlow."""

import logging
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bloodcells.config.command import command
from bloodcells.config.names import Program
from bloodcells.config.schema import LocalTracking, RankBy, ServerTracking, SyncConfig
from bloodcells.reporting.terminal import aligned, with_progress

if TYPE_CHECKING:
    from bloodcells.tracking.store import Store

log = logging.getLogger(Program.SYNC)


def sync(config: SyncConfig) -> None:
    """Copies the runs of an experiment that `target` lacks, and brings unfinished ones up to date.

    A copy has another id; its tag `origin` has the id of the run that it was made from, by which `run_id=` finds it.
    Raises InputError if a store cannot be accessed. What was copied until then is kept.

    Example:
        $ python -m bloodcells.sync from=mlruns to=http://127.0.0.1:5000
        runs    14 copied, 30 were there already
        browse  http://127.0.0.1:5000/#/experiments/1/runs
    """
    # Imported here, so that --help and completion do not wait for MLflow.
    from bloodcells.tracking.copy_run import RunCopier

    experiment = config.tracking.experiment
    source, target = _store("from", config.source, experiment), _store("to", config.target, experiment)
    copier = RunCopier(source, target)
    runs = copier.runs()
    target.open()
    copies = [copier.copy(run.info.run_id) for run in with_progress(runs, "copying")]
    copied = sum(copy is not None for copy in copies)
    log.info(
        aligned(
            {
                "runs": f"{copied:,} copied or brought up to date, {len(runs) - copied:,} were there already",
                "browse": target.ui(target.existing_experiment()),
            }
        )
    )


def _store(key: str, place: str | None, experiment: str) -> "Store":
    """The store at `place`, which errors name by `key`."""
    from bloodcells.tracking.store import LocalStore, ServerStore

    assert place  # the config has checked it
    if place.startswith(("http://", "https://")):
        settings = ServerTracking("server", "mlruns", experiment, tensorboard=False, uri=place, rank_by=RankBy.composed)
        settings.check()
        store: Store = ServerStore(settings)
    else:
        folder = str(Path(place).absolute())
        store = LocalStore(LocalTracking("local", folder, experiment, tensorboard=False, rank_by=RankBy.composed))
    store.setting = f"{key}={place}"
    return store


_program = command("sync", SyncConfig)(sync)


def main() -> None:
    """The program; from and to cannot be names of fields in the schema, since from is a keyword of Python."""
    names = {"from": "source", "to": "target"}
    sys.argv[1:] = [re.sub(r"^(from|to)(?==)", lambda match: names[match[0]], argument) for argument in sys.argv[1:]]
    _program()


if __name__ == "__main__":
    main()
