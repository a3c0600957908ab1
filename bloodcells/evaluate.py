"""Scores a finished run by its model: `python -m bloodcells.evaluate run_id=...`, read from top to bottom."""

import logging
import tempfile
from pathlib import Path

from bloodcells.config.command import command
from bloodcells.config.errors import InputError
from bloodcells.config.schema import Data, EvaluateConfig
from bloodcells.data.clean import clean
from bloodcells.data.images import Images
from bloodcells.data.load import load
from bloodcells.provenance.fingerprint import fingerprint
from bloodcells.reporting.quiet_tensorflow import import_tensorflow
from bloodcells.runs.images import own_images
from bloodcells.tracking.stored import find_run

log = logging.getLogger("bloodcells.evaluate")


def evaluate(config: EvaluateConfig) -> None:
    """One scoring, as `config` has it, tracked as a run below the one that is scored.

    Raises InputError for what the user can mend, before anything is tracked.
    """
    run = find_run(config.tracking, config.run_id)
    trained = run.config()
    log.info(f"run {run.id}: {run.name}")
    own = config.data.name == "own"
    parts = own_images(run, "validation", "test") if own else {"test": _another_set(config.data, run.class_names())}
    stored, images = run.predictions(), parts["test"]
    alike = run.test_time_augmentation() == config.evaluation.test_time_augmentation
    # The temperature is fitted on answers that are made as those it is for.
    validation = stored.of("validation") if own or alike else own_images(run, "validation")["validation"]
    log.info(f"{'its own test split' if own else 'another set'}: {images.describe()}")

    import_tensorflow()
    from bloodcells.evaluation.page import evaluation_page
    from bloodcells.evaluation.score import score
    from bloodcells.model.restore import restore
    from bloodcells.reporting.terminal import aligned
    from bloodcells.runs.description import outcome
    from bloodcells.runs.lifecycle import begun, source_tags

    with tempfile.TemporaryDirectory() as folder:
        model = restore(run.model_file(Path(folder)))
    if (size := model.input_shape[1:3]) != images.size:
        raise InputError(
            f"{images.origin}: images {images.size[1]} pixels wide and {images.size[0]} high; expected the run's "
            f"{size[1]} and {size[0]}"
        )
    scored = score(model, parts, config.evaluation, trained.augmentation, run.batch_size(), trained.seed, validation)
    rows = outcome(scored.metrics, len(images))
    if own and alike:
        rows["again"] = f"answers {scored.predictions.against(stored)}"
    title = f"Evaluation of {run.name}"
    lead = "\n".join([f"Run {run.id}, on {images.describe()}", *(f"{key}: {said}" for key, said in rows.items())])
    tags = source_tags("bloodcells.evaluate", fingerprint(config, images.sha256)) | {"mlflow.parentRunId": run.id}
    params = {"run_id": run.id, "data": config.data.name, "cleaned": str(config.data.clean.enabled)}
    with begun(config.tracking, title, tags, params, images.origin, "testing") as tracked:
        tracked.describe(lead)
        tracked.score(scored.metrics)
        tracked.keep(scored.files | {"evaluation.html": evaluation_page(title, lead, scored, images, trained.seed)})
    log.info(aligned(rows | tracked.where()))


def _another_set(config: Data, class_names: tuple[str, ...]) -> Images:
    """All images of another set, cleaned if that was asked for, their classes numbered as the run's."""
    images = load(config)
    if config.clean.enabled:
        cleaned = clean(images, config.clean)
        log.info(cleaned.describe())
        images = cleaned.images
    return images.with_classes(class_names)


main = command("evaluate", EvaluateConfig)(evaluate)

if __name__ == "__main__":
    main()
