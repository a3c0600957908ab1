"""Folders of image files."""

import os
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from bloodcells.config.errors import InputError
from bloodcells.data.folder import load_folder

PIXELS = np.random.default_rng(0).integers(0, 256, (8, 10, 3), dtype=np.uint8)


@pytest.fixture
def root(tmp_path):
    for name in ("b_class", "a_class"):
        (tmp_path / name).mkdir()
        for number in (2, 1):
            Image.fromarray(PIXELS).save(tmp_path / name / f"{number}.png")
    return tmp_path


def test_classes_and_files_are_in_alphabetical_order(root) -> None:
    images = load_folder(str(root))
    assert images.class_names == ("a_class", "b_class")
    assert images.labels.tolist() == [0, 0, 1, 1]
    assert images.examples.tolist() == ["a_class/1.png", "a_class/2.png", "b_class/1.png", "b_class/2.png"]
    assert images.size == (8, 10)
    assert np.array_equal(images.pixels[0], PIXELS)


@pytest.mark.parametrize("suffix", ["jpg", "JPEG", "webp", "png", "tif", "TIFF", "bmp"])
def test_every_format_is_read(root, suffix) -> None:
    Image.fromarray(PIXELS).save(root / "a_class" / f"new.{suffix}", quality=95)
    images = load_folder(str(root))
    assert f"a_class/new.{suffix}" in images.examples.tolist()


@pytest.mark.parametrize("mode", ["L", "P", "RGBA"])
def test_gray_palette_and_transparent_images_become_rgb(root, mode) -> None:
    image = Image.fromarray(PIXELS).convert(mode)
    image.save(root / "a_class" / "0.png")
    assert np.array_equal(load_folder(str(root)).pixels[0], np.asarray(image.convert("RGB")))


def test_other_files_and_hidden_folders_are_ignored(root) -> None:
    (root / "a_class" / "notes.txt").write_text("no image")
    (root / ".cache").mkdir()
    (root / "README.md").write_text("no folder")
    assert len(load_folder(str(root))) == 4


