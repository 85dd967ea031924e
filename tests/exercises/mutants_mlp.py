"""Wrong answers to the exercises of the page 02_autograd/mlp: mistakes that readers make."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from dlbook.book.exercises.mlp import GRADERS

SHAPES, COUNTS, LOSSES = (GRADERS[f"mlp-{number}"].expected for number in (1, 6, 9))


def weights(rows, second, first_bias=0.0, last_bias=0.0):
    n = len(rows)
    return torch.tensor(rows), torch.full((n,), first_bias), torch.tensor([second]), torch.full((1,), last_bias)


def tanh_gradients(X, W1, b1, W2, b2, labels, mean=True, slope=True, one_hot=True):
    A = torch.tanh(X @ W1.T + b1)
    D2 = torch.softmax(A @ W2.T + b2, 1)
    if one_hot:
        D2 = D2 - F.one_hot(labels, len(b2))
    if mean:
        D2 = D2 / len(X)
    D1 = (D2 @ W2) * ((1 - A**2) if slope else (A > 0))
    return D1.T @ X, D1.sum(0), D2.T @ A, D2.sum(0)


class Layer(nn.Module):
    def __init__(self, width, buffer=True, parameter=True, always=False, shared=True):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width)) if parameter else torch.ones(width, requires_grad=True)
        if buffer:
            self.register_buffer("largest", torch.ones(()))
        else:
            self.largest = torch.ones(())
        self.always, self.shared = always, shared

    def forward(self, x):
        if self.training or self.always:
            seen = x.detach().abs().max()
            self.largest = torch.maximum(self.largest, seen) if self.shared else seen
        return self.gain * x / self.largest


WRONG = {
    "mlp-1": [
        SHAPES | {"shape": (7, 5)},
        SHAPES | {"shape": (7, 3, 20)},
        SHAPES | {"parameters": 20 * 64 + 64 * 32 + 32 * 5},
        SHAPES | {"keys": 3},
        SHAPES | {"keys": 10},
    ],
    "mlp-2": [
        lambda: weights([[1.0, -1.0], [0.0, 1.0]], [1.0, 1.0]),  # wrong for negative numbers
        lambda: weights([[1.0, 0.0], [0.0, 1.0]], [1.0, 1.0]),
        lambda: weights([[1.0, -1.0], [-1.0, 1.0]], [0.5, 0.5]),
        lambda: weights([[1.0, -1.0], [0.0, 1.0], [0.0, -1.0]], [1.0, 1.0, -1.0])[:3],
        lambda: tuple(p.T for p in weights([[1.0, -1.0], [0.0, 1.0], [0.0, -1.0]], [1.0, 1.0, -1.0])[::2]) * 2,
    ],
    "mlp-3": [
        lambda *a: tanh_gradients(*a, mean=False),
        lambda *a: tanh_gradients(*a, slope=False),
        lambda *a: tanh_gradients(*a, one_hot=False),
        lambda *a: [g.T for g in tanh_gradients(*a)],
        lambda *a: tanh_gradients(*a)[::-1],
    ],
    "mlp-4": [
        lambda x: torch.tanh(F.softplus(x)),
        lambda x: 1 - torch.tanh(F.softplus(x)) ** 2,
        lambda x: torch.tanh(F.softplus(x)) + x * (1 - torch.tanh(F.softplus(x)) ** 2),
        lambda x: torch.tanh(t := torch.log(1 + torch.exp(x))) + x * (1 - torch.tanh(t) ** 2) * x.exp() / (1 + x.exp()),
        lambda x: F.mish(x),
    ],
    "mlp-5": [
        lambda fan_in, a: math.sqrt(2 / fan_in),
        lambda fan_in, a: 2 / ((1 + a**2) * fan_in),
        lambda fan_in, a: math.sqrt(2 / ((1 + a) * fan_in)),
        lambda fan_in, a: math.sqrt(1 / ((1 + a**2) * fan_in)),
    ],
    "mlp-6": [
        COUNTS | {"parameters": 3},
        COUNTS | {"parameters": 5},
        COUNTS | {"state_dict": 3},
        COUNTS | {"buffers": 0},
        COUNTS | {"state_dict": 6},
    ],
    "mlp-7": [
        lambda width: Layer(width, buffer=False),
        lambda width: Layer(width, parameter=False),
        lambda width: Layer(width, always=True),
        lambda width: Layer(width, shared=False),
        lambda width: Layer(1),
        lambda width: lambda x: x,
    ],
    "mlp-8": [
        lambda logits, labels: (logits.argmax(1) == labels).double().mean().item(),
        lambda logits, labels: (logits.argmax(0) == labels).double().mean().item(),
        lambda logits, labels: sum(
            (logits.argmax(1)[labels == c] == c).double().sum().item() / max(1, int((labels == c).sum()))
            for c in range(logits.shape[1])
        )
        / logits.shape[1],
        lambda logits, labels: torch.stack(
            [(labels == logits.argmax(1))[logits.argmax(1) == c].double().mean() for c in logits.argmax(1).unique()]
        )
        .mean()
        .item(),
    ],
    "mlp-9": [
        LOSSES | {"zeros": 0.0},
        LOSSES | {"zeros": 2.0},
        LOSSES | {"fives": 5.0},
        LOSSES | {"sure and wrong": math.log(4)},
        LOSSES | {"sure and wrong": math.inf},
    ],
}
