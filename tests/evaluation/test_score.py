"""Scoring a model whose predictions are worked out by hand. The images are in conftest.py."""

import ast
from dataclasses import replace

import keras
import numpy as np
import pytest
from sklearn.metrics import f1_score

from bloodcells.augmentation.batch_steps import CutMix
from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.schema import Chains, Evaluation
from bloodcells.config.schema.evaluation import Grid
from bloodcells.data.images import Images
from bloodcells.evaluation.intervals import intervals
from bloodcells.evaluation.optional_metrics import CohenKappa, TopKAccuracy
from bloodcells.evaluation.score import Scored, score
from tests.evaluation.conftest import BRIGHT_GREEN, DIM_GREEN, RED

LABELS, PREDICTED = [0, 0, 1, 1, 0, 2, 1, 2], [0, 0, 0, 1, 1, 2, 1, 1]
PLAIN = Evaluation(False, Chains(4, 1.0), None, None, False, {}, 100, 5)
AUGMENTATION = {}


def confidence(color: tuple[int, int, int], temperature: float = 1) -> float:
    """The highest probability that the model gives a plain image."""
    shares = np.exp(4 * np.array(color) / 255 / temperature)
    return shares.max() / shares.sum()


def test_predictions_cover_validation_and_test_images_in_order(scored: Scored, parts) -> None:
    assert scored.predictions.splits.tolist() == ["validation"] * 6 + ["test"] * 8
    assert scored.predictions.examples.tolist() == [str(number) for number in range(14)]
    colors = np.concatenate([part.pixels[:, 0, 0] for part in parts.values()]).astype(float)
    shares = np.exp(4 * colors / 255)
    assert scored.predictions.probabilities == pytest.approx(shares / shares.sum(axis=1, keepdims=True), abs=1e-5)
    assert scored.tables["predictions.csv"].equals(scored.predictions.table())


def test_headline_metrics_are_those_of_the_test_images(scored: Scored) -> None:
    metrics = scored.metrics
    assert metrics["test/accuracy"] == 5 / 8
    assert metrics["test/balanced_accuracy"] == pytest.approx((2 / 3 + 2 / 3 + 1 / 2) / 3)
    assert metrics["test/macro_f1"] == pytest.approx((2 / 3 + 4 / 7 + 2 / 3) / 3)
    assert metrics["test/weighted_f1"] == pytest.approx(f1_score(LABELS, PREDICTED, average="weighted"))


