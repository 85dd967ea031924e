"""A training step of the book's own code beside the same step made otherwise: ratios of median times, for `bench`."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from .. import layers, optim
from ..autograd import Variable, cross_entropy, no_grad, relu
from ..runtime import timed

Array = np.ndarray
Step = Callable[[], float]  # makes one step, returns the loss before it

SIZES = (64, 64, 10)  # the network that learns the digits
BATCH, RATE = 64, 0.1


def start(seed: int = 0) -> tuple[Array, Array, list[Array]]:
    """A batch, its labels, and weights and biases of a network with one hidden layer."""
    rng = np.random.default_rng(seed)
    pairs = list(pairwise(SIZES))
    weights = [w for n, m in pairs for w in (rng.normal(size=(n, m)) * (2 / n) ** 0.5, np.zeros(m))]
    return rng.normal(size=(BATCH, SIZES[0])), rng.integers(0, SIZES[-1], BATCH), weights


def engine_step(x: Array, labels: Array, weights: list[Array]) -> Callable[..., float]:
    """The step by `dlbook.autograd`, on all of x or on some rows; it changes the weights in place."""
    leaves = [Variable(w, requires_grad=True) for w in weights]
    w1, b1, w2, b2 = leaves

    def step(rows: Array | slice = slice(None)) -> float:
        loss = cross_entropy(relu(Variable(x[rows]) @ w1 + b1) @ w2 + b2, labels[rows])
        for leaf in leaves:
            leaf.grad = None
        loss.backward()
        with no_grad():
            for leaf in leaves:
                leaf -= RATE * leaf.grad
        return float(loss.data)

    return step


def numpy_step(x: Array, labels: Array, weights: list[Array]) -> Step:
    """The same step written out by hand; it changes the weights in place."""
    w1, b1, w2, b2 = weights
    rows = np.arange(len(labels))

    def step() -> float:
        before = x @ w1 + b1
        hidden = np.maximum(before, 0)
        logits = hidden @ w2 + b2
        logits = logits - logits.max(axis=1, keepdims=True)
        exps = np.exp(logits)
        sums = exps.sum(axis=1, keepdims=True)
        loss = (np.log(sums[:, 0]) - logits[rows, labels]).mean()
        by_logits = exps / sums
        by_logits[rows, labels] -= 1
        by_logits /= len(labels)
        by_hidden = (by_logits @ w2.T) * (before > 0)
        slopes = (x.T @ by_hidden, by_hidden.sum(axis=0), hidden.T @ by_logits, by_logits.sum(axis=0))
        for weight, slope in zip(weights, slopes, strict=True):
            weight -= RATE * slope
        return float(loss)

    return step


def engine_over_numpy(repeats: int = 15) -> float:
    """How many times as long the engine's step takes, of median times measured in turns."""
    ours, plain = engine_step(*start()), numpy_step(*start())
    rounds = [(timed(ours, repeats=3).median, timed(plain, repeats=3).median) for _ in range(repeats)]
    return float(np.median([a / b for a, b in rounds]))


def engine_on_digits(seed: int = 0, epochs: int = 30) -> tuple[float, float]:
    """Seconds in which the engine learns the digits of scikit-learn, and its test accuracy."""
    from ..data import load, split

    train, test = split(load("digits"), 0.8, 0.2, seed=seed)
    (x, labels), (x_test, labels_test) = (
        (part.x.flatten(1).double().numpy() / 16, part.y.numpy()) for part in (train, test)
    )
    weights, rng = start(seed)[2], np.random.default_rng(seed)
    step, began = engine_step(x, labels, weights), time.perf_counter()
    for _ in range(epochs):
        for rows in np.split(rng.permutation(len(x)), range(BATCH, len(x), BATCH)):
            step(rows)
    seconds = time.perf_counter() - began
    w1, b1, w2, b2 = weights
    guessed = (np.maximum(x_test @ w1 + b1, 0) @ w2 + b2).argmax(axis=1)
    return seconds, float((guessed == labels_test).mean())


#: Optimisers whose steps are compared, with their settings.
OPTIMISERS: dict[str, dict[str, float]] = {
    "SGD": {}, "SGD with momentum": {"momentum": 0.9}, "Adagrad": {}, "RMSprop": {}, "Adam": {}, "AdamW": {},
    "Muon": {},
}  # fmt: skip


def optimizer_steps(sizes: tuple[int, ...] = (784, 128, 10), repeats: int = 9) -> dict[str, float]:
    """How many times as long a step of `dlbook.optim` takes as torch's, of median times measured in turns.

    torch's is the for-each implementation, one call for all parameters; Muon has no other than its own.
    """
    generator, ratios = torch.Generator().manual_seed(0), {}
    shapes = [shape for n, m in pairwise(sizes) for shape in ((m, n), (m,))]
    for name, settings in OPTIMISERS.items():
        rule = name.partition(" ")[0]
        parameters = [torch.zeros(shape, requires_grad=True) for shape in shapes if rule != "Muon" or len(shape) == 2]
        for p in parameters:
            p.grad = torch.randn(p.shape, generator=generator)
        foreach = {} if rule == "Muon" else {"foreach": True}
        ours = getattr(optim, rule)(parameters, 1e-6, **settings)
        theirs = getattr(torch.optim, rule)(parameters, 1e-6, **settings, **foreach)
        rounds = [(timed(ours.step, repeats=3).median, timed(theirs.step, repeats=3).median) for _ in range(repeats)]
        ratios[name] = float(np.median([a / b for a, b in rounds]))
    return ratios


def recurrent_step(kind: str, way: str, sizes: tuple[int, int, int, int]) -> tuple[nn.Module, Step]:
    """A recurrent layer (RNN, LSTM or GRU), and a call of forward and backward that leaves gradients in it.

    The way is `layers` for the book's loop, `cell` for the same loop over torch's cell, or `fused` for torch's layer.
    """
    batch, steps, inputs, hidden = sizes
    generator, cell = torch.Generator().manual_seed(0), way == "cell"
    module: nn.Module = getattr(layers if way == "layers" else nn, kind + "Cell" * cell)(inputs, hidden)
    for p in module.parameters():
        p.data.uniform_(-(hidden**-0.5), hidden**-0.5, generator=generator)
    x = torch.randn(steps, batch, inputs, generator=generator)

    def loop() -> Tensor:
        state, outputs = None, []
        for each in x:
            state = module(each, state)
            outputs.append(state[0] if kind == "LSTM" else state)
        return torch.stack(outputs)

    def step() -> float:
        module.zero_grad()
        loss = (loop() if cell else module(x)[0]).square().mean()
        loss.backward()
        return float(loss.detach())

    return module, step


def recurrent_steps(
    sizes: tuple[int, int, int, int] = (32, 50, 32, 64), repeats: int = 15
) -> dict[str, tuple[float, float]]:
    """How many times as long the book's recurrent layer takes as a loop over torch's cell, and as torch's fused layer.

    Of median times measured in turns; the sizes are those of the batch, the steps, an input and the hidden state.
    """
    ratios = {}
    for kind in ("RNN", "LSTM", "GRU"):
        ways = [recurrent_step(kind, way, sizes)[1] for way in ("layers", "cell", "fused")]
        rounds = np.array([[timed(step, repeats=3).median for step in ways] for _ in range(repeats)])
        over_cell, over_fused = np.median(rounds[:, :1] / rounds[:, 1:], axis=0)
        ratios[kind] = float(over_cell), float(over_fused)
    return ratios
