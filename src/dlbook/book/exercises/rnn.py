"""Graders of the page 04_rnn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from .graders import Function, Value, Verdict

Cases = Iterator[tuple[Any, ...]]


@dataclass(frozen=True)
class ByHand(Function):
    """A function that must do without autograd: it is run where no graph is made."""

    def judge(self, answer: Any) -> Verdict:
        """As `Function`."""
        if not callable(answer) or answer is self.reference:  # the reference may ask autograd
            return super().judge(answer)

        def without_graph(*case: Any) -> Any:
            with torch.inference_mode():
                return answer(*case)

        return super().judge(without_graph)


def _once(generator: Generator) -> Cases:
    yield ()


def _normal(generator: Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def _memory_fault(got: Any) -> str:
    fault = "two numbers are expected: w_ih, w_hh"
    if not isinstance(got, (tuple, list, Tensor, np.ndarray)):
        return fault
    try:
        w_ih, w_hh = (float(part) for part in got)
    except (TypeError, ValueError, RuntimeError):
        return fault
    for first in (1.0, -1.0):
        h = math.tanh(w_ih * first)
        for zeros in range(1, 32):
            h = math.tanh(w_hh * h)
            if zeros >= 30 and not h * first > 0.9:
                return f"after {first:g} and {zeros} zeros the state is {h:.3f}"
    return ""


def _sequences(generator: Generator) -> Cases:
    for t, d, h in [(4, 3, 5), (1, 2, 3), (7, 1, 2)]:
        sizes = [(t, d), (h,), (h, d), (h, h), (h,), (t, h)]
        yield tuple(_normal(generator, *size) for size in sizes)


def _relu_bptt(x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
    *parameters, direct = rest
    leaves = [p.detach().clone().requires_grad_() for p in parameters]
    h, w_ih, w_hh, b = leaves
    total = torch.zeros((), dtype=x.dtype)
    for t, step in enumerate(x):
        h = (w_ih @ step + w_hh @ h + b).relu()
        total = total + h @ direct[t]
    found = torch.autograd.grad(total, leaves, allow_unused=True)
    return tuple(torch.zeros_like(p) if g is None else g for p, g in zip(leaves, found, strict=True))


def _leaky_cells(generator: Generator) -> Cases:
    for d, h, a in [(3, 4, 0.3), (2, 5, 0.05), (4, 2, 1.0)]:
        yield (
            *(_normal(generator, *size) for size in [(d,), (h,), (h, d), (h, h), (h,)]),
            a,
        )


def _leaky_jacobian(x: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, b: Tensor, a: float) -> Tensor:
    def cell(state: Tensor) -> Tensor:
        return (1 - a) * state + a * torch.tanh(w_ih @ x + w_hh @ state + b)

    return torch.autograd.functional.jacobian(cell, h)


def _bounds(generator: Generator) -> Cases:
    yield from [(0.6, 1e-3), (0.9, 1e-6), (0.55, 1e-7), (0.3, 0.25), (0.999, 0.5), (1.0, 0.1), (1.3, 1e-3)]
    yield from [(0.5, 0.25), (0.5, 0.125)]  # where the bound meets the floor


def _steps_until(sigma: float, floor: float) -> int | float:
    if sigma >= 1:
        return math.inf
    k, bound = 0, 1.0
    while bound > floor:
        k, bound = k + 1, bound * sigma
    return k


def _chunks(generator: Generator) -> Cases:
    yield from [(8, 4), (64, 16), (10, 4), (7, 1), (5, 5), (3, 9)]


def _share_kept(steps: int, k: int) -> float:
    pairs = [(t, s) for t in range(steps) for s in range(t + 1)]
    return sum(t // k == s // k for t, s in pairs) / len(pairs)


def _looked_up(generator: Generator) -> Cases:
    for ids, rows, d in [([2, 0, 2, 2], 4, 3), ([1], 3, 2), ([0, 1, 1, 0, 4], 5, 1)]:
        yield torch.tensor(ids), _normal(generator, len(ids), d), rows


def _gradient_of_table(ids: Tensor, delta: Tensor, rows: int) -> Tensor:
    return torch.stack([delta[ids == i].sum(dim=0) for i in range(rows)])


def _outputs(generator: Generator) -> Cases:
    for lengths, t, h in [([3, 5, 1], 5, 4), ([2, 2], 6, 3), ([4], 4, 2)]:
        yield _normal(generator, len(lengths), t, h), torch.tensor(lengths)


def _padded(generator: Generator) -> Cases:
    for lengths, t in [([3, 5, 1], 5), ([2, 4], 7), ([6], 6)]:
        x = torch.randint(1, 99, (len(lengths), t), generator=generator)
        yield x, torch.tensor(lengths)  # whatever stands in the padding, it stays
        yield x * (torch.arange(t) < torch.tensor(lengths)[:, None]), torch.tensor(lengths)


def _turned_round(x: Tensor, lengths: Tensor) -> Tensor:
    rows = [torch.cat([row[:n].flip(0), row[n:]]) for row, n in zip(x, lengths.tolist(), strict=True)]
    return torch.stack(rows)


def _pasts(generator: Generator) -> Cases:
    for n, p, constant, steps in [(5, 3, 0.5, 4), (6, 6, -1.0, 9), (4, 1, 2.0, 1)]:
        yield _normal(generator, n), _normal(generator, p) / p, constant, steps


def _continued(past: Tensor, weights: Tensor, constant: float, steps: int) -> Tensor:
    values = past.tolist()
    for _ in range(steps):
        recent = values[len(values) - len(weights) :]
        values.append(constant + sum(w * v for w, v in zip(weights.tolist(), recent, strict=True)))
    return torch.tensor(values[len(past) :], dtype=past.dtype)


GRADERS = {
    "rnn-1": Value(
        {"output": (3, 7, 20), "h_n": (4, 3, 10), "parameters": 2 * 10 * 18 + 2 * 10 * 32},
        "directions double the last axis of output and the first of h_n; the second layer reads 20 numbers",
    ),
    "rnn-2": Function(
        lambda: (1.0, 2.0),
        _once,
        "where does h = tanh(w h) have a solution besides 0?",
        property_of=_memory_fault,
    ),
    "rnn-3": ByHand(
        _relu_bptt,
        _sequences,
        "the slope of ReLU is 1 where the state is above 0; from step to step back with the transposed w_hh",
        rtol=1e-6,
    ),
    "rnn-4": ByHand(
        _leaky_jacobian,
        _leaky_cells,
        "a sum: the part that is kept gives (1 - a) times the identity; row i of w_hh is scaled by slope i",
        rtol=1e-6,
    ),
    "rnn-5": Function(
        _steps_until, _bounds, "take logarithms, both are negative; a sigma of 1 or more never gets there"
    ),
    "rnn-6": Function(_share_kept, _chunks, "a chunk of n steps has n (n + 1) / 2 pairs; count the shorter last one"),
    "rnn-7": ByHand(
        _gradient_of_table, _looked_up, "positions with the same id add up; rows that no id names get 0", rtol=1e-6
    ),
    "rnn-8": Function(
        lambda output, lengths: torch.stack([row[n - 1] for row, n in zip(output, lengths.tolist(), strict=True)]),
        _outputs,
        "one index for the sequence, one for the step: arange and lengths - 1",
    ),
    "rnn-9": Function(
        _turned_round, _padded, "place t takes from length - 1 - t, places behind the end from themselves"
    ),
    "rnn-10": Function(
        _continued, _pasts, "the oldest of the last p values meets the first weight; forecasts join in", rtol=1e-6
    ),
}
