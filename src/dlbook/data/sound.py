"""The checks that data must pass before a model sees them."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Shaped
from torch import Tensor

from dlbook.data.kinds import DataError, DataSet


def require_sound(data: DataSet) -> None:
    """Refuse data on which training would fail late, or go wrong in silence.

    An official test split is looked at too; its faults are those of "NAME, test".

    Raises:
        DataError: no rows; a nan or an infinity in x or y, with its row and column;
            a label that is not the number of a class, with its row; a class without
            examples, with its name.
    """
    if not len(data):
        raise DataError(f"{data.name}: there is no row; give at least one.")
    require_finite_rows(data.name, "x", data.x, data.features)
    require_finite_rows(data.name, "y", data.y, data.targets)
    if data.classes:
        require_labels(data)
    if data.test is not None:
        require_sound(replace(data.test, name=f"{data.name}, test"))


def require_labels(data: DataSet) -> None:
    """Refuse labels that are not the numbers of the classes, and empty classes.

    Raises:
        DataError: y that is not int64 of shape (n,); a label of no class, with its row;
            a class without examples, with its name.
    """
    if data.y.dtype != torch.int64:
        raise DataError(f"{data.name}: y is {data.y.dtype}; give classes as int64.")
    if data.y.ndim != 1:
        given, wanted = tuple(data.y.shape), (len(data),)
        raise DataError(f"{data.name}: y has shape {given}; give classes as {wanted}.")
    last = len(data.classes) - 1
    outside = ((data.y < 0) | (data.y > last)).nonzero()
    if len(outside):
        row = int(outside[0])
        raise DataError(
            f"{data.name}: row {row} has the label {int(data.y[row])}, and the classes "
            f"are 0 to {last} (rows with such a label: {len(outside)})."
        )
    counts = data.y.bincount(minlength=last + 1)
    for name, count in zip(data.classes, counts, strict=True):
        if not count:
            raise DataError(
                f"{data.name}: the class {name!r} has no example; add some, or drop it."
            )


def require_finite_rows(
    data: str, which: str, values: Shaped[Tensor, "n ..."], columns: tuple[str, ...]
) -> None:
    """Refuse nan and infinity, with the row, and the column by name where it has one.

    Raises:
        DataError: see above; `data` and `which` are for the message.
    """
    bad = ~values.isfinite()
    if not bad.any():
        return
    first = bad.nonzero()[0].tolist()
    found, where = values[tuple(first)].item(), named_cell(first, columns)
    rows = int(bad.reshape(len(bad), -1).any(dim=1).sum())
    raise DataError(
        f"{data}: {which} holds {found} in {where} "
        f"(rows with such a value: {rows}); mend them, or leave them out."
    )


def named_cell(index: list[int], columns: tuple[str, ...]) -> str:
    """`row 3, column 'age'`; in a picture `row 3, position (2, 0, 5)`."""
    row, *place = index
    if len(place) > 1:
        return f"row {row}, position {tuple(place)}"
    at = place[0] if place else 0
    if at < len(columns):
        return f"row {row}, column {columns[at]!r}"
    return f"row {row}, column {at}" if place else f"row {row}"
