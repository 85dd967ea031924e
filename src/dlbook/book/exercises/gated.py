"""Graders of the page 04_rnn/gated."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Generator, Tensor, nn, sigmoid, tanh

from .graders import Function, Value, Verdict, difference

Cases = Iterator[tuple[Any, ...]]


def _parameters(blocks: int, d: int, m: int) -> int:
    return blocks * m * (d + m + 2)


def _once(generator: Generator) -> Cases:
    yield ()


def _counter() -> tuple[Tensor, ...]:
    pinned = torch.tensor([20.0, 20.0, 0.0, 0.0])
    return torch.tensor([[0.0], [0.0], [20.0], [0.0]]), torch.zeros(4, 1), pinned


def _counter_fault(got: Any) -> str:
    if not isinstance(got, (tuple, list)) or len(got) != 3 or not all(isinstance(part, Tensor) for part in got):
        return "three tensors are expected: w_ih, w_hh, b"
    shapes = [tuple(part.shape) for part in got]
    if shapes != [(4, 1), (4, 1), (4,)]:
        return f"the shapes (4, 1), (4, 1) and (4,) are expected, not {', '.join(map(str, shapes))}"
    w_ih, w_hh, bias = (part.detach().float() for part in got)
    cell, generator = nn.LSTMCell(1, 1), Generator().manual_seed(1)
    rows = [torch.ones(100), torch.zeros(100), (torch.rand(100, generator=generator) < 0.5).float()]
    with torch.no_grad():
        for parameter, values in zip(cell.parameters(), (w_ih, w_hh, bias, torch.zeros(4)), strict=True):
            parameter.copy_(values)
        for row in rows:
            h = c = torch.zeros(1, 1)
            for step, x in enumerate(row, 1):
                h, c = cell(x.view(1, 1), (h, c))
                true = row[:step].sum().item()
                if not abs(c.item() - true) < 0.01:
                    return f"after {step} steps with {true:.0f} ones the memory is {c.item():.4f}"
    return ""


def _spans(generator: Generator) -> Cases:
    yield from [(1,), (10,), (100,), (0.5,), (1000.0,)]


def _bias_for(n: float) -> float:
    return -math.log(2 ** (1 / n) - 1)


def _lstm_steps(generator: Generator) -> Cases:
    for b, m in [(3, 5), (1, 13), (13, 1)]:  # more than twelve numbers each: a fault shows their shapes alone
        sums = torch.randn(4, b, m, generator=generator, dtype=torch.float64)
        c_before, dh, dc = torch.randn(3, b, m, generator=generator, dtype=torch.float64)
        i, f, g, o = sigmoid(sums[0]), sigmoid(sums[1]), tanh(sums[2]), sigmoid(sums[3])
        yield i, f, g, o, c_before, f * c_before + i * g, dh, dc


class _ByHand(Function):
    """The answer is tried with autograd switched off."""

    def judge(self, answer: Any) -> Verdict:
        def without_autograd(*arguments: Any) -> Any:
            with torch.inference_mode():
                return answer(*arguments)

        return super().judge(without_autograd if callable(answer) else answer)


def _lstm_backward(*arguments: Tensor) -> tuple[Tensor, Tensor]:
    with torch.inference_mode(False), torch.enable_grad():
        i, f, g, o, c_before, _, dh, dc = (part.clone() for part in arguments)
        sums = torch.cat([i.logit(), f.logit(), g.atanh(), o.logit()], 1).requires_grad_()
        before = c_before.requires_grad_()
        s_i, s_f, s_g, s_o = sums.chunk(4, dim=1)
        c = sigmoid(s_f) * before + sigmoid(s_i) * tanh(s_g)
        h = sigmoid(s_o) * tanh(c)
        return torch.autograd.grad((h * dh).sum() + (c * dc).sum(), (sums, before))


def _kernels(generator: Generator) -> Cases:
    for d, m in [(3, 4), (5, 2), (1, 6)]:
        yield torch.randn(d + m, 4 * m, generator=generator), torch.randn(4 * m, generator=generator)


def _convert(kernel: Tensor, bias: Tensor) -> tuple[Tensor, ...]:
    m = len(bias) // 4
    order = torch.cat([torch.arange(m) + k * m for k in (0, 2, 1, 3)])
    moved = bias[order].clone()
    moved[m : 2 * m] += 1
    rows = kernel[:, order].T
    return rows[:, :-m], rows[:, -m:], moved, torch.zeros_like(bias)


def _budgets(generator: Generator) -> Cases:
    yield from [(4, 10, 2560), (4, 10, 2559), (3, 28, 12000), (1, 5, 8), (1, 5, 7), (3, 1, 1_000_000)]


def _units_for(blocks: int, d: int, budget: int) -> int:
    half = d + 2
    units = int((-half + math.sqrt(half * half + 4 * budget / blocks)) / 2) + 2
    while units and _parameters(blocks, d, units) > budget:
        units -= 1
    return units


def _update_gates(generator: Generator) -> Cases:
    for steps, m in [(4, 3), (1, 2), (9, 1)]:
        yield (torch.rand(steps, m, generator=generator, dtype=torch.float64),)


def _shares(z: Tensor) -> tuple[Tensor, Tensor]:
    one = torch.ones_like(z[:1])
    later = torch.cat([z.flip(0).cumprod(0).flip(0), one])
    return torch.cat([one, 1 - z]) * later, one[0]


class _Handed(nn.LSTM):
    """Notes what its calls are given."""

    def __init__(self, *sizes: int) -> None:
        super().__init__(*sizes)
        self.calls: list[tuple[int, bool]] = []

    def forward(self, input: Tensor, hx: Any = None) -> Any:  # torch's names
        attached = hx is not None and any(part.grad_fn is not None for part in hx)
        self.calls.append((len(input), attached))
        return super().forward(input, hx)


def _long_sequences(generator: Generator) -> Cases:
    for steps, size in [(10, 4), (6, 6), (7, 1), (5, 9)]:
        torch.manual_seed(steps)
        lstm = _Handed(3, 5, 2).double()
        yield lstm, torch.randn(steps, 2, 3, generator=generator, dtype=torch.float64), size


def _in_pieces(lstm: nn.LSTM, x: Tensor, size: int) -> Tensor:
    state, outputs = None, []
    for piece in x.split(size):
        output, (h, c) = lstm(piece, state)
        state = h.detach(), c.detach()
        outputs.append(output)
    return torch.cat(outputs)


def _pieces_fault(got: Any, lstm: _Handed, x: Tensor, size: int) -> str:
    expected = [len(piece) for piece in x.split(size)]
    calls = lstm.calls[len(expected) :]  # those before were the reference's
    if fault := difference(got, nn.LSTM.forward(lstm, x)[0], 1e-8):
        return fault
    lengths = [length for length, _ in calls]
    if lengths != expected:
        return f"calls of {', '.join(map(str, expected))} steps are expected, not of {', '.join(map(str, lengths))}"
    if any(attached for _, attached in calls):
        return "a state was handed on with its graph"
    if not got.requires_grad:
        return "the outputs have no graph: only the states are to be cut"
    noise = torch.randn(got.shape, generator=Generator().manual_seed(1), dtype=got.dtype)
    ours, theirs = (_gradients(lstm, y, noise) for y in (got, _in_pieces(lstm, x, size)))
    if any(difference(a, b, 1e-8) for a, b in zip(ours, theirs, strict=True)):
        return "the gradients of the weights are off: every piece keeps its graph, only the states are to be cut"
    return ""


def _gradients(lstm: nn.LSTM, y: Tensor, noise: Tensor) -> list[Tensor]:
    found = torch.autograd.grad((y * noise).sum(), list(lstm.parameters()), allow_unused=True)
    return [torch.zeros_like(p) if part is None else part for p, part in zip(lstm.parameters(), found, strict=True)]


def _coupled_steps(generator: Generator) -> Cases:
    for b, d, m in [(3, 2, 4), (1, 5, 3)]:
        shapes = [(b, d), (b, m), (b, m), (3 * m, d), (3 * m, m), (3 * m,)]
        yield tuple(torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes)


def _coupled_cell(x: Tensor, h: Tensor, c: Tensor, w_ih: Tensor, w_hh: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """By torch's cell: the sum of its input gate is that of the forget gate, negated."""
    f, g, o = (torch.cat([w_ih, w_hh, b[:, None]], 1)).chunk(3)
    stacked = torch.cat([-f, f, g, o])
    d, m = w_ih.shape[1], w_hh.shape[1]
    parts = [stacked[:, :d], stacked[:, d : d + m], stacked[:, -1]]
    cell = nn.LSTMCell(d, m, dtype=x.dtype)
    with torch.no_grad():
        for parameter, values in zip(cell.parameters(), [*parts, torch.zeros_like(parts[2])], strict=True):
            parameter.copy_(values)
        return cell(x, (h, c))


