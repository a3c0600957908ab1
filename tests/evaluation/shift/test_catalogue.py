"""The catalogue of distortions, the training steps that resemble them, and mixtures of three."""

from dataclasses import replace

import numpy as np
import pytest

from bloodcells.augmentation.batch_steps import CutMix, MixUp
from bloodcells.augmentation.steps import Color, FlipTranslate, RandAugmentKerasCV
from bloodcells.evaluation.shift import catalogue
from bloodcells.evaluation.shift.catalogue import DISTORTIONS, overlapping
from bloodcells.evaluation.shift.strengths import STRENGTHS

COLOR = {"color": Color(0.1, 0.1, 0.1, 0.1)}
RANDAUGMENT = {"randaugment_kerascv": RandAugmentKerasCV(3, 0.5, 0.15, 0.9)}


def test_catalogue_order() -> None:
    expected = {
        "geometry": ["rotation", "shear", "zoom", "elastic"],
        "color": ["stain", "hue", "white_balance"],
        "light": ["brightness", "contrast"],
        "blur": ["defocus_blur", "motion_blur"],
        "noise": ["gaussian_noise"],
        "compression": ["jpeg", "pixelate"],
        "occlusion": ["occlusion"],
        "mixture": ["mixture"],
    }
    assert [(part.group, name) for name, part in DISTORTIONS.items()] == [
        (group, name) for group, names in expected.items() for name in names
    ]
    assert all(name == part.name and part.source for name, part in DISTORTIONS.items())
    assert list(STRENGTHS) == list(DISTORTIONS)[:-1]


@pytest.mark.parametrize(
    ("augmentation", "expected"),
    [
        ({}, []),
        ({"flip_translate": FlipTranslate(0.1), "mixup": MixUp(False, 0.2)}, []),
        (COLOR, ["stain", "hue", "white_balance", "brightness", "contrast", "mixture"]),
        (RANDAUGMENT, ["shear", "stain", "white_balance", "brightness", "contrast", "mixture"]),
        ({"cutmix": CutMix(1.0)}, ["occlusion", "mixture"]),
    ],
    ids=["none", "flips and mixup", "color", "randaugment", "cutmix"],
)
def test_distortions_that_training_resembles(augmentation, expected) -> None:
    assert overlapping(augmentation) == expected


@pytest.mark.parametrize(
    ("severity", "parts"), [(1, [1, 1, 1]), (2, [1, 1, 2]), (3, [2, 2, 2]), (4, [3, 3, 3]), (5, [4, 4, 4])]
)
def test_mixture_takes_three_groups_in_catalogue_order(monkeypatch, severity, parts) -> None:
    calls: list[tuple[int, int]] = []

    def recorded(number: int):
        def apply(image: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
            calls.append((number, severity))
            return image + 1

        return apply

    singles = [replace(part, apply=recorded(number)) for number, part in enumerate(catalogue._SINGLE)]
    monkeypatch.setattr(catalogue, "_SINGLE", tuple(singles))
    seen = set()
    for seed in range(200):
        calls.clear()
        mixed = DISTORTIONS["mixture"].apply(np.zeros((4, 4, 3), np.uint8), severity, np.random.default_rng(seed))
        numbers = [number for number, _ in calls]
        assert (mixed == 3).all()
        assert numbers == sorted(numbers)
        assert len({singles[number].group for number in numbers}) == 3
        assert sorted(part for _, part in calls) == parts
        seen.update(numbers)
    assert seen == set(range(15))
