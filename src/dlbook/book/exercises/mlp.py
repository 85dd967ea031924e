"""Graders of the page 02_autograd/mlp."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from .graders import Function, Value, difference

Cases = Iterator[tuple[Any, ...]]


def _once(generator: Generator) -> Cases:
    yield ()


def _max_weights() -> tuple[Tensor, ...]:
    first = torch.tensor([[1.0, -1.0], [0.0, 1.0], [0.0, -1.0]])
    return first, torch.zeros(3), torch.tensor([[1.0, 1.0, -1.0]]), torch.zeros(1)


def _max_fault(got: Any) -> str:
    if not isinstance(got, (tuple, list)) or len(got) != 4 or not all(isinstance(part, Tensor) for part in got):
        return "four tensors are expected: W1, b1, W2, b2"
    first, b1, second, b2 = (part.detach().float() for part in got)
    units = first.shape[0] if first.ndim == 2 else 0
    if first.shape != (units, 2) or b1.shape != (units,) or second.shape != (1, units) or b2.shape != (1,):
        return f"the shapes are {', '.join(str(tuple(part.shape)) for part in got)}"
    x = 5 * torch.randn(200, 2, generator=Generator().manual_seed(1))
    x = torch.cat([x, 1000 * x])  # no bias can hide a kink from these
    y = ((x @ first.T + b1).relu() @ second.T + b2).squeeze(1)
    off = (y - x.max(dim=1).values).abs()
    if not bool((off < 1e-5 * x.abs().amax(dim=1).clamp(min=10)).all()):
        worst = int(off.nan_to_num(torch.inf).argmax())
        a, b = x[worst].tolist()
        return f"for x = ({a:.2f}, {b:.2f}) the network gives {y[worst].item():.2f}"
    return ""


def _networks(generator: Generator) -> Cases:
    for n, d, h, c in [(6, 4, 5, 3), (1, 2, 7, 4), (9, 3, 2, 5)]:
        sizes = [(n, d), (h, d), (h,), (c, h), (c,)]
        labels = torch.randint(0, c, (n,), generator=generator)
        yield *(torch.randn(size, generator=generator) for size in sizes), labels


def _tanh_gradients(*arguments: Tensor) -> tuple[Tensor, ...]:
    x, *parameters, labels = arguments
    leaves = [p.clone().requires_grad_() for p in parameters]
    w1, b1, w2, b2 = leaves
    loss = F.cross_entropy(torch.tanh(x @ w1.T + b1) @ w2.T + b2, labels)
    return torch.autograd.grad(loss, leaves)


def _numbers(generator: Generator) -> Cases:
    yield (3 * torch.randn(4, 5, generator=generator),)
    yield (torch.tensor([-1000.0, -100.0, -20.0, 0.0, 20.0, 100.0, 1000.0]),)


def _mish_slope(x: Tensor) -> Tensor:
    leaf = x.double().requires_grad_()
    return torch.autograd.grad(F.mish(leaf).sum(), leaf)[0].float()


def _fans(generator: Generator) -> Cases:
    yield from [(100, 0.0), (64, 0.01), (7, 0.2), (784, 1.0), (50, math.sqrt(5))]


class _ByLargest(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))
        self.register_buffer("largest", torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.largest = torch.maximum(self.largest, x.detach().abs().max())
        return self.gain * x / self.largest


def _widths(generator: Generator) -> Cases:
    yield from [(3,), (5,)]


def _layer_fault(got: Any, width: int) -> str:
    if not isinstance(got, nn.Module):
        return "an nn.Module is expected"
    if {name: tuple(p.shape) for name, p in got.named_parameters()} != {"gain": (width,)}:
        return "the one parameter must be gain, of shape (width,)"
    buffers = {name: tuple(b.shape) for name, b in got.named_buffers()}
    if buffers != {"largest": ()} or "largest" not in got.state_dict():
        return "the one buffer must be largest, a scalar, and it must be saved"
    reference, generator = _ByLargest(width), Generator().manual_seed(2)
    with torch.no_grad():
        for module in (got, reference):
            module.gain.copy_(torch.arange(1.0, width + 1))
    for training, scale in [(True, 0.1), (True, 5.0), (True, 2.0), (False, 50.0)]:
        x = scale * torch.randn(4, width, generator=generator)
        expected = reference.train(training)(x)
        mode = "training" if training else "evaluation"
        if fault := difference(got.train(training)(x), expected, 1e-5):
            return f"in {mode} mode, {fault}"
        if fault := difference(got.largest.detach(), reference.largest, 1e-5):
            return f"after a call in {mode} mode, largest: {fault}"
    if fault := _training_fault(got.train(), width):
        return fault
    twin = copy.deepcopy(got)
    return "" if twin.double().largest.dtype == torch.float64 else "the buffer does not move with the module"


def _training_fault(layer: nn.Module, width: int) -> str:
    """Two steps of training behind a linear layer: gain must learn, and the buffer keep no graph."""
    before = nn.Linear(2, width)
    for step in ("first", "second"):
        layer.zero_grad()
        try:
            layer(before(torch.ones(3, 2))).square().sum().backward()
        except RuntimeError as error:
            reason = str(error).partition("(")[0].strip()
            return f"in the {step} step of training, backward raised: {reason}; does largest keep a graph?"
        if layer.gain.grad is None:
            return "no gradient arrives in gain"
    return ""


def _classified(generator: Generator) -> Cases:
    for labels, classes in [([0, 0, 0, 0, 1, 2], 3), ([4, 1, 1, 4, 4, 4, 4], 5), ([2, 2], 4)]:
        yield torch.randn(len(labels), classes, generator=generator), torch.tensor(labels)
    yield torch.eye(3)[torch.tensor([0, 0, 0, 0, 0])], torch.tensor([0, 0, 0, 0, 1])


def _balanced_accuracy(logits: Tensor, labels: Tensor) -> float:
    guessed, rates = logits.argmax(dim=1).tolist(), []
    for c in sorted(set(labels.tolist())):
        rows = [g == c for g, label in zip(guessed, labels.tolist(), strict=True) if label == c]
        rates.append(sum(rows) / len(rows))
    return sum(rates) / len(rates)


GRADERS = {
    "mlp-1": Value(
        {"shape": (7, 3, 5), "parameters": 21 * 64 + 65 * 32 + 33 * 5, "keys": 6},
        "a linear layer works on the last axis, and has a weight matrix and a bias vector",
    ),
    "mlp-2": Function(
        _max_weights, _once, "max(a, b) = b + relu(a - b), and b = relu(b) - relu(-b)", property_of=_max_fault
    ),
    "mlp-3": Function(
        _tanh_gradients, _networks, "softmax minus one-hot, divided by n; then the slope 1 - A**2", rtol=1e-4
    ),
    "mlp-4": Function(
        _mish_slope,
        _numbers,
        "product rule, then chain rule; tanh of softplus is safe, fractions of exponentials are not",
        rtol=1e-4,
    ),
    "mlp-5": Function(
        lambda fan_in, a: math.sqrt(2 / ((1 + a * a) * fan_in)),
        _fans,
        "half of the mean square passes whole, the other half is multiplied by a squared",
    ),
    "mlp-6": Value(
        {"parameters": 2, "buffers": 1, "state_dict": 4},
        "registered are parameters, buffers and modules; one module under two names is one module with two keys",
    ),
    "mlp-7": Function(
        _ByLargest, _widths, "nn.Parameter, register_buffer, and self.training in forward", property_of=_layer_fault
    ),
    "mlp-8": Function(
        _balanced_accuracy, _classified, "an accuracy for each class among the labels, then their plain mean"
    ),
    "mlp-9": Value(
        {"zeros": math.log(100), "fives": math.log(10), "sure and wrong": math.log(math.exp(20) + 3)},
        "the logarithm of the sum of exp(logit), minus the logit of the right class",
        rtol=5e-3,
    ),
}
