"""The results of scoring as one HTML page."""

from collections.abc import Mapping
from typing import cast

import numpy as np
from matplotlib.figure import Figure
from pandas import DataFrame

from bloodcells.config.names import Artifact, Metric
from bloodcells.data.images import Images
from bloodcells.evaluation.figures.images import chained_images, distorted_images
from bloodcells.evaluation.gain import gain_in_words
from bloodcells.evaluation.mistakes import SHOWN
from bloodcells.evaluation.score import Scored
from bloodcells.reporting.page import Block, Section, page

Figures = Mapping[str, Figure]


def evaluation_page(title: str, lead: str, scored: Scored, *, figures: Figures, images: Images, seed: int) -> str:
    """Returns the page as HTML.

    lead: plain text, one paragraph per line; figures: from `draw`; images: the test images; seed: of their distortions
    """
    sections = [_accuracy(scored, figures)]
    if scored.composed:
        sections.append(_composed(scored, figures, chained_images(images, scored.composed, seed)))
    if scored.shifted:
        sections.append(_shift(scored, figures, distorted_images(images, scored.shifted.catalogue, seed)))
    if scored.medmnist_c:
        sections.append(_medmnist_c(scored, distorted_images(images, scored.medmnist_c.catalogue, seed)))
    if gain := gain_in_words(scored.metrics):
        sections.append(Section("Test-time augmentation", [f"{gain[0].upper()}{gain[1:]}."]))
    sections += [_calibration(scored, figures), _mistakes(scored, figures)]
    return page(title, lead, sections)


def _readable(table: DataFrame | str) -> DataFrame:
    """A table with spaces in its names of metrics and distortions, which are identifiers in the .csv file."""
    named = cast(DataFrame, table).copy()
    for column in named.columns.intersection(["metric", "operation", "distortion", "corruption"]):
        named[column] = named[column].str.replace("_", " ").str.replace("f1", "F1").str.replace("roc auc", "ROC AUC")
    return named


def _accuracy(scored: Scored, figures: Figures) -> Section:
    confused = cast(DataFrame, scored.tables["mistakes/confused_pairs.csv"])
    return Section(
        "Accuracy",
        [
            "Metrics on these images, with 95% bootstrap intervals:",
            _readable(scored.tables[Artifact.HEADLINE]),
            "Metrics by class:",
            scored.tables[Artifact.PER_CLASS],
            "Confusion matrix, counts and shares of the true class:",
            figures["figures/confusion_matrix.png"],
            "Confused classes, most frequent first:" if len(confused) else "No image was misclassified.",
            *([confused] if len(confused) else []),
        ],
    )


def _composed(scored: Scored, figures: Figures, examples: Figure) -> Section:
    metrics, chains = scored.metrics, cast(DataFrame, scored.tables[Artifact.COMPOSED_CURVE])["chains"].iloc[-1]
    low, high = (metrics[f"{Metric.COMPOSED_ACCURACY}_{end}"] for end in ("low", "high"))
    text = (
        "Accuracy on the same images distorted by chains of random operations: "
        f"{metrics[Metric.COMPOSED_ACCURACY]:.3f} (95% interval {low:.3f} to {high:.3f}) at full strength, "
        f"{metrics[Metric.MILD_ACCURACY]:.3f} at a quarter of it. Chains per image: {chains}."
    )
    table = cast(DataFrame, scored.tables[Artifact.COMPOSED_BY_OPERATION])
    seen = table["operation"][table["trained on by"] != ""].tolist()
    if seen and scored.composed:
        text += " Some operations resemble the training augmentation and say less about robustness"
        if Metric.COMPOSED_UNSEEN_ACCURACY in metrics:
            unseen, chosen = metrics[Metric.COMPOSED_UNSEEN_ACCURACY], scored.composed.without(seen)
            text += f"; accuracy under the chains without any of these: {unseen:.3f} "
            text += f"({chosen.sum():,} of {chosen.size:,} chains)"
        text += "."
    return Section(
        "Chains of distortions",
        [
            text,
            figures["figures/composed.png"],
            "Accuracy at full strength under the chains that contain an operation:",
            _readable(table),
            "Six images with their chains:",
            examples,
        ],
    )


