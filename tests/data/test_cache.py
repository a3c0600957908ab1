"""The cache of decoded images: used only while nothing that they follow from has changed."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bloodcells.config.errors import InputError
from bloodcells.config.schema.data import CleanConfig, Data, StoredData
from bloodcells.data import cache
from bloodcells.data.cache import KEPT, cached_pairs, load
from bloodcells.data.images import Images
from bloodcells.data.sources import FolderData, NpzData, SyntheticData

CLEAN = CleanConfig(True, True, 5)
LABELS = np.arange(6) % 3


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(cache, "CACHE", tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def decoded(monkeypatch) -> list[str]:
    """The sources that were decoded, not read from the cache."""
    names: list[str] = []
    for source in (NpzData, FolderData, SyntheticData):
        original = source.load

        def spy(self, original=original):
            names.append(self.name)
            return original(self)

        monkeypatch.setattr(source, "load", spy)
    return names


def archive(file: Path, seed: int = 0) -> NpzData:
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 16, 16, 3), dtype=np.uint8)
    np.savez(file, images=pixels, labels=LABELS)
    return NpzData("npz", CLEAN, None, str(file), None)


def same(first: Images, second: Images) -> bool:
    equal = all(np.array_equal(getattr(first, key), getattr(second, key)) for key in ("pixels", "labels", "examples"))
    return equal and (first.class_names, first.origin, first.sha256) == (
        second.class_names,
        second.origin,
        second.sha256,
    )


def test_unchanged_images_are_decoded_once(tmp_path, decoded) -> None:
    data = archive(tmp_path / "cells.npz")
    expected = NpzData.load(data)
    first, second = load(data), load(NpzData("npz", CleanConfig(False, True, 2), None, data.path, None))
    assert same(first, expected)
    assert same(second, expected)
    assert len(decoded) == 2  # by the test and by the first of the two
    assert second.take(np.array([1, 0])).pixels.flags.writeable


def test_content_that_changes_with_size_and_date_kept_is_decoded_again(tmp_path, decoded) -> None:
    data = archive(tmp_path / "cells.npz")
    before, stat = load(data), os.stat(data.path)
    archive(tmp_path / "cells.npz", seed=1)
    os.utime(data.path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert os.stat(data.path).st_size == stat.st_size
    assert load(data).sha256 != before.sha256
    assert len(decoded) == 2


def test_settings_and_code_that_change_decode_again(decoded, monkeypatch) -> None:
    sizes = [load(SyntheticData("synthetic", CLEAN, None, images, 32, 0)).pixels.shape for images in (200, 201, 200)]
    assert sizes[0] == sizes[2] != sizes[1]
    assert len(decoded) == 2
    monkeypatch.setattr(cache, "version", lambda name: "another")
    load(SyntheticData("synthetic", CLEAN, None, 200, 32, 0))
    assert len(decoded) == 3


def test_a_file_added_to_a_folder_is_found(tmp_path, decoded) -> None:
    for name in ("a/1.png", "b/1.png", "b/2.png"):
        (tmp_path / "cells" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), (len(name), 0, 0)).save(tmp_path / "cells" / name)
    data = FolderData("folder", CLEAN, None, str(tmp_path / "cells"), None)
    assert len(load(data)) == len(load(data)) == 3
    Image.new("RGB", (16, 16)).save(tmp_path / "cells" / "a" / "2.png")
    assert load(data).examples.tolist() == ["a/1.png", "a/2.png", "b/1.png", "b/2.png"]
    assert len(decoded) == 2


def test_files_that_change_while_they_are_read_are_not_cached(tmp_path, folder, monkeypatch) -> None:
    data, original = archive(tmp_path / "cells.npz"), NpzData.load

    def changing(self) -> Images:
        images = original(self)
        archive(tmp_path / "cells.npz", seed=1)
        return images

    monkeypatch.setattr(NpzData, "load", changing)
    load(data)
    assert not folder.exists()


@pytest.mark.parametrize("name", ["pixels.npy", "others.npz"])
def test_a_damaged_entry_is_replaced_by_the_images(tmp_path, folder, decoded, name) -> None:
    data = archive(tmp_path / "cells.npz")
    before = load(data).sha256
    (entry,) = folder.iterdir()
    file = entry / name
    file.write_bytes(file.read_bytes()[:-10])
    assert load(data).sha256 == before
    assert len(decoded) == 2


def test_without_a_writable_folder_images_are_decoded_each_time(tmp_path, folder, decoded) -> None:
    folder.write_text("a file, not a folder")
    data = archive(tmp_path / "cells.npz")
    assert load(data).sha256 == load(data).sha256
    assert len(decoded) == 2


def test_a_source_that_names_no_files_is_never_cached(folder) -> None:
    count = 0

    @dataclass
    class Own(Data):
        def load(self) -> Images:
            nonlocal count
            count += 1
            return Images.from_arrays(np.zeros((6, 16, 16, 3), np.uint8), LABELS, origin="own")

    for _ in range(2):
        load(Own("own", CLEAN, None))
    assert count == 2
    assert not folder.exists()


def test_a_stored_source_names_its_file_or_everything_below_its_folder(tmp_path) -> None:
    file = tmp_path / "a" / "b.h5"
    file.parent.mkdir()
    file.touch()
    assert StoredData("hdf5", CLEAN, None, str(file)).files() == [file]
    assert StoredData("other", CLEAN, None, str(tmp_path)).files() == [tmp_path, tmp_path / "a", file]


def test_a_missing_file_is_reported_as_without_the_cache(tmp_path) -> None:
    with pytest.raises(InputError, match=r"no such file; expected an .npz archive"):
        load(NpzData("npz", CLEAN, None, str(tmp_path / "none.npz"), None))


def test_only_the_data_sets_used_last_are_kept(tmp_path, folder, decoded) -> None:
    data = [archive(tmp_path / f"{number}.npz", number) for number in range(KEPT + 1)]
    for number, source in enumerate(data):
        load(source)
        for entry in folder.glob("images-*"):  # one second older for each further data set
            os.utime(entry, (entry.stat().st_mtime - 1,) * 2)
        if number == KEPT - 1:
            load(data[0])
    assert len(list(folder.glob("images-*"))) == KEPT
    decoded.clear()
    load(data[0])
    assert decoded == []
    load(data[1])
    assert decoded == ["npz"]


def test_pairs_are_found_once_for_the_same_pixels() -> None:
    calls = []

    def find(pixels: np.ndarray) -> list[tuple[int, int]]:
        calls.append(len(pixels))
        return [(0, 1), (1, 2)] if len(pixels) == 3 else []

    pixels = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    images = Images.from_arrays(pixels, np.arange(3), origin="made up")
    for _ in range(2):
        assert cached_pairs(find, images, np.array([0, 1, 2])) == [(0, 1), (1, 2)]
        assert cached_pairs(find, images, np.array([2, 1])) == []
    assert calls == [3, 2]
