"""Data of the reader's own: a table, as a CSV file with a header."""

from __future__ import annotations

import csv
import difflib
import io
import math
import struct
from collections.abc import Sequence
from itertools import pairwise

from dlbook.data.kinds import DataError, DataSet
from dlbook.data.own import read_text

LARGEST = 3.4028235e38  # of float32
EXACT = 2**24  # up to here float32 holds every whole number


def own_table(path: str, target: str | None, classes: bool = False) -> DataSet:
    """The table in one UTF-8 file: a header with the names of the columns, commas between cells, a row an example.

    `target` names the column to predict. Are all of its cells numbers, it is a regression, y float32 `(n,)`; are none,
    they are the classes, in alphabetical order, y int64 `(n,)`. With `classes` numbers are classes too, in the order of
    their values. Every other column must hold numbers: x float32 `(n, features)`. Empty lines are skipped, and rows of
    empty cells at the end of the file, which spreadsheets leave there; nothing is guessed or filled in.
    Raises DataError, with line and column: no such file, no header, no rows, a row of another length, a cell that is
    empty, no finite number, or a whole number that float32 would change, a target that is no column, mixed or without
    a second class.
    """
    import torch

    name = f"csv:{path}"
    names, rows = _rows(path, name)
    at = _place_of(target, names, name)
    features = [column for i, column in enumerate(names) if i != at]
    if not features:
        raise DataError(f"{name}: the target {target!r} is the only column; add one to predict it from.")
    x = [[_number(row[i], name, line, names[i]) for i in range(len(names)) if i != at] for line, row in rows]
    cells = [(line, row[at]) for line, row in rows]
    y, labels = _classes(cells, name, names[at]) if classes else _targets(cells, name, names[at])
    return DataSet(
        name,
        x=torch.tensor(x, dtype=torch.float32),
        y=torch.tensor(y, dtype=torch.int64 if labels else torch.float32),
        source=f"Your own table in {path}",
        classes=labels,
        features=tuple(features),
        targets=() if labels else (names[at],),
    )


Row = tuple[int, list[str]]  # number of its (last) line in the file, and its cells without blanks around them


def _rows(path: str, name: str) -> tuple[list[str], list[Row]]:
    """The header and all rows, each as long as the header."""
    rows = _read(path, name)
    if not rows:
        raise DataError(f"{name}: the file holds no row; give a header and a row for each example.")
    names = _header(*rows[0], name)
    for line, cells in rows[1:]:
        if len(cells) != len(names):
            raise DataError(
                f"{name}: line {line} has {len(cells)} cells and the header has {len(names)}; give every row a cell "
                f"for each column, and put quotes around a cell with a comma in it{_other_mark(names)}."
            )
    if not rows[1:]:
        raise DataError(f"{name}: there is no row below the header; give one for each example.")
    return names, rows[1:]


def _read(path: str, name: str) -> list[Row]:
    """All rows but empty lines, and but rows of empty cells at the end."""
    reader = csv.reader(io.StringIO(read_text(path, name, "csv:houses.csv")), strict=True)
    rows = []
    try:
        for cells in reader:
            if len(cells) > 1 or (cells and not cells[0].isspace()):
                rows.append((reader.line_num, [cell.strip() for cell in cells]))
    except csv.Error as error:
        raise DataError(f"{name}: line {reader.line_num} is not CSV ({error}); mend its quotes.") from error
    while rows and not any(rows[-1][1]):
        rows.pop()
    return rows


def _header(line: int, names: list[str], name: str) -> list[str]:
    if all(_is_number(cell) for cell in names):
        raise DataError(f"{name}: line {line} holds numbers, no header; name the columns there.")
    if "" in names:
        raise DataError(f"{name}: column {names.index('') + 1} has no name in the header; name every column.")
    if twice := next((column for column in names if names.count(column) > 1), ""):
        raise DataError(f"{name}: the header names the column {twice!r} more than once; give each a name of its own.")
    if len(names) == 1 and (other := _other_mark(names)):
        raise DataError(f"{name}: the header has one column{other}.")
    return names


