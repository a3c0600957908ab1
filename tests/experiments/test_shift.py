"""The fit of the chains of distortions to published results, on predictions made up by hand."""

from pathlib import Path

import pandas as pd
import pytest

from bloodcells.config.checkout import CHECKOUT
from experiments.shift.__main__ import main
from experiments.shift.fit import fit

# Of 10 images, how many are correct by label, for length 2 and strengths 0.5 and 1.
COUNTS = {"a": (9, 4), "b": (9, 7), "c": (10, 8)}
PUBLISHED = pd.DataFrame(
    [("a", None, 0.3, "fit", "x"), ("b", "a", 0.4, "fit", "y"), ("c", None, 0.6, "held out", "z")],
    columns=["label", "minus", "accuracy", "use", "source"],
)


@pytest.fixture
def predictions() -> pd.DataFrame:
    columns = {
        f"{label} 2 {strength:g}": [1] * count + [0] * (10 - count)
        for label, counts in COUNTS.items()
        for strength, count in zip((0.5, 1), counts, strict=True)
    }
    return pd.DataFrame(columns, index=pd.Index([f"image {k}" for k in range(10)], name="example"))


def test_fit_minimizes_the_residuals_of_the_fitted_results(predictions) -> None:
    result = fit(predictions, PUBLISHED)
    assert (result.length, result.strength) == (2, 1.0)
    # At 1: a 0.4 - 0.3, b - a 0.3 - 0.4; at 0.5: 0.9 - 0.3 and 0.0 - 0.4
    expected = [((0.6**2 + 0.4**2) / 2) ** 0.5, 0.1]
    assert result.error.sort_values("strength")["error"].tolist() == pytest.approx(expected)
    assert result.residuals["residual"].tolist() == pytest.approx([0.1, -0.1, 0.2])
    assert "evaluation.chains.length=2 evaluation.chains.strength=1" in result.describe()
    assert "20.0 points (held out)" in result.describe()


def test_a_result_that_is_held_out_does_not_change_the_fit(predictions) -> None:
    other = PUBLISHED.assign(accuracy=[0.3, 0.4, 1.0])
    assert fit(predictions, other).strength == 1.0
    other = PUBLISHED.assign(use="fit", accuracy=[0.9, 0.0, 1.0])
    assert fit(predictions, other).strength == 0.5


def test_order_is_compared_with_the_accuracies_that_follow_from_the_published_results(predictions) -> None:
    # a 0.3, b 0.3 + 0.4, c 0.6: ours are 0.4, 0.7, 0.8, so b and c are in the other order.
    assert fit(predictions, PUBLISHED).correlation[0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("label\na\n", "expected the columns label,minus,accuracy,use,source; received label"),
        ("label,minus,accuracy,use,source\na,,40,fit,x\n", r"an accuracy is not in \[-1, 1\]"),
        ("label,minus,accuracy,use,source\na,,0.4,held out,x\n", "no result has use=fit"),
        ("label,minus,accuracy,use,source\nd,,0.4,fit,x\n", "no predictions for d; expected a, b, c"),
    ],
)
def test_impossible_published_results_are_one_line(predictions, tmp_path: Path, content, part) -> None:
    predictions.to_csv(tmp_path / "predictions.csv")
    (tmp_path / "published.csv").write_text(content)
    files = {name: str(tmp_path / f"{name}.csv") for name in ("predictions", "published")}
    with pytest.raises(SystemExit, match=f"^error: .*{part}"):
        main([*(f"--{name}={file}" for name, file in files.items()), f"--output={tmp_path / 'new'}"])
    assert not (tmp_path / "new").exists()


def test_refit_writes_tables_and_figure_from_saved_predictions(predictions, tmp_path: Path, capsys) -> None:
    predictions.to_csv(tmp_path / "predictions.csv")
    PUBLISHED.to_csv(tmp_path / "published.csv", index=False)
    files = {name: str(tmp_path / f"{name}.csv") for name in ("predictions", "published")}
    main([*(f"--{name}={file}" for name, file in files.items()), f"--output={tmp_path}"])
    assert "evaluation.chains.length=2" in capsys.readouterr().out
    written = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()}
    assert {"accuracy.csv", "residuals.csv", "table.md", "figures/fit.png"} < written
    assert "| b | a | 0.4 | fit | y | 0.3 |" in (tmp_path / "table.md").read_text()


def test_every_label_of_the_published_results_has_a_config() -> None:
    published = pd.read_csv(CHECKOUT / "experiments" / "shift" / "published.csv")
    files = (CHECKOUT / "conf" / "experiment" / "shift").glob("*.yaml")
    labels = {
        line.removeprefix("label: ") for file in files for line in file.read_text().splitlines() if "label: " in line
    }
    assert {*published["label"], *published["minus"].dropna()} == labels
