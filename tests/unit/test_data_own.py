"""A reader's own images and text."""

import re

import numpy as np
import pytest
import torch
from PIL import Image

from dlbook import data
from dlbook.data import DataError
from dlbook.data.own import height_width, read_image, require_two_classes


def picture(path, height, width, value=0, mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    shade = value if mode == "L" else (value, 10, 200)
    Image.new(mode, (width, height), shade).save(path)


def refused(name, *parts, **options):
    with pytest.raises(DataError) as caught:
        data.load(name, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert not [part for part in parts if part not in message], message


@pytest.fixture
def pets(tmp_path):
    for i, name in enumerate(["dogs/b.PNG", "dogs/a.png", "cats/z.bmp", "cats/deep/y.png"]):
        picture(tmp_path / "pets" / name, height=5, width=7, value=i)
    return tmp_path / "pets"


def test_a_folder_of_images(pets):
    (pets / ".hidden").mkdir()
    (pets / "dogs" / "Thumbs.db").write_bytes(b"what Windows leaves")
    (pets / "cats" / "deep" / "desktop.ini").write_text("and this")
    (pets / "cats" / ".DS_Store").write_bytes(b"and what macOS leaves")
    (pets / "readme.txt").write_text("beside the classes")
    found = data.load(f"folder:{pets}")
    assert (found.x.dtype, tuple(found.x.shape)) == (torch.uint8, (4, 3, 5, 7))
    assert (found.classes, found.y.tolist()) == (("cats", "dogs"), [0, 0, 1, 1])
    assert found.x[:, 0, 0, 0].tolist() == [3, 2, 1, 0]
    assert found.x[0, :, 4, 6].tolist() == [3, 10, 200]
    assert found.x.is_contiguous()
    assert data.fetch(f"folder:{pets}") == []
    assert "4 " not in found.source


def test_grey_images_become_colour_and_turned_ones_upright(tmp_path):
    picture(tmp_path / "a" / "grey.png", 5, 7, value=90, mode="L")
    turned = Image.new("RGB", (5, 7))  # 7 high, 5 wide, to be shown turned by a quarter
    tag = Image.Exif()
    tag[0x0112] = 6
    turned.save(tmp_path / "a" / "turned.jpg", exif=tag)
    found = data.load(f"folder:{tmp_path}")
    assert tuple(found.x.shape) == (2, 3, 5, 7)
    assert found.x[0].unique().tolist() == [90]


def test_unequal_sizes_need_a_size(pets):
    picture(pets / "dogs" / "c.png", height=6, width=8)
    refused(f"folder:{pets}", str(pets / "dogs" / "c.png"), "6 x 8", "5 x 7", "size=64")
    assert tuple(data.load(f"folder:{pets}", size=4).x.shape) == (5, 3, 4, 4)
    assert tuple(data.load(f"folder:{pets}", size=(2, 3)).x.shape) == (5, 3, 2, 3)


def test_scaling_keeps_proportions_and_the_centre(tmp_path):
    pixels = np.zeros((6, 18, 3), dtype=np.uint8)
    pixels[:, 6:12] = 255  # the middle third
    (tmp_path / "a").mkdir()
    Image.fromarray(pixels).save(tmp_path / "a" / "stripe.png")
    assert data.load(f"folder:{tmp_path}", size=6).x.unique().tolist() == [255]


def test_scaling_is_smooth(tmp_path):
    pixels = np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (256, 1, 3))
    Image.fromarray(pixels).save(tmp_path / "ramp.png")
    small = read_image(tmp_path / "ramp.png", (37, 37))[0, 18].double()
    middles = (torch.arange(37, dtype=torch.float64) + 0.5) * 256 / 37 - 0.5  # of the pixels, in those of the file
    assert (small - middles)[2:-2].abs().max() < 0.75  # one pixel of the file taken for each would be off by up to 3
    board = np.indices((64, 64)).sum(axis=0) % 2 * np.uint8(255)
    Image.fromarray(board.astype(np.uint8)).save(tmp_path / "board.png")
    assert (read_image(tmp_path / "board.png", (8, 8)).int() - 127).abs().max() <= 20  # grey, neither black nor white


def test_hidden_things_are_left_out(pets):
    picture(pets / "cats" / ".ipynb_checkpoints" / "z.png", 5, 7)
    picture(pets / "cats" / "deep" / ".trash" / "deeper" / "z.png", 5, 7)
    picture(pets / "cats" / "._z.png", 5, 7)
    (pets / "dogs" / "folder.png").mkdir()
    assert len(data.load(f"folder:{pets}").x) == 4
    (pets / "dogs" / "gone.png").symlink_to(pets / "nowhere.png")
    refused(f"folder:{pets}", "gone.png is missing")


def test_classes_below_a_hidden_folder_are_read(tmp_path):
    picture(tmp_path / ".cache" / "pets" / "cats" / "z.png", 5, 7)
    assert len(data.load(f"folder:{tmp_path / '.cache' / 'pets'}")) == 1


@pytest.mark.parametrize(
    ("file", "values", "mode"),
    [
        ("deep.png", np.full((5, 7), 40_000, dtype=np.uint16), "I;16"),
        ("deep.tif", np.full((5, 7), 0.5, dtype=np.float32), "F"),
        ("whole.tif", np.full((5, 7), 70_000, dtype=np.int32), "I"),
    ],
)
def test_more_than_8_bits_are_refused(pets, file, values, mode):
    Image.fromarray(values).save(pets / "cats" / file)
    refused(f"folder:{pets}", file, "not 8 bits a channel", repr(mode), "convert it")


@pytest.mark.filterwarnings("error")
def test_what_is_transparent_is_laid_on_white(tmp_path):
    colours = Image.new("RGBA", (2, 1), (200, 0, 100, 0))
    colours.putpixel((1, 0), (200, 0, 100, 51))  # a fifth
    colours.save(tmp_path / "rgba.png")
    assert read_image(tmp_path / "rgba.png")[:, 0].T.tolist() == [[255, 255, 255], [244, 204, 224]]
    for mode, transparency in (("P", b"\x00\xff"), ("L", 0)):
        image = Image.new(mode, (2, 1))
        if mode == "P":
            image.putpalette([10, 20, 30, 40, 50, 60])
        image.putpixel((1, 0), 1)
        image.save(tmp_path / "a.png", transparency=transparency)
        shown = [40, 50, 60] if mode == "P" else [1, 1, 1]
        assert read_image(tmp_path / "a.png")[:, 0].T.tolist() == [[255, 255, 255], shown]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "LA"])
