"""Wrong answers to the exercises of the page 02_autograd: mistakes that readers make."""

import numpy as np
import torch

from dlbook.autograd import Variable, elementwise
from dlbook.book.exercises.autograd import GRADERS

PASSES = GRADERS["autograd-4"].expected
ARRIVES = GRADERS["autograd-7"].expected
ERRORS = GRADERS["autograd-9"].expected


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def spoilt(x):
    y = x.exp()
    y += x
    return y


def changes_its_input(x):
    y = x.exp() + x
    x += 1
    return y


def forgets_the_quotient(a, steps):
    x, slope = a, 1.0
    for _ in range(steps):
        x, slope = (x + a / x) / 2, (slope + 1 / x) / 2
    return x, slope


def starts_flat(a, steps):
    x, slope = a, 0.0
    for _ in range(steps):
        x, slope = (x + a / x) / 2, (slope + 1 / x - a * slope / x**2) / 2
    return x, slope


def uses_the_new_root(a, steps):
    x, slope = a, 1.0
    for _ in range(steps):
        x = (x + a / x) / 2
        slope = (slope + 1 / x - a * slope / x**2) / 2
    return x, slope


WRONG = {
    "autograd-1": [
        {"once": [5.0, 4.0], "twice": [5.0, 4.0]},
        {"once": [4.0, 4.0], "twice": [8.0, 8.0]},
        {"once": [5.0, 2.0], "twice": [10.0, 4.0]},
        {"once": 9.0, "twice": 18.0},
    ],
    "autograd-2": [
        lambda X, w, y: X.T @ (X @ w - y),
        lambda X, w, y: 2 * X.T @ (y - X @ w),
        lambda X, w, y: 2 * X.T @ (X @ w - y) / len(y),
        lambda X, w, y: 2 * (X @ w - y) @ X.T if X.shape[0] == X.shape[1] else 2 * (X @ w - y),
    ],
    "autograd-3": [
        lambda y, g: y * (1 - y) * g,
        lambda y, g: y * (g - g.sum(dim=-1, keepdim=True)),
        lambda y, g: y * (g - (g * y).sum(dim=-1)) if y.shape[0] == y.shape[1] else y * g,
        lambda y, g: g - (g * y).sum(dim=-1, keepdim=True),
        lambda y, g: y * (g - (g * y).sum(dim=0)),
    ],
    "autograd-4": [
        PASSES | {"a forward": 3, "a reverse": 1000},
        PASSES | {"b forward": 50, "b reverse": 2},
        PASSES | {"one direction": "reverse"},
        PASSES | {"a forward": 3000},
    ],
    "autograd-5": [
        lambda g, shape: g,
        lambda g, shape: g.sum(dim=tuple(range(g.ndim - len(shape)))) if g.ndim > len(shape) else g,
        lambda g, shape: g.mean(dim=tuple(range(g.ndim - len(shape)))) if g.ndim > len(shape) else g,
        lambda g, shape: g[tuple(slice(n) for n in shape)],
        lambda g, shape: torch.zeros(shape) + g.sum(),
    ],
    "autograd-6": [
        lambda a: elementwise("s", sigmoid, lambda y: y, a, told_from="result"),
        lambda a: elementwise("s", sigmoid, lambda y: 1 - y * y, a, told_from="result"),
        lambda a: elementwise("s", sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x)), a),
        lambda a: elementwise("s", np.tanh, lambda y: y * (1 - y), a, told_from="result"),
        lambda a: Variable(sigmoid(a.data)),
        lambda a: sigmoid(a.data),
        lambda x: torch.sigmoid(x),
    ],
    "autograd-7": [
        ARRIVES | {"x * x.detach()": 6.0},
        ARRIVES | {"(x + x.detach()) ** 2": 24.0},
        ARRIVES | {"(x + x.detach()) ** 2": 6.0},
        ARRIVES | {"x.clone() ** 2": "error"},
        ARRIVES | {"x.detach() ** 2": 0.0},
        ARRIVES | {"x * x.item()": "error"},
    ],
    "autograd-8": [
        spoilt,
        lambda x: x.detach().exp() + x,
        lambda x: (x.exp() + x).detach(),
        lambda x: x.exp() + 1,
        changes_its_input,
    ],
    "autograd-9": [
        ERRORS | {"y = w + 1; y *= 2; y.sum().backward()": "in place"},
        ERRORS | {"y = (w + w).sum(); (2 * y).backward(); (3 * y).backward()": "used up"},
        ERRORS | {"y = (w * w).sum(); z = y.item() * w.sum(); z.backward()": "no graph"},
        ERRORS | {"y = (w > 1).float().mean(); y.backward()": "fine"},
    ],
    "autograd-10": [
        forgets_the_quotient,
        starts_flat,
        uses_the_new_root,
        lambda a, steps: (a**0.5, 0.5 / a**0.5),
    ],
}
