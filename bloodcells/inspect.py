"""Inspects the data a run would train on: `python -m bloodcells.inspect`."""

import logging
import time
from pathlib import Path

from bloodcells.config.command import command
from bloodcells.config.names import Program
from bloodcells.config.schema import InspectConfig
from bloodcells.reporting.files import checked_output, write_atomically
from bloodcells.reporting.quiet_tensorflow import import_tensorflow
from bloodcells.tracking.ask_server import ask_server

log = logging.getLogger(Program.INSPECT)


def inspect(config: InspectConfig) -> None:
    """Writes an HTML page about the data and logs it as a run.

    Raises InputError for errors in the config or the data, before the run starts.
    """
    # Imported here, so that --help and completion do not wait for NumPy, nor the errors before a run for TensorFlow.
    from bloodcells.data.cache import load
    from bloodcells.data.clean import clean
    from bloodcells.data.split import split

    start = time.monotonic()
    output = checked_output(config.output)
    ask_server(config.tracking)
    images = load(config.data)
    log.info(images.describe())
    cleaned = clean(images, config.data.clean)
    log.info(cleaned.describe())
    parts = split(cleaned, config.data.split)
    log.info(parts.describe())

    import_tensorflow()
    from bloodcells.inspection.augmented import augmented_images
    from bloodcells.inspection.brightness import brightness_by_class, brightness_in_order, mean_colors
    from bloodcells.inspection.classes import class_sizes, imbalance, samples
    from bloodcells.inspection.copies import find_copies, repeated_images
    from bloodcells.inspection.leaks import leakage
    from bloodcells.provenance.fingerprint import fingerprint
    from bloodcells.reporting.page import page
    from bloodcells.reporting.terminal import aligned, duration
    from bloodcells.runs.contents import setup_files
    from bloodcells.runs.description import run_params
    from bloodcells.runs.lifecycle import source_tags, started

    title = f"Inspection of {Path(images.origin).name}"
    tags = source_tags(Program.INSPECT, fingerprint(config, images.sha256))
    kept = ("data", "data.path", "seed", *(key for key in run_params(config) if key.startswith("augmentation")))
    params = {key: value for key, value in run_params(config).items() if key in kept}
    with started(
        config.tracking, title.lower(), tags=tags, params=params, origin=images.origin, context="inspection"
    ) as run:
        repeated = find_copies(images, config.data.clean.repeats)
        chapters = [
            samples(cleaned.images, config.seed),
            brightness_in_order(images, mean_colors(images), repeated),
            class_sizes(images, cleaned.images, parts),
            repeated_images(images, repeated, config.data.clean),
            leakage(
                images,
                cleaned,
                parts,
                repeated=repeated,
                seed=config.data.split.seed if config.data.split else config.seed,
            ),
            brightness_by_class(cleaned.images, mean_colors(cleaned.images)),
            augmented_images(parts.training, config.augmentation, config.seed),
        ]
        lead = [images.describe(), cleaned.describe(), parts.describe(), imbalance(cleaned.images)]
        text = page(title, "\n".join(lead), [chapter.section for chapter in chapters])
        run.describe("\n".join(f"- {line}" for line in lead))
        run.save(setup_files(config, cleaned, parts) | {"inspection.html": text})
        for chapter in chapters:
            run.save(chapter.files)
        write_atomically(output, text)
    log.info(
        aligned(
            {"classes": lead[-1], **run.locations(), "page": str(output), "time": duration(time.monotonic() - start)}
        )
    )


main = command("inspect", InspectConfig)(inspect)

if __name__ == "__main__":
    main()
