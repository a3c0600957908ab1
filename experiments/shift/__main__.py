"""Fits length and strength of the chains of distortions to published results: `python -m experiments.shift --help`."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bloodcells.config.errors import InputError
from bloodcells.config.schema import LocalTracking, RankBy
from bloodcells.reporting.files import write_all
from bloodcells.reporting.quiet_tensorflow import import_tensorflow
from bloodcells.reporting.terminal import with_progress
from bloodcells.runs.images import split_images
from bloodcells.runs.result import stored_model
from bloodcells.tracking.find import search
from bloodcells.tracking.stored_run import StoredRun
from experiments.shift.fit import figure, fit, markdown_table

FOLDER = Path(__file__).parent
LENGTHS = (3, 4, 5, 6)
STRENGTHS = (0.55, 0.7, 0.85, 1.0)


def main(arguments: Sequence[str] | None = None) -> None:
    """Predicts the test images of every run under chains of every length and strength, then fits and writes tables."""
    options = _parser().parse_args(arguments)
    saved = options.predictions or options.output / "predictions.csv"
    try:
        published = _published(options.published)
        if not options.predictions:
            write_all(options.output, {saved.name: _predict(_runs(options, published), options.seed).to_csv()})
        elif not saved.is_file():
            raise InputError(f"{saved}: no such file; expected predictions.csv of an earlier call")
        predictions = pd.read_csv(saved, index_col=0, dtype={0: str})
        known = sorted({column.split()[0] for column in predictions.columns})
        if unknown := sorted({*published["label"], *published["minus"].dropna()} - {*known}):
            raise InputError(f"{options.published}: no predictions for {unknown[0]}; expected {', '.join(known)}")
        result = fit(predictions, published)
        write_all(
            options.output,
            {
                "accuracy.csv": result.accuracy.to_csv(index=False),
                "residuals.csv": result.residuals.to_csv(index=False),
                "table.md": markdown_table(result),
                "figures/fit.png": figure(result),
            },
        )
    except InputError as error:
        raise SystemExit(f"error: {error}") from error
    print(result.describe())


def _published(file: Path) -> pd.DataFrame:
    """The published results, checked."""
    try:
        table = pd.read_csv(file, dtype={"label": str, "minus": str, "accuracy": float, "use": str, "source": str})
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be read as a table ({str(error).splitlines()[0]})") from error
    if list(table.columns) != ["label", "minus", "accuracy", "use", "source"]:
        raise InputError(f"{file}: expected the columns label,minus,accuracy,use,source; received {','.join(table)}")
    if not table["accuracy"].between(-1, 1).all():
        raise InputError(f"{file}: an accuracy is not in [-1, 1]; expected shares, such as 0.46")
    if "fit" not in set(table["use"]):
        raise InputError(f"{file}: no result has use=fit; expected one or more, and “held out” for the others")
    return table


def _runs(options: argparse.Namespace, published: pd.DataFrame) -> dict[str, StoredRun]:
    """The finished runs of the study by their label."""
    tracking = LocalTracking("local", options.directory, options.experiment, tensorboard=False, rank_by=RankBy.composed)
    finished = [run for run in search(tracking, f"tags.study = '{options.study}'") if run.status == "FINISHED"]
    runs = {run.tags["label"]: run for run in finished if "label" in run.tags}
    if missing := sorted({*published["label"], *published["minus"].dropna()} - {*runs}):
        raise InputError(
            f"study {options.study} has no finished run with label {', '.join(missing)}; expected one for every label "
            f"in {options.published}: train them with --multirun 'experiment=glob(shift/*)'"
        )
    return runs


def _predict(runs: Mapping[str, StoredRun], seed: int) -> pd.DataFrame:
    """Whether each test image is predicted correctly: 0 or 1, one row per image, one column per run and setting."""
    import_tensorflow()
    from bloodcells.evaluation.shift.chains import distort_by_chains
    from bloodcells.model.inference import Inference

    tests = {label: split_images(run, "test")["test"] for label, run in runs.items()}
    infer = {label: Inference(stored_model(run), 128) for label, run in runs.items()}
    first = next(iter(tests.values()))
    if any(not np.array_equal(test.examples, first.examples) for test in tests.values()):
        raise InputError("the runs have different test images; expected the same data and seed for all of them")
    columns = {}
    settings = [(length, strength) for length in LENGTHS for strength in STRENGTHS]
    for length, strength in with_progress(settings, "chains"):
        distorted = distort_by_chains(first.pixels, first.examples, strength=strength, length=length, draw=0, seed=seed)
        for label in runs:
            correct = infer[label](distorted).argmax(axis=1) == first.labels
            columns[f"{label} {length} {strength:g}"] = correct.astype(int)
    return pd.DataFrame(columns, index=pd.Index(first.examples, name="example"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m experiments.shift",
        description="Fits length and strength of the chains of distortions to published accuracies: a table with the "
        "columns label (of a run in the study), minus (the label to subtract, or empty), accuracy (0 to 1, or a "
        "difference), use (fit or held out) and source.",
    )
    parser.add_argument(
        "--study", default="shift", help="study whose runs are scored, by their labels (default: shift)"
    )
    parser.add_argument("--predictions", type=Path, help="fit to these saved predictions, without the runs")
    parser.add_argument("--directory", default="mlruns", help="folder of the store (default: mlruns)")
    parser.add_argument("--experiment", default="bloodcells", help="MLflow experiment (default: bloodcells)")
    parser.add_argument("--published", type=Path, default=FOLDER / "published.csv", help="results to fit to")
    parser.add_argument(
        "--output", type=Path, default=FOLDER, help="folder for tables and figure (default: the study's)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the chains (default: 0)")
    return parser


if __name__ == "__main__":
    main()
