"""Wrong answers to the exercises of the page 04_rnn: mistakes that readers make."""

import math

import torch

from dlbook.book.exercises.rnn import GRADERS

SHAPES = GRADERS["rnn-1"].expected


def relu_bptt(x, h_0, w_ih, w_hh, b, direct, transposed=True, mask=True, before=False, later=True):
    states = [h_0]
    for step in x:
        states.append((w_ih @ step + w_hh @ states[-1] + b).relu())
    h, carried, deltas = torch.stack(states), torch.zeros_like(h_0), []
    for t in reversed(range(len(x))):
        delta = direct[t] + carried if later else direct[t]
        if mask:
            delta = delta * (h[t + 1] > 0)
        carried = (w_hh.T if transposed else w_hh) @ delta
        deltas.append(delta)
    delta = torch.stack(deltas[::-1])
    return carried, delta.T @ x, delta.T @ (h[1:] if before else h[:-1]), delta.sum(0)


def leaky(x, h, w_ih, w_hh, b, a, kept=True, rows=True, slope=True):
    s = 1 - torch.tanh(w_ih @ x + w_hh @ h + b) ** 2 if slope else torch.ones_like(h)
    inner = s[:, None] * w_hh if rows else w_hh * s
    return ((1 - a) * torch.eye(len(h), dtype=h.dtype) if kept else 0) + a * inner


def overwritten(ids, delta, rows):
    gradient = delta.new_zeros(rows, delta.shape[1])
    gradient[ids] += delta
    return gradient


def continued(past, weights, constant, steps, flip=False, feed=True, add=True):
    values, new = past, []
    for _ in range(steps):
        w = weights.flip(0) if flip else weights
        y = values[-len(w) :] @ w + (constant if add else 0)
        new.append(y)
        if feed:
            values = torch.cat([values, y[None]])
    return torch.stack(new)


def by_autograd(x, h_0, w_ih, w_hh, b, direct):
    leaves = [p.clone().requires_grad_() for p in (h_0, w_ih, w_hh, b)]
    h, total = leaves[0], 0
    for step, along in zip(x, direct, strict=True):
        h = (leaves[1] @ step + leaves[2] @ h + leaves[3]).relu()
        total = total + h @ along
    return torch.autograd.grad(total, leaves)


def leaky_by_autograd(x, h, w_ih, w_hh, b, a):
    return torch.autograd.functional.jacobian(lambda s: (1 - a) * s + a * torch.tanh(w_ih @ x + w_hh @ s + b), h)


def table_by_autograd(ids, delta, rows):
    table = torch.zeros(rows, delta.shape[1], dtype=delta.dtype, requires_grad=True)
    (table[ids] * delta).sum().backward()
    return table.grad


WRONG = {
    "rnn-1": [
        SHAPES | {"output": (3, 7, 10)},
        SHAPES | {"output": (7, 3, 20)},
        SHAPES | {"h_n": (3, 4, 10)},
        SHAPES | {"h_n": (2, 3, 20)},
        SHAPES | {"parameters": 2 * 2 * 10 * 18},
        SHAPES | {"parameters": 2 * 10 * 17 + 2 * 10 * 31},
    ],
    "rnn-2": [
        lambda: (1.0, 1.0),
        lambda: (2.0, 0.5),
        lambda: (0.0, 2.0),
        lambda: (-1.0, 2.0),
        lambda: (1.0, 1.2),
        lambda: (1.0, -2.0),
        lambda: (-1.0, -5.0),
        lambda: torch.tensor([2.0, 1.0]),
        lambda: 2.0,
    ],
    "rnn-3": [
        lambda *a: relu_bptt(*a, transposed=False),
        lambda *a: relu_bptt(*a, mask=False),
        lambda *a: relu_bptt(*a, before=True),
        lambda *a: relu_bptt(*a, later=False),
        lambda *a: relu_bptt(*a)[1:],
        by_autograd,
        lambda *a: (relu_bptt(*a)[0], *(g.T for g in relu_bptt(*a)[1:])),
    ],
    "rnn-4": [
        lambda *a: leaky(*a, kept=False),
        lambda *a: leaky(*a, rows=False),
        lambda *a: leaky(*a, slope=False),
        lambda *a: leaky(*a).T,
        leaky_by_autograd,
        lambda x, h, w_ih, w_hh, b, a: leaky(x, h, w_ih, w_hh, b, 1 - a),
    ],
    "rnn-5": [
        lambda sigma, floor: math.log(floor) / math.log(sigma) if sigma < 1 else math.inf,
        lambda sigma, floor: math.floor(math.log(floor) / math.log(sigma)) if sigma < 1 else math.inf,
        lambda sigma, floor: abs(math.ceil(math.log(floor) / math.log(sigma))) if sigma != 1 else math.inf,
        lambda sigma, floor: math.ceil(math.log(floor) / math.log(sigma)) + 1 if sigma < 1 else math.inf,
        lambda sigma, floor: math.ceil(math.log(floor) / math.log(sigma)),
        lambda sigma, floor: math.floor(math.log(floor) / math.log(sigma)) + 1 if sigma < 1 else math.inf,
        lambda sigma, floor: next((k for k in range(9999) if sigma**k < floor), math.inf),
    ],
    "rnn-6": [
        lambda steps, k: k / steps,
        lambda steps, k: (k + 1) / (steps + 1),
        lambda steps, k: (steps // k) * k * (k + 1) / (steps * (steps + 1)),
        lambda steps, k: (steps // k) * k * (k - 1) / max(1, steps * (steps - 1)),
    ],
    "rnn-7": [
        overwritten,
        table_by_autograd,
        lambda ids, delta, rows: torch.zeros(rows, delta.shape[1], dtype=delta.dtype).index_copy_(0, ids, delta),
        lambda ids, delta, rows: delta[: int(ids.max()) + 1],
        lambda ids, delta, rows: torch.nn.functional.one_hot(ids, rows).to(delta.dtype) @ delta.new_ones(rows, 1),
        lambda ids, delta, rows: delta.new_zeros(int(ids.max()) + 1, delta.shape[1]).index_add_(0, ids, delta),
    ],
    "rnn-8": [
        lambda output, lengths: output[:, -1],
        lambda output, lengths: output[torch.arange(len(output)), lengths],
        lambda output, lengths: output[:, lengths - 1],
        lambda output, lengths: output[torch.arange(len(output)), (lengths - 2).clamp(min=0)],
    ],
    "rnn-9": [
        lambda x, lengths: x.flip(1),
        lambda x, lengths: x,
        lambda x, lengths: torch.stack(
            [torch.cat([row[n:], row[:n].flip(0)]) for row, n in zip(x, lengths.tolist(), strict=True)]
        ),
        lambda x, lengths: x.gather(1, (lengths[:, None] - 1 - torch.arange(x.shape[1])).clamp(min=0)),
        lambda x, lengths: x.gather(1, (lengths[:, None] - 1 - torch.arange(x.shape[1])) % x.shape[1]),
    ],
    "rnn-10": [
        lambda *a: continued(*a, flip=True),
        lambda *a: continued(*a, feed=False),
        lambda *a: continued(*a, add=False),
        lambda past, *a: torch.cat([past, continued(past, *a)]),
    ],
}
