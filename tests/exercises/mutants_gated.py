"""Wrong answers to the exercises of the page 04_rnn/gated: mistakes that readers make."""

import math

import torch
from torch import sigmoid, tanh

from dlbook.book.exercises.gated import GRADERS

SHAPES = GRADERS["gated-1"].expected


def counter(i=20.0, f=20.0, g=0.0, slope=20.0, block=2):
    w_ih = torch.zeros(4, 1)
    w_ih[block] = slope
    return w_ih, torch.zeros(4, 1), torch.tensor([i, f, g, 0.0])


def lstm_backward(i, f, g, o, c_before, c, dh, dc, through_h=True, later=True, slopes=True, order="ifgo", keep=True):
    total = (dc if later else 0) + (dh * o * (1 - c.tanh() ** 2) if through_h else 0)
    one = torch.ones_like
    by = {
        "i": total * g * (i * (1 - i) if slopes else one(i)),
        "f": total * c_before * (f * (1 - f) if slopes else one(f)),
        "g": total * i * (1 - g**2 if slopes else one(g)),
        "o": dh * c.tanh() * (o * (1 - o) if slopes else one(o)),
    }
    return torch.cat([by[name] for name in order], 1), total * f if keep else total


def convert(kernel, bias, order=(0, 2, 1, 3), raised=1.0, block=1, transpose=True, swap=False):
    m = len(bias) // 4
    rows = (kernel.T if transpose else kernel).chunk(4)
    stacked, b = torch.cat([rows[k] for k in order]), torch.cat([bias.chunk(4)[k] for k in order])
    b.chunk(4)[block].add_(raised)
    parts = stacked[:, :-m], stacked[:, -m:]
    return *(parts[::-1] if swap else parts), b, torch.zeros_like(bias)


def in_pieces(lstm, x, size, hand=True, cut=True, whole=False, drop=False, cut_output=False):
    state, outputs = None, []
    for piece in [x] if whole else x.split(size):
        if drop and len(piece) < size:
            break
        output, new = lstm(piece, state)
        if hand:
            state = tuple(part.detach() for part in new) if cut else new
        outputs.append(output.detach() if cut_output else output)
    return torch.cat(outputs) if outputs else None


def last_piece_only(lstm, x, size):
    """All outputs but those of the last piece are cut off."""
    state, outputs, pieces = None, [], x.split(size)
    for k, piece in enumerate(pieces):
        output, state = lstm(piece, state)
        state = tuple(part.detach() for part in state)
        outputs.append(output if k == len(pieces) - 1 else output.detach())
    return torch.cat(outputs)


def first_piece_only(lstm, x, size):
    state, outputs = None, []
    for k, piece in enumerate(x.split(size)):
        with torch.set_grad_enabled(k == 0):
            output, state = lstm(piece, state)
        state = tuple(part.detach() for part in state)
        outputs.append(output)
    return torch.cat(outputs)


def by_autograd(i, f, g, o, c_before, c, dh, dc):
    sums = torch.cat([i.logit(), f.logit(), g.atanh(), o.logit()], 1).requires_grad_()
    before = c_before.clone().requires_grad_()
    s_i, s_f, s_g, s_o = sums.chunk(4, dim=1)
    c = sigmoid(s_f) * before + sigmoid(s_i) * tanh(s_g)
    h = sigmoid(s_o) * tanh(c)
    return torch.autograd.grad((h * dh).sum() + (c * dc).sum(), (sums, before))


def shares(z, start=True, later=True, flip=False):
    one = torch.ones_like(z[:1])
    faded = torch.cat([z.flip(0).cumprod(0).flip(0), one]) if later else 1.0
    weights = torch.cat([one if start else z[:1], 1 - z]) * faded
    weights = weights.flip(0) if flip else weights
    return weights, weights.sum(0)


def only_h_cut(lstm, x, size):
    state, outputs = None, []
    for piece in x.split(size):
        output, (h, c) = lstm(piece, state)
        state = (h.detach(), c)
        outputs.append(output)
    return torch.cat(outputs)


