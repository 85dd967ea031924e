"""Data of the reader's own: a folder of images, one subfolder a class, or a text file (tables: `own_table`)."""

from __future__ import annotations

import os
from pathlib import Path

from torch import Tensor

from dlbook.data.kinds import DataError, DataSet, Text

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
LAYOUT = "expected one subfolder a class with images in it, as in cats/1.png, dogs/1.png"


def folder(path: str, size: int | tuple[int, int] | None = None) -> DataSet:
    """Images under `path`, one subfolder a class: x uint8 `(n, 3, H, W)`, 0 to 255; y int64 `(n,)`.

    Classes and files come in alphabetical order; grey images become colour, turned ones are set upright.
    Without `size` all images must have the same height and width. With it, `(H, W)` or one number for both, each
    is scaled until it covers that size, keeping its proportions, and cropped around its centre.
    Raises DataError: no such folder, no classes, a class without images, an unreadable image (named), unequal sizes.
    """
    import torch

    shape = height_width(size)
    files = image_files(path)
    tensors: list[Tensor] = []
    for file, _ in files:
        tensors.append(read_image(file, shape))
        if tensors[-1].shape != tensors[0].shape:
            first, here = (" x ".join(map(str, t.shape[1:])) for t in (tensors[0], tensors[-1]))
            raise DataError(
                f"folder:{path}: {file} is {here} (height x width) and {files[0][0]} is {first}: make them equal, "
                "or give a size, as in load(name, size=64)."
            )
    classes = tuple(dict.fromkeys(label for _, label in files))
    return DataSet(
        f"folder:{path}",
        x=torch.stack(tensors),
        y=torch.tensor([classes.index(label) for _, label in files]),
        source=f"Your own images in {path}",
        classes=classes,
    )


def text(path: str) -> Text:
    """The text of one UTF-8 file as one document; a byte order mark is dropped, line ends become newlines.

    Raises DataError: no such file, not UTF-8 (with the line), empty.
    """
    name = f"text:{path}"
    decoded = read_text(path, name, "text:poems.txt")
    return Text(name, (decoded,), source=f"Your own text in {path}")


def read_text(path: str, name: str, example: str) -> str:
    """The text of one UTF-8 file, its line ends made newlines; `name` and `example` are for the messages.

    Raises DataError: no such file, not UTF-8 (with the line), empty.
    """
    file = Path(os.path.expanduser(path))
    if not path or not file.is_file():
        raise DataError(f"{name}: there is no such file; give the path of a UTF-8 file, as in {example}.")
    try:
        content = file.read_bytes()
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{name}: byte {error.object[error.start]:#04x} in line {line} is not UTF-8; save the file as UTF-8."
        ) from error
    except OSError as error:
        raise DataError(f"{name}: the file cannot be read ({error.strerror}); make it readable.") from error
    decoded = decoded.replace("\r\n", "\n").replace("\r", "\n")
    if not decoded.strip():
        raise DataError(f"{name}: the file holds no text; give one that does.")
    return decoded


def height_width(size: int | tuple[int, int] | None) -> tuple[int, int] | None:
    """`(height, width)`."""
    shape = (size, size) if isinstance(size, int) else size
    if shape is not None and min(shape) < 1:
        raise DataError(f"size: got {size}; give a positive number of pixels, or (height, width).")
    return shape


def image_files(path: str) -> list[tuple[Path, str]]:
    """Every image file under `path` with its class, in alphabetical order.

    Raises DataError: no such folder, no classes, a class without images.
    """
    root = Path(os.path.expanduser(path))
    if not path or not root.is_dir():
        raise DataError(f"folder:{path}: there is no such folder; {LAYOUT}.")
    try:
        classes = sorted(f for f in root.iterdir() if f.is_dir() and not f.name.startswith("."))
    except OSError as error:
        raise DataError(f"folder:{path}: the folder cannot be read ({error.strerror}); make it readable.") from error
    if not classes:
        raise DataError(f"folder:{path}: the folder has no subfolders; {LAYOUT}.")
    found = []
    for folder in classes:
        files = [f for f in sorted(folder.rglob("*")) if f.suffix.lower() in SUFFIXES and not f.name.startswith(".")]
        if not files:
            raise DataError(
                f"folder:{path}: the class folder {folder.name} has no images; put some in or remove it "
                f"(read are {' '.join(SUFFIXES)})."
            )
        found += [(f, folder.name) for f in files]
    return found


def read_image(file: Path, shape: tuple[int, int] | None = None) -> Tensor:
    """One image as uint8 `(3, H, W)`, scaled and cropped to `shape` where one is given.

    Raises DataError, with the name of the file: it is missing, or no readable image.
    """
    import numpy as np
    import torch
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as opened:
            image = ImageOps.exif_transpose(opened).convert("RGB")
    except FileNotFoundError as error:
        raise DataError(f"{file} is missing: put it back, or make the list of files anew.") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{file} is not a readable image ({error}): replace it or remove it.") from error
    if shape is not None:
        image = ImageOps.fit(image, shape[::-1], method=Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()