GRADERS = {
    "gated-1": Value(
        {
            "output": (7, 5, 40),
            "h_n": (4, 7, 20),
            "c_n": (4, 7, 20),
            "parameters": 2 * _parameters(4, 10, 20) + 2 * _parameters(4, 40, 20),
        },
        "output joins both directions; states are (layers * directions, batch, units), "
        "and the second layer reads what both directions of the first give",
    ),
    "gated-2": Function(
        _counter,
        _once,
        "pin the input and the forget gate open by their biases, and make the candidate 1 or 0",
        property_of=_counter_fault,
    ),
    "gated-3": Function(
        _bias_for, _spans, "which gate has that half-life, and where does the sigmoid take this value?"
    ),
    "gated-4": _ByHand(
        _lstm_backward,
        _lstm_steps,
        "first all that reaches c, from dc and through h; then c's three factors; then the slopes",
        rtol=1e-8,
    ),
    "gated-5": Function(
        _convert, _kernels, "transpose, put the blocks in the order i, f, g, o, cut off the columns of h, add the 1"
    ),
    "gated-6": Function(_units_for, _budgets, "a layer has blocks * m * (d + m + 2) parameters"),
    "gated-7": Function(_shares, _update_gates, "what is written at a step is multiplied by every later z", rtol=1e-8),
    "gated-8": Function(
        _in_pieces,
        _long_sequences,
        "x.split(size); give each piece the state of the one before, both parts detached",
        property_of=_pieces_fault,
        keeps_inputs=False,
    ),
    "gated-9": Function(
        _coupled_cell, _coupled_steps, "f and o are sigmoids, g is a tanh; where i stood stands 1 - f", rtol=1e-8
    ),
}