def _shift(scored: Scored, figures: Figures, examples: Figure) -> Section:
    metrics, table = scored.metrics, cast(DataFrame, scored.tables[Artifact.SHIFT_ACCURACY])
    low, high = (metrics[f"{Metric.SHIFTED_ACCURACY}_{end}"] for end in ("low", "high"))
    worst = table.loc[table["mean"].idxmin(), "distortion"].replace("_", " ")
    text = (
        f"Mean accuracy on the same images under {len(table)} distortions: {metrics[Metric.SHIFTED_ACCURACY]:.3f} "
        f"(95% interval {low:.3f} to {high:.3f}). Lowest: {metrics[Metric.WORST_ACCURACY]:.3f}, under {worst}."
    )
    if np.any(table["trained on by"] != ""):
        text += " Some distortions resemble the training augmentation and say less about robustness"
        if Metric.UNSEEN_ACCURACY in metrics:
            text += f"; mean accuracy under the others: {metrics[Metric.UNSEEN_ACCURACY]:.3f}"
        text += "."
    return Section(
        "Single distortions",
        [text, figures["figures/shift.png"], _readable(table), "One image under every distortion:", examples],
    )


def _medmnist_c(scored: Scored, examples: Figure) -> Section:
    metrics = scored.metrics
    return Section(
        "MedMNIST-C",
        [
            "Errors (1 - balanced accuracy) by severity under the corruptions of the benchmark MedMNIST-C for blood "
            "cells (arXiv:2406.17536), with the published errors of AlexNet. BE is the ratio of the two mean errors, "
            "and rBE the same after the errors on undistorted images are subtracted. AlexNet has 1; lower is better. "
            f"Means over the corruptions: BE {metrics[Metric.BALANCED_ERROR]:.3f}, "
            f"rBE {metrics[Metric.RELATIVE_BALANCED_ERROR]:.3f}. "
            "These images are not the benchmark's, and this package corrupted them: scores for blood cells compare "
            "with published ones only approximately, and scores for other data do not.",
            _readable(scored.tables[Artifact.MEDMNIST_C_ERRORS]),
            "One image under every corruption:",
            examples,
        ],
    )


def _calibration(scored: Scored, figures: Figures) -> Section:
    calibration = scored.calibration
    return Section(
        "Calibration",
        [
            f"The model is {'over' if calibration.temperature > 1 else 'under'}confident. Its expected calibration "
            f"error is {calibration.before.error:.3f}. Dividing the logits by a temperature of "
            f"{calibration.temperature:.2f}, fitted on the validation images, changes it to "
            f"{calibration.after.error:.3f}.",
            figures["figures/reliability.png"],
        ],
    )


def _mistakes(scored: Scored, figures: Figures) -> Section:
    captions = {
        "worst": (
            "Wrong predictions, highest loss first",
            " Bright areas support the prediction (Grad-CAM). Their resolution is that of the last feature maps, 3 x 3 "
            "for most backbones at 96 pixels: they show which part of an image counts, not which structure.",
        ),
        "least_certain": ("Least certain predictions, correct or not", ""),
        "doubted_labels": (
            "Labels that may be wrong",
            " Another class is predicted, at least as confidently as that class usually is.",
        ),
    }
    blocks: list[Block] = []
    for name, (caption, explanation) in captions.items():
        table, figure = cast(DataFrame, scored.tables[f"mistakes/{name}.csv"]), figures.get(f"figures/{name}.png")
        if figure is None:
            blocks.append(f"{caption}: none.")
            continue
        count = f" ({SHOWN} of {len(table)})" if len(table) > SHOWN else ""
        blocks += [f"{caption}{count}.{explanation}", figure, table.head(SHOWN)]
    return Section("Errors", blocks)
