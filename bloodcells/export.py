"""Exports a finished run's model for use elsewhere: `python -m bloodcells.export run_id=... format=codabench`."""

import logging
import os
from pathlib import Path

from bloodcells.config.command import command
from bloodcells.config.errors import InputError
from bloodcells.config.schema import ExportConfig, Format
from bloodcells.reporting.files import move_into_place, staging
from bloodcells.reporting.quiet_tensorflow import import_tensorflow
from bloodcells.reporting.terminal import aligned

log = logging.getLogger("bloodcells.export")

SUFFIXES = {".keras", ".onnx", ".zip"}
# Maximum difference from the recorded probabilities: the run may have used a GPU, where rounding is coarser.
RECORDED_TOLERANCE = 0.05


def export(config: ExportConfig) -> None:
    """Exports a run's model in one format.

    A fresh process, which can import only the libraries that the format requires, first predicts the run's test images
    with the export. It is moved to its place only if these predictions agree with those of the run's model. Without the
    run's data, the images that were kept with the model replace the test images.
    Raises InputError for errors the user can fix and if predictions disagree.
    """
    # Imported here, so that --help and completion do not wait for MLflow.
    from bloodcells.deployment.card import model_card
    from bloodcells.deployment.check import check_agreement, predict_in_fresh_process
    from bloodcells.deployment.formats import TOLERANCE, USE, check_installed, file_name, megabytes
    from bloodcells.runs.images import kept, split_images
    from bloodcells.runs.result import stored_model
    from bloodcells.tracking.find import find_runs

    check_installed(config.format)
    if Path(config.output).suffix in SUFFIXES:
        raise InputError(f"output={config.output}: expected a folder; the file in it is named after the run")
    run = find_runs(config.tracking, config.run_id)
    log.info(f"run {run.name} ({run.ids})")
    test = run.predictions().of("test")
    try:
        pixels, recorded = split_images(run, "test")["test"].pixels, test.probabilities
    except InputError as error:
        pixels, recorded = run.model_examples(), test.probabilities[kept(test.labels)]
        log.warning(f"{error}; compares predictions on the {len(pixels)} images kept with the model instead")
    target = Path(config.output, file_name(config, run))

    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # both processes use the CPU, for equal rounding
    import_tensorflow()
    from bloodcells.deployment.write import write
    from bloodcells.model.inference import Inference, averaged

    with staging(Path(config.output)) as stage:
        model = stored_model(run)
        expected = Inference(model, run.batch_size())(pixels)
        labels = expected.argmax(axis=1)
        reproduced = check_agreement(
            f"run {run.ids}'s model",
            recorded,
            labels=labels,
            probabilities=expected,
            tolerance=RECORDED_TOLERANCE,
        )
        log.info(f"the model's predictions compared with the recorded ones: {reproduced.describe()}")
        if config.test_time_augmentation:
            model = averaged(model)
            expected = Inference(model, run.batch_size())(pixels)
        written = stage / target.name
        use = USE[config.format].format(name=target.name)
        card = model_card(
            run,
            size=pixels.shape[1:3],
            use=use,
            labels=config.format is Format.codabench,
            averaged=config.test_time_augmentation,
        )
        write(model, config.format, written, card)
        log.info(f"{target.name}: written; checking its predictions in a fresh process")
        exported = predict_in_fresh_process(config.format, written, pixels)
        agreement = check_agreement(
            target.name,
            expected,
            labels=exported.labels,
            probabilities=exported.probabilities,
            tolerance=TOLERANCE[config.format],
        )
        about = stage / f"{target.name}.md"
        about.write_text(card.text, encoding="utf-8")
        move_into_place(written, target)
        move_into_place(about, target.with_name(about.name))
    rows = {
        "written": f"{target} ({megabytes(target):.1f} MB)",
        "card": f"{target.with_name(about.name)}, also inside",
        "compared": agreement.describe(),
        "speed": f"{exported.seconds_per_image:.4f} s per image, on this machine's CPU",
    }
    if config.format is Format.codabench:
        rows["labels"] = "counted from 0, in the order of the classes in the card"
    log.info(aligned(rows))


main = command("export", ExportConfig)(export)

if __name__ == "__main__":
    main()
