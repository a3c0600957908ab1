"""Measures how fast it all is: `python -m bloodcells.bench`, read from top to bottom."""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bloodcells.benchmark.group import Group
from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.command import command
from bloodcells.config.errors import InputError
from bloodcells.config.schema import BenchConfig, Part
from bloodcells.data.synthetic import draw_cells
from bloodcells.provenance.fingerprint import fingerprint
from bloodcells.reporting.files import checked_output, write_atomically
from bloodcells.reporting.page import Section, markdown
from bloodcells.reporting.quiet_tensorflow import import_tensorflow
from bloodcells.reporting.terminal import aligned

log = logging.getLogger("bloodcells.bench")
IMAGES, SIDE = 768, 96  # generated cells, and their pixels a side, as the report's have


def bench(config: BenchConfig) -> None:
    """Measures in rounds, writes results.csv and table.md. Raises InputError for what the user can mend, beforehand."""
    if not config.parts:
        raise InputError(f"parts=[]: expected some of {', '.join(part.value for part in Part)}")
    folder = CHECKOUT / "experiments" / "benchmark" if config.output is None else Path(config.output)
    csv, table = (checked_output(str(folder / name)) for name in ("results.csv", "table.md"))
    began = time.monotonic()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # keras-cv has TensorFlow tell of oneDNN between the lines
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # several processes share a GPU
    import_tensorflow()
    from bloodcells.benchmark import augmentation, determinism, run, startup, sweep, training
    from bloodcells.benchmark.machine import told
    from bloodcells.benchmark.rounds import measured
    from bloodcells.benchmark.table import columns, results, tables
    from bloodcells.provenance.machine import machine
    from bloodcells.reporting.terminal import duration
    from bloodcells.training.devices import cores

    images = draw_cells(IMAGES, SIDE, config.seed).take(np.arange(IMAGES))  # without the planted copies after them
    here = machine(cores())
    lead = told(here, fingerprint(config, images.sha256))
    log.info(lead)
    groups: dict[Part, Callable[[], list[Group]]] = {
        Part.augmentation: lambda: augmentation.groups(images, config.seed),
        Part.training: lambda: training.groups(images, config.seed, config.rounds),
        Part.startup: startup.groups,
        Part.run: lambda: run.groups(config.seed),
        Part.determinism: lambda: determinism.groups(
            here["cores"], bool(here["gpus"]), images, config.seed, config.rounds
        ),
        Part.sweep: sweep.groups,
    }
    chosen = [group for part in dict.fromkeys(config.parts) for group in groups[part]()]
    found = results(list(measured(chosen, config.rounds)))
    summaries = tables(found)
    write_atomically(csv, found.to_csv(index=False))
    sections = [Section(part, [summary]) for part, summary in summaries.items()]
    how = f"Rounds: {config.rounds}, all of a table in each; the median of them, and the range from least to most."
    write_atomically(table, markdown("How fast it is", f"{lead}\n\n{how}", sections, {}))
    for part, summary in summaries.items():
        log.info(f"\n{part}\n\n{columns(summary)}")
    took = duration(time.monotonic() - began)
    log.info(aligned({"machine": lead, "time": took, "table": str(table), "results": str(csv)}))


main = command("bench", BenchConfig)(bench)

if __name__ == "__main__":
    main()
