"""The evaluation page: its sections, numbers and figures."""

import re
from dataclasses import replace

import numpy as np
import pytest

from bloodcells.augmentation.batch_steps import CutMix
from bloodcells.evaluation.figures.draw import draw
from bloodcells.evaluation.page import evaluation_page
from bloodcells.evaluation.score import Scored


@pytest.fixture(autouse=True)
def coarse_figures(monkeypatch) -> None:
    """Nobody looks at the figures here, and fine ones take seconds."""
    monkeypatch.setattr("bloodcells.reporting.page.DPI", 20)


@pytest.fixture(scope="module")
def figures(scored, parts):
    return draw(scored, parts)


def html_of(scored: Scored, figures, parts) -> str:
    return evaluation_page("A title", "A <lead>", scored, figures=figures, images=parts["test"], seed=1)


def undistorted(scored: Scored) -> Scored:
    """The same scores without the sections on distorted images, whose figures take time."""
    return replace(scored, composed=None, shifted=None, medmnist_c=None)


def headings(html: str) -> list[str]:
    return re.findall(r"<h2[^>]*>([^<]*)</h2>", html)


def test_page_has_every_section_with_its_tables_and_figures(scored, figures, parts) -> None:
    html = html_of(scored, figures, parts)
    assert headings(html) == [
        "Accuracy",
        "Chains of distortions",
        "Single distortions",
        "MedMNIST-C",
        "Calibration",
        "Errors",
    ]
    assert "A &lt;lead&gt;" in html
    assert html.count("data:image/png;base64,") == len(figures) + 3  # and distorted images in three sections
    for name, value in (("accuracy", 0.625), ("macro F1", scored.metrics["test/macro_f1"])):
        assert re.search(rf"<td[^>]*>{name}</td>\s*<td[^>]*>{value:.3f}</td>", html), name
    assert re.search(r"<td[^>]*>rotation</td>\s*<td[^>]*>geometry</td>", html)


def test_page_states_the_results_in_words(scored, figures, parts) -> None:
    html = html_of(scored, figures, parts)
    metrics, calibration = scored.metrics, scored.calibration
    assert f"{metrics['composed/accuracy']:.3f} (95% interval {metrics['composed/accuracy_low']:.3f} to " in html
    assert f"at full strength, {metrics['composed/mild_accuracy']:.3f} at a quarter of it." in html
    assert re.search(r"Chains per image: \d of up to \d operations, strength \S+\.", html)
    assert f"under 16 distortions: {metrics['shift/mean_accuracy']:.3f}" in html
    assert f"Lowest: {metrics['shift/worst_accuracy']:.3f}" in html
    assert f"BE {metrics['medmnist_c/be']:.3f}, rBE {metrics['medmnist_c/rbe']:.3f}." in html
    assert "resemble the training augmentation" not in html
    assert "The model is overconfident." in html
    assert f"a temperature of {calibration.temperature:.2f}" in html
    assert f"changes it to {calibration.after.error:.3f}" in html
    assert "Wrong predictions, highest loss first. Bright areas support the prediction" in html


def test_page_of_an_underconfident_model(scored, figures, parts) -> None:
    calibration = replace(scored.calibration, temperature=0.8)
    assert "The model is underconfident." in html_of(
        replace(undistorted(scored), calibration=calibration), figures, parts
    )


def test_page_says_which_distortions_training_resembles(scored, figures, parts) -> None:
    cutmix = {"cutmix": CutMix(1.0)}
    tables = scored.tables | {
        "composed/by_operation.csv": scored.composed.by_operation(cutmix),
        "shift/accuracy.csv": scored.shifted.summary(cutmix),
    }
    html = html_of(replace(scored, tables=tables, medmnist_c=None), figures, parts)
    assert "Some distortions resemble the training augmentation" in html
    assert "Some operations resemble the training augmentation" in html
    chains = [set(names) for draw in scored.composed.chains.values() for names in draw]
    count = sum(not {"occlusion", "rectangles"} & names for names in chains)
    unseen = f"without any of these: {scored.metrics['composed/unseen_accuracy']:.3f}"
    assert f"{unseen} ({count:,} of {len(chains):,} chains)" in html
    assert f"mean accuracy under the others: {scored.metrics['shift/unseen_accuracy']:.3f}" in html


def test_page_without_distortions_or_mistakes(scored, figures, parts) -> None:
    mistakes = replace(scored.mistakes, worst=np.array([], int), doubted_labels=np.array([], int))
    tables = scored.tables | mistakes.tables(scored.predictions)
    alone = replace(undistorted(scored), mistakes=mistakes, tables=tables)
    html = html_of(alone, draw(alone, parts), parts)
    assert headings(html) == ["Accuracy", "Calibration", "Errors"]
    assert html.count("data:image/png;base64,") == 3
    assert "Wrong predictions, highest loss first: none." in html
    assert "Labels that may be wrong: none." in html


def test_page_reports_test_time_augmentation(scored, figures, parts) -> None:
    gain = {"single_view_accuracy": 0.5, "gain": 0.125, "corrected": 3.0, "broken": 2.0, "times_slower": 7.5}
    metrics = scored.metrics | {f"test_time_augmentation/{name}": value for name, value in gain.items()}
    html = html_of(replace(undistorted(scored), metrics=metrics), figures, parts)
    assert headings(html) == ["Accuracy", "Test-time augmentation", "Calibration", "Errors"]
    assert "Accuracy 0.500 with a single view; the mean over rotations and reflections reaches 0.625" in html
    assert "corrects 3 predictions, breaks 2, and takes 7.5 times as long" in html