def test_truncated_image_is_named(root) -> None:
    whole = (root / "b_class" / "1.png").read_bytes()
    (root / "b_class" / "1.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"b_class/1\.png: cannot be read as an image"):
        load_folder(str(root))


def test_images_with_a_damaged_header_or_an_excessive_size_are_named(root, monkeypatch) -> None:
    path = root / "b_class" / "1.png"
    damaged = bytearray(path.read_bytes())
    damaged[11] = 3  # the length of the first chunk
    path.write_bytes(damaged)
    with pytest.raises(InputError, match=r"b_class/1\.png: cannot be read as an image"):
        load_folder(str(root))
    Image.fromarray(PIXELS).save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(InputError, match=r"cannot be read as an image"):
        load_folder(str(root))


def test_errors_of_pillows_decoders_are_one_line(root) -> None:
    """Found by fuzzing: TypeError for a TIFF without a width, NotImplementedError for a DDS texture."""
    path = root / "b_class" / "1.png"
    for kind, field, value in (("TIFF", b"\x00\x01", b"\xf0\x01"), ("DDS", b"\x41\x00\x00\x00", b"\x00\x40\x00\x00")):
        Image.fromarray(np.zeros((4, 4, 4), np.uint8)).save(path, kind)
        content = path.read_bytes()
        assert content.count(field) >= 1
        path.write_bytes(content.replace(field, value, 1))
        with pytest.raises(
            InputError, match=r"^\S+b_class/1\.png: cannot be read as an image \([^\n]+\); repair or re"
        ):
            load_folder(str(root))


def test_text_file_named_png_is_named(root) -> None:
    (root / "b_class" / "3.png").write_text("no image")
    with pytest.raises(InputError, match=r"b_class/3\.png: cannot be read as an image"):
        load_folder(str(root))


def test_hidden_files_are_ignored(root) -> None:
    before = load_folder(str(root))
    (root / "a_class" / "._1.png").write_bytes(b"what macOS writes next to a file")
    (root / "__MACOSX" / "a_class").mkdir(parents=True)
    assert load_folder(str(root)).describe() == before.describe()


def test_mixed_sizes_are_resized_without_changing_the_shape_of_cells(root) -> None:
    circle = Image.new("RGB", (60, 40), "white")
    ImageDraw.Draw(circle).ellipse((20, 10, 40, 30), fill="black")  # in the middle, 20 pixels wide
    circle.save(root / "a_class" / "large.png")
    Image.fromarray(np.full((8, 8, 3), 90, np.uint8)).save(root / "a_class" / "square.png")
    images = load_folder(str(root), resize=8)
    assert images.pixels.shape == (6, 8, 8, 3)
    by_name = dict(zip(images.examples.tolist(), images.pixels, strict=True))
    assert np.array_equal(by_name["a_class/square.png"], np.full((8, 8, 3), 90))
    # The middle 40 x 40 pixels, reduced to a fifth: a circle 4 pixels wide, from 2 to 6 in both directions.
    dark = by_name["a_class/large.png"][..., 0] < 128
    assert (dark.any(axis=0).tolist(), dark.any(axis=1).tolist()) == ([False] * 2 + [True] * 4 + [False] * 2,) * 2
    assert images.remarks == (
        "5 of 6 images resized from 2 sizes to 8x8 pixels, 5 of them cropped, since their sides have another ratio",
    )


def test_16_bit_image_is_refused(root) -> None:
    Image.fromarray(np.full((8, 10), 40_000, np.uint16)).save(root / "a_class" / "deep.png")
    with pytest.raises(InputError, match=r"deep\.png: image mode I;16"):
        load_folder(str(root))


@pytest.mark.parametrize("name", [b"a_class/\xff.png", b"\xff/1.png"])
def test_names_that_are_not_utf_8_are_refused(root, name) -> None:
    file = Path(root, os.fsdecode(name))
    file.parent.mkdir(exist_ok=True)
    file.write_bytes((root / "a_class" / "1.png").read_bytes())
    with pytest.raises(InputError, match=r"\\udcff.*: a name that is not UTF-8; rename the file or its folder"):
        load_folder(str(root))


def test_file_with_several_images_is_refused(root) -> None:
    pages = [Image.new("RGB", (10, 8), color) for color in ("red", "green", "blue")]
    pages[0].save(root / "a_class" / "stack.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(InputError, match=r"stack\.tif: 3 images; expected one per file: split it"):
        load_folder(str(root))


def test_16_bit_colors_are_refused_whatever_their_values(root) -> None:
    # A PNG of one pixel, RGB with 16 bits per channel and the value 4095, as 12-bit cameras give; Pillow reads 15.
    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)

    header = chunk(b"IHDR", (1).to_bytes(4) * 2 + bytes([16, 2, 0, 0, 0]))
    data = chunk(b"IDAT", zlib.compress(b"\0" + bytes([15, 255]) * 3))
    png = root / "a_class" / "1.png"
    png.write_bytes(b"\x89PNG\r\n\x1a\n" + header + data + chunk(b"IEND", b""))
    with Image.open(png) as image:
        assert (image.mode, image.getpixel((0, 0))) == ("RGB", (15, 15, 15))
    with pytest.raises(InputError, match=r"a_class/1\.png: 16 bits per channel; expected RGB or gray with 8 bits"):
        load_folder(str(root))


def test_the_orientation_of_a_photo_is_applied(root) -> None:
    turned = Image.fromarray(np.rot90(PIXELS).copy())
    exif = turned.getexif()
    exif[274] = 6  # to be turned by 90 degrees clockwise
    turned.save(root / "a_class" / "1.png", exif=exif)
    assert np.array_equal(load_folder(str(root)).pixels[0], PIXELS)


def test_image_files_that_are_passed_over_are_counted_and_named_and_many_are_refused(root) -> None:
    folder = root / "a_class" / "more"
    folder.mkdir()
    for number in range(3, 100):
        Image.fromarray(PIXELS).save(root / "a_class" / f"{number}.png")
    (folder / ".hidden.png").touch()
    assert "passed over" not in load_folder(str(root)).describe()
    (folder / "2.heic").touch()
    assert load_folder(str(root)).describe().endswith("; 1 image file passed over, such as a_class/more/2.heic")
    Image.fromarray(PIXELS).save(folder / "1.png")
    Image.fromarray(PIXELS).save(root / "outside.gif")
    assert load_folder(str(root)).describe().endswith("; 3 image files passed over, such as outside.gif")
    for number in range(4):
        Image.fromarray(PIXELS).save(folder / f"{number}.jp2")
    with pytest.raises(
        InputError, match=r"6 of 105 image files in a_class/ would be passed over, such as a_class/more/"
    ):
        load_folder(str(root))


def test_image_of_another_size_is_named_with_both_sizes(root) -> None:
    Image.fromarray(PIXELS[:6]).save(root / "b_class" / "0.png")
    with pytest.raises(InputError, match=r"b_class/0\.png: 10x6 pixels; expected 10x8"):
        load_folder(str(root))


def test_missing_and_empty_folders_are_refused(root, tmp_path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        load_folder(str(tmp_path / "none"))
    (root / "c_class").mkdir()
    with pytest.raises(InputError, match="no images in c_class/"):
        load_folder(str(root))
    with pytest.raises(InputError, match="0 subfolders; expected two or more"):
        load_folder(str(root / "c_class"))
