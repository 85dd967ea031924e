"""Graders of the page 01_tensors/probability."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Generator, Tensor

from .graders import Function, Value

Cases = Iterator[tuple[Any, ...]]


def _noise(x: Tensor, seed: int) -> Tensor:
    return x + torch.randn(x.shape, generator=Generator().manual_seed(seed), dtype=x.dtype)


def _noise_cases(generator: Generator) -> Cases:
    for shape, seed, dtype in [
        ((4, 3), 271828, torch.float32),
        ((), 314159, torch.float64),
        ((6, 5), 271828, torch.float64),
    ]:
        yield torch.randn(shape, generator=generator, dtype=dtype), seed


class _Noise(Function):
    """Besides the numbers: the global generator must be where it was."""

    def _fault(self, answer: Any, case: tuple[Any, ...]) -> str:
        state = torch.get_rng_state()
        try:
            torch.manual_seed(161803)  # no seed of a case
            before = torch.get_rng_state()
            fault = super()._fault(answer, case)
            moved = not torch.equal(before, torch.get_rng_state())
        finally:
            torch.set_rng_state(state)
        return "your function moved the global generator, for everybody" if moved else fault


def _draws(generator: Generator) -> Cases:
    for n, d in [(5, 3), (2, 4), (30, 1), (4, 4)]:
        yield (3 * torch.randn(d, n, generator=generator).T + 2,)


def _mean_and_error(x: Tensor) -> tuple[Tensor, Tensor]:
    deviation = ((x - x.mean(0)) ** 2).sum(0).div(len(x) - 1).sqrt()
    return x.mean(0), deviation / len(x) ** 0.5


def _sizes(generator: Generator) -> Cases:
    yield from [(0.95, 0.01), (0.5, 0.03), (0.99, 0.02), (0.8, 0.001)]


def _mixtures(generator: Generator) -> Cases:
    for n, k, far in [(5, 3, 1.0), (2, 4, 1.0), (3, 3, 300.0), (4, 1, 1.0), (6, 2, -2000.0)]:
        yield (
            far * (1 + torch.rand(n, generator=generator)),
            torch.randn(k, generator=generator).log_softmax(0),
            torch.randn(k, generator=generator),
            torch.rand(k, generator=generator) + 0.5,
        )


def _mixture_log_prob(x: Tensor, log_weights: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    parts = torch.distributions.Normal(mean.double(), scale.double()).log_prob(x.double()[:, None])
    return (log_weights.double() + parts).logsumexp(1).float()


def _waits(generator: Generator) -> Cases:
    for n, rate in [(7, 0.3), (1, 4.0), (100, 25.0)]:
        yield (torch.empty(n).exponential_(rate, generator=generator),)


def _distributions(generator: Generator) -> Cases:
    for n, k in [(3, 4), (1, 2), (5, 5)]:
        yield torch.randn(k, n, generator=generator).T.softmax(1), torch.randn(n, k, generator=generator).softmax(1)
    yield torch.tensor([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]]), torch.tensor([[0.25, 0.75, 0.0], [0.5, 0.25, 0.25]])
    yield torch.tensor([[0.5, 0.5, 0.0]]), torch.tensor([[1.0, 0.0, 0.0]])


def _kl_bits(p: Tensor, q: Tensor) -> Tensor:
    terms = torch.where(p > 0, p * (p.log2() - q.log2()), 0.0)
    return terms.sum(1)


def _tests(generator: Generator) -> Cases:
    yield 0.01, 0.9, 0.09, 1, 0
    yield 0.2, 0.8, 0.1, 0, 2
    yield 0.001, 0.9, 0.09, 3, 1
    yield 0.3, 0.6, 0.5, 0, 0
    yield 0.01, 0.7, 0.3, 1000, 998
    yield 0.01, 0.7, 0.3, 0, 1000


def _illness(prevalence: float, caught: float, false_alarm: float, positives: int, negatives: int) -> float:
    odds = math.log(prevalence) - math.log1p(-prevalence)
    odds += positives * math.log(caught / false_alarm) + negatives * math.log((1 - caught) / (1 - false_alarm))
    return math.exp(min(odds, 0)) / (1 + math.exp(-abs(odds)))


def _scales(generator: Generator) -> Cases:
    yield from [(10.0, 1.0, 13.0, 2.0), (5.0, 0.5, -1.0, 0.5), (0.0, 3.0, 1.0, 0.1)]


def _combined(x1: float, s1: float, x2: float, s2: float) -> tuple[float, float]:
    share = s2**2 / (s1**2 + s2**2)
    return share * x1 + (1 - share) * x2, s1 * s2 / math.hypot(s1, s2)


GRADERS = {
    "probability-1": _Noise(
        _noise, _noise_cases, "a torch.Generator of your own, handed to torch.randn together with the dtype"
    ),
    "probability-2": Function(
        _mean_and_error, _draws, "the draws lie along the first axis; the standard error is s over the root of n"
    ),
    "probability-3": Function(
        lambda a, h: math.ceil(1.96**2 * a * (1 - a) / h**2),
        _sizes,
        "1.96 standard errors are at most h; the variance of a variable of zeros and ones is a (1 - a); round up",
    ),
    "probability-4": Function(
        _mixture_log_prob,
        _mixtures,
        "add log-weights and log-densities (n, k), then a log-sum-exp over the k parts",
        rtol=1e-4,
    ),
    "probability-5": Function(
        lambda x: 1 / x.double().mean().float(), _waits, "write log λ - λ·mean with r = λ·mean", rtol=1e-4
    ),
    "probability-6": Value(
        {"entropy": 2.25, "mean length": 2.625, "KL": 0.375},
        "the surprise of 1/4 is two bits; the mean length is a cross-entropy",
    ),
    "probability-7": Function(
        _kl_bits,
        _distributions,
        "p (log p - log q), in bits; 0 log 0 is 0, and the first argument is the truth",
        rtol=1e-4,
    ),
    "probability-8": Function(
        _illness, _tests, "multiply the odds by one ratio of likelihoods for each result; in logarithms, add"
    ),
    "probability-9": Function(
        _combined, _scales, "add the two squares in the exponent: what stands before w² and before w?"
    ),
}
