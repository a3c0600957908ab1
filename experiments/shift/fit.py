"""The fit of the chains of distortions to published results, from predictions."""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.stats import rankdata

from bloodcells.reporting.page import Section, markdown
from bloodcells.reporting.style import PALETTE

RESAMPLES = 1000
EQUAL = 0.005  # half a point: far below the noise of an accuracy
COLUMNS = ["label", "length", "strength"]


@dataclass(frozen=True)
class Fit:
    """The fitted chains.

    accuracy: one row per label, length and strength
    error: one row per length and strength: the root mean square residual of the results that are fitted
    length, strength: the fitted ones
    residuals: one row per published result: ours, with a 95% bootstrap interval over the test images, and the residual
    correlation: Spearman's rank correlation of our accuracies with the published ones, and its 95% interval
    """

    accuracy: pd.DataFrame
    error: pd.DataFrame
    length: int
    strength: float
    residuals: pd.DataFrame
    correlation: tuple[float, float, float]

    def describe(self) -> str:
        """The fitted settings and the errors in two lines."""
        by_use = self.residuals.groupby("use")["residual"].apply(lambda values: np.sqrt(np.mean(values**2)))
        errors = ", ".join(f"{100 * value:.1f} points ({use})" for use, value in by_use.items())
        rho, low, high = self.correlation
        return (
            f"evaluation.chains.length={self.length} evaluation.chains.strength={self.strength:g}\n"
            f"root mean square residual: {errors}; rank correlation {rho:.2f} ({low:.2f} to {high:.2f})"
        )


def fit(predictions: pd.DataFrame, published: pd.DataFrame) -> Fit:
    """Chooses the length and strength with the lowest mean square residual of the published results to fit.

    Of settings whose root mean square residuals differ by less than EQUAL, it takes the shortest chains.

    predictions: one row per test image, one column per setting, "label length strength": 1 if correct, else 0
    published: columns label, minus, accuracy, use, source; with `minus`, `accuracy` is the difference from that label
    """
    settings = [column.split() for column in predictions.columns]
    predictions = predictions.set_axis(
        pd.MultiIndex.from_tuples([(label, int(n), float(s)) for label, n, s in settings], names=COLUMNS), axis=1
    )
    means = predictions.mean()
    table = means.unstack(COLUMNS[1:])
    used = published[published["use"] == "fit"]
    error = np.sqrt(((_ours(table, used) - used["accuracy"].to_numpy()[:, None]) ** 2).mean(axis=0))
    errors = pd.DataFrame([*table.columns], columns=["length", "strength"]).assign(error=error)
    equal = error < error.min() + EQUAL
    length, strength = table.columns[int(np.argmax(equal))]
    correct = predictions.xs((length, strength), axis=1, level=COLUMNS[1:]).T
    rng = np.random.default_rng(0)
    draws = rng.integers(0, correct.shape[1], (RESAMPLES, correct.shape[1]))
    resampled = pd.DataFrame(correct.to_numpy()[:, draws].mean(axis=2), index=correct.index)
    ours, spread = _ours(correct.mean(axis=1).to_frame(), published)[:, 0], _ours(resampled, published)
    low, high = np.percentile(spread, [2.5, 97.5], axis=1)
    residuals = published.assign(ours=ours, low=low, high=high, residual=ours - published["accuracy"])
    accuracy = means.rename("accuracy").reset_index()
    return Fit(accuracy, errors, int(length), float(strength), residuals, _correlation(correct, resampled, published))


def _ours(table: pd.DataFrame, published: pd.DataFrame) -> np.ndarray:
    """Our counterpart of every published result, for each column of `table`: float (results, columns)."""
    ours = table.loc[published["label"]].to_numpy(copy=True)
    compared = published["minus"].notna().to_numpy()
    ours[compared] -= table.loc[published["minus"][compared]].to_numpy()
    return ours


def _correlation(correct: pd.DataFrame, resampled: pd.DataFrame, published: pd.DataFrame) -> tuple[float, float, float]:
    """Rank correlation of the absolute accuracies that follow from the published results, with its interval.

    A difference is added to the result for the label that it refers to, where that one is published.
    """
    known: dict[str, float] = {}
    for row in published.to_dict("records"):
        if pd.isna(row["minus"]):
            known.setdefault(row["label"], row["accuracy"])
    for row in published.to_dict("records"):
        if row["minus"] in known:
            known.setdefault(row["label"], known[row["minus"]] + row["accuracy"])
        elif pd.notna(row["minus"]) and row["label"] in known:
            known.setdefault(row["minus"], known[row["label"]] - row["accuracy"])
    labels, values = list(known), list(known.values())
    rho = _spearman(correct.mean(axis=1)[labels].to_numpy()[:, None], np.array(values))[0]
    low, high = np.nanpercentile(_spearman(resampled.loc[labels].to_numpy(), np.array(values)), [2.5, 97.5])
    return float(rho), float(low), float(high)


def _spearman(ours: np.ndarray, published: np.ndarray) -> np.ndarray:
    """Rank correlation of each column of `ours`, float (results, columns), with `published`; NaN if it is constant."""
    ranks, expected = rankdata(ours, axis=0), rankdata(published)
    ranks, expected = ranks - ranks.mean(axis=0), expected - expected.mean()
    with np.errstate(invalid="ignore"):
        return (ranks * expected[:, None]).sum(axis=0) / np.sqrt((ranks**2).sum(axis=0) * (expected**2).sum())


def figure(result: Fit) -> bytes:
    """Accuracy of every run against the strength, one panel per length, with the published results; a PNG."""
    lengths = sorted(result.accuracy["length"].unique())
    drawn = Figure(figsize=(2.1 * len(lengths) + 1, 3.2), layout="constrained")
    panels = drawn.subplots(1, len(lengths), sharey=True, squeeze=False)[0]
    labels = list(dict.fromkeys(result.accuracy["label"]))
    targets = result.residuals[result.residuals["minus"].isna()].set_index("label")["accuracy"]
    for axes, length in zip(panels, lengths, strict=True):
        for label, color in zip(labels, PALETTE * 2, strict=False):
            rows = result.accuracy[(result.accuracy["length"] == length) & (result.accuracy["label"] == label)]
            axes.plot(rows["strength"], rows["accuracy"], marker="o", markersize=3, color=color, label=label)
            if label in targets:
                axes.axhline(targets[label], color=color, linewidth=0.8, linestyle=":")
        if length == result.length:
            axes.axvline(result.strength, color="0.5", linewidth=0.8)
        axes.set_title(f"length {length}" + (" (fitted)" if length == result.length else ""), fontsize="medium")
        axes.set_xlabel("Strength")
        axes.set_ylim(0, 1)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("Accuracy under chains\n(dotted: published)")
    handles, names = panels[0].get_legend_handles_labels()
    drawn.legend(handles, names, loc="outside lower center", ncols=4, fontsize="small", frameon=False)
    file = BytesIO()
    drawn.savefig(file, format="png", dpi=150)
    return file.getvalue()


def markdown_table(result: Fit) -> str:
    """The residuals and the errors of all settings, as Markdown."""
    shown = result.residuals.assign(minus=result.residuals["minus"].fillna(""))
    errors = result.error.pivot_table(index="length", columns="strength", values="error").mul(100).round(1)
    errors = errors.rename(columns="{:g}".format).reset_index()
    sections = [
        Section("Published results and ours", [shown.round(3)]),
        Section("Root mean square residual of the fitted results, in points, by length and strength", [errors]),
    ]
    return markdown("Fit of the chains of distortions", result.describe(), sections, figures={})