def coupled(x, h, c, w_ih, w_hh, b, order=(0, 1, 2), couple=True, squash=True):
    parts = (x @ w_ih.T + h @ w_hh.T + b).chunk(3, dim=1)
    f, g, o = (parts[k] for k in order)
    f, g, o = sigmoid(f), tanh(g), sigmoid(o)
    c = f * c + ((1 - f) if couple else 1) * g
    return o * (tanh(c) if squash else c), c


WRONG = {
    "gated-1": [
        SHAPES | {"output": (7, 5, 20)},
        SHAPES | {"h_n": (7, 4, 20)},
        SHAPES | {"c_n": (2, 7, 20)},
        SHAPES | {"parameters": 4 * 4 * 20 * 32},
        SHAPES | {"parameters": 2 * 4 * 20 * 31 + 2 * 4 * 20 * 61},
    ],
    "gated-2": [
        lambda: counter(slope=1.0),
        lambda: counter(f=3.0),
        lambda: counter(i=0.0),
        lambda: counter(g=20.0),
        lambda: counter(block=1),
        lambda: counter(block=3),
        lambda: counter()[:2],
        lambda: tuple(part.T for part in counter()),
    ],
    "gated-3": [
        lambda n: math.log(n),
        lambda n: 2 ** (-1 / n),
        lambda n: math.log(2 ** (1 / n) - 1),
        lambda n: -math.log(math.exp(1 / n) - 1),
        lambda n: math.log(n / math.log(2)),
    ],
    "gated-4": [
        lambda *a: lstm_backward(*a, through_h=False),
        lambda *a: lstm_backward(*a, later=False),
        lambda *a: lstm_backward(*a, slopes=False),
        lambda *a: lstm_backward(*a, order="figo"),
        lambda *a: lstm_backward(*a, order="ifog"),
        lambda *a: lstm_backward(*a, keep=False),
        lambda *a: lstm_backward(*a)[0],
        by_autograd,
    ],
    "gated-5": [
        lambda k, b: convert(k, b, order=(0, 1, 2, 3)),
        lambda k, b: convert(k, b, raised=0.0),
        lambda k, b: convert(k, b, block=2),
        lambda k, b: convert(k, b, swap=True),
        lambda k, b: convert(k, b, transpose=False),
        lambda k, b: (*convert(k, b)[:3], convert(k, b)[2]),
    ],
    "gated-6": [
        lambda blocks, d, budget: int(math.sqrt(budget / blocks)),
        lambda blocks, d, budget: next(m for m in range(10_000) if blocks * m * (d + m + 2) >= budget),
        lambda blocks, d, budget: max(m for m in range(10_000) if blocks * m * (d + m + 1) <= budget),
        lambda blocks, d, budget: max(m for m in range(10_000) if m * (d + m + 2) <= budget),
    ],
    "gated-7": [
        lambda z: shares(z, start=False),
        lambda z: shares(z, later=False),
        lambda z: shares(z, flip=True),
        lambda z: shares(1 - z),
        lambda z: shares(z)[0],
        lambda z: (shares(z)[0], shares(z)[0].sum(1)),
        lambda z: (shares(z)[0], z.sum(0)),
    ],
    "gated-8": [
        lambda *a: in_pieces(*a, hand=False),
        lambda *a: in_pieces(*a, cut=False),
        lambda *a: in_pieces(*a, whole=True),
        lambda *a: in_pieces(*a, drop=True),
        lambda *a: in_pieces(*a, cut_output=True),
        only_h_cut,
        last_piece_only,
        first_piece_only,
    ],
    "gated-9": [
        lambda *a: coupled(*a, couple=False),
        lambda *a: coupled(*a, squash=False),
        lambda *a: coupled(*a, order=(0, 2, 1)),
        lambda *a: coupled(*a)[::-1],
        lambda *a: coupled(*a)[0],
    ],
}
