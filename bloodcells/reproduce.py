"""Trains a finished run again and compares the two bit by bit: `python -m bloodcells.reproduce run_id=...`."""

import logging

from bloodcells.config.command import command
from bloodcells.config.schema import ReproduceConfig
from bloodcells.reporting.quiet_tensorflow import import_tensorflow
from bloodcells.reporting.terminal import aligned

log = logging.getLogger("bloodcells.reproduce")


def reproduce(config: ReproduceConfig) -> None:
    """Trains a finished run again with its own config and logs the repetition as a child run.

    Raises InputError for errors the user can fix, and NotReproducedError, at the end, if the two runs differ.
    """
    # Imported here, so that --help and completion do not wait for MLflow.
    from bloodcells.reproduction.conditions import recorded_config
    from bloodcells.runs.train import train
    from bloodcells.tracking.find import find_run

    original = find_run(config.tracking, config.run_id)
    train_config = recorded_config(original, config.tracking)
    threads = train_config.training.threads or "one per core"
    log.info(f"repeating run {original.id}: {original.name}; threads: {threads}")

    import_tensorflow()
    from bloodcells.reproduction.repetition import Repetition

    repetition = Repetition(original)
    train(train_config, repetition.tracked)
    log.info(aligned({"repeated": f"{original.name} ({original.id})", **repetition.verdict.rows()}))
    repetition.verdict.check(original)


main = command("reproduce", ReproduceConfig)(reproduce)

if __name__ == "__main__":
    main()
