"""All that scoring found, as one page."""

from typing import cast

import numpy as np
from pandas import DataFrame

from bloodcells.data.images import Images
from bloodcells.evaluation.figures.pictures import distorted_images
from bloodcells.evaluation.score import SHOWN, Scored
from bloodcells.reporting.page import Block, Section, page


def evaluation_page(title: str, lead: str, scored: Scored, images: Images, seed: int) -> str:
    """The HTML text. images: those scored; seed: of their distortion."""
    sections = [_headline(scored), _shift(scored, images, seed), _gain(scored), _calibration(scored), _mistakes(scored)]
    return page(title, lead, [section for section in sections if section.blocks])


def _headline(scored: Scored) -> Section:
    return Section(
        "How well it answers",
        [
            "Each figure with the interval that 95% of bootstrap samples of these images fall in.",
            scored.files["headline.csv"],
            scored.files["per_class.csv"],
            "Counts, and under them shares of the true class:",
            scored.files["figures/confusion_matrix.png"],
            scored.files["mistakes/confused_pairs.csv"],
        ],
    )


def _shift(scored: Scored, images: Images, seed: int) -> Section:
    if "shift/accuracy.csv" not in scored.files:
        return Section("", [])
    numbers, table = scored.metrics, cast(DataFrame, scored.files["shift/accuracy.csv"])
    worst = table.loc[table["mean"].idxmin(), "distortion"]
    said = (
        f"On the same images, distorted in {len(table)} ways, accuracy is {numbers['shift/mean_accuracy']:.4f} on "
        f"average ({numbers['shift/mean_accuracy_low']:.4f} to {numbers['shift/mean_accuracy_high']:.4f}), and "
        f"{numbers['shift/worst_accuracy']:.4f} under the worst of them, {worst}."
    )
    if np.any(table["trained on by"] != ""):
        said += " Distortions that resemble what the model was trained on say less about images it has not met"
        if "shift/unseen_accuracy" in numbers:
            said += f": over the others accuracy is {numbers['shift/unseen_accuracy']:.4f}"
        said += "."
    return Section(
        "On distorted images",
        [said, scored.files["figures/shift.png"], table, "An image in every way:", distorted_images(images, seed)],
    )


def _gain(scored: Scored) -> Section:
    numbers = {key.partition("/")[2]: value for key, value in scored.metrics.items() if key.startswith("test_time")}
    if not numbers:
        return Section("", [])
    return Section(
        "Test-time augmentation",
        [
            f"A single view of each image: accuracy {numbers['single_view_accuracy']:.4f}. The mean over its turns and "
            f"mirror images: {scored.metrics['test/accuracy']:.4f}, {numbers['mended']:.0f} answers mended and "
            f"{numbers['broken']:.0f} broken, in {numbers['times_slower']:.1f} times the time.",
        ],
    )


def _calibration(scored: Scored) -> Section:
    numbers = scored.metrics
    degree = numbers["calibration/temperature"]
    return Section(
        "Whether its confidence can be believed",
        [
            f"The expected calibration error is {numbers['calibration/error']:.4f}, and "
            f"{numbers['calibration/error_tempered']:.4f} where logits are divided by a temperature of {degree:.2f}, "
            f"fitted on the validation images: the model was too {'sure' if degree > 1 else 'unsure'} of itself.",
            scored.files["figures/reliability.png"],
        ],
    )


def _mistakes(scored: Scored) -> Section:
    shown = {
        "worst": "Wrong answers, the highest loss first; bright is what spoke for the answer (Grad-CAM)",
        "least_certain": "The least certain answers, right or wrong",
        "doubted_labels": "Labels that may be wrong: another class is answered with a confidence that is usual for it",
    }
    blocks: list[Block] = []
    for name, said in shown.items():
        table, figure = cast(DataFrame, scored.files[f"mistakes/{name}.csv"]), scored.files.get(f"figures/{name}.png")
        if figure is None:
            blocks.append(f"{said}: none.")
            continue
        cut = f"; {SHOWN} of {len(table)}" if len(table) > SHOWN else ""
        blocks += [f"{said}{cut}:", figure, table.head(SHOWN)]
    return Section("Where it fails", blocks)
