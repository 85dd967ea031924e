"""Graders of the page 01_tensors/broadcasting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Generator, Tensor

from .graders import Function, Value, difference

Cases = Iterator[tuple[Any, ...]]


def _positive(generator: Generator) -> Cases:
    for shape in [(2, 5), (3, 3), (1, 4), (4, 1)]:
        yield (torch.rand(shape[::-1], generator=generator).T + 0.1,)


def _pictures(generator: Generator) -> Cases:
    for shape in [(2, 3, 4, 5), (5, 2, 3, 2), (4, 4, 4, 4)]:
        yield (3 * torch.randn(shape, generator=generator).transpose(2, 3) + 1,)


def _standardised_channels(x: Tensor) -> Tensor:
    channels = [x[:, c] for c in range(x.shape[1])]
    return torch.stack([(c - c.mean()) / c.std(correction=0) for c in channels], dim=1)


def _sentences(generator: Generator) -> Cases:
    for lengths, t, d in [([4, 1, 6], 6, 2), ([3, 2], 5, 4), ([1], 1, 3)]:
        x = torch.randn(len(lengths), t, d, generator=generator)
        yield x, torch.tensor(lengths)
        filled = x.clone()
        for row, length in zip(filled, lengths, strict=True):
            row[length:] = torch.nan
        yield filled, torch.tensor(lengths)


def _mean_of_words(x: Tensor, lengths: Tensor) -> Tensor:
    return torch.stack([row[:length].mean(dim=0) for row, length in zip(x, lengths.tolist(), strict=True)])


def _labels(generator: Generator) -> Cases:
    for n, classes in [(5, 4), (1, 7), (8, 2), (3, 3)]:
        yield torch.randint(0, classes, (n,), generator=generator), classes


def _points(generator: Generator) -> Cases:
    for n, c, d in [(7, 3, 2), (2, 5, 4), (4, 4, 4)]:
        yield torch.randn(n, d, generator=generator), torch.randn(c, d, generator=generator)


def _nearest(points: Tensor, centres: Tensor) -> Tensor:
    return torch.tensor([int((centres - p).norm(dim=1).argmin()) for p in points])


def _nearest_fault(got: Any, points: Tensor, centres: Tensor) -> str:
    if isinstance(got, Tensor) and not (got.is_floating_point() or got.is_complex() or got.dtype == torch.bool):
        got = got.long()  # any integer dtype will do
    return difference(got, _nearest(points, centres), 0.0)


def _answers(generator: Generator) -> Cases:
    for n in (3, 8, 2):
        yield (5 * torch.randn(n, generator=generator) + 2,)


def _best_by_accident(truth: Tensor) -> tuple[Tensor, float]:
    mean = truth.mean().item()
    return torch.full((len(truth), 1), mean), ((truth - mean) ** 2).mean().item()


def _far_points(generator: Generator) -> Cases:
    for n, d, centre in [(5, 3, 0.0), (40, 2, 1000.0), (3, 7, -1000.0)]:
        yield (torch.randn(n, d, generator=generator) + centre,)


def _sum_of_pairs(x: Tensor) -> Tensor:
    return (x.double()[:, None] - x.double()).square().sum().float()


GRADERS = {
    "broadcasting-1": Value(
        {
            "(4, 3) and (3,)": (4, 3),
            "(4, 3) and (4,)": "refused",
            "(4, 1) and (4,)": (4, 4),
            "(2, 1, 5) and (3, 1)": (2, 3, 5),
            "(6, 1, 4) and (1, 6, 4)": (6, 6, 4),
            "(2, 3) and (3, 2)": "refused",
            "() and (7,)": (7,),
        },
        "write one shape below the other, aligned at the right",
    ),
    "broadcasting-2": Value(
        {"strides": (0, 3, 0, 1), "bytes": 60},
        "0 along every axis that is new or grew; the other strides are those of x",
    ),
    "broadcasting-3": Function(
        lambda x: torch.stack([row / row.sum() for row in x]), _positive, "the sums must stand as a column: keepdim"
    ),
    "broadcasting-4": Function(
        _standardised_channels, _pictures, "reduce over every axis but the channel, with keepdim=True", rtol=1e-4
    ),
    "broadcasting-5": Function(
        _mean_of_words, _sentences, "make a mask (b, t), give it a third axis, and mind that 0 times nan is nan"
    ),
    "broadcasting-6": Function(
        lambda labels, classes: torch.eye(classes)[labels], _labels, "compare a column of labels with a row of classes"
    ),
    "broadcasting-7": Function(
        _nearest,
        _points,
        "differences (n, c, d), squared and summed over the last axis, then argmin over the centres",
        property_of=_nearest_fault,
    ),
    "broadcasting-8": Value(
        {"distances": 4 * 2000 * 2000 * 500, "distances_by_product": 4 * 2000 * 2000},
        "which shape has x[:, None] - y, and which has the sum of a column and a row?",
    ),
    "broadcasting-9": Function(
        _best_by_accident, _answers, "three squares: which of them can the predictions make zero?", rtol=1e-4
    ),
    "broadcasting-10": Function(
        _sum_of_pairs, _far_points, "for one column, the mean over all pairs is twice the variance", rtol=1e-4
    ),
}
