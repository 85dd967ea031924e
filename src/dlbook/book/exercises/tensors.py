"""Graders of the page 01_tensors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor

from ...functional.shapes import offset_of, shares_storage
from .graders import Function, Value, Verdict, difference

_i, _h, _d = (torch.ones(3, dtype=kind) for kind in (torch.int32, torch.float16, torch.float64))


def _sizes(generator: Generator, count: int, low: int, high: int) -> tuple[int, ...]:
    return tuple(torch.randint(low, high + 1, (count,), generator=generator).tolist())


def _shapes(generator: Generator) -> Iterator[tuple[Any, ...]]:
    yield from [((3, 4),), ((),), ((7,),), ((2, 3, 5, 7),)]
    for _ in range(20):
        yield (_sizes(generator, int(torch.randint(1, 5, (), generator=generator)), 1, 9),)


def _vectors(generator: Generator) -> Iterator[tuple[Any, ...]]:
    line = torch.randn(23, generator=generator)
    yield line, 4, 1
    yield line, 5, 3
    yield line[3:], 4, 2
    yield line[2::2], 3, 1
    yield line[:6], 6, 5


def _window_fault(result: Any, x: Tensor, size: int, step: int) -> str:
    fault = difference(result, x.unfold(0, size, step), 0.0)
    return fault or ("" if shares_storage(result, x) else "the result is a copy, no view")


def _labelled(generator: Generator) -> Iterator[tuple[Any, ...]]:
    for n, c in [(4, 3), (3, 4), (1, 5), (6, 2)]:
        scores = torch.randn(c, n, generator=generator).T
        yield scores, torch.randint(0, c, (n,), generator=generator)


def _labels(generator: Generator) -> Iterator[tuple[Any, ...]]:
    yield torch.tensor([2, 0]), 3
    for n, classes in [(5, 4), (1, 7), (8, 2)]:
        yield torch.randint(0, classes, (n,), generator=generator), classes


def _one_hot(labels: Tensor, classes: int) -> Tensor:
    return torch.eye(classes)[labels]


def _view_facts(generator: Generator) -> Iterator[tuple[Any, ...]]:
    yield from [((3, 4), (4, 1), 0), ((2, 2), (1, 3), 5), ((4, 3), (0, 1), 2), ((), (), 3), ((0, 4), (4, 1), 6)]
    for _ in range(20):
        yield _sizes(generator, 3, 1, 5), _sizes(generator, 3, 0, 9), _sizes(generator, 1, 0, 9)[0]


def _cells_needed(shape: tuple[int, ...], strides: tuple[int, ...], offset: int) -> int:
    return 0 if 0 in shape else offset_of([n - 1 for n in shape], strides, offset) + 1


def _far_numbers(generator: Generator) -> Iterator[tuple[Any, ...]]:
    for n, spread, mean in [(50, 4.0, 0.0), (400, 2.0, 1000.0), (3000, 0.5, 1e6), (700, 0.3, -1e6)]:
        yield (spread * torch.randn(n, generator=generator) + mean,)


def _variance(x: Tensor) -> Tensor:
    return x.double().var(correction=0).float()


@dataclass(frozen=True)
class Equations:
    """The answer is a dict of einsum equations, each tried on random operands of pairwise distinct sizes."""

    expected: dict[str, tuple[tuple[tuple[int, ...], ...], str]]
    hint: str

    def judge(self, answer: Any) -> Verdict:
        """Compare shape and values of every equation with the reference's."""
        if not isinstance(answer, dict) or answer.keys() != self.expected.keys():
            return Verdict("wrong", f"a dict with the keys {', '.join(self.expected)} is expected. Hint: {self.hint}")
        generator = torch.Generator().manual_seed(7)
        for name, (shapes, reference) in self.expected.items():
            operands = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
            try:
                got = torch.einsum(answer[name], *operands)
            except (RuntimeError, TypeError, ValueError) as error:
                return Verdict("wrong", f"{name}: {str(error).splitlines()[0]}. Hint: {self.hint}")
            if fault := difference(got, torch.einsum(reference, *operands), 1e-9):
                return Verdict("wrong", f"{name}: {fault}. Hint: {self.hint}")
        return Verdict("right", "right, all four")


GRADERS = {
    "tensors-1": Value(
        {"shape": (32, 3, 28, 30), "ndim": 4, "bytes": 4 * math.prod((32, 3, 28, 30))},
        "the convention is N C H W, and a float32 has four bytes",
    ),
    "tensors-2": Value(
        {
            "i + 1": (_i + 1).dtype,
            "i / i": (_i / _i).dtype,
            "h + 1.5": (_h + 1.5).dtype,
            "h + d": (_h + _d).dtype,
            "h + d[0]": (_h + _d[0]).dtype,
            "i.sum()": _i.sum().dtype,
            "i > 0": (_i > 0).dtype,
        },
        "kind first; then width, on which only tensors with axes vote; and integers are summed in 64 bits",
    ),
    "tensors-3": Function(
        lambda shape: tuple(math.prod(shape[:k]) for k in range(len(shape))),
        _shapes,
        "what lies between two neighbours along axis k is everything to its left",
    ),
    "tensors-4": Value(
        {
            "x[1:]": "view",
            "x[[1, 2]]": "copy",
            "x.T.reshape(12)": "copy",
            "x.T.view(12)": "error",
            "x.T.contiguous().view(12)": "copy",
            "x[:, :2].view(3, 2, 1)": "view",
            "x[:, :2].view(6)": "error",
            "x + 0": "copy",
            "x.expand(2, 3, 4)": "view",
            "torch.cat([x])": "copy",
        },
        "can an offset and strides over the storage of x describe it?",
    ),
    "tensors-5": Function(
        lambda x, size, step: x.unfold(0, size, step),
        _vectors,
        "as_strided with two axes; mind the stride and the offset of x itself",
        property_of=_window_fault,
    ),
    "tensors-6": Function(
        lambda scores, labels: scores[torch.arange(len(labels)), labels].mean(),
        _labelled,
        "gather along axis 1 needs an index with two axes",
    ),
    "tensors-7": Equations(
        {
            "dots": (((2, 3), (2, 3)), "bd,bd->b"),
            "bilinear": (((2, 3), (3, 5), (2, 5)), "bd,de,be->b"),
            "outer": (((2, 3), (2, 3)), "bi,bj->bij"),
            "attention": (((2, 3, 4, 6), (2, 3, 5, 6)), "bhtd,bhsd->bhts"),
        },
        "one letter an axis; letters that stay stand on the right, all others are summed over",
    ),
    "tensors-8": Function(_one_hot, _labels, "scatter ones into zeros along axis 1; the index needs two axes"),
    "tensors-9": Function(
        _cells_needed,
        _view_facts,
        "which index reads the cell furthest to the right? And what does a view without elements read?",
    ),
    "tensors-10": Function(
        _variance, _far_numbers, "the mean itself is rounded: make the numbers small before you take it", rtol=1e-3
    ),
}
