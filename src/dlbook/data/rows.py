"""What a reader gives for each row of data, a group or a time, as values that can be compared."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from numbers import Integral, Real

import torch
from jaxtyping import Num, Shaped
from torch import Tensor

from dlbook.data.kinds import DataError, DataSet


def row_groups(data: DataSet, groups: Shaped[Tensor, "n ..."] | Sequence[object]) -> list[Hashable]:
    """The group of each row, a name or a number.

    Raises DataError: not one a row, or a row without one (None, nan), which is named.
    """
    names = _one_a_row(data, "groups", groups)
    for row, name in enumerate(names):
        if name is None or not isinstance(name, Hashable) or name != name:  # nan is not nan
            raise DataError(f"groups: row {row} of {data.name} has {name!r}; give it a group, a name or a number.")
    return names


def row_times(data: DataSet, times: Num[Tensor, "n ..."] | Sequence[object]) -> Num[Tensor, " n"]:
    """The time of each row: int64 where all are integers, else float64, which keeps seconds since 1970 apart.

    Raises DataError: not one a row, or a row without a number (a word, a date, None, nan), which is named.
    """
    values = _one_a_row(data, "times", times)
    for row, time in enumerate(values):
        if isinstance(time, bool) or not isinstance(time, Real) or time != time:
            raise DataError(
                f"times: row {row} of {data.name} has {time!r}; give it a time as a number, int or float, "
                "such as date.timestamp()."
            )
    whole = all(isinstance(time, Integral) for time in values)
    return torch.tensor(values, dtype=torch.int64 if whole else torch.float64)


def _one_a_row(data: DataSet, name: str, given: Shaped[Tensor, "n ..."] | Sequence[object]) -> list:
    """Python values, which compare and hash by what they are; tensors in a list would hash by where they lie."""
    shape = getattr(given, "shape", (0,))
    if len(shape) != 1:
        raise DataError(f"{name}: got shape {tuple(shape)}; give one a row, shape ({len(data)},).")
    if len(given) != len(data):
        raise DataError(f"{name}: got {len(given)} for the {len(data)} rows of {data.name}; give one a row.")
    values = given.tolist() if hasattr(given, "tolist") else given
    return [value.tolist() if hasattr(value, "tolist") else value for value in values]
