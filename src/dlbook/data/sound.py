"""The checks that data must pass before a model sees them."""

from __future__ import annotations

import torch
from jaxtyping import Shaped
from torch import Tensor

from dlbook.data.kinds import DataError, DataSet


def require_sound(data: DataSet) -> None:
    """Refuse data on which training would fail late, or go wrong in silence.

    Raises:
        DataError: no rows; a nan or an infinity in x or y, with its row and column;
            a label that is not the number of a class, with its row; a class without
            examples, with its name.
    """
    if not len(data):
        raise DataError(f"{data.name}: there is no row; give at least one.")
    require_finite_rows(data.name, "x", data.x, data.features)
    require_finite_rows(data.name, "y", data.y, data.targets)
    if not data.classes:
        return
    if data.y.dtype != torch.int64:
        raise DataError(f"{data.name}: y is {data.y.dtype}; give classes as int64.")
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
    if not values.is_floating_point() or bool((fine := values.isfinite()).all()):
        return
    first = (~fine).nonzero()[0].tolist()
    found, (row, *place) = values[tuple(first)].item(), first
    at = place[0] if place else 0
    column = columns[at] if columns else at
    rows = int((~fine.reshape(len(fine), -1)).any(dim=1).sum())
    raise DataError(
        f"{data}: {which} holds {found} in row {row}, column {column!r} "
        f"(rows with such a value: {rows}); mend them, or leave them out."
    )
