"""Recurrent cells, and the loop that unrolls one over the steps of a sequence.

Weights are named, shaped and stacked as torch's: `w_ih` meets the input, `w_hh` the
hidden state, and the rows of the gates stand on top of each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor, sigmoid, tanh

from dlbook.functional.linear import linear
from dlbook.functional.sequences import (
    require_blocks,
    require_ids,
    require_lengths,
    require_pair,
    require_sequence,
    require_square,
)

Pair = tuple[Float[Tensor, "b h"], Float[Tensor, "b h"]]
State = Tensor | tuple[Tensor, Tensor]  # the hidden state, or it and the memory


def embedding(
    ids: Shaped[Tensor, "*n"], table: Float[Tensor, "v d"]
) -> Float[Tensor, "*n d"]:
    """The row of the table that each id names (eq-embedding).

    Raises:
        TypeError: ids that are no whole numbers.
        ValueError: an id below 0, or one that the table has no row for.
    """
    require_ids(ids, len(table))
    return table[ids]


def rnn_cell(
    x: Float[Tensor, "b d"],
    h: Float[Tensor, "b h"],
    w_ih: Float[Tensor, "h d"],
    w_hh: Float[Tensor, "h h"],
    b_ih: Float[Tensor, " h"] | None = None,
    b_hh: Float[Tensor, " h"] | None = None,
) -> Float[Tensor, "b h"]:
    """One step of a plain recurrent network: the next hidden state (eq-rnn).

    Source: Elman (1990).
    """
    return tanh(linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh))


def lstm_cell(
    x: Float[Tensor, "b d"],
    state: State,
    w_ih: Float[Tensor, "gates d"],
    w_hh: Float[Tensor, "gates h"],
    b_ih: Float[Tensor, " gates"] | None = None,
    b_hh: Float[Tensor, " gates"] | None = None,
) -> Pair:
    """One step of long short-term memory: the next hidden state and memory (eq-lstm).

    The rows of the weights are those of i, f, g and o, in torch's order, h of each.
    Source: Hochreiter and Schmidhuber (1997); the forget gate: Gers et al. (2000).

    Raises:
        ValueError: the state is no pair of hidden state and memory, or does not fit.
    """
    h, c = require_pair(state)
    require_blocks(w_hh, h, 4)
    sums = linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh)  # (b, 4 h)
    sum_i, sum_f, sum_g, sum_o = sums.chunk(4, dim=1)  # (b, h) each
    i = sigmoid(sum_i)  # input gate: how much of the candidate is written
    f = sigmoid(sum_f)  # forget gate: how much of the memory stays
    g = tanh(sum_g)  # the candidate, no gate: what could be written
    o = sigmoid(sum_o)  # output gate: how much of the memory is shown
    c = f * c + i * g
    return o * tanh(c), c


def gru_cell(
    x: Float[Tensor, "b d"],
    h: Float[Tensor, "b h"],
    w_ih: Float[Tensor, "3*h d"],
    w_hh: Float[Tensor, "3*h h"],
    b_ih: Float[Tensor, " 3*h"] | None = None,
    b_hh: Float[Tensor, " 3*h"] | None = None,
    *,
    reset: str = "after",
) -> Float[Tensor, "b h"]:
    """One step of a gated recurrent unit: the next hidden state (eq-gru).

    The rows of the weights are those of r, z and n, in torch's order, h of each.
    `reset` says when the reset gate acts: "after" the hidden state met its weights, as
    in torch, or "before", as published (eq-gru-before). Source: Cho et al. (2014).

    Raises:
        ValueError: another reset, or a state that does not fit.
    """
    require_blocks(w_hh, h, 3)
    x_r, x_z, x_n = linear(x, w_ih, b_ih).chunk(3, dim=1)
    h_r, h_z, h_n = linear(h, w_hh, b_hh).chunk(3, dim=1)
    r = sigmoid(x_r + h_r)  # reset gate: how much of the past the candidate sees
    z = sigmoid(x_z + h_z)  # update gate: how much of the past stays
    if reset == "after":
        n = tanh(x_n + r * h_n)  # the candidate
    elif reset == "before":
        bias = None if b_hh is None else b_hh.chunk(3)[2]
        n = tanh(x_n + linear(r * h, w_hh.chunk(3)[2], bias))
    else:
        raise ValueError(f"reset = {reset!r}: accepted are after and before.")
    return (1 - z) * n + z * h


def unroll(
    cell: Callable[..., State],
    x: Float[Tensor, "*x"],
    state: State,
    weights: Sequence[Tensor | None],
    *,
    lengths: Tensor | Sequence[int] | None = None,
    reverse: bool = False,
) -> tuple[Float[Tensor, "t b h"], State]:
    """Run a cell over the steps of x: all hidden states, the last state (eq-unroll).

    With `lengths`, a sequence that has ended keeps its state, and outputs 0. With
    `reverse`, each sequence is read from its own last step to its first.

    Args:
        x: (t, b, d), steps first.
        weights: w_ih, w_hh and, where there are any, b_ih and b_hh.
        lengths: for each of the b sequences how many of its t steps count.

    Raises:
        TypeError: lengths that are no whole numbers.
        ValueError: shapes that do not fit, or a length that is not 1 to t.
    """
    require_sequence(x, state, weights)
    if lengths is not None:
        runs = running(lengths, x)
        x = torch.where(runs, x, 0)  # whatever the padding holds
    steps, outputs = x.unbind(), []
    for t in reversed(range(len(x))) if reverse else range(len(x)):
        new = cell(steps[t], state, *weights)
        state = new if lengths is None else choose(runs[t], new, state)
        outputs.append(hidden(state))
    output = torch.stack(outputs[::-1] if reverse else outputs)
    return output if lengths is None else torch.where(runs, output, 0), state


def running(
    lengths: Tensor | Sequence[int], x: Float[Tensor, "t b d"]
) -> Bool[Tensor, "t b 1"]:
    """At which steps each sequence has not ended (eq-mask).

    Raises:
        TypeError: lengths that are no whole numbers.
        ValueError: not one length a sequence, or a length that is not 1 to t.
    """
    counts = require_lengths(lengths, x)
    return (torch.arange(len(x), device=x.device)[:, None] < counts)[..., None]


def choose(runs: Bool[Tensor, "b 1"], new: State, old: State) -> State:
    """The new state of the sequences that run, the old one of those that ended."""
    if isinstance(new, Tensor):
        return torch.where(runs, new, old)
    return tuple(torch.where(runs, a, b) for a, b in zip(new, old, strict=True))


def hidden(state: State) -> Float[Tensor, "b h"]:
    """The hidden state, which is the first of a pair."""
    return state if isinstance(state, Tensor) else state[0]


def detach(state: State) -> State:
    """The same numbers, cut off from the graph that led to them (eq-truncated)."""
    if isinstance(state, Tensor):
        return state.detach()
    return tuple(part.detach() for part in state)


def spectral_radius(w: Float[Tensor, "h h"]) -> Float[Tensor, ""]:
    """The largest size of an eigenvalue: what many products grow by (eq-radius).

    Raises:
        ValueError: w is no square matrix of finite numbers.
    """
    require_square(w)
    return torch.linalg.eigvals(w).abs().max()
