"""Draw `fashion_mini.npz` from the official files of Fashion-MNIST.

    python data/make_fashion_mini.py            writes the file and prints its SHA-256
    python data/make_fashion_mini.py --check    draws again and compares with the file, array by array

The official files are looked for as `load("fashion_mnist")` does: under DLBOOK_DATA or in the cache, else downloaded.
From each official split, 1,000 (train) and 200 (test) images of every class are drawn: those whose string
"fashion_mini:<split>:<row>" has the smallest SHA-256. This needs no random generator, so that no version of any library
can change the draw. The rows stay in the official order. Nothing in the archive depends on time or place; only another
zlib may compress to other bytes, which is what --check is for.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import sys
import zipfile
from pathlib import Path

import numpy as np

from dlbook.data import DataError, load

FILE = Path(__file__).resolve().with_name("fashion_mini.npz")
PER_CLASS = {"train": 1_000, "test": 200}


def drawn(labels: np.ndarray, split: str, per_class: int) -> np.ndarray:
    """The rows of an official split that are drawn, int32, in ascending order."""

    def rank(row: int) -> bytes:
        return hashlib.sha256(f"fashion_mini:{split}:{row}".encode()).digest()

    rows = [
        row
        for label in np.unique(labels)
        for row in sorted(np.flatnonzero(labels == label).tolist(), key=rank)[:per_class]
    ]
    return np.array(sorted(rows), dtype=np.int32)


def arrays() -> dict[str, np.ndarray]:
    """Images uint8 (n, 28, 28), labels uint8 (n,) and official rows int32 (n,) of both splits."""
    full = load("fashion_mnist")
    found = {}
    for split, data in (("train", full), ("test", full.test)):
        rows = drawn(data.y.numpy(), split, PER_CLASS[split])
        found[f"{split}_x"] = data.x[rows, 0].numpy()
        found[f"{split}_y"] = data.y[rows].numpy().astype(np.uint8)
        found[f"{split}_rows"] = rows
    return found


def npz(content: dict[str, np.ndarray]) -> bytes:
    """A NumPy archive whose bytes depend on the arrays alone: fixed date, rights, order and compression."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in content.items():
            member = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            member.compress_type, member.create_system, member.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            raw = io.BytesIO()
            np.lib.format.write_array(raw, np.ascontiguousarray(array), version=(1, 0))
            archive.writestr(member, raw.getvalue())
    return file.getvalue()


def write_atomic(path: Path, content: bytes) -> None:
    """The file is whole under its name, or not there at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Draw fashion_mini.npz from the official files of Fashion-MNIST.")
    parser.add_argument("--check", action="store_true", help="compare with the file instead of writing it")
    check = parser.parse_args().check
    try:
        content = arrays()
    except DataError as error:
        print(f"make_fashion_mini: {error}", file=sys.stderr)
        return 2
    if check:
        with np.load(FILE) as stored:
            same = sorted(stored.files) == sorted(content) and all(
                stored[name].dtype == array.dtype and np.array_equal(stored[name], array)
                for name, array in content.items()
            )
        print(f"{FILE.name}: {'the same arrays' if same else 'DIFFERENT arrays'}")
        return 0 if same else 1
    write_atomic(FILE, npz(content))
    print(f"{hashlib.sha256(FILE.read_bytes()).hexdigest()}  {FILE.name}  {FILE.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