def test_modes_that_are_read(tmp_path, mode):
    file = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    Image.new("RGB", (7, 5), "white").convert(mode).save(file)
    assert read_image(file).unique().tolist() == [255]


def test_damaged_exif_is_named(pets):
    tags = Image.Exif()
    tags[0x0112], tags[0x010F] = 6, "maker"  # turned by a quarter, maker of the camera
    turned, photograph = Image.new("RGB", (5, 7)), pets / "cats" / "x.jpg"
    turned.save(photograph, exif=tags.tobytes()[:-5])  # cut off: its pixels are read, as they lie
    with pytest.warns(UserWarning, match=r"cats/x\.jpg: .*"):
        assert tuple(read_image(photograph).shape) == (3, 7, 5)
    turned.save(photograph, exif=tags.tobytes().replace(b"\x01\x0f", b"\x01\x4e"))  # text where a number belongs
    refused(f"folder:{pets}", "x.jpg is not a readable image (required argument is not an integer)")


@pytest.mark.parametrize("size", [0, -3, (4, 0)])
def test_sizes_that_are_none(pets, size):
    refused(f"folder:{pets}", f"size: got {size}", size=size)


@pytest.mark.parametrize("size", ["48", 48.0, True, (), (4,), (4, 5, 6), (4, "5"), (4, 5.0), (True, 4), None])
def test_sizes_of_another_kind(size):
    if size is None:
        assert height_width(size) is None
        return
    with pytest.raises(DataError) as caught:
        height_width(size)
    assert str(caught.value) == f"size: got {size!r}; give a positive whole number of pixels, or (height, width)."


