"""Graders of the page 02_autograd/losses."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from .graders import Function, Value, difference

Cases = Iterator[tuple[Any, ...]]


def _errors(generator: Generator) -> Cases:
    for shape, delta in [((6,), 1.0), ((4, 3), 0.3), ((2, 5, 3), 2.0), ((1,), 0.1)]:
        yield 2 * torch.randn(shape, generator=generator), torch.randn(shape, generator=generator), delta


def _huber_gradient(prediction: Tensor, target: Tensor, delta: float) -> Tensor:
    leaf = prediction.clone().requires_grad_()
    return torch.autograd.grad(F.huber_loss(leaf, target, delta=delta), leaf)[0]


def _waits(generator: Generator) -> Cases:
    for shape in [(5,), (3, 2), (1,)]:
        yield torch.randn(shape, generator=generator), 3 * torch.rand(shape, generator=generator)


def _extreme_logits(generator: Generator) -> Cases:
    z = torch.tensor([-1000.0, -120.0, -20.0, -1.5, 0.0, 1.5, 20.0, 120.0, 1000.0])
    yield z, torch.zeros(9)
    yield z, torch.ones(9)
    yield 4 * torch.randn(3, 5, generator=generator), torch.rand(3, 5, generator=generator)


def _bce(z: Tensor, t: Tensor) -> Tensor:
    exact = F.binary_cross_entropy_with_logits(z.double(), t.double(), reduction="none")
    return exact.to(z.dtype)


def _bce_fault(got: Any, z: Tensor, t: Tensor) -> str:
    expected = _bce(z, t)
    if fault := difference(got, expected, 1e-5):
        return fault
    off = (got - expected).abs() > 1e-5 * expected
    if off.any():
        at = int(off.flatten().nonzero()[0])
        return f"for the logit {z.flatten()[at].item():g} {expected.flatten()[at].item():.4g} is expected"
    return ""


class _Traced(Function):
    """A loss for each logit whose slope must be right too: sigmoid minus truth."""

    def judge(self, answer: Any) -> Any:
        verdict = super().judge(answer)
        if verdict.status != "right":
            return verdict
        for z, t in self.cases(Generator().manual_seed(3)):
            leaf = z.clone().requires_grad_()
            try:
                (slope,) = torch.autograd.grad(answer(leaf, t).sum(), leaf)
            except RuntimeError:
                return type(verdict)("wrong", f"no gradient comes back to the logits. Hint: {self.hint}")
            expected = z.double().sigmoid() - t
            off = ~torch.isclose(slope.double(), expected, rtol=1e-5, atol=1e-6)
            if off.any():
                at = int(off.flatten().nonzero()[0])
                logit, truth, right, got = (v.flatten()[at].item() for v in (z, t, expected, slope))
                fault = f"for the logit {logit:.4g} and the target {truth:.4g} the slope {right:.4g} is expected"
                return type(verdict)("wrong", f"{fault}, not {got:.4g}. Hint: {self.hint}")
        return verdict


def _weighted(generator: Generator) -> Cases:
    for n, c in [(6, 3), (1, 4), (5, 2), (3, 7)]:
        y = torch.randint(0, c, (n,), generator=generator)
        yield 2 * torch.randn(n, c, generator=generator), y, torch.rand(c, generator=generator) + 0.1


def _weighted_gradient(z: Tensor, y: Tensor, w: Tensor) -> Tensor:
    leaf = z.clone().requires_grad_()
    return torch.autograd.grad(F.cross_entropy(leaf, y, w), leaf)[0]


def _smoothings(generator: Generator) -> Cases:
    yield from [(10, 0.1), (2, 0.5), (1000, 0.05), (5, 1.0)]


def _smooth_floor(classes: int, smoothing: float) -> float:
    answer = torch.full((classes,), smoothing / classes, dtype=torch.float64)
    answer[0] += 1 - smoothing
    return -torch.xlogy(answer, answer).sum().item()


def _sentences(generator: Generator) -> Cases:
    for lengths, t, c in [([4, 1, 6], 6, 3), ([2, 5], 5, 5), ([3], 3, 4)]:
        target = torch.randint(0, c, (len(lengths), t), generator=generator)
        for row, length in zip(target, lengths, strict=True):
            row[length:] = -100
        yield torch.randn(len(lengths), t, c, generator=generator), target


def _by_sentence(logits: Tensor, target: Tensor) -> Tensor:
    return torch.stack([F.cross_entropy(z, y) for z, y in zip(logits, target, strict=True)]).mean()


def _beliefs(generator: Generator) -> Cases:
    for n, c, size in [(5, 3, 1.0), (2, 6, 100.0), (1, 4, 3.0)]:
        yield size * torch.randn(n, c, generator=generator), torch.randn(n, c, generator=generator).softmax(1)
    yield torch.randn(2, 3, generator=generator), torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])


def _kl(logits: Tensor, p: Tensor) -> Tensor:
    terms = torch.xlogy(p, p) - p * logits.log_softmax(1)
    return terms.sum(1).mean()


def _class_counts(generator: Generator) -> Cases:
    yield from [(10,), (2,), (3,), (1000,)]


GRADERS = {
    "losses-1": Value(
        {"squared": 12.0, "absolute": 3.0, "quantile": 2.0, "Huber": 12.0},
        "the mean of all answers, the one in the middle, the first (from below) at which the share q of all answers is "
        "reached; inside delta Huber's loss is half the square",
    ),
    "losses-2": Function(
        _huber_gradient, _errors, "inside delta the slope is the error; the mean divides by all elements"
    ),
    "losses-3": Function(
        lambda z, y: (z.exp() * y - z).mean(),
        _waits,
        "log(lambda exp(-lambda y)) = log lambda - lambda y; the mean over all answers is wanted",
    ),
    "losses-4": Value(
        {
            "a": ((32,), torch.int64),
            "b": ((32, 7), torch.float32),
            "c": ((32, 20, 30), torch.int64),
            "d": ((32, 7), torch.float32),
        },
        "class numbers are int64 without the class axis; all others are floats in the shape of the logits",
    ),
    "losses-5": _Traced(
        _bce,
        _extreme_logits,
        "log(1 + exp(z)) = max(z, 0) + log1p(exp(-|z|)), for z and for -z; do not subtract large numbers; "
        "max(z, 0) = (|z| + z) / 2 has the right slope at 0 too, a clamp has not",
        property_of=_bce_fault,
    ),
    "losses-6": Function(
        _weighted_gradient, _weighted, "softmax minus one-hot, times its row's weight, over the sum of these weights"
    ),
    "losses-7": Function(
        _smooth_floor, _smoothings, "the least cross-entropy with an answer is the entropy of the answer"
    ),
    "losses-8": Function(
        _by_sentence, _sentences, "reduction='none', classes on axis 1; divide each row by its own number of places"
    ),
    "losses-9": Function(
        _kl, _beliefs, "log_softmax of the logits first, the truth second; batchmean divides by the rows", rtol=1e-4
    ),
    "losses-10": Function(
        lambda c: (math.log(math.e + c - 1) - 1, math.log(1 + (c - 1) * math.e)),
        _class_counts,
        "the outputs lie between 0 and 1, each by itself: which are best for the right class, which worst?",
    ),
}
