"""Graders of the page 02_autograd/linear_regression."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Generator, Tensor

from .graders import Function, Value

Cases = Iterator[tuple[Any, ...]]


def _random(generator: Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=generator)


def _steps(generator: Generator) -> Cases:
    for n, d, m in [(5, 3, 1), (7, 2, 4), (4, 4, 4), (1, 3, 2)]:
        x, weight = _random(generator, d, n).T, _random(generator, d, m).T
        yield x, _random(generator, n, m), weight, _random(generator, m), 0.1 * n


def _one_step(x: Tensor, y: Tensor, weight: Tensor, bias: Tensor, rate: float) -> tuple[Tensor, Tensor]:
    weight, bias = weight.clone().requires_grad_(), bias.clone().requires_grad_()
    torch.nn.functional.mse_loss(torch.nn.functional.linear(x, weight, bias), y).backward()
    return (weight - rate * weight.grad).detach(), (bias - rate * bias.grad).detach()


def _lines(generator: Generator) -> Cases:
    for n, centre, slope in [(6, 0.0, 2.0), (3, 5.0, -1.0), (50, 1000.0, 3.0), (20, -2000.0, 0.5)]:
        x = centre + _random(generator, n)
        yield x, slope * (x - centre) + centre + _random(generator, n)


def _best_line(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    one = torch.stack([x, torch.ones_like(x)], dim=1).double()
    solution = torch.linalg.lstsq(one, y.double()[:, None]).solution[:, 0].float()
    return solution[0], solution[1]


def _tables(generator: Generator) -> Cases:
    for n, m, d in [(7, 3, 2), (4, 9, 4), (5, 5, 5)]:
        scale = torch.arange(1, d + 1) * 10.0
        train = scale * _random(generator, d, n).T + 3
        yield train, scale * _random(generator, m, d) - 1
        constant = train.clone()
        constant[:, 0] = 0.1
        yield constant, scale * _random(generator, m, d)
    train = _random(generator, 265, 3)
    train[:, 1] = 5.3  # its mean is rounded, and so its standard deviation is not 0
    yield train, _random(generator, 4, 3)


def _prepare(train: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    mean = train.double().mean(dim=0)
    spread = (train.double() - mean).square().mean(dim=0).sqrt()
    spread[spread < 1e-9] = 1.0
    return ((train - mean) / spread).float(), ((other - mean) / spread).float()


def _scored(generator: Generator) -> Cases:
    for sizes, m in [((4, 4, 1), 1), ((5, 2), 3), ((3,), 2), ((1, 1, 6), 4)]:
        yield ([(_random(generator, n, m) * n, _random(generator, n, m)) for n in sizes],)


def _rmse(batches: list[tuple[Tensor, Tensor]]) -> float:
    prediction, target = (torch.cat(parts) for parts in zip(*batches, strict=True))
    return float((prediction - target).double().square().mean().sqrt())


def _rates(generator: Generator) -> Cases:
    x = torch.tensor([1.0, -1.0, 1.0, 1.0])  # curvature 2
    for rate, fraction in [(0.5, 0.1), (0.05, 0.03), (0.45, 0.001), (0.95, 0.01), (0.97, 0.5), (0.3, 1.0)]:
        yield x, rate, fraction
    yield x, 1.0, 0.5
    yield x, 1.2, 0.9
    yield x, 1.2, 1.5
    for n in (3, 8):
        x = 3 * _random(generator, n)
        for share in (0.013, 0.6, 0.98, 1.1):
            yield x, share / x.square().mean().item(), 0.02


def _steps_needed(x: Tensor, rate: float, fraction: float) -> int | float:
    factor, error, steps = abs(1 - rate * 2 * x.square().mean().item()), 1.0, 0
    if factor >= 1:
        return 0 if fraction >= 1 else math.inf
    while error > fraction:
        error, steps = error * factor, steps + 1
    return steps


def _bowls(generator: Generator) -> Cases:
    for n, d in [(5, 2), (9, 3), (6, 4)]:
        x = _random(generator, n, d).double()
        yield (x.T @ x / n,)
    yield (torch.diag(torch.tensor([4.0, 1.0, 2.0], dtype=torch.float64)),)
    yield (3 * torch.eye(2, dtype=torch.float64),)


def _best_rate(H: Tensor) -> tuple[float, float]:
    """By search: the worst factor is convex in the rate."""
    values = torch.linalg.eigvalsh(H)
    low, high = 0.0, 2 / values[-1].item()
    for _ in range(200):
        a, b = low + (high - low) / 3, high - (high - low) / 3
        if (1 - a * values).abs().max() < (1 - b * values).abs().max():
            high = b
        else:
            low = a
    return low, (1 - low * values).abs().max().item()


def _scaled(generator: Generator) -> Cases:
    for d, m in [(3, 1), (2, 4), (5, 5)]:
        spread = torch.rand(d, generator=generator) * 10 + 0.5
        yield _random(generator, d, m).T, _random(generator, m), 20 * _random(generator, d), spread


def _in_raw_units(weight: Tensor, bias: Tensor, centre: Tensor, spread: Tensor) -> tuple[Tensor, Tensor]:
    def predict(x: Tensor) -> Tensor:
        return torch.nn.functional.linear((x - centre.double()) / spread.double(), weight.double(), bias.double())

    at_zero = predict(torch.zeros_like(centre).double())
    return (predict(torch.eye(len(centre)).double()) - at_zero).T.float(), at_zero.float()


GRADERS = {
    "linear_regression-1": Value(
        {"weight": (2, 5), "bias": (2,), "output": (7, 2), "divides by": 14, "parameters": 12},
        "one row of weights for each answer; the loss is a mean over elements",
    ),
    "linear_regression-2": Function(
        _one_step, _steps, "2 over the number of elements, the residuals times x, and a minus", rtol=1e-4
    ),
    "linear_regression-3": Function(
        _best_line, _lines, "covariance over variance, of centred numbers; then the bias from the means", rtol=2e-3
    ),
    "linear_regression-4": Value(
        {
            "zero forward backward step": "right",
            "forward zero backward step": "right",
            "forward backward zero step": "wrong",
            "forward backward step zero": "right",
            "forward backward step": "wrong",
            "zero forward step backward": "wrong",
        },
        "follow grad: who fills it, who reads it, who empties it, and in which order",
    ),
    "linear_regression-5": Function(
        _prepare,
        _tables,
        "statistics of train alone, for both tables; a constant column has its largest value equal to its smallest",
        rtol=1e-4,
    ),
    "linear_regression-6": Function(
        _rmse, _scored, "add up squares and counts; divide and take the root once", rtol=1e-4
    ),
    "linear_regression-7": Function(
        _steps_needed,
        _rates,
        "a step multiplies by |1 - rate times curvature|; 0 steps if fraction is 1 or more, one if the factor is 0",
    ),
    "linear_regression-8": Function(
        _best_rate, _bowls, "the worst factor belongs to the smallest or to the largest eigenvalue", rtol=1e-4
    ),
    "linear_regression-9": Function(
        _in_raw_units, _scaled, "write (x - centre) / spread out, and sort by what x multiplies", rtol=1e-4
    ),
}
