"""Every name that `load` accepts, and what stands behind it."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from dlbook.data import fashion, official, own, series, tables
from dlbook.data.kinds import DataError, DataSet, Picture, Text
from dlbook.data.own_table import own_table
from dlbook.data.places import verified
from dlbook.data.torch_docs import torch_docs

BUNDLED: dict[str, tuple[str, Callable[[], DataSet | Picture | Text]]] = {
    "fashion_mini": (fashion.ABOUT, fashion.fashion_mini),
    "digits": (tables.DIGITS, tables.digits),
    "sunspots": (series.ABOUT, series.sunspots),
    **{name: (table.about, partial(tables.table, name)) for name, table in tables.TABLES.items()},
    **{name: (about, partial(tables.photograph, name)) for name, about in tables.PHOTOGRAPHS.items()},
    "torch_docs": ("text: the documentation that the installed torch carries", torch_docs),
}
#: Names of files that are part of the book, with what they must hold.
FILES = {"fashion_mini": (fashion.FILE, fashion.SHA256), "sunspots": (series.FILE, series.SHA256)}
OWN = {
    "folder:PATH": "your own images, one subfolder a class",
    "text:PATH": "your own text, one UTF-8 file",
    "csv:PATH": "your own table, commas and a header; target=... names what to predict, classes=True makes it classes",
}


def names() -> list[tuple[str, str]]:
    """Every accepted name with a line about it; PATH stands for a path of your own."""
    return [
        *((name, about) for name, (about, _) in BUNDLED.items()),
        *((name, f"{entry.about}, downloaded once") for name, entry in official.OFFICIAL.items()),
        *OWN.items(),
    ]


def load(
    name: str, size: int | tuple[int, int] | None = None, target: str | None = None, classes: bool = False
) -> DataSet | Picture | Text:
    """Data by name, verified: a DataSet, a Picture ('china', 'flower') or a Text ('torch_docs', 'text:PATH').

    Only the full sets of torchvision are downloaded, where they are not under `home()`. `size` is for
    'folder:PATH': the height and width that every image is scaled and cropped to. `target` and `classes` are for
    'csv:PATH': the column to predict, and whether its numbers are classes (words always are).
    Raises DataError: an unknown name, or data that are missing, corrupt or unreadable.
    """
    kind, _, path = name.partition(":")
    if size is not None and kind != "folder":
        raise DataError(f"size: {name!r} has a size of its own; size is for 'folder:PATH' only.")
    if target is not None and kind != "csv":
        raise DataError(f"target: {name!r} has a target of its own; target is for 'csv:PATH' only.")
    if classes and kind != "csv":
        raise DataError(f"classes: {name!r} has a target of its own; classes is for 'csv:PATH' only.")
    if kind == "folder" and ":" in name:
        return own.folder(path, size)
    if kind == "text" and ":" in name:
        return own.text(path)
    if kind == "csv" and ":" in name:
        return own_table(path, target, classes)
    if name in BUNDLED:
        return BUNDLED[name][1]()
    if name in official.OFFICIAL:
        return official.load_official(name)
    raise _unknown(name)


def fetch(name: str) -> list[Path]:
    """Download what `name` lacks, and verify it; the files, none where a library or the reader has the data.

    Raises DataError: an unknown name, no network, a folder that cannot be written, a file that is not as expected.
    """
    if name in official.OFFICIAL:
        return official.fetch_official(name)
    if name in FILES:
        return [verified(*FILES[name])[0]]
    if name in BUNDLED or name.startswith(("folder:", "text:", "csv:")):
        return []
    raise _unknown(name)


def verify(name: str, target: str | None = None, classes: bool = False) -> str:
    """Load `name` without downloading anything and say what it holds, in one line; raises DataError as `load` does."""
    if name in official.OFFICIAL:
        official.require(name)
    data = load(name, target=target, classes=classes)
    check = "; SHA-256 agrees" if name in FILES else "; MD5 agrees" if name in official.OFFICIAL else ""
    return f"{data!r}{check}"


def _unknown(name: str) -> DataError:
    accepted = [known for known, _ in names()]
    near = difflib.get_close_matches(name.lower().replace("-", "_"), accepted, n=1, cutoff=0.5)
    accepts = f"did you mean {near[0]!r}? Accepted" if near else "accepted"
    return DataError(f"There is no data named {name!r}: {accepts} are {', '.join(accepted)}.")
