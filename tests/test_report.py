"""The report program on a small store of artificial runs."""

import subprocess
import sys

import pandas as pd
import pytest
from matplotlib.figure import Figure

from bloodcells.comparison import figures
from bloodcells.comparison.configurations import gather
from bloodcells.comparison.depth import depth_curves
from bloodcells.comparison.rows import compare
from bloodcells.comparison.runs import read_predictions
from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.config.names import Metric
from bloodcells.config.schema import LocalTracking, RankBy, ReportConfig
from bloodcells.report import report
from bloodcells.tracking.find import search
from tests.comparison.fill_store import MadeUp, Size, fill, study

TINY = Size(images=300, test=60, validation=10, severities=1)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    fill(folder, [*study(), MadeUp(study="single")], TINY)
    return LocalTracking("local", str(folder), "bloodcells", tensorboard=False, rank_by=RankBy.composed)


@pytest.fixture(scope="module")
def comparison(store):
    runs = search(store, "tags.study = 'made-up'")
    return compare(gather(runs, read_predictions(runs))[0])


def test_command_writes_all_files_and_keeps_the_readme(store, tmp_path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "reference.csv").write_text(
        "match,metric,value,correct,total,source\nbackbone=vgg19,test/accuracy,0.9833,588,598,table 2\n"
    )
    slow = {"tensorflow", "keras", "sklearn", "numba", "scipy.signal", "scipy.stats"}  # to import
    code = f"import sys; from bloodcells.report import main; main(); assert not {slow} & set(sys.modules)"
    arguments = ["study=made-up", f"tracking.directory={store.directory}", f"output={tmp_path}"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=CHECKOUT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "10 configurations, 29 runs" in done.stdout
    assert "is FAILED and left out" in done.stdout
    assert {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()} == {
        "README.md", "reference.csv", "agreement.csv", "results.csv", "table.md", "table.tex", "report.html",
        "figures/forest.png", "figures/unfreezing.png", "figures/strength.png", "figures/distortions.png",
    }  # fmt: skip
    assert (tmp_path / "README.md").read_text() == "mine"
    markdown, html = (tmp_path / "table.md").read_text(), (tmp_path / "report.html").read_text()
    for text in (markdown, html):
        assert "0.983 (0.969 to 0.991)" in text
        assert "Best at unfreeze=" in text
    assert html.count("data:image/png;base64,") == 4
    table = pd.read_csv(tmp_path / "results.csv")
    runs = {run.id: run.metrics for run in search(store)}
    for _, row in table.iterrows():
        logged = [runs[run][Metric.TEST_ACCURACY] for run in row["runs"].split()]
        assert row[Metric.TEST_ACCURACY] == pytest.approx(sum(logged) / len(logged), abs=1e-12)
        assert all(run in markdown and run in html for run in row["runs"].split())
    assert table["best"].sum() == 1
    assert table.loc[table[Metric.COMPOSED_ACCURACY].idxmax(), "best"]


def test_single_configuration_has_a_table(store, tmp_path) -> None:
    report(ReportConfig("single", None, str(tmp_path), store))
    assert "| backbone=efficientnetv2s (best) | 0 |" in (tmp_path / "table.md").read_text()


def test_filter_selects_runs_and_empty_selections_are_rejected(store, tmp_path) -> None:
    report(ReportConfig("made-up", "params.optimizer = 'lion'", str(tmp_path), store))
    assert len(pd.read_csv(tmp_path / "results.csv")) == 1
    for config, message in [
        (
            ReportConfig("made-upp", None, None, store),
            r"study=made-upp: none of the \d+ training runs .* expected one of made-up, single; did you mean made-up",
        ),
        (ReportConfig(None, "params.seed = '9'", None, store), "filter=params.seed = '9': matches no training run"),
        (ReportConfig(None, None, str(tmp_path / "results.csv" / "x"), store), "cannot be written to"),
    ]:
        with pytest.raises(InputError, match=message) as error:
            report(config)
        assert "\n" not in str(error.value)


def test_malformed_reference_leaves_nothing_written(store, tmp_path) -> None:
    (tmp_path / "reference.csv").write_text("match\n")
    with pytest.raises(InputError, match="line 1"):
        report(ReportConfig("made-up", None, str(tmp_path), store))
    assert [file.name for file in tmp_path.iterdir()] == ["reference.csv"]


def test_depth_curve_is_ordered_by_parameters_and_marks_the_best(comparison) -> None:
    (curve,) = depth_curves(comparison)
    assert curve.depths == ["0", "10", "50", "block6", "all"]
    means = [row.estimates[Metric.COMPOSED_ACCURACY].mean for row in curve.rows]
    assert means[curve.best] == max(means)
    figure = figures.unfreezing(curve)
    axes = figure.axes[0]
    assert axes.get_xscale() == "log"
    assert [text.get_text() for text in axes.texts] == curve.depths
    ring = next(line for line in axes.lines if line.get_label() == f"best, unfreeze={curve.depths[curve.best]}")
    assert ring.get_ydata() == [max(means)]
    assert f"Best at unfreeze={curve.depths[curve.best]}, composed accuracy {max(means):.3f}" in curve.describe()


def test_two_depths_are_not_a_curve(store) -> None:
    runs = [run for run in search(store) if run.params["unfreeze"] in ("0", "10")]
    assert depth_curves(compare(gather(runs, read_predictions(runs))[0])) == []


def test_figures_show_at_most_the_best_rows(comparison, monkeypatch) -> None:
    labels = [tick.get_text().replace("\n", " ") for tick in figures.forest(comparison, []).axes[0].get_yticklabels()]
    assert labels == [row.label for row in comparison.rows]
    monkeypatch.setattr(figures, "MOST", 3)
    best = sorted(comparison.rows, key=lambda row: -row.estimates[Metric.COMPOSED_ACCURACY].mean)[:3]
    shown = figures.shown(comparison)
    assert {row.label for row in shown} == {row.label for row in best}
    table = figures.distortions(comparison)
    assert isinstance(table, Figure)
    values = [float(text.get_text()) for text in table.axes[0].texts]
    assert len(values) == 3 * 16
    assert values[0] == pytest.approx(100 * min(shown[0].distortions().values()), abs=5)
