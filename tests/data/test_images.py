"""Arrays that are accepted as images and labels, and arrays that are refused."""

import hashlib

import numpy as np
import pytest

from bloodcells.config.errors import InputError
from bloodcells.data.images import Images

PIXELS = np.arange(6 * 4 * 4 * 3, dtype=np.uint8).reshape(6, 4, 4, 3)
LABELS = np.array([0, 1, 2, 0, 1, 2])


@pytest.mark.parametrize(
    "labels",
    [
        LABELS,
        LABELS[:, None],
        LABELS.astype(np.uint8),
        LABELS.astype(np.float32),
        np.eye(3)[LABELS],
        np.eye(3, dtype=bool)[LABELS],
    ],
    ids=["flat", "column", "uint8", "whole floats", "one-hot floats", "one-hot bools"],
)
def test_labels_may_be_flat_a_column_or_one_hot(labels) -> None:
    images = Images.from_arrays(PIXELS, labels, origin="here")
    assert images.labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert images.labels.dtype == np.int64
    assert images.class_names == ("0", "1", "2")
    assert images.class_counts.tolist() == [2, 2, 2]
    assert images.one_hot[:3].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_labels_may_be_counted_from_1() -> None:
    numbered = Images.from_arrays(PIXELS, LABELS + 1, origin="here")
    assert (numbered.labels.tolist(), numbered.class_names) == ([0, 1, 2, 0, 1, 2], ("1", "2", "3"))
    assert numbered.describe() == "here: 6 images of 3 classes, 4 x 4 pixels; labels counted from 1"
    named = Images.from_arrays(PIXELS, LABELS + 1, origin="here", class_names=["a", "b", "c"])
    assert (named.labels.tolist(), named.class_names) == ([0, 1, 2, 0, 1, 2], ("a", "b", "c"))


def test_labels_of_some_classes_keep_their_numbers() -> None:
    some = Images.from_arrays(PIXELS, np.where(LABELS == 0, 1, LABELS), origin="here", class_names=["a", "b", "c"])
    assert some.labels.tolist() == [1, 1, 2, 1, 1, 2]
    assert some.remarks == ("labels counted from 0, though none is 0",)
    one_hot = Images.from_arrays(PIXELS, np.eye(3)[np.where(LABELS == 0, 1, LABELS)], origin="here")
    assert (one_hot.labels.tolist(), one_hot.class_names) == ([1, 1, 2, 1, 1, 2], ("0", "1", "2"))


def test_floats_clearly_in_0_to_1_become_uint8() -> None:
    assert np.array_equal(Images.from_arrays(PIXELS / 255, LABELS, origin="here").pixels, PIXELS)
    assert np.array_equal(Images.from_arrays((PIXELS / 255).astype(np.float32), LABELS, origin="here").pixels, PIXELS)


@pytest.mark.parametrize(
    ("pixels", "received"),
    [
        (PIXELS[..., 0], r"shape \(6, 4, 4\)"),
        (PIXELS[..., :1], r"shape \(6, 4, 4, 1\)"),
        (PIXELS.astype(np.int64), "type int64"),
        (PIXELS.astype(np.float64), "from 0 to 255"),
        (PIXELS / 127.5 - 1, "from -1 to 1"),
        ((PIXELS > 100).astype(float), "from 0 to 1"),  # black and white: 0..1, or nearly black 0..255?
        (PIXELS / 1000, "from 0 to 0.255"),
        (np.full(PIXELS.shape, np.nan), "from nan to nan"),
    ],
    ids=["rank 3", "one channel", "int64", "floats to 255", "floats from -1", "only 0 and 1", "dark floats", "NaN"],
)
def test_images_of_another_shape_type_or_range_are_refused(pixels, received) -> None:
    with pytest.raises(InputError, match=f"here: .*{received}.*expected"):
        Images.from_arrays(pixels, LABELS, origin="here")


@pytest.mark.parametrize(
    ("labels", "received"),
    [
        (LABELS + 0.5, "type float64"),
        (np.where(LABELS == 1, np.nan, LABELS), "type float64"),
        (LABELS - 1, "label -1 at position 0"),
        (LABELS[:5], "6 images but 5 labels"),
        (np.append(LABELS, 0), "6 images but 7 labels"),
        (np.ones((6, 3)), "not one-hot"),
        (LABELS.reshape(6, 1, 1), "shape"),
        (np.array(list("abcabc")), "type <U1"),
        (np.zeros(6, int), "only one class"),
    ],
    ids=["fractions", "NaN", "negative", "fewer", "more", "two-hot", "rank 3", "text", "one class"],
)
def test_labels_that_are_not_class_numbers_are_refused(labels, received) -> None:
    with pytest.raises(InputError, match=received):
        Images.from_arrays(PIXELS, labels, origin="here")


def test_label_without_a_class_name_is_refused() -> None:
    with pytest.raises(InputError, match="label 2 has no name"):
        Images.from_arrays(PIXELS, LABELS, origin="here", class_names=["a", "b"])


def test_hash_covers_pixels_labels_class_names_and_order() -> None:
    base = Images.from_arrays(PIXELS, LABELS, origin="here")
    assert base.sha256 == Images.from_arrays(PIXELS.copy(), LABELS, origin="elsewhere").sha256
    changed = PIXELS.copy()
    changed[5, 3, 3, 2] ^= 1
    others = [
        Images.from_arrays(changed, LABELS, origin="here"),
        Images.from_arrays(PIXELS, LABELS[::-1], origin="here"),
        Images.from_arrays(PIXELS[::-1], LABELS, origin="here"),
        Images.from_arrays(PIXELS, LABELS, origin="here", class_names=["a", "b", "c"]),
    ]
    assert len({base.sha256, *(other.sha256 for other in others)}) == 5
    assert base.digests[2] == hashlib.sha256(PIXELS[2].tobytes()).digest()


@pytest.mark.parametrize("label", [3_000_000_000, 2**64 - 1])
def test_label_above_the_number_of_images_is_refused(label) -> None:
    with pytest.raises(InputError, match=f"label {label}.*numbered from 0"):
        Images.from_arrays(PIXELS, np.array([0, 1, 2, 0, 1, label], np.uint64), origin="here")


def test_one_hot_labels_define_classes_without_images() -> None:
    assert Images.from_arrays(PIXELS, np.eye(4)[LABELS], origin="here").class_counts.tolist() == [2, 2, 2, 0]


def test_repeated_class_name_is_refused() -> None:
    with pytest.raises(InputError, match="class name a occurs more than once"):
        Images.from_arrays(PIXELS, LABELS, origin="here", class_names=["a", "b", "a"])
