"""Where data lie: bundled files beside the book, full sets under `DLBOOK_DATA` or `data/cache`."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from dlbook.data.kinds import DataError


def bundled(file: str) -> Path:
    """Path of a file that is part of the repository, in its folder `data`."""
    return _data_folder() / file


def verified(file: str, sha256: str) -> tuple[Path, bytes]:
    """Path and content of a bundled file, after its SHA-256 was found right.

    Raises DataError: it cannot be read, or holds anything else.
    """
    path = bundled(file)
    restore = f"restore it with 'git checkout -- data/{file}'"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"The bundled file {path} cannot be read ({error.strerror}): {restore}.") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DataError(
            f"The bundled file {path} is truncated or corrupt: its SHA-256 is {found} ({len(content):,} bytes), "
            f"expected {sha256}; {restore}."
        )
    return path, content


def home() -> Path:
    """The folder of the full sets: what `DLBOOK_DATA` names where it is set, else `data/cache`.

    It is laid out as torchvision expects; gzipped files suffice, and it may be read-only where all is there.
    A relative path starts at the root of the repository: a notebook's working folder is not where you set it.
    """
    chosen = os.path.expanduser(os.environ.get("DLBOOK_DATA", "").strip())
    if not chosen:
        return _data_folder() / "cache"
    return Path(chosen) if os.path.isabs(chosen) else (_data_folder().parent / chosen).resolve()


def _data_folder() -> Path:
    """The nearest `data` folder with a README, upward from this file (and above this package)."""
    for folder in Path(__file__).resolve().parents[2:]:
        if (folder / "data" / "README.md").is_file():
            return folder / "data"
    raise DataError(
        f"The folder 'data' of the book was not found upward of {Path(__file__).resolve().parent}: install the "
        "package from a clone of the repository with 'pip install -e .', or name a folder for full sets in DLBOOK_DATA."
    )
