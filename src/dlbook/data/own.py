"""Data of the reader's own: a folder of images, one subfolder a class, or a text file (tables: `own_table`)."""

from __future__ import annotations

import os
import warnings
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from dlbook.data.kinds import DataError, DataSet, Text

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
LAYOUT = "expected one subfolder a class with images in it, as in cats/1.png, dogs/1.png"
LEFT_BY_WINDOWS = ("thumbs.db", "desktop.ini")  # written into folders that are looked at


def folder(path: str, size: int | tuple[int, int] | None = None) -> DataSet:
    """Images under `path`, one subfolder a class: x uint8 `(n, 3, H, W)`, 0 to 255; y int64 `(n,)`.

    Classes and files come in alphabetical order; hidden files and folders (.name) are left out, and what Windows leaves
    (Thumbs.db, desktop.ini). Any other file that is no image by its name is refused. Each image is made what
    `read_image` says: upright, in colour, on white where it is transparent.
    Without `size` all images must have the same height and width. With it, `(H, W)` or one number for both, each
    is scaled until it covers that size, keeping its proportions, and cropped around its centre.
    Raises DataError: no such folder, no classes, a class without images, a file that is none, an image outside the
    classes or unreadable (each named), unequal sizes. One class is accepted: see `require_two_classes`.
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


def require_two_classes(data: DataSet) -> DataSet:
    """The same data, if a classifier can learn from them.

    Raises:
        DataError: fewer than two classes: every answer would be right.
    """
    if len(data.classes) < 2:
        raise DataError(
            f"{data.name}: a classifier needs two or more classes, and there is "
            f"{'only ' + data.classes[0] if data.classes else 'none'}; "
            "give each class a folder or a name of its own."
        )
    return data


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
        before = error.object[: error.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        line = before.count(b"\n") + 1
        raise DataError(
            f"{name}: byte {error.object[error.start]:#04x} in line {line} is not UTF-8; save the file as UTF-8."
        ) from error
    except OSError as error:
        raise DataError(f"{name}: the file cannot be read ({error.strerror}); make it readable.") from error
    decoded = decoded.replace("\r\n", "\n").replace("\r", "\n")
    if not decoded.strip():
        raise DataError(f"{name}: the file holds no text; give one that does.")
    return decoded


def height_width(size: object) -> tuple[int, int] | None:
    """`(height, width)` of a number for both, or of two; raises DataError for anything else."""
    if size is None:
        return None
    shape = tuple(size) if isinstance(size, tuple | list) else (size, size)
    whole = [n for n in shape if isinstance(n, Integral) and not isinstance(n, bool) and n > 0]
    if len(shape) != 2 or len(whole) != 2:
        raise DataError(f"size: got {size!r}; give a positive whole number of pixels, or (height, width).")
    return int(shape[0]), int(shape[1])


def image_files(path: str) -> list[tuple[Path, str]]:
    """Every image file under `path` with its class, in alphabetical order; nothing hidden.

    Raises DataError: no such folder, no classes, a class without images, a file that is none, an image in no class.
    """
    root = Path(os.path.expanduser(path))
    if not path or not root.is_dir():
        raise DataError(f"folder:{path}: there is no such folder; {LAYOUT}.")
    try:
        inside = sorted(f for f in root.iterdir() if not f.name.startswith("."))
    except OSError as error:
        raise DataError(f"folder:{path}: the folder cannot be read ({error.strerror}); make it readable.") from error
    classes = [f for f in inside if f.is_dir()]
    if not classes:
        state = "has no subfolders" if inside else "is empty"
        raise DataError(f"folder:{path}: the folder {state}; {LAYOUT}.")
    if stray := [f for f in inside if not f.is_dir() and f.suffix.lower() in SUFFIXES]:
        raise DataError(f"folder:{path}: {stray[0]} lies in no class folder; {LAYOUT}.")
    found = []
    for folder in classes:
        files = [f for f in sorted(folder.rglob("*")) if _counts(f, folder)]
        if not files:
            raise DataError(
                f"folder:{path}: the class folder {folder.name} has no images; put some in or remove it "
                f"(read are {' '.join(SUFFIXES)})."
            )
        found += [(f, folder.name) for f in files]
    for file, _ in found:
        if file.suffix.lower() not in SUFFIXES:
            raise DataError(
                f"folder:{path}: {file} is no image by its name; move it out of the class folder "
                f"(read are {' '.join(SUFFIXES)})."
            )
    return found


def _counts(file: Path, folder: Path) -> bool:
    """Whether it is a file, and neither hidden on its way below `folder` nor left by Windows."""
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    if hidden or file.name.lower() in LEFT_BY_WINDOWS:
        return False
    return file.is_file() or (file.is_symlink() and not file.exists())  # a link to nothing fails when it is read


def read_image(file: Path, shape: tuple[int, int] | None = None) -> Tensor:
    """One image as uint8 `(3, H, W)`, scaled and cropped to `shape` where one is given.

    Grey becomes colour, a turned photograph is set upright, what is transparent shows white behind it, and of a moving
    image the first picture counts. A warning of Pillow, as of damaged EXIF, is passed on with the name of the file.
    Raises DataError, with the name of the file: it is missing, no readable image, or not 8 bits a channel.
    """
    import numpy as np
    import torch
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always", UserWarning)
            with Image.open(file) as opened:
                image = _in_colour(ImageOps.exif_transpose(opened), file)
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"{file} is missing: put it back, or make the list of files anew.") from error
    except Exception as error:  # decoders raise whatever a broken file leads them into: OSError, struct.error, ...
        reason = str(error) or type(error).__name__
        raise DataError(f"{file} is not a readable image ({reason}): replace it or remove it.") from error
    for about in heard:
        warnings.warn(f"{file}: {about.message}", about.category, stacklevel=2)
    if shape is not None:
        image = ImageOps.fit(image, shape[::-1], method=Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()


def _in_colour(image: Image.Image, file: Path) -> Image.Image:
    """Red, green and blue, transparent parts laid on white; Pillow would clip more than 8 bits at 255."""
    from PIL import Image

    if image.mode == "F" or image.mode.startswith("I"):
        raise DataError(
            f"{file} is not 8 bits a channel (its mode is {image.mode!r}); convert it, with a range of values that you "
            "choose."
        )
    if not image.has_transparency_data:
        return image.convert("RGB")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
