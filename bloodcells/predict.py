"""Predicts the classes of images without labels: `python -m bloodcells.predict run_id=... data.path=...`."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from bloodcells.config.command import command
from bloodcells.config.errors import InputError
from bloodcells.config.names import Artifact, Program
from bloodcells.config.schema import PredictConfig
from bloodcells.reporting.files import move_into_place, staging
from bloodcells.reporting.quiet_tensorflow import import_tensorflow
from bloodcells.reporting.terminal import aligned, with_progress

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from bloodcells.tracking.stored_run import StoredRun

log = logging.getLogger(Program.PREDICT)


def predict(config: PredictConfig) -> "pd.DataFrame":
    """Predicts images without labels, writes predictions.csv and forecasts the accuracy.

    Returns the table: file, class, the probability of each class, and confidence, that of the predicted one.
    Raises InputError for errors in the config or the data, before anything is written.
    """
    # Imported here, so that --help and completion do not wait for MLflow and pandas.
    import numpy as np
    import pandas as pd

    from bloodcells.data.unlabeled import load_unlabeled
    from bloodcells.runs.images import image_size
    from bloodcells.runs.result import stored_model
    from bloodcells.tracking.find import find_run

    run = find_run(config.tracking, config.run_id)
    log.info(f"run {run.id}: {run.name}")
    names = run.class_names()
    images = load_unlabeled(config.data.path, image_size(run))
    for reason in images.skipped:
        log.warning(f"skipped {reason}")
    if resized := images.resized():
        log.info(resized)

    import_tensorflow()
    from bloodcells.model.inference import Inference

    target = Path(config.output, "predictions.csv")
    with staging(target.parent) as stage:
        batch_size = run.batch_size()
        infer = Inference(stored_model(run), batch_size, run.test_time_augmentation())
        starts = range(0, len(images.files), batch_size)
        batches = [infer(images.pixels[start : start + batch_size]) for start in with_progress(starts, "predicting")]
        probabilities = np.concatenate(batches)
        predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
        table = pd.DataFrame({"file": images.files, "class": np.array(names)[predicted]})
        for number, name in enumerate(names):
            table[f"p({name})"] = probabilities[:, number]
        table["confidence"] = confidence
        table.to_csv(stage / target.name, index=False)
        move_into_place(stage / target.name, target)
    counts = ", ".join(f"{name} ({count:,})" for name, count in table["class"].value_counts().items())
    skipped = f"; {len(images.skipped):,} skipped" if images.skipped else ""
    rows = {
        "predicted": f"{len(table):,} images: {counts}{skipped}",
        "forecast": _forecast(run, predicted, confidence),
        "written": str(target),
    }
    log.info(aligned(rows))
    return table


def _forecast(run: "StoredRun", predicted: "np.ndarray", confidence: "np.ndarray") -> str:
    """The forecast of the accuracy in words, or why there is none."""
    import pandas as pd

    from bloodcells.evaluation.forecast import FEWEST, fit

    if len(predicted) < FEWEST:
        return f"none for fewer than {FEWEST} images"
    try:
        file = run.file(Artifact.FORECAST)
    except InputError:
        return f"none: the run has no {Artifact.FORECAST}, which training stores with evaluation=composed"
    with run.readable(Artifact.FORECAST):
        rows = pd.read_csv(file, keep_default_na=False)
    if (count := int((rows["draw"] == 0).sum())) < FEWEST:
        return f"none: the run has {count} validation images, fewer than {FEWEST}"
    return fit(rows, len(run.class_names()))(predicted, confidence).describe()


main = command("predict", PredictConfig)(predict)

if __name__ == "__main__":
    main()
