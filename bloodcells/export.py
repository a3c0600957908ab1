"""Writes a finished run's model for use elsewhere: `python -m bloodcells.export run_id=... format=codabench`."""

import logging
import os
from pathlib import Path

from bloodcells.config.command import command
from bloodcells.config.schema import ExportConfig
from bloodcells.deployment.check import TOLERANCE, agreement, fresh_answers
from bloodcells.deployment.formats import check_installed, write
from bloodcells.deployment.place import file_name, megabytes, put, workshop
from bloodcells.reporting.quiet_tensorflow import import_tensorflow
from bloodcells.reporting.terminal import aligned
from bloodcells.runs.images import own_images
from bloodcells.tracking.stored import find_run

log = logging.getLogger("bloodcells.export")

# The most that a probability may differ by from what the run recorded, perhaps on a GPU, which rounds more coarsely.
MACHINES = 0.05


def export(config: ExportConfig) -> None:
    """One model in one format, as `config` has it.

    It is written only once a fresh process that has what its users have answers for the run's test images as the run's
    own model does. Raises InputError for what the user can mend, and where the answers differ.
    """
    check_installed(config.format)
    run = find_run(config.tracking, config.run_id)
    log.info(f"run {run.name} ({run.id})")
    recorded = run.predictions().of("test")
    images = own_images(run, "test")["test"]
    place = Path(config.output, file_name(config, run))

    # Everything is computed on the processor, where two processes round alike.
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    import_tensorflow()
    from bloodcells.model.inference import Inference
    from bloodcells.model.restore import restore
    from bloodcells.model.views import averaged

    with workshop(config.output) as folder:
        model = restore(run.model_file(folder))
        expected = Inference(model, run.batch_size())(images.pixels)
        own = agreement(f"run {run.id}'s model", recorded.probabilities, expected.argmax(axis=1), expected, MACHINES)
        log.info(f"its model's answers here and those it recorded: {own.describe()}")
        if config.test_time_augmentation:
            model = averaged(model)
            expected = Inference(model, run.batch_size())(images.pixels)
        written = folder / place.name
        write(model, config.format, written)
        log.info(f"{place.name}: made; now run in a fresh process that has what its users have")
        answers = fresh_answers(config.format, written, images.pixels)
        found = agreement(place.name, expected, answers.labels, answers.probabilities, TOLERANCE[config.format])
        put(written, place)
    rows = {
        "written": f"{place} ({megabytes(place):.1f} MB)",
        "compared": found.describe(),
        "speed": f"{answers.seconds_per_image:.4f} s an image, on this machine's processor",
    }
    log.info(aligned(rows))


main = command("export", ExportConfig)(export)

if __name__ == "__main__":
    main()
