"""Forecasts of accuracy on answers whose accuracy is known by construction."""

import numpy as np
import pandas as pd
import pytest

from bloodcells.config.schema import Chains
from bloodcells.evaluation.forecast import fit
from bloodcells.evaluation.shift.chains import chain, distort_by_chains
from bloodcells.evaluation.shift.operations import OPERATIONS
from bloodcells.evaluation.validation_draws import DRAWS, validation_draws
from tests.evaluation.test_score import modules

SURE, UNSURE = 0.9, 0.5


def answers(sure: int, unsure: int, right: dict[float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Predicted class, confidence and label of images of two classes; `right`: accuracy by confidence."""
    parts = []
    for confidence, count in ((SURE, sure), (UNSURE, unsure)):
        predicted = np.arange(count) % 2
        wrong = np.arange(count) // 2 >= round(right[confidence] * count / 2)
        parts.append((predicted, np.full(count, confidence), np.where(wrong, 1 - predicted, predicted)))
    predicted, confidence, label = (np.concatenate(column) for column in zip(*parts, strict=True))
    return predicted, confidence, label


def table(right: dict[float, float]) -> pd.DataFrame:
    """Validation draws, in which more answers are unsure the stronger the chains."""
    tables = []
    for draw, groups in enumerate(["", "blur noise", "light", "noise"]):
        for unsure in (0,) if draw == 0 else (0, 20, 40, 60, 80, 100):
            predicted, confidence, label = answers(100 - unsure, unsure, right)
            columns = {"predicted": predicted, "confidence": confidence, "label": label}
            tables.append(pd.DataFrame({"draw": draw, "strength": unsure / 100, "groups": groups} | columns))
    return pd.concat(tables, ignore_index=True)


CALIBRATED = {SURE: 0.9, UNSURE: 0.5}


@pytest.mark.parametrize("unsure", [0, 100, 150, 200])
def test_calibrated_answers_are_forecast_exactly(unsure) -> None:
    predicted, confidence, _ = answers(200 - unsure, unsure, CALIBRATED)
    forecast = fit(table(CALIBRATED), 2)(predicted, confidence)
    assert forecast.accuracy == pytest.approx(0.9 - 0.4 * unsure / 200)
    assert forecast.low < forecast.accuracy < forecast.high
    assert forecast.doubt is None


@pytest.mark.parametrize("accuracy", [0, 1])
def test_a_model_that_is_always_right_or_wrong_stays_so(accuracy) -> None:
    predicted, confidence, _ = answers(30, 70, CALIBRATED)
    forecast = fit(table({SURE: accuracy, UNSURE: accuracy}), 2)(predicted, confidence)
    assert forecast.accuracy == accuracy
    assert 0 <= forecast.low <= accuracy <= forecast.high <= 1
    assert forecast.high - forecast.low < 0.07


def test_overconfidence_that_grows_with_distortion_is_learned() -> None:
    """Confidence drops by 0.4 where accuracy drops by 0.8."""
    predicted, confidence, _ = answers(50, 50, CALIBRATED)
    assert fit(table({SURE: 0.9, UNSURE: 0.1}), 2)(predicted, confidence).accuracy == pytest.approx(0.5)


def test_constant_confidence_gives_the_clean_accuracy_and_an_interval_that_covers_the_drop() -> None:
    rows = table({SURE: 0.9, UNSURE: 0.5})
    rows["confidence"] = 0.8
    forecast = fit(rows, 2)(np.arange(1000) % 2, np.full(1000, 0.8))
    assert forecast.accuracy == pytest.approx(0.9)
    assert forecast.low <= 0.55


def test_forecast_is_lower_if_answers_are_less_confident_or_collapse_into_one_class() -> None:
    rng = np.random.default_rng(0)
    rows = table(CALIBRATED)
    rows["confidence"] = np.clip(rows["confidence"] + rng.normal(0, 0.1, len(rows)), 0, 1)
    collapsed = (rows["strength"] > 0.5) & (rng.random(len(rows)) < 0.5)
    rows.loc[collapsed, "predicted"] = 0
    forecast = fit(rows, 2)
    half, confidence = np.arange(200) % 2, np.linspace(0.3, 1, 200)
    by_confidence = [forecast(half, confidence * factor).accuracy for factor in (1, 0.9, 0.8, 0.7)]
    assert by_confidence == sorted(by_confidence, reverse=True)
    assert by_confidence[0] > by_confidence[-1]
    assert forecast(np.zeros(200, int), confidence).accuracy < by_confidence[0]


def test_shares_that_differ_by_chance_are_no_collapse() -> None:
    """Answers are equally confident; distorted ones collapse into either class, so both have the same accuracy."""
    labels = np.arange(100) % 2
    tables = [pd.DataFrame({"draw": 0, "strength": 0.0, "groups": "", "predicted": labels, "label": labels})]
    for target, groups in enumerate(["blur", "light"]):
        for strength in (0.2, 0.4, 0.6, 0.8):
            predicted = np.where(np.arange(100) < 100 * strength, target, labels)
            columns = {"draw": 1, "strength": strength, "groups": groups, "predicted": predicted, "label": labels}
            tables.append(pd.DataFrame(columns))
    forecast = fit(pd.concat(tables, ignore_index=True).assign(confidence=0.9), 2)
    by_share = [forecast(np.arange(20) >= ones, np.full(20, 0.9)).accuracy for ones in (10, 12, 16, 20)]
    assert by_share == pytest.approx([1, 1, by_share[2], 0.5], abs=0.1)
    assert by_share[0] == by_share[1] > by_share[2] > by_share[3]


def test_other_class_shares_at_full_confidence_are_not_to_be_believed() -> None:
    rows = table(CALIBRATED)
    forecast = fit(rows, 2)(np.zeros(100, int), np.full(100, SURE))
    assert forecast.doubt is not None
    assert forecast.describe().startswith("unreliable: the predicted classes have other shares")


def test_interval_covers_the_groups_left_out_and_is_wider_for_fewer_images() -> None:
    rows = table(CALIBRATED)
    light = rows["groups"] == "light"
    rows.loc[light, "label"] = 1 - rows.loc[light, "predicted"]  # all wrong, which nothing else tells
    predicted, confidence, _ = answers(40, 60, CALIBRATED)
    forecast = fit(rows, 2)
    assert forecast(predicted, confidence).low == 0
    few, many = (fit(table(CALIBRATED), 2)(np.tile(predicted, n), np.tile(confidence, n)) for n in (1, 10))
    assert many.high - many.low < few.high - few.low
    # 0.66 is expected; 1.96 * sqrt(0.66 * 0.34 / 100) = 0.093, and nothing is added without errors of the fit
    assert few.high - few.accuracy == pytest.approx(0.093, abs=0.005)


def test_too_few_images_are_refused() -> None:
    with pytest.raises(ValueError, match="19 images: expected 20 or more"):
        fit(table(CALIBRATED), 2)(np.zeros(19, int), np.ones(19))


def test_fit_is_a_pure_function_and_needs_no_tensorflow() -> None:
    rows = table(CALIBRATED)
    before = rows.copy()
    predicted, confidence, _ = answers(40, 60, CALIBRATED)
    assert fit(rows, 2)(predicted, confidence) == fit(rows.sample(frac=1, random_state=0), 2)(predicted, confidence)
    pd.testing.assert_frame_equal(rows, before)
    assert not {"tensorflow", "keras"} & {
        name.partition(".")[0] for name in modules("bloodcells.evaluation.forecast", set())
    }


def test_draws_cover_all_strengths_and_store_what_was_predicted(noise_images) -> None:
    images, shown = noise_images(40), []

    def infer(pixels: np.ndarray) -> np.ndarray:
        shown.append(pixels)
        return np.tile([0.2, 0.7, 0.1], (len(pixels), 1))

    rows = validation_draws(infer, images, np.tile([0.6, 0.3, 0.1], (40, 1)), chains=Chains(3, 0.5), seed=7)
    assert rows["draw"].tolist() == np.repeat(range(DRAWS + 1), 40).tolist()
    clean, first = rows[rows["draw"] == 0], rows[rows["draw"] == 1].reset_index()
    assert set(clean["strength"]) == {0}
    assert set(clean["predicted"]) == {0}
    assert set(clean["confidence"]) == {0.6}
    assert set(first["predicted"]) == {1}
    by_image = rows[rows["draw"] > 0].groupby("example")["strength"]
    assert (by_image.max() - by_image.min()).to_numpy() == pytest.approx((DRAWS - 1) / DRAWS)
    assert rows[rows["draw"] > 0]["strength"].between(0, 1).all()
    settings = {"length": 3, "draw": 1, "seed": 7}
    for place in (0, 39):
        strength = first["strength"][place] * 0.5
        expected = distort_by_chains(
            images.pixels[place : place + 1], images.examples[place : place + 1], strength=strength, **settings
        )
        assert np.array_equal(shown[0][place], expected[0])
        links = chain(images.examples[place], **settings)
        assert first["groups"][place] == " ".join(OPERATIONS[link.operation].group for link in links)
