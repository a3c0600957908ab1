"""Measures the speed of training and of the work around it: `python -m experiments.benchmark --help`."""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bloodcells.config.errors import InputError
from bloodcells.reporting.files import checked_output, write_atomically
from bloodcells.reporting.page import Section, markdown
from bloodcells.reporting.quiet_tensorflow import import_tensorflow
from bloodcells.reporting.terminal import aligned, duration
from experiments.benchmark import commands, folding, training
from experiments.benchmark.rounds import Group, measure, with_ratios
from experiments.benchmark.table import describe, digits, tables

PARTS = {
    "augmentation": "images per second of each augmentation, compared with keras-cv's RandAugment as documented",
    "training": "seconds per epoch of two backbones, compared with a plain Keras fit of the same model",
    "folding": "images per second of two frozen or fine-tuned backbones, compared with plain Keras",
    "startup": "seconds until --help is printed, by every program",
    "stored": "seconds of a sweep whose 1,000 jobs are done, and of a report on 1,000 runs",
    "run": "seconds of a short run, with tracking and without",
    "determinism": "seconds per epoch by number of threads; on a GPU also with deterministic operations and without",
    "sweep": "seconds of twelve jobs as a sweep and as separate commands; off by default: 14 minutes per round",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures in rounds, then writes results.csv and table.md."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error(f"--rounds {options.rounds}: expected 1 or more")
    try:
        csv, table = (checked_output(str(options.output / name)) for name in ("results.csv", "table.md"))
    except InputError as error:
        parser.error(str(error))
    start = time.monotonic()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # oneDNN's messages would interrupt the results
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # lets several processes share a GPU
    import_tensorflow()
    from bloodcells.provenance.machine import machine
    from bloodcells.training.devices import cores

    details = machine(cores())
    lead = describe(details)
    print(lead, flush=True)
    groups = _groups(options.seed, details["cores"], bool(details["gpus"]))
    measurements = []
    for measurement in measure([group for part in options.parts for group in groups[part]()], options.rounds):
        measurements.append(measurement)
        what = f"{measurement.part}, round {measurement.round}, {measurement.contender}"
        print(f"{what}: {digits(measurement.value)} {measurement.metric}", flush=True)
    results = with_ratios(measurements)
    summaries = tables(results)
    write_atomically(csv, results.to_csv(index=False))
    method = f"Rounds: {options.rounds}, each contender once per round. Medians over the rounds; ranges are min to max."
    sections = [Section(part, [summary]) for part, summary in summaries.items()]
    write_atomically(table, markdown("Speed", f"{lead}\n\n{method}", sections, figures={}))
    for part, summary in summaries.items():
        print(f"\n{part}\n\n{summary.to_string(index=False)}")
    print(aligned({"time": duration(time.monotonic() - start), "table": str(table), "results": str(csv)}))


def _parser() -> argparse.ArgumentParser:
    parts = "\n".join(f"  {part:14}{text}" for part, text in PARTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m experiments.benchmark",
        description="Measures speed on generated cells. Other programs on the machine distort the results.",
        epilog=f"parts:\n{parts}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = [part for part in PARTS if part != "sweep"]
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=default, metavar="PART", help="default: all but sweep"
    )
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each contender; default: 3")
    parser.add_argument("--seed", type=int, default=0, help="of the cells, initial weights and augmentation")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(__file__).parent,
        help="folder for results.csv and table.md; default: experiments/benchmark",
    )
    return parser


def _groups(seed: int, cores: int, gpu: bool) -> dict[str, Callable[[], list[Group]]]:
    """The groups of each part, built only when needed, since some draw images or import TensorFlow."""
    from experiments.benchmark import augmentation

    return {
        "augmentation": lambda: [augmentation.group(seed)],
        "training": lambda: [training.backbone(name, seed) for name in training.BACKBONES],
        "folding": lambda: [folding.backbone(name, seed) for name in folding.BACKBONES],
        "startup": lambda: [commands.startup()],
        "stored": lambda: [commands.stored()],
        "run": lambda: [training.run(seed)],
        "determinism": lambda: training.determinism(cores, gpu, seed),
        "sweep": lambda: [commands.sweep()],
    }


if __name__ == "__main__":
    main()
