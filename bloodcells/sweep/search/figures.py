"""Figures of a search: the value of each trial, and how much each setting matters."""

import optuna
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from optuna.importance import FanovaImportanceEvaluator

from bloodcells.reporting.style import BLUE, GRAY, GREEN, ORANGE, WARNING, literal
from bloodcells.sweep.search.trials import Trials

FEWEST = 4  # done trials for an estimate of importance


def history(trials: Trials, label: str) -> Figure:
    """The value of each trial and the best one so far; of trials that were pruned, the highest of their curve."""
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axes = figure.subplots()
    values = {trial.number: value for trial in trials.all if (value := trials.value(trial)) is not None}
    if values and len(trials.seeds) > 1:
        single = [
            (trial.number, run.metrics[trials.objective]) for trial in trials.all if trial.done for run in trial.runs
        ]
        axes.plot(*zip(*single, strict=True), ".", color=GRAY, markersize=4, label="one seed")
    if values:
        best = [max(value for other, value in values.items() if other <= number) for number in values]
        axes.scatter(list(values), list(values.values()), color=BLUE, zorder=3, label="done")
        axes.step([*values, len(trials.all)], [*best, best[-1]], where="post", color=GREEN, label="best so far")
    if pruned := {trial.number: trials.highest(trial) for trial in trials.all if trial.result == "pruned"}:
        axes.scatter(list(pruned), list(pruned.values()), marker="x", color=ORANGE, label="pruned")
    for result, marker in (("diverged", "v"), ("failed", "s")):
        if numbers := [trial.number for trial in trials.all if trial.result == result]:
            axes.plot(
                numbers,
                [0.02] * len(numbers),
                marker,
                color=WARNING,
                label=result,
                transform=axes.get_xaxis_transform(),
            )
    axes.set_xlabel("Trial")
    axes.set_ylabel(label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(loc="outside lower center", ncols=6, fontsize="small", frameon=False)
    sns.despine(figure)
    return figure


def importance(trials: Trials, seed: int) -> Figure | None:
    """The share of each setting in the variance that single settings explain; None if too few trials differ.

    By fANOVA, which fits a random forest, drawn with `seed`, to the trials that are done.
    Hutter et al. 2014, An Efficient Approach for Assessing Hyperparameter Importance, ICML.
    """
    values = [value for trial in trials.all if (value := trials.value(trial)) is not None]
    if len(values) < FEWEST or len(set(values)) == 1 or len(trials.space) == 1:
        return None
    shares = optuna.importance.get_param_importances(trials.study, evaluator=FanovaImportanceEvaluator(seed=seed))
    figure = Figure(figsize=(8, 1.2 + 0.35 * len(shares)), layout="constrained")
    axes = figure.subplots()
    names = [literal(key) for key in reversed(shares)]
    bars = axes.barh(names, list(reversed(shares.values())), color=BLUE)
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.set_xlim(0, 1.08)
    axes.set_xlabel(f"Share of the variance that single settings explain (fANOVA on {len(values)} done trials)")
    sns.despine(figure)
    return figure
