"""Make `sunspots.csv` from the table that statsmodels carries, unchanged but for its header.

    python data/make_sunspots.py STATSMODELS            writes the file and prints its SHA-256
    python data/make_sunspots.py STATSMODELS --check    compares with the file that is here

STATSMODELS is a wheel of statsmodels 0.15 (pip download statsmodels --no-deps), or the folder of an installed one.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import zipfile
from pathlib import Path

FILE = Path(__file__).resolve().with_name("sunspots.csv")
INSIDE = "statsmodels/datasets/sunspots/sunspots.csv"
HEADERS = ('"YEAR","SUNACTIVITY"', "year,sunspots")  # there, here


def made(origin: Path) -> bytes:
    """The content of the file; ValueError where the origin is not the known table."""
    if origin.is_dir():
        text = (origin.parent / INSIDE).read_text(encoding="ascii")
    else:
        with zipfile.ZipFile(origin) as wheel:
            text = wheel.read(INSIDE).decode("ascii")
    header, *rows = text.split()
    if header != HEADERS[0] or len(rows) != 309:
        raise ValueError(f"{origin}: expected the header {HEADERS[0]} and 309 rows; found {header} and {len(rows)}.")
    return "\n".join([HEADERS[1], *rows, ""]).encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("statsmodels", type=Path)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    content = made(arguments.statsmodels)
    if arguments.check:
        same = FILE.read_bytes() == content
        print(f"{FILE.name} is {'the same' if same else 'another'}.")
        sys.exit(not same)
    partial = FILE.with_name(FILE.name + ".partial")
    partial.write_bytes(content)
    partial.replace(FILE)
    print(hashlib.sha256(content).hexdigest(), len(content), "bytes")


if __name__ == "__main__":
    main()
