"""Draws a page of what a training run would be given: `python -m bloodcells.inspect`, read from top to bottom."""

import logging
import time
from pathlib import Path

from bloodcells.config.command import command
from bloodcells.config.schema import InspectConfig
from bloodcells.data.clean import clean
from bloodcells.data.load import load
from bloodcells.data.split import split
from bloodcells.provenance.fingerprint import fingerprint
from bloodcells.reporting.files import checked_output, write_atomically
from bloodcells.reporting.quiet_tensorflow import import_tensorflow

log = logging.getLogger("bloodcells.inspect")


def inspect(config: InspectConfig) -> None:
    """One page, as `config` has it. Raises InputError for what the user can mend, before a run is begun."""
    began = time.monotonic()
    output = checked_output(config.output)
    images = load(config.data)
    log.info(images.describe())
    cleaned = clean(images, config.data.clean)
    log.info(cleaned.describe())
    parts = split(cleaned, config.data.split)
    log.info(parts.describe())

    # TensorFlow comes in only here: --help, completion and every complaint above come without waiting for it.
    import_tensorflow()
    from bloodcells.inspection.augmented import augmented
    from bloodcells.inspection.brightness import by_class, in_order, measured
    from bloodcells.inspection.classes import distribution, imbalance, samples
    from bloodcells.inspection.copies import copies_in, exact
    from bloodcells.inspection.leaks import across
    from bloodcells.reporting.page import page
    from bloodcells.reporting.terminal import aligned, duration
    from bloodcells.runs.contents import prepared
    from bloodcells.runs.description import compared
    from bloodcells.runs.lifecycle import begun, source_tags

    title = f"Inspection of {Path(images.origin).name}"
    tags = source_tags("bloodcells.inspect", fingerprint(config, images.sha256))
    seen = ("data", "data.path", "seed", *(key for key in compared(config) if key.startswith("augmentation")))
    params = {key: value for key, value in compared(config).items() if key in seen}
    with begun(config.tracking, title.lower(), tags, params, images.origin, "inspection") as run:
        found = copies_in(images, config.data.clean.repeats)
        chapters = [
            samples(cleaned.images, config.seed),
            in_order(images, measured(images), found),
            distribution(images, cleaned.images, parts),
            exact(images, found, config.data.clean),
            across(images, cleaned, parts, found, config.data.split.seed if config.data.split else config.seed),
            by_class(cleaned.images, measured(cleaned.images)),
            augmented(parts.training, config.augmentation, config.seed),
        ]
        lead = [images.describe(), cleaned.describe(), parts.describe(), imbalance(cleaned.images)]
        text = page(title, "\n".join(lead), [chapter.section for chapter in chapters])
        run.describe("\n".join(f"- {line}" for line in lead))
        run.keep(prepared(config, cleaned, parts) | {"inspection.html": text})
        for chapter in chapters:
            run.keep(chapter.files)
        write_atomically(output, text)
    log.info(
        aligned({"found": lead[-1], **run.where(), "page": str(output), "time": duration(time.monotonic() - began)})
    )


main = command("inspect", InspectConfig)(inspect)

if __name__ == "__main__":
    main()
