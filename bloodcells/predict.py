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
    """Predicts images without labels, forecasts the accuracy, and writes predictions.csv and predictions.html.

    Returns the table: file, class, the probability of each class, confidence, that of the predicted one, and flagged,
    whether to withhold the answer to reach `accuracy`.
    Raises InputError for errors in the config or the data, before anything is written.
    """
    # Imported here, so that --help and completion do not wait for MLflow and pandas.
    import numpy as np
    import pandas as pd

    from bloodcells.data.unlabeled import load_unlabeled
    from bloodcells.reporting.spreadsheet import to_csv
    from bloodcells.runs.result import stored_model
    from bloodcells.tracking.find import find_runs

    run = find_runs(config.tracking, config.run_id)
    log.info(f"run {run.ids}: {run.name}")
    names = run.class_names()
    images = load_unlabeled(config.data.path, run.image_size())
    for reason in images.skipped:
        log.warning(f"skipped {reason}")
    if resized := images.resized():
        log.info(resized)

    import_tensorflow()
    from bloodcells.evaluation.predicted_page import predicted_page
    from bloodcells.model.inference import Inference

    output = Path(config.output)
    with staging(output) as stage:
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
        forecast, flagged = _forecast(run, predicted, confidence, config.accuracy)
        if flagged is not None:
            table["flagged"] = flagged
        counts = ", ".join(f"{name} ({count:,})" for name, count in table["class"].value_counts().items())
        skipped = f"; {len(images.skipped):,} skipped" if images.skipped else ""
        rows = {"predicted": f"{len(table):,} image{'s' if len(table) > 1 else ''}: {counts}{skipped}", **forecast}
        lead = [f"Run {run.ids}, on {config.data.path}", *(f"{key}: {text}" for key, text in rows.items())]
        page = predicted_page(f"Predictions of {run.name}", "\n".join(lead), table, images.pixels)
        (stage / "predictions.csv").write_text(to_csv(table))
        (stage / "predictions.html").write_text(page)
        for file in sorted(stage.iterdir()):
            move_into_place(file, output / file.name)
    log.info(aligned(rows | {"table": str(output / "predictions.csv"), "page": str(output / "predictions.html")}))
    return table


def _forecast(
    run: "StoredRun", predicted: "np.ndarray", confidence: "np.ndarray", target: float | None
) -> "tuple[dict[str, str], np.ndarray | None]":
    """Lines of the summary about the accuracy to expect, and which answers to flag: bool (n,), None without a target.

    Raises InputError if there is a target but no forecast.
    """
    import numpy as np
    import pandas as pd

    from bloodcells.evaluation.abstention import answerable
    from bloodcells.evaluation.forecast import FEWEST, fit

    reason, rows = "", pd.DataFrame()
    try:
        file = run.file(Artifact.FORECAST)
        with run.readable(Artifact.FORECAST):
            rows = pd.read_csv(file, keep_default_na=False)
    except InputError:
        reason = f"the run has no {Artifact.FORECAST}, which training stores with evaluation=composed"
    if len(run.members) > 1:
        reason = "it is fitted for one run, not for several"
    if len(predicted) < FEWEST:
        reason = f"it needs {FEWEST} images or more"
    elif not reason and (count := int((rows["draw"] == 0).sum())) < FEWEST:
        reason = f"it needs {FEWEST} validation images or more, and the run has {count}"
    if reason:
        if target is not None:
            raise InputError(f"accuracy={target}: there is no forecast, since {reason}; expected accuracy=null")
        return {"forecast": f"none: {reason}"}, None
    forecaster = fit(rows, len(run.class_names()))
    forecast = forecaster(predicted, confidence)
    lines = {"forecast": forecast.describe()}
    if target is None:
        return lines, None
    if forecast.doubt:
        return lines | {"answered": "none, since the forecast is unreliable: all are flagged"}, np.ones(
            len(predicted), bool
        )
    answered = answerable(forecaster.certainty(predicted, confidence), target)
    lines["answered"] = (
        f"{answered.sum():,} of {len(answered):,} images ({answered.mean():.0%}) at an expected accuracy of {target:g}"
        f"{'' if answered.all() else '; the others are flagged'}"
    )
    return lines, ~answered


main = command("predict", PredictConfig)(predict)

if __name__ == "__main__":
    main()
