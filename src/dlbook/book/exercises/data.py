"""Graders of the page 02_autograd/data."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .graders import Function, _outcome

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
    yield from [(0.5, 0.25), (0.75, 0.0625), (0.5, 0.5)]  # met exactly: not one more


def _batch_size_for(q: float, risk: float) -> int:
    size, none = 0, 1.0
    while none > risk:
        size, none = size + 1, none * (1 - q)
    return size


def _stretches(generator: torch.Generator) -> Cases:
    yield from [(9, 2), (10, 3), (2, 4), (12, 4), (7, 1), (11, 4), (23, 6), (0, 3)]


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
            test[3] = train[3].flip(1, 2)  # half a turn: no leak
        if channels > 1:
            test[4] = train[3].flip(0)  # its channels in another order: no leak
            test[5, 0] = train[0, 0]  # one channel alone: no leak
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
        [["1", "2", "3"], ["1", "-inf", "3"]],
        [["1", "2", "1e999"]],
        [["1", "2", "3"], ["1", "2", "x"], ["1", "2"]],
        [["1", "2", "3"], ["x", "2"]],
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


@dataclass(frozen=True)
class _Stretches(Function):
    """The K stretches of (n, K) are judged together: any rule for who gets the longer ones is right."""

    def _fault(self, answer: Callable[..., Any], case: tuple[Any, ...]) -> str:
        n, K = case
        end = 0
        for k in range(K):
            got, error = _outcome(answer, (n, k, K))
            if error is not None:
                return f"and k = {k} your function raised {type(error).__name__}: {error}"
            if got is None:
                return "your function returned None: is a return missing?"
            ends, _ = _outcome(lambda got=got: tuple(operator.index(border) for border in got), ())
            if not isinstance(got, (tuple, list)) or ends is None or len(ends) != 2:
                return f"and k = {k} two integers are expected: start and stop"
            start, stop = ends
            if start != end:
                return f"and k = {k} the start is {start}, where the stretch before ends at {end}"
            if stop - start not in (n // K, -(-n // K)):
                return f"and k = {k} a stretch of {stop - start} items is too long or too short"
            end = stop
        return "" if end == n else f"the last stretch ends at {end}, not at {n}"


GRADERS = {
    "data-1": Function(
        _count_batches, _counts, "round up for the batches; where size divides n, the last batch is a full one"
    ),
    "data-2": Function(_collate_left, _items, "x[-most:], then zeros in front, up to the longest of the batch"),
    "data-3": Function(
        _weights_for, _shares, "the rows of a class share its probability evenly; make them add up to 1"
    ),
    "data-4": Function(
        _batch_size_for, _risks, "all B draws miss the class with probability (1 - q)**B; solve for B and round up"
    ),
    "data-5": _Stretches(
        lambda n, k, K: (n * k // K, n * (k + 1) // K),
        _stretches,
        "one formula for the border between two workers, used as an end and as a start",
    ),
    "data-6": Function(
        _streamed_statistics,
        _pixels,
        "add up the number of pixels, the sum and the sum of squares; divide by the number, not one less",
        rtol=1e-8,
    ),
    "data-7": Function(_kept_share, _boxes, "clip the four edges first, then take the area that remains"),
    "data-8": Function(_leaked, _pictures, "compare with the training pictures and with train.flip(3)"),
    "data-9": Function(
        _first_bad_cell,
        _tables,
        "try float(cell), then ask math.isfinite; look at the length of a row first",
    ),
}
