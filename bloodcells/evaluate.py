"""Scores the model of a finished run: `python -m bloodcells.evaluate run_id=...`."""

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from bloodcells.config.command import command
from bloodcells.config.errors import InputError
from bloodcells.config.names import Program, Tag
from bloodcells.config.schema import Data, EvaluateConfig
from bloodcells.reporting.quiet_tensorflow import import_tensorflow

if TYPE_CHECKING:
    from bloodcells.data.images import Images
    from bloodcells.runs.result import Result

log = logging.getLogger(Program.EVALUATE)


def evaluate(config: EvaluateConfig) -> "Result":
    """Scores the model of a finished run and logs the scores as a child run.

    Raises InputError for errors in the config or the data, before anything is logged.
    """
    # Imported here, so that --help and completion do not wait for MLflow.
    from bloodcells.provenance.fingerprint import fingerprint
    from bloodcells.runs.images import split_images
    from bloodcells.runs.result import stored_model, stored_result
    from bloodcells.tracking.find import find_runs

    run = find_runs(config.tracking, config.run_id)
    trained = run.config()
    log.info(f"run {run.ids}: {run.name}")
    own = config.data.name == "own"
    parts = split_images(run, "validation", "test") if own else {"test": _other_images(config.data, run.class_names())}
    stored, images = run.predictions(), parts["test"]
    same_views = run.test_time_augmentation() == config.evaluation.test_time_augmentation
    # The temperature must be fitted on predictions made in the same way as those that it corrects.
    validation = stored.of("validation") if own or same_views else split_images(run, "validation")["validation"]
    log.info(f"{'test split of the run' if own else 'other images'}: {images.describe()}")

    import_tensorflow()
    from bloodcells.evaluation.figures.draw import draw
    from bloodcells.evaluation.page import evaluation_page
    from bloodcells.evaluation.score import score
    from bloodcells.reporting.terminal import aligned
    from bloodcells.runs.contents import rounded
    from bloodcells.runs.description import scores_in_words
    from bloodcells.runs.lifecycle import source_tags, started

    model = stored_model(run)
    if (size := model.input_shape[1:3]) != images.size:
        raise InputError(
            f"{images.origin}: {images.size[1]}x{images.size[0]} pixels; expected {size[1]}x{size[0]}, the size of the "
            f"images that the run was trained on{f': data.resize={size[0]}' if size[0] == size[1] else ''}"
        )
    scored = score(
        model,
        parts,
        config.evaluation,
        trained_with=trained.augmentation,
        batch_size=run.batch_size(),
        seed=trained.seed,
        validation=validation,
    )
    rows = scores_in_words(scored.metrics, len(images))
    if own and same_views:
        rows["stored"] = f"predictions {scored.predictions.compare(stored)}"
    title, figures = f"Evaluation of {run.name}", draw(scored, parts)
    lead = "\n".join([f"Run {run.ids}, on {images.describe()}", *(f"{key}: {text}" for key, text in rows.items())])
    page = evaluation_page(title, lead, scored, figures=figures, images=images, seed=trained.seed)
    tags = source_tags(Program.EVALUATE, fingerprint(config, images.sha256)) | {Tag.PARENT: run.id}
    params = {"run_id": run.ids, "data": config.data.name, "cleaned": str(config.data.clean.enabled)}
    with started(config.tracking, title, tags=tags, params=params, origin=images.origin, context="testing") as tracked:
        tracked.describe(lead)
        tracked.log_metrics(metrics := rounded(scored.metrics))
        tracked.save({**scored.tables, **figures, "evaluation.html": page})
    log.info(aligned(rows | tracked.locations()))
    return replace(
        stored_result(run, config.tracking),
        run_id=tracked.id,
        metrics=metrics,
        predictions=scored.predictions,
        load_model=lambda: model,
    )


def _other_images(config: Data, class_names: tuple[str, ...]) -> "Images":
    """All images of another data set, cleaned if `clean.enabled`, with classes numbered as in the run."""
    from bloodcells.data.cache import load
    from bloodcells.data.clean import clean

    images = load(config)
    if config.clean.enabled:
        cleaned = clean(images, config.clean)
        log.info(cleaned.describe())
        images = cleaned.images
    return images.with_classes(class_names)


main = command("evaluate", EvaluateConfig)(evaluate)

if __name__ == "__main__":
    main()
