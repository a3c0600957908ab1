"""Which images are removed, with their reasons, and which are grouped."""

import numpy as np
import pytest

from bloodcells.config.errors import InputError
from bloodcells.config.schema import CleanConfig
from bloodcells.data.clean import clean

ON = CleanConfig(enabled=True, near_copies=True, repeats=5)


def test_repeated_image_is_removed_whatever_its_labels(noise_images) -> None:
    images = noise_images(30)
    images.pixels[20:25] = images.pixels[20]
    cleaned = clean(images, ON)
    assert [entry.example for entry in cleaned.removed] == ["20", "21", "22", "23", "24"]
    assert {entry.reason for entry in cleaned.removed} == {"outlier: one of 5 copies of 20"}
    assert cleaned.repeated == (5,)
    assert len(cleaned.images) == 25


def test_first_of_exact_copies_with_one_label_is_kept(noise_images) -> None:
    images = noise_images(30)
    images.pixels[9] = images.pixels[3]  # labels 0 and 0
    images.pixels[12] = images.pixels[3]
    cleaned = clean(images, ON)
    assert [(entry.example, entry.reason) for entry in cleaned.removed] == [
        ("9", "exact copy of 3"),
        ("12", "exact copy of 3"),
    ]
    assert "3" in cleaned.images.examples


def test_exact_copies_with_conflicting_labels_are_all_removed(noise_images) -> None:
    images = noise_images(30)
    images.pixels[10] = images.pixels[3]  # labels 1 and 0
    cleaned = clean(images, ON)
    assert [entry.example for entry in cleaned.removed] == ["3", "10"]
    assert all("labels differ" in entry.reason for entry in cleaned.removed)


def test_summary_counts_kept_and_removed_images_by_reason(noise_images) -> None:
    images = noise_images(40)
    images.pixels[20:26] = images.pixels[20]
    images.pixels[9] = images.pixels[3]  # labels 0 and 0
    images.pixels[13] = images.pixels[2]  # labels 1 and 2
    assert clean(images, ON).describe() == (
        "31 images kept; 6 outliers removed (images that occur 6 times); 1 exact copy removed; "
        "2 copies with conflicting labels removed; 0 pairs of near copies kept together in the split"
    )


def test_every_image_is_kept_or_removed_exactly_once(noise_images) -> None:
    images = noise_images(40)
    images.pixels[20:26] = images.pixels[20]
    images.pixels[9] = images.pixels[3]
    cleaned = clean(images, ON)
    names = [*cleaned.images.examples.tolist(), *(entry.example for entry in cleaned.removed)]
    assert sorted(names, key=int) == images.examples.tolist()


def test_near_copies_are_kept_in_one_group(noise_images) -> None:
    images = noise_images(30)
    images.pixels[11] = np.clip(images.pixels[4].astype(int) + 2, 0, 255)
    images.pixels[17] = np.clip(images.pixels[4].astype(int) - 2, 0, 255)
    cleaned = clean(images, ON)
    assert len(cleaned.images) == 30
    assert cleaned.groups[4] == cleaned.groups[11] == cleaned.groups[17]
    assert len(set(cleaned.groups.tolist())) == 28
    assert ("4", "11") in cleaned.near
    assert cleaned.describe().endswith(
        f"{len(cleaned.near)} pairs of near copies kept together in the split (10% of the images; if they show "
        "different cells, data.clean.near_copies=false)"
    )


def test_near_copies_are_not_looked_for_if_switched_off(noise_images) -> None:
    images = noise_images(30)
    images.pixels[11] = np.clip(images.pixels[4].astype(int) + 2, 0, 255)
    images.pixels[20] = images.pixels[21]
    cleaned = clean(images, CleanConfig(enabled=False, near_copies=False, repeats=5))
    assert cleaned.near is None
    assert cleaned.groups[4] != cleaned.groups[11]
    assert cleaned.groups[20] == cleaned.groups[21]  # exact copies stay together
    assert cleaned.describe() == "30 images kept"


def test_disabled_cleaning_removes_nothing_but_groups_copies(noise_images) -> None:
    images = noise_images(30)
    images.pixels[20:26] = images.pixels[20]
    cleaned = clean(images, CleanConfig(enabled=False, near_copies=True, repeats=5))
    assert (len(cleaned.images), cleaned.removed, cleaned.repeated) == (30, (), ())
    assert len(set(cleaned.groups[20:26].tolist())) == 1


def test_data_with_a_single_image_is_refused(noise_images) -> None:
    images = noise_images(30)
    images.pixels[:] = images.pixels[0]
    with pytest.raises(InputError, match=r"removes every image.*raise data\.clean\.repeats"):
        clean(images, ON)


def test_too_small_images_are_refused(noise_images) -> None:
    with pytest.raises(InputError, match="15x15 pixels; expected at least 16 per side"):
        clean(noise_images(9, size=15), ON)