def test_every_headline_metric_has_its_interval_in_the_metrics_and_the_table(scored: Scored) -> None:
    table = scored.tables["headline.csv"]
    bounds = intervals(scored.predictions.of("test"), 200, 1)
    assert table["metric"].tolist() == ["accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "roc_auc"]
    for name, *row in table.itertuples(index=False):
        low, high = bounds[name]
        assert row == [scored.metrics[f"test/{name}{end}"] for end in ("", "_low", "_high")]
        assert row[1:] == [low, high]
        assert low < row[0] < high


def test_chosen_metrics_join_the_headline(color_model, parts) -> None:
    settings = replace(PLAIN, metric={"cohen_kappa": CohenKappa(), "top_k_accuracy": TopKAccuracy(2)})
    scored = score(color_model, parts, settings, trained_with=AUGMENTATION, batch_size=4, seed=1)
    # Agreement 5/8; by chance (3 * 3 + 3 * 4 + 2 * 1) / 64 = 23/64, from the sizes of the true and predicted classes.
    assert scored.metrics["test/cohen_kappa"] == pytest.approx((5 / 8 - 23 / 64) / (1 - 23 / 64))
    table = scored.tables["headline.csv"].set_index("metric")
    assert list(table.index)[5:] == ["cohen_kappa", "top_k_accuracy"]
    for name in ("cohen_kappa", "top_k_accuracy"):
        assert table.loc[name].tolist() == [scored.metrics[f"test/{name}{end}"] for end in ("", "_low", "_high")]
        assert scored.metrics[f"test/{name}_low"] < scored.metrics[f"test/{name}"]


def test_temperature_is_fitted_on_validation_images(scored: Scored) -> None:
    # Five of six are right, so the best confidence is 5/6: exp(x) / (exp(x) + 2) = 5/6 at x = log 10.
    temperature = 4 * 200 / 255 / np.log(10)
    assert scored.metrics["calibration/temperature"] == pytest.approx(temperature, rel=1e-3)
    for name, degree in (("error", 1), ("error_tempered", temperature)):
        low, high = confidence(DIM_GREEN, degree), 6 * confidence(RED, degree) + confidence(BRIGHT_GREEN, degree)
        expected = (1 - low) / 8 + 7 / 8 * abs(high / 7 - 4 / 7)
        assert scored.metrics[f"calibration/{name}"] == pytest.approx(expected, abs=1e-3)


def test_mistakes_are_listed_worst_first(scored: Scored) -> None:
    worst, unsure = scored.tables["mistakes/worst.csv"], scored.tables["mistakes/least_certain.csv"]
    assert worst["example"].tolist()[0] == "13"
    assert set(worst["example"]) == {"8", "10", "13"}
    assert worst[["label", "predicted"]].values.tolist()[0] == ["blue", "green"]
    assert unsure["example"].tolist()[0] == "12"
    assert len(unsure) == 8
    doubted = scored.tables["mistakes/doubted_labels.csv"]
    assert doubted["example"].tolist()[0] == "13"
    assert set(doubted["example"]) == {"5", "8", "10", "13"}
    assert set(doubted["split"]) == {"validation", "test"}
    assert scored.tables["mistakes/confused_pairs.csv"]["images"].tolist() == [1, 1, 1]


def test_heat_covers_the_worst_images(scored: Scored) -> None:
    assert scored.heat.shape == (3, 16, 16)
    assert scored.heat.max(axis=(1, 2)) == pytest.approx(1)
    assert scored.heat.min() >= 0


def test_distortions_that_leave_plain_images_alone_leave_accuracy_alone(scored: Scored) -> None:
    names = ("rotation", "shear", "zoom", "elastic", "contrast", "defocus_blur", "motion_blur", "pixelate", "occlusion")
    assert [scored.metrics[f"shift/{name}"] for name in names] == [5 / 8] * len(names)
    assert scored.shifted is not None
    assert scored.shifted.severities == (1, 3)
    table = scored.tables["shift/accuracy.csv"]
    assert len(table) == 16
    assert scored.metrics["shift/mean_accuracy"] == pytest.approx(table["mean"].mean())
    assert scored.metrics["shift/worst_accuracy"] == table["mean"].min() < 5 / 8
    assert scored.metrics["shift/mean_accuracy_low"] < scored.metrics["shift/mean_accuracy"]
    by_image = scored.tables["by_image.csv"]
    assert by_image["predicted"].tolist() == PREDICTED
    assert by_image["grid"].tolist() == scored.shifted.correct.mean(axis=(0, 1)).tolist()
    assert len(scored.tables["shift/predictions.csv"].columns) == 2 + 2 * 16


def test_corruptions_that_leave_the_classes_of_plain_images_alone_leave_the_error_alone(scored: Scored) -> None:
    """Recall is 2/3, 2/3 and 1/2, also in MedMNIST-C: no corruption changes which channel is brightest."""
    published = [0.060, 0.140, 0.224, 0.185, 0.069, 0.079, 0.052, 0.080, 0.035, 0.185, 0.129]
    errors = [value for name, value in scored.metrics.items() if name.startswith("medmnist_c/") and "_error" in name]
    assert errors == pytest.approx([7 / 18] * 11)
    assert scored.metrics["medmnist_c/be"] == pytest.approx(7 / 18 * np.mean(1 / np.array(published)), rel=0.01)
    assert scored.metrics["medmnist_c/rbe"] == pytest.approx(0)
    table = scored.tables["medmnist_c/errors.csv"]
    assert table["AlexNet"].tolist() == pytest.approx(published, abs=0.0005)
    assert [f"medmnist_c/{name}_error" for name in table["corruption"]] == [
        name for name in scored.metrics if name.endswith("_error")
    ]
    assert len(scored.tables["medmnist_c/predictions.csv"].columns) == 2 + 5 * 11


def test_validation_images_under_chains_are_stored_for_forecasts(scored: Scored, parts) -> None:
    table = scored.tables["forecast/validation.csv"]
    assert table["label"].tolist() == parts["validation"].labels.tolist() * 4
    clean = table[table["draw"] == 0]
    assert clean["predicted"].tolist() == scored.predictions.of("validation").predicted.tolist()


def test_distortions_that_training_resembles_are_marked(color_model, parts) -> None:
    settings = replace(PLAIN, grid=Grid([1]))
    scored = score(color_model, parts, settings, trained_with={"cutmix": CutMix(1.0)}, batch_size=4, seed=1)
    assert scored.trained_on == ["occlusion", "mixture"]
    table = scored.tables["shift/accuracy.csv"].set_index("distortion")
    unseen = table["mean"].drop(["occlusion", "mixture"])
    assert scored.metrics["shift/unseen_accuracy"] == pytest.approx(unseen.mean())


def test_validation_may_be_passed_apart_and_is_required(color_model, parts, scored: Scored) -> None:
    test = {"test": parts["test"]}
    settings = {"trained_with": AUGMENTATION, "batch_size": 4, "seed": 1}
    for validation in (parts["validation"], scored.predictions.of("validation")):
        apart = score(color_model, test, PLAIN, validation=validation, **settings)
        assert set(apart.predictions.splits) == {"test"}
        assert apart.metrics["calibration/temperature"] == scored.metrics["calibration/temperature"]
        assert apart.composed is apart.shifted is apart.medmnist_c is None
        assert not [
            name
            for name in {**apart.metrics, **apart.tables}
            if name.startswith(("composed", "shift", "medmnist", "forecast"))
        ]
    with pytest.raises(ValueError, match="no validation images or predictions"):
        score(color_model, test, PLAIN, **settings)


def test_without_mistakes_there_is_no_heat(color_model, parts) -> None:
    correct = parts["test"].take(np.array([0, 1, 3, 5, 6]))
    scored = score(color_model, {**parts, "test": correct}, PLAIN, trained_with=AUGMENTATION, batch_size=4, seed=1)
    assert scored.metrics["test/accuracy"] == 1
    assert scored.heat.shape == (0, 16, 16)
    assert len(scored.tables["mistakes/worst.csv"]) == 0


def test_test_time_augmentation_counts_corrected_and_broken_predictions() -> None:
    """The model sees class 0 only where the top left quarter is bright: in 2 of the 8 views of these images."""
    images = keras.Input((8, 8, 3), dtype="uint8")
    corner = keras.layers.Conv2D(1, 8, use_bias=False)
    dense = keras.layers.Dense(2, activation="softmax")
    pooled = keras.layers.GlobalAveragePooling2D(name="pooling")(corner(keras.layers.Rescaling(1 / 255)(images)))
    model = keras.Model(images, dense(pooled))
    kernel = np.zeros((8, 8, 3, 1))
    kernel[:4, :4] = 1 / 48
    corner.set_weights([kernel])
    dense.set_weights([np.array([[10.0, -10.0]]), np.array([-5.0, 5.0])])
    pixels = np.zeros((5, 8, 8, 3), np.uint8)
    pixels[:, :4, :4] = 255
    test = Images(pixels, np.array([0, 0, 0, 1, 1]), ("corner", "other"), np.arange(5).astype(str), "corners")
    validation = Images(pixels, test.labels, test.class_names, np.arange(5, 10).astype(str), "corners")
    scored = score(
        model,
        {"validation": validation, "test": test},
        Evaluation(True, Chains(4, 1.0), None, None, False, {}, 100, 5),
        trained_with=AUGMENTATION,
        batch_size=2,
        seed=0,
    )
    gain = {name.partition("/")[2]: value for name, value in scored.metrics.items() if name.startswith("test_time")}
    assert scored.metrics["test/accuracy"] == 2 / 5
    assert gain.pop("times_slower") > 0
    assert gain == {"single_view_accuracy": 3 / 5, "gain": pytest.approx(-1 / 5), "corrected": 2, "broken": 3}
    assert scored.tables["predictions_single_view.csv"]["predicted"].tolist() == [0] * 5


def modules(name: str, seen: set[str]) -> set[str]:
    """Adds `name` and every module that importing it imports, following those of this package."""
    path = CHECKOUT / name.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if name in seen or (name.startswith("bloodcells") and not file.exists()):
        return seen
    seen.add(name)
    if name.startswith("bloodcells"):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
            else:
                continue
            for imported in names:
                modules(imported, seen)
    return seen


def test_scoring_imports_no_plotting_library() -> None:
    def plotting(name: str) -> set[str]:
        return {module.partition(".")[0] for module in modules(name, set())} & {"matplotlib", "seaborn"}

    assert plotting("bloodcells.evaluation.figures.draw") == {"matplotlib", "seaborn"}
    assert plotting("bloodcells.evaluation.score") == set()
