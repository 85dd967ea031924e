"""Layers: modules that own the parameters and the state of the book's functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from dlbook.functional.linear import linear
from dlbook.functional.recurrent import (
    embedding,
    gru_cell,
    lstm_cell,
    rnn_cell,
    unroll,
)
from dlbook.functional.sequences import require_input, require_layers, require_state


class Linear(nn.Module):
    """y = x W^T + b on the last axis (eq-affine), with the same start as `nn.Linear`.

    Parameters: weight (fan_out, fan_in) and bias (fan_out,), drawn evenly from
    -1/sqrt(fan_in) to 1/sqrt(fan_in) (eq-torch-default).

    Raises:
        ValueError: a size below 1.
    """

    def __init__(self, fan_in: int, fan_out: int) -> None:
        super().__init__()
        if min(fan_in, fan_out) < 1:
            raise ValueError(
                f"fan_in = {fan_in}, fan_out = {fan_out}: accepted are 1 or more."
            )
        self.weight = nn.Parameter(torch.empty(fan_out, fan_in))
        self.bias = nn.Parameter(torch.empty(fan_out))
        for parameter in (self.weight, self.bias):
            nn.init.uniform_(parameter, -(fan_in**-0.5), fan_in**-0.5)

    def forward(self, x: Float[Tensor, "*b fan_in"]) -> Float[Tensor, "*b fan_out"]:
        return linear(x, self.weight, self.bias)


class Standardize(nn.Module):
    """(x - mean) / std. Both are buffers: moved and saved with the model, not trained.

    Args:
        mean, std: of the training data; any shapes that broadcast with x.

    Raises:
        ValueError: a std that is not above 0, or statistics that are whole numbers.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, mean: Float[Tensor, "*statistics"], std: Float[Tensor, "*statistics"]
    ) -> None:
        super().__init__()
        if not (std > 0).all():
            raise ValueError("std: accepted is above 0; put 1 where nothing varies.")
        if not (mean.is_floating_point() and std.is_floating_point()):
            raise ValueError("mean and std: accepted are floating-point numbers.")
        self.register_buffer("mean", mean.detach().clone())
        self.register_buffer("std", std.detach().clone())

    def forward(self, x: Shaped[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        return (x - self.mean) / self.std


class Dropout(nn.Module):
    """In training, zero with probability p and divide the rest by 1 - p (eq-dropout).

    In evaluation mode it does nothing (Srivastava et al., 2014).

    Raises:
        ValueError: p is no probability below 1.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"p = {p}: accepted is 0 <= p < 1.")
        self.p = p

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        if not self.training:
            return x
        kept = torch.rand_like(x) >= self.p
        return torch.where(kept, x / (1 - self.p), 0)


class Embedding(nn.Module):
    """A row of numbers for each of n symbols, looked up by id (eq-embedding).

    Parameter: weight (n, d), drawn from the standard normal distribution, as torch's.

    Raises:
        ValueError: a size below 1.
    """

    def __init__(self, n: int, d: int) -> None:
        super().__init__()
        if min(n, d) < 1:
            raise ValueError(f"n = {n}, d = {d}: accepted are 1 or more.")
        self.weight = nn.Parameter(torch.empty(n, d))
        nn.init.normal_(self.weight)

    def forward(self, ids: Shaped[Tensor, "*n"]) -> Float[Tensor, "*n d"]:
        return embedding(ids, self.weight)


class Unrolled(nn.Module):
    """A cell unrolled over a sequence, in layers; `RNN`, `LSTM`, `GRU` give the cell.

    Parameters have torch's names and shapes: in layer k `weight_ih_lk`, `weight_hh_lk`,
    `bias_ih_lk` and `bias_hh_lk`, those of the way back with `_reverse`; all are drawn
    uniformly from -1/sqrt(hidden) to 1/sqrt(hidden).

    Args:
        bidirectional: each layer reads forwards and backwards, and outputs both.
        batch_first: x and the output are (b, t, ...), not (t, b, ...); a state is not.
        dropout: probability of a number between two layers to be dropped in training.

    Raises:
        ValueError: a size below 1, a dropout that is no probability below 1, or one
            where there is a single layer.
    """

    cell: ClassVar[Callable]
    gates: ClassVar[int] = 1  # blocks of rows in the weights
    pair: ClassVar[bool] = False  # whether a state is a pair

    def __init__(
        self,
        inputs: int,
        hidden: int,
        layers: int = 1,
        *,
        bidirectional: bool = False,
        batch_first: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        require_layers(inputs, hidden, layers, dropout)
        self.inputs, self.hidden, self.batch_first = inputs, hidden, batch_first
        self.ways = ("", "_reverse") if bidirectional else ("",)
        self.dropout = Dropout(dropout)
        self.names: list[list[str]] = []  # of the parameters: a list for each unrolling
        for layer in range(layers):
            width = hidden * len(self.ways) if layer else inputs
            for way in self.ways:
                self.names.append(self.register(f"_l{layer}{way}", width))

    def register(self, suffix: str, width: int) -> list[str]:
        """Make and draw the parameters of one unrolling; their names."""
        rows, hidden = self.gates * self.hidden, self.hidden
        shapes = {"weight_ih": (rows, width), "weight_hh": (rows, hidden)}
        shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        for name, shape in shapes.items():
            parameter = nn.Parameter(torch.empty(shape))
            nn.init.uniform_(parameter, -(hidden**-0.5), hidden**-0.5)
            self.register_parameter(name + suffix, parameter)
        return [name + suffix for name in shapes]

    def start(self, x: Tensor, state: Tensor | Sequence[Tensor] | None) -> list:
        """The state that each unrolling starts from: zeros where none is given."""
        shape = (len(self.names), x.shape[1], self.hidden)
        if state is None:
            zeros = x.new_zeros(shape)
            state = (zeros, zeros) if self.pair else zeros
        require_state(state, shape, self.pair)
        return list(zip(*state, strict=True)) if self.pair else list(state)

    def forward(
        self,
        x: Float[Tensor, "*x"],
        state: Tensor | Sequence[Tensor] | None = None,
        lengths: Tensor | Sequence[int] | None = None,
    ) -> tuple[Float[Tensor, "*y"], Tensor | tuple[Tensor, Tensor]]:
        """Hidden states of the last layer at all steps; the last state of every layer.

        A state is (layers * directions, b, hidden), a pair of them for an LSTM. With
        `lengths`, sequences end early, as in `unroll`.

        Raises:
            TypeError: lengths that are no whole numbers.
            ValueError: shapes that do not fit, or a length that is not 1 to t.
        """
        require_input(x, self.inputs, self.batch_first)
        x = x.transpose(0, 1) if self.batch_first else x
        states = self.start(x, state)
        for k in range(0, len(self.names), len(self.ways)):
            x, outputs = self.dropout(x) if k else x, []
            for n, way in enumerate(self.ways, k):
                weights = [getattr(self, name) for name in self.names[n]]
                options = {"lengths": lengths, "reverse": bool(way)}
                y, states[n] = unroll(self.cell, x, states[n], weights, **options)
                outputs.append(y)
            x = torch.cat(outputs, dim=2)
        y = x.transpose(0, 1) if self.batch_first else x
        if self.pair:
            return y, tuple(map(torch.stack, zip(*states, strict=True)))
        return y, torch.stack(states)


class RNN(Unrolled):
    """Plain recurrent layers, tanh (eq-rnn): equal to `nn.RNN` with its weights."""

    cell = staticmethod(rnn_cell)


class LSTM(Unrolled):
    """Layers of long short-term memory (eq-lstm): equal to `nn.LSTM`."""

    cell, gates, pair = staticmethod(lstm_cell), 4, True


class GRU(Unrolled):
    """Layers of gated recurrent units (eq-gru), reset after the product: `nn.GRU`."""

    cell, gates = staticmethod(gru_cell), 3
