"""Compares forecasts of accuracy on distortions that no fit has seen: `python experiments/forecast/study.py RUN ...`.

Needs finished runs, their store (`--directory`) and their data. Adds the runs to results.csv, and writes table.md and
the figure.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from bloodcells.config.schema import Chains, LocalTracking, RankBy
from bloodcells.data.images import Images
from bloodcells.evaluation.forecast import fit
from bloodcells.evaluation.shift.chains import chain, distort_by_chains
from bloodcells.evaluation.shift.operations import OPERATIONS
from bloodcells.evaluation.validation_draws import validation_draws
from bloodcells.runs.images import split_images
from bloodcells.runs.result import stored_model
from bloodcells.tracking.find import find_run
from bloodcells.tracking.stored_run import StoredRun

HERE = Path(__file__).parent
CHAINS = Chains(length=4, strength=1.0)
GROUPS = tuple(dict.fromkeys(operation.group for operation in OPERATIONS.values()))
CLEAN, ALL = "none", "any"  # groups that are left out: none, since the set is clean, or has chains of any group
FORECAST = "bloodcells.evaluation.forecast"

Infer = Callable[[np.ndarray], np.ndarray]


def test_sets(infer: Infer, images: Images, seed: int) -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
    """The group to leave out, the name, the probabilities and the labels of every test set."""
    yield CLEAN, "clean", infer(images.pixels), images.labels
    for group in GROUPS:
        members = [operation for operation in OPERATIONS.values() if operation.group == group]
        for share in (0.5, 1.0):
            distorted = images.pixels.copy()
            for number, image in enumerate(distorted):
                rng = np.random.default_rng((seed, number))
                operation = members[rng.integers(len(members))]
                value = operation.neutral + share * (operation.limit - operation.neutral)
                image[:] = operation.apply(image, value, rng)
            yield group, f"alone, {share:g} of the limit", infer(distorted), images.labels
    labels = np.tile(images.labels, 2)
    chains = [chain(name, length=4, draw=draw, seed=seed) for draw in (0, 1) for name in images.examples.tolist()]
    groups = [{OPERATIONS[link.operation].group for link in links} for links in chains]
    for strength in (0.25, 0.5, 0.75, 1.0):
        probabilities = np.concatenate(
            [
                infer(
                    distort_by_chains(images.pixels, images.examples, strength=strength, length=4, draw=draw, seed=seed)
                )
                for draw in (0, 1)
            ]
        )
        yield ALL, f"chains, strength {strength:g}", probabilities, labels
        for group in GROUPS:
            has = np.array([group in each for each in groups])
            yield group, f"in chains, strength {strength:g}", probabilities[has], labels[has]


def others(rows: pd.DataFrame, probabilities: np.ndarray) -> dict[str, float]:
    """The forecasts of other methods, fitted on clean validation answers or on distorted ones."""
    confidence, shares = probabilities.max(axis=1), _shares(probabilities.argmax(axis=1), probabilities.shape[1])
    clean = rows[rows["draw"] == 0]
    accuracy, before = _accuracy(clean), _shares(clean["predicted"].to_numpy(), probabilities.shape[1])
    windows = [
        part.iloc[places]
        for group in GROUPS
        if len(part := rows[rows["groups"].str.contains(group)].sort_values("strength"))
        for places in np.array_split(np.arange(len(part)), 6)
    ]
    drops = np.array([accuracy - _accuracy(window) for window in windows])

    def regressed(sign: Callable[[pd.DataFrame], float], here: float) -> float:
        signs = np.array([sign(window) for window in windows])
        return accuracy - here * float(signs @ drops / (signs @ signs))

    def collapse(window: pd.DataFrame) -> float:
        return float(np.abs(_shares(window["predicted"].to_numpy(), len(before)) - before).sum() / 2)

    threshold, distorted = (np.quantile(each["confidence"], 1 - _accuracy(each)) for each in (clean, rows))
    sure = float(clean["confidence"].mean())
    return {
        "mean confidence": float(confidence.mean()),
        "difference of confidences, clean": accuracy - (sure - float(confidence.mean())),
        "thresholded confidence, clean": float((confidence > threshold).mean()),
        "difference of confidences, distorted": regressed(
            lambda window: sure - float(window["confidence"].mean()), sure - float(confidence.mean())
        ),
        "thresholded confidence, distorted": float((confidence > distorted).mean()),
        "collapse alone, distorted": regressed(collapse, float(np.abs(shares - before).sum() / 2)),
    }


def study(run: StoredRun) -> pd.DataFrame:
    """One row per test set of one run: accuracy and every forecast."""
    from bloodcells.model.inference import Inference

    seed, parts = run.config().seed, split_images(run, "validation", "test")
    infer = Inference(stored_model(run), run.batch_size())
    clean = run.predictions().of("validation").probabilities
    rows = validation_draws(infer, parts["validation"], clean, chains=CHAINS, seed=seed)
    kept = {group: rows[~rows["groups"].str.contains(group)] for group in (CLEAN, ALL, *GROUPS)}
    forecasters = {group: fit(table, clean.shape[1]) for group, table in kept.items()}
    results = []
    for group, name, probabilities, labels in test_sets(infer, parts["test"], seed):
        predicted = probabilities.argmax(axis=1)
        forecast = forecasters[group](predicted, probabilities.max(axis=1))
        facts = {"run": run.tags.get("label", run.name), "left out": group, "set": name, "images": len(labels)}
        ours = {FORECAST: forecast.accuracy, "low": forecast.low, "high": forecast.high, "doubt": bool(forecast.doubt)}
        results.append(
            facts | {"accuracy": float((predicted == labels).mean())} | others(kept[group], probabilities) | ours
        )
    return pd.DataFrame(results)


def _accuracy(rows: pd.DataFrame) -> float:
    return float((rows["predicted"] == rows["label"]).mean())


def _shares(predicted: np.ndarray, classes: int) -> np.ndarray:
    return np.bincount(predicted, minlength=classes) / len(predicted)


def summarize(results: pd.DataFrame) -> pd.DataFrame:
    """Mean absolute errors in points, by method and kind of set."""
    methods = list(results.columns[results.columns.get_loc("mean confidence") : results.columns.get_loc("low")])
    kind = results["set"].str.partition(",")[0]
    held_out = kind.isin(["alone", "in chains"])
    errors = 100 * results[methods].sub(results["accuracy"], axis=0).abs()
    believed = held_out & ~results["doubt"]
    chosen = {
        "clean": kind == "clean",
        "held-out group": held_out,
        "alone": kind == "alone",
        "in chains": kind == "in chains",
        "any chains": kind == "chains",
        "held-out, believed": believed,
    }
    table = pd.DataFrame({name: errors[rows].mean() for name, rows in chosen.items()}).round(1).astype(object)
    covered = results["accuracy"].between(results["low"], results["high"])
    table.loc["share of accuracies in the interval"] = [f"{covered[rows].mean():.0%}" for rows in chosen.values()]
    table.loc["sets"] = [str(int(rows.sum())) for rows in chosen.values()]
    return table.rename_axis("method").reset_index()


def figure(results: pd.DataFrame, file: Path) -> None:
    """Forecast against accuracy, for the mean confidence, thresholded confidence and this forecast."""
    import matplotlib.pyplot as plt

    held_out = results[results["set"].str.startswith(("alone", "in chains", "clean"))]
    methods = ("thresholded confidence, clean", "difference of confidences, distorted", FORECAST)
    drawn, axes = plt.subplots(1, len(methods), figsize=(11, 4), sharey=True, layout="constrained")
    for axis, method in zip(axes, methods, strict=True):
        axis.plot([0, 1], [0, 1], color="gray", linewidth=1)
        for group, part in held_out.groupby("left out", sort=False):
            axis.scatter(part[method], part["accuracy"], s=12, label=group)
        axis.set(title=method, xlabel="forecast", xlim=(0, 1), ylim=(0, 1))
    axes[0].set_ylabel("accuracy")
    axes[-1].legend(title="group left out", fontsize=7)
    drawn.savefig(file, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "runs", nargs="*", help="ids of finished runs; without any, only the table and the figure are written"
    )
    parser.add_argument("--directory", default="mlruns", help="the store of the runs")
    chosen = parser.parse_args()
    tracking = LocalTracking("local", chosen.directory, "bloodcells", rank_by=RankBy.composed)
    file = HERE / "results.csv"
    for run in chosen.runs:
        added = study(find_run(tracking, run)).round(4)
        if file.exists():
            kept = pd.read_csv(file)
            added = pd.concat([kept[~kept["run"].isin(added["run"])], added])
        added.sort_values("run", kind="stable").to_csv(file, index=False)
    results = pd.read_csv(file)
    (HERE / "figures").mkdir(exist_ok=True)
    figure(results, HERE / "figures" / "forecast.png")
    table = summarize(results)
    lines = [" | ".join(map(str, row)) for row in [table.columns, ["---"] * len(table.columns), *table.to_numpy()]]
    (HERE / "table.md").write_text("\n".join(f"| {line} |" for line in lines) + "\n")
    print((HERE / "table.md").read_text())


if __name__ == "__main__":
    main()