def _other_mark(names: Sequence[str]) -> str:
    """A hint for messages where the cells may be set apart by something else than commas."""
    mark = next((mark for mark in ";\t|" if any(mark in column for column in names)), "")
    return f" (the header holds {mark!r}: are commas between the cells, and points in the decimals?)" if mark else ""


def _place_of(target: str | None, names: Sequence[str], name: str) -> int:
    if target in names:
        return names.index(target)
    columns = f"are the columns {', '.join(map(repr, names))}{_other_mark(names)}"
    if target is None:
        raise DataError(f"{name}: which column is to be predicted? Give target=...; accepted {columns}.")
    near = difflib.get_close_matches(target, names, n=1, cutoff=0.5)
    accepted = f"did you mean {near[0]!r}? Accepted" if near else "accepted"
    raise DataError(f"{name}: there is no column {target!r}: {accepted} {columns}.")


Answers = tuple[list[float] | list[int], tuple[str, ...]]  # and the names of the classes if they are classes


def _targets(cells: list[tuple[int, str]], name: str, column: str) -> Answers:
    """Numbers as they are, words as classes."""
    numeric = [_is_number(cell) for _, cell in cells]
    if all(numeric):
        return [_number(cell, name, line, column) for line, cell in cells], ()
    if any(numeric) and all(cell for _, cell in cells):
        (line, cell), (other, number) = cells[numeric.index(False)], cells[numeric.index(True)]
        raise DataError(
            f"{name}: line {line}, column {column!r} holds {cell!r}, and line {other} the number {number}; "
            "a target is all numbers (a regression) or all words (classes); classes=True takes both as classes."
        )
    return _classes(cells, name, column)


def _classes(cells: list[tuple[int, str]], name: str, column: str) -> Answers:
    """Every cell as the name of a class: by value where all are numbers, else in alphabetical order."""
    for line, cell in cells:
        if not cell or (_is_number(cell) and not math.isfinite(float(cell))):
            held = f" holds {cell!r}, which is no class" if cell else ": the cell is empty"
            raise DataError(f"{name}: line {line}, column {column!r}{held}; {MEND}.")
    classes = sorted({cell for _, cell in cells})
    if all(map(_is_number, classes)):
        classes.sort(key=float)
        for one, other in pairwise(classes):
            if float(one) == float(other):
                raise DataError(f"{name}: column {column!r} holds {one!r} and {other!r}; write a class in one way.")
    if len(classes) < 2:
        raise DataError(
            f"{name}: column {column!r} holds one class only, {classes[0]!r}; there is nothing to tell apart."
        )
    number = {label: i for i, label in enumerate(classes)}
    return [number[cell] for _, cell in cells], tuple(classes)


MEND = "fill it in, or leave the row out"


def _number(cell: str, name: str, line: int, column: str) -> float:
    """A cell as a finite number that float32 can hold, whole numbers without a change."""
    place = f"{name}: line {line}, column {column!r}"
    if not cell:
        raise DataError(f"{place}: the cell is empty; {MEND}.")
    if not _is_number(cell):
        raise DataError(f"{place} holds {cell!r}, which is no number; write it as one, or leave the column out.")
    value = float(cell)
    if not abs(value) <= LARGEST:  # so that nan is refused too
        raise DataError(f"{place} holds {cell!r}, which is no finite float32; {MEND}.")
    if abs(value) > EXACT and cell.lstrip("+-").isdecimal() and int(cell) != (rounded := int(_float32(value))):
        raise DataError(
            f"{place} holds {cell!r}, which float32 would round to {rounded}; subtract or divide in the table, "
            f"leave the column out, or write {cell}.0 where rounding is fine."
        )
    return value


def _float32(value: float) -> float:
    return struct.unpack("f", struct.pack("f", value))[0]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell  # Python reads 1_000, no spreadsheet writes it
