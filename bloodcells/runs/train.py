"""One training run, from the config to the stored result, in the order of execution."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from bloodcells.config.schema import Monitor, TrainConfig
from bloodcells.data.cache import load
from bloodcells.data.clean import clean
from bloodcells.data.split import split
from bloodcells.model.weights import check_weights, weights_file
from bloodcells.provenance.fingerprint import Fingerprint, fingerprint
from bloodcells.reporting.quiet_tensorflow import import_tensorflow
from bloodcells.runs.result import Result
from bloodcells.tracking.ask_server import ask_server
from bloodcells.training.plan import check_resolution, plan, remarks

log = logging.getLogger("bloodcells.train")
Tracker = Callable[[TrainConfig, Fingerprint, str], AbstractContextManager[Any]]


def train(config: TrainConfig, tracker: Tracker | None = None) -> Result:
    """Trains a classifier, scores it and stores the run.

    Args:
        config: a typed config, as `bloodcells.compose` returns it.
        tracker: opens the run in the store; `runs.lifecycle.tracked` by default.

    Raises:
        InputError: an error that the user can fix. Most are raised before the run starts; a loss that is not finite or
            a full disk fails the run.
    """
    if tracker is None:
        ask_server(config.tracking)
    check_weights(config.backbone)
    stages = plan(config)
    for remark in remarks(config):
        log.info(remark)
    images = load(config.data)
    log.info(images.describe())
    weights = weights_file(config.backbone)
    check_resolution(config.training.resolution, images.size)
    cleaned = clean(images, config.data.clean)
    log.info(cleaned.describe())
    parts = split(cleaned, config.data.split)
    log.info(parts.describe())

    log.info("loading TensorFlow and building the model: %s with a %s head", config.backbone.name, config.head.name)
    # Imported here, so that --help, completion and the errors above do not wait for TensorFlow.
    import_tensorflow()
    from bloodcells.augmentation.compose import Augmentation
    from bloodcells.data.pipeline import TrainingBatches
    from bloodcells.evaluation.figures.draw import draw
    from bloodcells.evaluation.score import score
    from bloodcells.evaluation.shift.chains import distort_by_chains
    from bloodcells.model.build import build
    from bloodcells.model.inference import Inference
    from bloodcells.runs.contents import epoch_logger, final_metrics, input_files, result_files
    from bloodcells.runs.description import describe, summary
    from bloodcells.runs.images import kept
    from bloodcells.runs.lifecycle import tracked
    from bloodcells.training.devices import prepare, threads
    from bloodcells.training.epochs import Validate
    from bloodcells.training.fit import count_trainable, fit

    seed, classes, batch_size = config.seed, len(images.class_names), config.training.batch_size
    strategy = prepare(config.training, seed)
    with strategy.scope():
        model = build(config.backbone, config.head, images.size, classes=classes, weights=weights)
        loss = config.loss.build(parts.training.labels, classes)
        config.optimizer.build(stages[0].learning_rate)  # refuses impossible arguments before the run starts
    augmentation = Augmentation(config.augmentation, seed)
    batches = TrainingBatches(
        *augmentation.training_set(parts.training.pixels, parts.training.one_hot),
        augmentation,
        batch_size=batch_size,
        seed=seed,
        workers=threads(config.training),
        devices=strategy.num_replicas_in_sync,
    )
    infer = Inference(model, batch_size)
    chains, validation = config.evaluation.chains, parts.validation
    distorted = distort_by_chains(
        validation.pixels, validation.examples, strength=chains.strength, length=chains.length, draw=0, seed=seed
    )
    pixels = {Monitor.clean: validation.pixels, Monitor.composed: distorted}
    validate = Validate(infer, pixels, validation.one_hot, loss=loss)
    with (tracker or tracked)(config, fingerprint(config, images.sha256, weights), images.origin) as run:
        run.describe(describe(config, cleaned, parts, stages=stages, trained=count_trainable(model, stages)))
        run.save(input_files(config, cleaned, parts, batch=batches.first()))
        with strategy.scope(), epoch_logger(run) as on_epoch:
            fitted = fit(
                model,
                stages,
                batches,
                validate=validate,
                monitor=config.training.monitor,
                optimizer=config.optimizer,
                loss=loss,
                ema_momentum=config.training.ema_momentum,
                on_epoch=on_epoch,
                file=run.state,
            )
        run.save_model(model, images.class_names, parts.test.pixels[kept(parts.test.labels)])
        held_out, trained_with = {"validation": validation, "test": parts.test}, config.augmentation
        scored = score(model, held_out, config.evaluation, trained_with=trained_with, batch_size=batch_size, seed=seed)
        metrics = final_metrics(fitted, scored)
        run.log_metrics(metrics)
        run.save(result_files(fitted, scored))
        run.save(draw(scored, held_out))
    log.info(summary(config, fitted, scored.metrics, tested=len(parts.test), locations=run.locations()))
    return Result(run.id, metrics, fitted.table(), scored.predictions, lambda: config, lambda: model)
