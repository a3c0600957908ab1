"""Images without labels: from files at any depth, of any size, and from archives."""

import numpy as np
import pytest
from PIL import Image

from bloodcells.config.errors import InputError
from bloodcells.data.unlabeled import load_unlabeled

PIXELS = np.random.default_rng(0).integers(0, 256, (8, 10, 3), dtype=np.uint8)
SIZE = (8, 10)


@pytest.fixture
def root(tmp_path):
    (tmp_path / "cells" / "deep").mkdir(parents=True)
    Image.fromarray(PIXELS).save(tmp_path / "cells" / "b.png")
    Image.fromarray(PIXELS[::-1]).save(tmp_path / "cells" / "deep" / "a.png")
    return tmp_path / "cells"


def test_files_at_any_depth_are_named_below_the_folder(root) -> None:
    (root / ".hidden").mkdir()
    Image.fromarray(PIXELS).save(root / ".hidden" / "c.png")
    (root / "notes.txt").write_text("no image")
    images = load_unlabeled(str(root), SIZE)
    assert images.files == ("b.png", "deep/a.png")
    assert np.array_equal(images.pixels, [PIXELS, PIXELS[::-1]])
    assert (images.skipped, images.resized()) == ((), None)


def test_single_image_is_one_row(root) -> None:
    images = load_unlabeled(str(root / "deep" / "a.png"), SIZE)
    assert images.files == ("a.png",)
    assert np.array_equal(images.pixels, [PIXELS[::-1]])


def test_images_of_other_sizes_are_resized_and_counted(root) -> None:
    Image.fromarray(np.full((16, 20, 3), 70, np.uint8)).save(root / "large.png")
    images = load_unlabeled(str(root), SIZE)
    assert images.pixels.shape == (3, 8, 10, 3)
    assert set(images.pixels[2].ravel()) == {70}
    assert images.resized() == "1 of 3 images resized from 20x16 to 10x8 pixels"
    Image.fromarray(PIXELS[:4]).save(root / "flat.png")
    assert load_unlabeled(str(root), SIZE).resized() == (
        "2 of 4 images resized from 2 sizes to 10x8 pixels, 1 of them cropped, since their sides have another ratio"
    )


def test_unreadable_files_are_named_and_skipped_unless_all_are(root) -> None:
    (root / "broken.png").write_text("no image")
    images = load_unlabeled(str(root), SIZE)
    assert images.files == ("b.png", "deep/a.png")
    (reason,) = images.skipped
    assert "broken.png: cannot be read as an image" in reason
    Image.fromarray(PIXELS).save(root / "c.gif")
    (root / "link.png").symlink_to(root / "gone.png")
    other, _, link = load_unlabeled(str(root), SIZE).skipped
    assert other.endswith("c.gif: not a JPEG, PNG, WebP, TIFF or BMP file")
    assert "link.png: cannot be read as an image" in link
    (root / "c.gif").unlink()
    (root / "link.png").unlink()
    for file in images.files:
        (root / file).unlink()
    with pytest.raises(InputError, match=r"none of 1 files can be read: .*broken\.png: cannot be read"):
        load_unlabeled(str(root), SIZE)


def test_archive_needs_images_only(tmp_path) -> None:
    path = str(tmp_path / "cells.npz")
    np.savez(path, images=np.stack([PIXELS, PIXELS]))
    images = load_unlabeled(path, SIZE)
    assert images.files == ("0", "1")
    assert np.array_equal(images.pixels, [PIXELS, PIXELS])
    np.savez(path, labels=[0])
    with pytest.raises(InputError, match="no array images; expected images, received labels"):
        load_unlabeled(path, SIZE)


def test_missing_empty_and_other_paths_are_refused(root, tmp_path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        load_unlabeled(str(tmp_path / "none"), SIZE)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no images; expected JPEG, PNG, WebP, TIFF or BMP files or an"):
        load_unlabeled(str(tmp_path / "empty"), SIZE)
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(InputError, match="not an image; expected"):
        load_unlabeled(str(tmp_path / "notes.txt"), SIZE)
