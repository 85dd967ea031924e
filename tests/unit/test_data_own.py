"""A reader's own images and text."""

import re

import numpy as np
import pytest
import torch
from PIL import Image

from dlbook import data
from dlbook.data import DataError


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
    (pets / "dogs" / "notes.txt").write_text("no image")
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


@pytest.mark.parametrize("size", [0, -3, (4, 0)])
def test_sizes_that_are_none(pets, size):
    refused(f"folder:{pets}", f"size: got {size}", size=size)


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
    path.write_text(" \n")
    refused(f"text:{path}", "no text")
