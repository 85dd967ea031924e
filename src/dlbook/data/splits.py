"""Cut data into parts, and into batches, the same way every time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int, Num, Shaped
from torch import Generator, Tensor

from dlbook.data.kinds import DataError, DataSet
from dlbook.data.rows import row_groups, row_times


def split(data: DataSet, *fractions: float, seed: int, stratify: bool | None = None) -> tuple[DataSet, ...]:
    """Disjoint random parts of `data`: `train, validation, test = split(data, 0.6, 0.2, 0.2, seed=0)`.

    Together they are all of it. Part i has `fractions[i]` of the rows, to within one. With `stratify` (the default
    where there are classes) every part holds each class in that proportion too, as nearly as whole rows allow. An
    official test split is left alone, and not carried along.
    Raises DataError: fractions that do not add up to 1, or leave a part empty.
    """
    require_shares(fractions)
    if stratify and not data.classes:
        raise DataError(f"stratify: {data.name} has no classes; leave stratify out to split it at random.")
    stratify = bool(data.classes) if stratify is None else stratify
    order = torch.randperm(len(data), generator=Generator().manual_seed(seed))
    if stratify:
        order = _interleaved(order, data.y.cpu())
    ends = [round(sum(fractions[: i + 1]) * len(data)) for i in range(len(fractions))]
    return taken(data, [order[start:end] for start, end in zip([0, *ends], ends, strict=False)], fractions)


def split_by_group(
    data: DataSet,
    groups: Shaped[Tensor, "n ..."] | Sequence[object],  # one a row, checked below
    *fractions: float,
    seed: int,
) -> tuple[DataSet, ...]:
    """Disjoint random parts that share no group: the rows of a group stay together.

    Part i has `fractions[i]` of the rows, as nearly as whole groups allow: each border
    is off by at most half a group. Rows keep their order.

    Args:
        groups: the group of each row: a patient, the photograph that a crop comes from.

    Raises:
        DataError: not one group a row, None or nan for one, or fractions as in `split`.
    """
    names = row_groups(data, groups)
    number = {name: i for i, name in enumerate(dict.fromkeys(names))}
    place = torch.randperm(len(number), generator=Generator().manual_seed(seed))
    rank = place[torch.tensor([number[name] for name in names])]
    order = torch.arange(len(data))
    return between_ranks(data, rank, order, fractions, ", or another seed")


def split_by_time(
    data: DataSet,
    times: Num[Tensor, "n ..."] | Sequence[object],  # one a row, checked below
    *fractions: float,
) -> tuple[DataSet, ...]:
    """The past, and then the future: each time in a part is before each in the next.

    Nothing is shuffled; rows come in the order of `times`. Part i has `fractions[i]` of
    the rows, as nearly as rows of the same time, which stay together, allow.

    Args:
        times: when each row was taken, as a number: int, float, no date, no text.

    Raises:
        DataError: not one number a row, nan for one, or fractions as in `split`.
    """
    when = row_times(data, times)  # int64 or float64
    _, rank = when.unique(return_inverse=True)  # sorted
    return between_ranks(data, rank, when.argsort(stable=True), fractions)


def between_ranks(
    data: DataSet,
    rank: Int[Tensor, " n"],
    order: Int[Tensor, " n"],
    fractions: tuple[float, ...],
    advice: str = "",
) -> tuple[DataSet, ...]:
    """Cut between ranks, lowest first: a rank goes where its middle row would.

    `advice` ends the message of a part that stays empty.
    """
    require_shares(fractions)
    sizes = rank.bincount()
    middle = (sizes.cumsum(0) - sizes / 2) / len(data)
    borders = torch.tensor(fractions).cumsum(0)[:-1]
    part = torch.bucketize(middle, borders)[rank]
    rows = [order[part[order] == i] for i in range(len(fractions))]
    return taken(data, rows, fractions, advice)


def batches(
    x: Shaped[Tensor, "n ..."],
    y: Shaped[Tensor, "m ..."],
    size: int,
    generator: Generator | None = None,
    drop_last: bool = False,
) -> Batches:
    """Batches of `size` rows of tensors in memory: in order (views), or shuffled by `generator` (copies).

    The last batch is shorter where `size` does not divide the rows, and left out with `drop_last`. Each walk through
    the result is an epoch: it begins again, in a new order where there is a generator.
    Raises DataError, at the call: lengths that differ, a size below 1, or no full batch to give.
    """
    if len(x) != len(y):
        raise DataError(f"x has {len(x)} rows and y has {len(y)}: give every example one answer.")
    if size < 1 or (drop_last and size > len(x)):
        upper = f" to {len(x)} (the rows of x), as drop_last leaves shorter batches out" if drop_last else " or more"
        raise DataError(f"size: got {size}; give 1{upper}.")
    return Batches(x, y, size, generator, drop_last)


@dataclass(frozen=True, eq=False)
class Batches:
    """Tensors in memory, cut into batches anew at every walk; made by `batches`. Its length counts batches."""

    x: Tensor
    y: Tensor
    size: int
    generator: Generator | None
    drop_last: bool

    def __len__(self) -> int:
        return len(self.x) // self.size if self.drop_last else -(-len(self.x) // self.size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        end = len(self) * self.size
        if self.generator is None:
            for i in range(0, min(end, len(self.x)), self.size):
                yield self.x[i : i + self.size], self.y[i : i + self.size]
        else:
            order = torch.randperm(len(self.x), generator=self.generator, device=self.generator.device)
            for rows in order[:end].split(self.size):
                yield self.x[rows.to(self.x.device)], self.y[rows.to(self.y.device)]


def _interleaved(order: Int[Tensor, " n"], y: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
    """Reorder so that every stretch holds each class in its proportion.

    The r-th row of a class of k rows goes to the place (r + 1/2) / k of the way.
    """
    place = torch.empty(len(order), dtype=torch.float64)
    for label in y.unique():
        mine = y[order] == label
        count = int(mine.sum())
        place[mine] = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    return order[place.argsort(stable=True)]


def taken(
    data: DataSet, parts: Sequence[Tensor], fractions: tuple[float, ...], advice: str = ""
) -> tuple[DataSet, ...]:
    """The rows of each part; refuses an empty one, with `advice` at the end of the message."""
    if not all(map(len, parts)):
        raise DataError(
            f"fractions: {_listed(fractions)} of the {len(data)} rows of {data.name} leave a part empty; "
            f"give larger fractions or fewer parts{advice}."
        )
    return tuple(data.take(part) for part in parts)


def require_shares(fractions: tuple[float, ...]) -> None:
    """Refuse fractions that are not positive, or do not add up to 1."""
    if not fractions or min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-9:
        raise DataError(f"fractions: got {_listed(fractions)}; give positive numbers that add up to 1.")


def _listed(fractions: tuple[float, ...]) -> str:
    return ", ".join(f"{f:g}" for f in fractions) or "none"
