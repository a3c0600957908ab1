"""The model card of an export: what the model expects and returns, how good it is, and its limits. Needs no TensorFlow.

After Mitchell et al. 2019, Model Cards for Model Reporting, arXiv:1810.03993.
"""

import csv
import json
from dataclasses import dataclass

from pandas import DataFrame

from bloodcells.config.errors import InputError
from bloodcells.config.names import Artifact, Tag
from bloodcells.evaluation.intervals import mean_interval
from bloodcells.evaluation.predictions import Predictions
from bloodcells.evaluation.shift.by_image import FULL, MILD
from bloodcells.reporting.page import markdown_table
from bloodcells.tracking.stored_run import StoredRun

RESAMPLES = 2000
CARD, CLASSES = "README.md", "class_names.json"  # their names inside an export


@dataclass(frozen=True)
class ModelCard:
    """text: Markdown; class_names: in the order of the model's outputs."""

    text: str
    class_names: tuple[str, ...]

    @property
    def files(self) -> dict[str, str]:
        """What every export contains in addition to the model, by file name."""
        return {CARD: self.text, CLASSES: json.dumps(self.class_names, ensure_ascii=False)}


def model_card(
    run: StoredRun,
    *,
    size: tuple[int, int],
    use: str,
    served: bool = False,
    labels: bool = False,
    averaged: bool = False,
) -> ModelCard:
    """The card of a run's model, or of the mean of several.

    size: height and width of the images; use: Python code that predicts `images`
    served: whether it is the MLflow model, which takes more kinds of input
    labels: whether it returns labels instead of probabilities; averaged: whether over eight views
    """
    predictions, tags = run.predictions(), run.tags
    names = predictions.class_names
    height, width = size
    lines = [
        f"# {run.name}",
        "",
        f"Classifies images of single cells into {len(names)} classes. Trained by bloodcells on "
        f"{run.params.get('data.path', run.params['data'])}, SHA-256 {tags.get(Tag.DATA, 'unknown')}; run {run.ids}, "
        f"commit {tags.get(Tag.COMMIT, 'unknown')}.",
        "",
        "## Input and output",
        "",
        f"    {use}",
        "",
        f"Input: RGB images, {'any numeric type' if served else 'float32'} (n, {height}, {width}, 3), that is number, "
        "height and width in pixels, and color; in 0..255, neither scaled nor normalized"
        f"{'; or a list of n image files, each encoded in base64' if served else ''}. Of images of another "
        "size use the largest part in the middle with these proportions, resized (bicubic): predictions do the same.",
        "",
        "Output: the label of each image, int64 (n,), counted from 0 in the order of the table."
        if labels
        else f"Output: one probability per class, float32 (n, {len(names)}), in the order of the table"
        f"{', as a table with a column for each class' if served else ''}.",
    ]
    lines += ["Every output is the mean over the eight rotations and reflections of an image."] if averaged else []
    lines += ["", markdown_table(DataFrame({"output": range(len(names)), "class": names}))]
    lines += ["", "## Accuracy", "", markdown_table(_accuracy(run, predictions.of("test"))), ""]
    lines += [
        "With 95% intervals by a bootstrap over the images; they do not cover the variation between trainings.",
        "",
        "## Limits",
        "",
        "- The test images come from the same source as the training images. Images from another laboratory, stain, "
        "microscope or camera can be far less accurate; the rows about distorted images are a hint of how much.",
        "- Every image gets one of the classes above, also a cell of another kind or no cell at all.",
        "- Not a medical device: not validated for diagnosis.",
        "",
        "## Licence",
        "",
        "The software is under the MIT licence. The weights are derived from the training images and from the initial "
        "weights, whose terms apply to them.",
        "",
    ]
    return ModelCard("\n".join(lines), names)


def _accuracy(run: StoredRun, test: Predictions) -> DataFrame:
    """Accuracy on test images: as they are and, of a single run that was scored so, under chains of distortions."""
    correct = (test.predicted == test.labels).astype(float)
    rows = [(f"{len(correct):,} test images", correct.mean(), *mean_interval(correct, RESAMPLES, seed=0))]
    if len(run.members) == 1:
        rows += [
            (f"the same under {strength} chains of distortions", *curve)
            for strength, curve in zip(("mild", "heavy"), _composed(run), strict=False)
        ]
    cells = [(name, f"{value:.3f} ({low:.3f} to {high:.3f})") for name, value, low, high in rows]
    return DataFrame(cells, columns=["images", "accuracy"])


def _composed(run: StoredRun) -> list[tuple[float, float, float]]:
    """Accuracy with its interval at mild and at full strength; empty if the run was not scored on composed images."""
    try:
        file = run.file(Artifact.COMPOSED_CURVE)
    except InputError:
        return []
    with run.readable(Artifact.COMPOSED_CURVE), file.open(newline="") as lines:
        rows = {float(strength): tuple(map(float, rest)) for strength, _, *rest in list(csv.reader(lines))[1:]}
        return [(value, low, high) for value, low, high in (rows[MILD], rows[FULL])]
