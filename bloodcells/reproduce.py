"""Does a finished run again and compares the two: `python -m bloodcells.reproduce run_id=...`, from top to bottom."""

import logging

from bloodcells.config.command import command
from bloodcells.config.schema import ReproduceConfig
from bloodcells.reporting.quiet_tensorflow import import_tensorflow
from bloodcells.reporting.terminal import aligned
from bloodcells.reproduction.settings import settings
from bloodcells.runs.train import train
from bloodcells.tracking.stored import find_run

log = logging.getLogger("bloodcells.reproduce")


def reproduce(config: ReproduceConfig) -> None:
    """One run again, by its own config, tracked as a run below it.

    Raises InputError for what the user can mend, and NotReproducedError, at the end, where it came out otherwise.
    """
    original = find_run(config.tracking, config.run_id)
    again = settings(original, config.tracking)
    log.info(f"run {original.id} again: {original.name}; threads: {again.training.threads or 'one a core'}")

    import_tensorflow()
    from bloodcells.reproduction.repetition import Repetition

    repetition = Repetition(original)
    train(again, repetition.tracked)
    log.info(aligned({"repeated": f"{original.name} ({original.id})", **repetition.verdict.rows()}))
    repetition.verdict.check(original)


main = command("reproduce", ReproduceConfig)(reproduce)

if __name__ == "__main__":
    main()
