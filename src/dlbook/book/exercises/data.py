"""Graders of the page 02_autograd/data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .graders import Function

Cases = Iterator[tuple[Any, ...]]


def _counts(generator: torch.Generator) -> Cases:
    yield from [(1797, 64), (128, 64), (3, 7), (10, 1), (7, 7)]


def _count_batches(n: int, size: int) -> tuple[int, int, int]:
    sizes = [min(size, n - start) for start in range(0, n, size)]
    return len(sizes), sizes[-1], n - size * (n // size)


def _items(generator: torch.Generator) -> Cases:
    for lengths, most in [((3, 1, 5), 4), ((2, 2), 9), ((7,), 3), ((1, 6, 4, 2), 5)]:
        items = [(torch.randint(1, 50, (n,), generator=generator), i % 3) for i, n in enumerate(lengths)]
        yield items, most


def _collate_left(items: list[tuple[Tensor, int]], most: int) -> tuple[Tensor, Tensor]:
    kept = [x[max(len(x) - most, 0) :] for x, _ in items]
    rows = torch.zeros(len(items), max(map(len, kept)), dtype=torch.int64)
    for row, x in zip(rows, kept, strict=True):
        row[len(row) - len(x) :] = x
    return rows, torch.tensor([label for _, label in items], dtype=torch.int64)


def _shares(generator: torch.Generator) -> Cases:
    for counts, shares in [((6, 2), (0.5, 0.5)), ((1, 3, 5), (0.2, 0.2, 0.6)), ((4, 1), (0.9, 0.1))]:
        labels = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
        yield labels[torch.randperm(len(labels), generator=generator)], torch.tensor(shares)


def _weights_for(labels: Tensor, shares: Tensor) -> Tensor:
    one_hot = F.one_hot(labels, len(shares)).float()
    return (one_hot / one_hot.sum(dim=0) * shares).sum(dim=1)


def _risks(generator: torch.Generator) -> Cases:
    yield from [(0.1, 0.05), (0.01, 0.01), (0.3, 0.5), (0.9, 0.2), (0.02, 0.3)]


def _batch_size_for(q: float, risk: float) -> int:
    size, none = 0, 1.0
    while none > risk:
        size, none = size + 1, none * (1 - q)
    return size


def _stretches(generator: torch.Generator) -> Cases:
    yield from [(n, k, K) for n, K in [(9, 2), (10, 3), (2, 4), (12, 4), (7, 1), (11, 4)] for k in range(K)]


def _pixels(generator: torch.Generator) -> Cases:
    for sizes, channels in [((5, 2), 3), ((1, 7, 3), 1), ((4,), 2)]:
        scale = torch.linspace(40, 256, len(sizes))
        yield (
            [
                (torch.rand(n, channels, 4, 5, generator=generator) * top).to(torch.uint8)
                for n, top in zip(sizes, scale, strict=True)
            ],
        )


def _streamed_statistics(parts: list[Tensor]) -> tuple[Tensor, Tensor]:
    x = torch.cat(parts).double() / 255
    return x.mean((0, 2, 3)), x.std((0, 2, 3), correction=0)


def _boxes(generator: torch.Generator) -> Cases:
    yield from [(32, 32, 16, 16, 8, 12), (28, 30, 2, 29, 10, 8), (10, 20, 0, 0, 6, 6), (8, 6, 4, 3, 20, 20)]


def _kept_share(H: int, W: int, row: int, column: int, h: int, w: int) -> float:
    rows = sum(row - h // 2 <= i < row + h // 2 for i in range(H))
    columns = sum(column - w // 2 <= j < column + w // 2 for j in range(W))
    return 1 - rows * columns / (H * W)


def _pictures(generator: torch.Generator) -> Cases:
    for n, m, channels in [(6, 5, 1), (4, 7, 3), (3, 2, 1)]:
        train = torch.randint(0, 256, (n, channels, 3, 4), generator=generator, dtype=torch.uint8)
        test = torch.randint(0, 256, (m, channels, 3, 4), generator=generator, dtype=torch.uint8)
        if m > 2:
            test[m - 1], test[1] = train[0], train[2].flip(2)
            test[0] = train[1].flip(1)  # top to bottom: no leak
            test[2] = train[1]
            test[2, 0, 0, 0] += 1  # one pixel differs
        yield train, test


def _leaked(train: Tensor, test: Tensor) -> Tensor:
    known = torch.cat([train, train.flip(3)])
    return (test[:, None] == known).flatten(2).all(dim=2).any(dim=1).nonzero().flatten()


def _tables(generator: torch.Generator) -> Cases:
    names = ["a", "b", "c"]
    for rows in (
        [["1", "2", "3"], ["4", "5e3", "-6"]],
        [["1", "2", "3"], ["4", "x", "6"], ["", "5", "6"]],
        [["1", "2", "3"], ["1", "2", "nan"]],
        [["1", "", "3"], ["1", "x", "nan"]],
        [["1", "2", "3"], ["1", "2"], ["x", "1", "2"]],
        [["inf", "2", "3"]],
        [["1", "2", "3", "4"]],
        [["x", "nan", "3"]],
    ):
        yield rows, names


def _first_bad_cell(rows: list[list[str]], names: list[str]) -> Any:
    for line, row in enumerate(rows, start=2):
        if len(row) != len(names):
            return line, ""
        for cell, name in zip(row, names, strict=True):
            if not _finite(cell):
                return line, name
    return "sound"


def _finite(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _stretch_fault(got: Any, n: int, k: int, K: int) -> str:
    """Every fixed rule for who gets the longer stretches is right: rounded down or up, the first, or the last."""
    if not isinstance(got, (tuple, list)) or len(got) != 2 or not all(isinstance(end, int) for end in got):
        return "two integers are expected: start and stop"
    each, longer = divmod(n, K)
    borders = (
        lambda j: n * j // K,
        lambda j: -(-n * j // K),
        lambda j: each * j + min(j, longer),
        lambda j: each * j + max(0, j - (K - longer)),
    )
    if tuple(got) in {(border(k), border(k + 1)) for border in borders}:
        return ""
    if got[1] - got[0] not in (each, each + (longer > 0)):
        return f"a stretch of {got[1] - got[0]} items is too long or too short"
    return f"{tuple(got)} does not begin where the stretch before ends"


GRADERS = {
    "data-1": Function(
        _count_batches, _counts, "round up for the batches; where size divides n, the last batch is a full one"
    ),
    "data-2": Function(_collate_left, _items, "x[-most:], then zeros in front, up to the longest of the batch"),
    "data-3": Function(_weights_for, _shares, "the rows of a class share its probability evenly"),
    "data-4": Function(
        _batch_size_for, _risks, "all B draws miss the class with probability (1 - q)**B; solve for B and round up"
    ),
    "data-5": Function(
        lambda n, k, K: (n * k // K, n * (k + 1) // K),
        _stretches,
        "one formula for the border between two workers, used as an end and as a start",
        property_of=_stretch_fault,
    ),
    "data-6": Function(
        _streamed_statistics, _pixels, "add up the number of pixels, the sum and the sum of squares", rtol=1e-8
    ),
    "data-7": Function(_kept_share, _boxes, "clip the four edges first, then take the area that remains"),
    "data-8": Function(_leaked, _pictures, "compare with the training pictures and with train.flip(3)"),
    "data-9": Function(
        _first_bad_cell,
        _tables,
        "try float(cell), then ask math.isfinite; look at the length of a row first",
    ),
}
