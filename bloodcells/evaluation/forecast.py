"""Forecast of a model's accuracy on images without labels, from its predictions. Needs no TensorFlow.

Confidence alone misleads: under distortion, models stay confident and answer with few classes. So the forecast uses two
signs, both relative to clean validation images. *Doubt*: the drop in the expected accuracy of each answer, given its
class and confidence (isotonic regression, Zadrozny and Elkan 2002, doi 10.1145/775047.775151). *Collapse*: the distance
between the shares of the predicted classes. Confidence with dispersion: Deng et al. 2023, arXiv:2302.01094. The drop in
accuracy is regressed on both, as on differences of confidences by Guillory et al. 2021, arXiv:2107.03315.

It is fitted on validation images distorted by chains from none to full strength. experiments/forecast compares it with
other methods.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.optimize import nnls
from sklearn.isotonic import IsotonicRegression

from bloodcells.evaluation.abstention import shifted_to_mean

WINDOWS = 6  # sets of rising strength in which the images with a group of operations are split
FEWEST = 20  # images to forecast for, and in a window
SMALL = 0.05  # below this drop in accuracy, errors are absolute instead of relative to the drop
UNUSUAL = 1.5  # times the largest collapse per doubt in the fit: beyond this, the forecast is unreliable


@dataclass(frozen=True)
class Forecast:
    """The expected accuracy on n images with its 95% interval; `doubt`: why it is unreliable, or None."""

    accuracy: float
    low: float
    high: float
    doubt: str | None

    def describe(self) -> str:
        value = f"accuracy about {self.accuracy:.2f} ({self.low:.2f} to {self.high:.2f})"
        if self.doubt:
            return f"unreliable: {self.doubt}; without this warning it would be: {value}"
        return f"{value}, if the images show the same classes in similar shares"


@dataclass(frozen=True)
class Forecaster:
    """Forecasts from predictions; `fit` makes it.

    accuracy, expected: on clean validation images, true and as the mean of `_expected`
    shares: float (classes,), of the predicted classes of these images
    curves: by predicted class, and by None for all, P(correct) as a function of the confidence
    weights: by which doubt and collapse add up to the drop in accuracy
    error: 95% quantile of the relative error for groups of operations that were left out
    steepest: the largest collapse per doubt
    """

    accuracy: float
    expected: float
    shares: np.ndarray
    curves: Mapping[int | None, IsotonicRegression]
    weights: np.ndarray
    error: float
    steepest: float

    def __call__(self, predicted: np.ndarray, confidence: np.ndarray) -> Forecast:
        """The forecast for n >= FEWEST images. predicted: int (n,); confidence: float (n,), P(predicted class)."""
        count = len(predicted)
        if count < FEWEST:
            raise ValueError(f"{count} images: expected {FEWEST} or more")
        signs = self._signs(predicted, confidence)
        drop = float(signs @ self.weights)
        accuracy = float(np.clip(self.accuracy - drop, 0, 1))
        # Agresti and Coull 1998: the error of an accuracy measured on `count` images, also where it is 0 or 1.
        near = (count * accuracy + 2) / (count + 4)
        half = float(np.hypot(self.error * max(drop, SMALL), 1.96 * np.sqrt(near * (1 - near) / (count + 4))))
        doubt = None
        if _steepness(signs) > UNUSUAL * self.steepest:
            doubt = "the predicted classes have other shares than in validation, but confidence hardly drops"
        return Forecast(accuracy, max(accuracy - half, 0), min(accuracy + half, 1), doubt)

    def certainty(self, predicted: np.ndarray, confidence: np.ndarray) -> np.ndarray:
        """P(correct) of each answer, float (n,), with the forecast accuracy as its mean, for n >= FEWEST images."""
        expected = np.clip(_expected(self.curves, predicted, confidence), 0.001, 0.999)
        return shifted_to_mean(expected, self(predicted, confidence).accuracy)

    def _signs(self, predicted: np.ndarray, confidence: np.ndarray) -> np.ndarray:
        """Doubt and collapse: float (2,)."""
        doubt = self.expected - _expected(self.curves, predicted, confidence).mean()
        shares = np.bincount(predicted, minlength=len(self.shares)) / len(predicted)
        # The second sum is what chance adds to the squared distance, so few images do not look collapsed.
        squared = ((shares - self.shares) ** 2).sum() - (shares * (1 - shares)).sum() / (len(predicted) - 1)
        # Rounded, because the fit would blow up differences that are only rounding errors.
        return np.round([doubt, np.sqrt(max(squared, 0))], 9)


def fit(rows: pd.DataFrame, classes: int) -> Forecaster:
    """Fits a forecaster on the table of `validation_draws`, a pure function of it."""
    fitted, errors = _fit(rows, classes), []
    for group in _groups(rows):
        has = _has(rows, group)
        without = _fit(rows[~has], classes)
        for window in _windows(rows[has]):
            drop = float(without._signs(*_answers(window)) @ without.weights)
            actual = without.accuracy - _correct(window).mean()
            errors.append(abs(drop - actual) / max(drop, SMALL))
    return replace(fitted, error=float(np.quantile(errors, 0.95)))


def _fit(rows: pd.DataFrame, classes: int) -> Forecaster:
    """A forecaster without `error`."""
    clean = rows[rows["draw"] == 0]
    curves = {None: _curve(rows)} | {
        int(number): _curve(part) for number, part in rows.groupby("predicted") if len(part) >= FEWEST
    }
    expected = float(_expected(curves, *_answers(clean)).mean())
    shares = np.bincount(clean["predicted"], minlength=classes) / len(clean)
    fitted = Forecaster(_correct(clean).mean(), expected, shares, curves, np.zeros(2), error=0, steepest=0)
    windows = [window for group in _groups(rows) for window in _windows(rows[_has(rows, group)])]
    signs = np.array([fitted._signs(*_answers(window)) for window in windows])
    weights, _ = nnls(signs, np.array([fitted.accuracy - _correct(window).mean() for window in windows]))
    return replace(fitted, weights=weights, steepest=max(map(_steepness, signs)))


def _curve(rows: pd.DataFrame) -> IsotonicRegression:
    return IsotonicRegression(out_of_bounds="clip").fit(rows["confidence"], _correct(rows))


def _expected(
    curves: Mapping[int | None, IsotonicRegression], predicted: np.ndarray, confidence: np.ndarray
) -> np.ndarray:
    """P(correct) of each answer: float (n,)."""
    expected = curves[None].predict(confidence)
    for number in set(predicted.tolist()) & set(curves):
        expected[predicted == number] = curves[number].predict(confidence[predicted == number])
    return expected


def _steepness(signs: np.ndarray) -> float:
    doubt, collapse = signs
    return float(collapse / (abs(doubt) + SMALL))


def _answers(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return rows["predicted"].to_numpy(), rows["confidence"].to_numpy(float)


def _correct(rows: pd.DataFrame) -> np.ndarray:
    return (rows["predicted"] == rows["label"]).to_numpy(float)


def _groups(rows: pd.DataFrame) -> list[str]:
    return sorted({group for groups in rows["groups"].unique() for group in groups.split()})


def _has(rows: pd.DataFrame, group: str) -> np.ndarray:
    return np.array([group in groups.split() for groups in rows["groups"]])


def _windows(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The rows of a group in sets of rising strength."""
    order = rows["strength"].to_numpy().argsort(kind="stable")
    for part in np.array_split(order, np.clip(len(rows) // FEWEST, 1, WINDOWS)):
        yield rows.iloc[part]