def test_sizes_that_are_accepted():
    assert [height_width(size) for size in (6, (4, 5), [4, 5], np.int64(6))] == [(6, 6), (4, 5), (4, 5), (6, 6)]


@pytest.mark.parametrize("harm", ["truncated", "page", "empty"])
def test_an_unreadable_image_is_named(pets, harm):
    path = pets / "cats" / "x.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)).save(path)
    content = path.read_bytes()
    path.write_bytes({"truncated": content[: len(content) // 2], "page": b"<html></html>", "empty": b""}[harm])
    refused(f"folder:{pets}", str(path), "not a readable image")


def test_folders_that_are_none(tmp_path):
    refused(f"folder:{tmp_path / 'nowhere'}", "no such folder", "cats/1.png")
    refused("folder:", "no such folder")
    picture(tmp_path / "flat" / "1.png", 5, 7)
    refused(f"folder:{tmp_path / 'flat'}", "no subfolders", "cats/1.png")
    (tmp_path / "some" / "birds").mkdir(parents=True)
    refused(f"folder:{tmp_path / 'some'}", "birds", "no images", ".png")


    (tmp_path / "none" / ".git").mkdir(parents=True)
    refused(f"folder:{tmp_path / 'none'}", "the folder is empty", "cats/1.png")


@pytest.mark.parametrize("name", ["dogs/notes.txt", "cats/deep/labels.csv", "cats/a.svg", "dogs/without_suffix"])
def test_a_file_that_is_no_image_is_named(pets, name):
    (pets / name).write_text("no image")
    refused(f"folder:{pets}", str(pets / name), "is no image by its name", "move it", ".png")
    with pytest.raises(DataError, match="is no image by its name"):
        data.ImageFolder(str(pets))


def test_text_under_the_name_of_an_image(pets):
    (pets / "dogs" / "notes.png").write_text("no image")
    refused(f"folder:{pets}", str(pets / "dogs" / "notes.png"), "is not a readable image")


def test_an_image_in_no_class_is_named(pets):
    picture(pets / "1.png", 5, 7)
    refused(f"folder:{pets}", str(pets / "1.png"), "lies in no class folder", "dogs/1.png")


def test_one_class_loads_and_is_refused_for_a_classifier(pets, tmp_path):
    (tmp_path / "one").mkdir()
    (pets / "cats").rename(tmp_path / "one" / "cats")
    found = data.load(f"folder:{tmp_path / 'one'}")
    assert found.classes == ("cats",)
    with pytest.raises(DataError) as caught:
        require_two_classes(found)
    assert str(caught.value) == (
        f"folder:{tmp_path / 'one'}: a classifier needs two or more classes, and there is only cats; "
        "give each class a folder or a name of its own."
    )
    with pytest.raises(DataError, match="and there is none"):
        require_two_classes(data.load("diabetes"))
    digits = data.load("digits")
    assert require_two_classes(digits) is digits


def test_text(tmp_path):
    path = tmp_path / "poem.txt"
    path.write_bytes(b"\xef\xbb\xbf" + "Über allen Gipfeln\r\nist Ruh\n".encode())
    found = data.load(f"text:{path}")
    assert found.text == "Über allen Gipfeln\nist Ruh\n"
    assert found.documents == (found.text,)
    assert found.symbols[0] == "\n"
    assert found.symbols[-1] == "Ü"
    assert len(found) == 27
    line = data.verify(f"text:{path}")
    assert re.fullmatch(r"Text\(text:.*poem.txt: 27 characters, 18 different ones, 1 document\)", line)


def test_text_that_is_none(tmp_path):
    path = tmp_path / "poem.txt"
    refused(f"text:{path}", "no such file", "UTF-8")
    refused("text:", "no such file")
    refused(f"text:{tmp_path}", "no such file")
    path.write_bytes("eins\nzwei\nfünf".encode("latin1"))
    refused(f"text:{path}", "0xfc", "line 3", "not UTF-8")
    path.write_bytes(b"\xef\xbb\xbfa\rb\r\n\xfc")
    refused(f"text:{path}", "0xfc", "line 3", "not UTF-8")
    path.write_text(" \n")
    refused(f"text:{path}", "no text")
