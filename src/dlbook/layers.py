"""Layers: modules that own the parameters and the state of the book's functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn import functional as F

from dlbook.functional.attention import attention, merge_heads, split_heads
from dlbook.functional.linear import linear
from dlbook.functional.masks import (
    require_batch,
    require_dropout,
    require_heads,
    require_mask,
)
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


class LayerNorm(nn.Module):
    """Each vector normalised, then scaled and shifted (eq-layer-norm): `nn.LayerNorm`.

    Parameters: weight (width,), which starts at 1, and bias (width,), at 0. It calls
    torch's kernel, which walks over x once; `layer_norm` takes seven walks.

    Raises:
        ValueError: a width below 1.
    """

    def __init__(self, width: int, eps: float = 1e-5) -> None:
        super().__init__()
        if width < 1:
            raise ValueError(f"width = {width}: accepted is 1 or more.")
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.eps = eps

    def forward(self, x: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)


class MultiHeadAttention(nn.Module):
    """Attention of several heads side by side (eq-multi-head): `nn.MultiheadAttention`.

    Parameters have torch's names and shapes: `in_proj_weight` (3 width, width) and
    `in_proj_bias` make queries, keys and values, in this order; `out_proj` joins heads.

    Args:
        dropout: probability of a weight to be dropped in training.

    Raises:
        ValueError: a width that the heads do not divide, or no probability below 1.

    Source: Vaswani et al. (2017), section 3.2.2.
    """

    def __init__(self, width: int, heads: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        require_heads(width, heads)
        require_dropout(dropout)
        self.width, self.heads, self.dropout = width, heads, dropout
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(
        self,
        query: Float[Tensor, "*q"],
        key: Float[Tensor, "*k"] | None = None,
        value: Float[Tensor, "*v"] | None = None,
        mask: Tensor | None = None,
        *,
        bias: Float[Tensor, "*#b #t #s"] | None = None,
        weights: bool = False,
        rotate: Callable[[Tensor], Tensor] | None = None,
        past: list[Tensor] | None = None,
    ) -> Float[Tensor, "b t d"] | tuple[Tensor, Tensor]:
        """What each query (b, t, width) finds; with `weights`, where, in each head.

        Args:
            key: (b, s, width); without it the query's own: self-attention.
            value: (b, s, width); without it the key's.
            mask: (t, s), (b, t, s), or what broadcasts to it; True: may look.
            bias: (heads, t, s): numbers added to the scores.
            rotate: applied to the queries and to the keys of all heads.
            past: keys and values of earlier calls, an empty list at first. Those of
                self-attention grow; those of a given key are computed once.

        Raises:
            TypeError: a mask that is not of booleans.
            ValueError: shapes that do not fit, or no key.
        """
        known = bool(past) and key is not None
        if key is None and value is not None:
            raise ValueError("value without a key: accepted are both, or none.")
        if key is None:
            q, k, v = self.project(query, 0, 3)  # one product is faster than three
        else:
            (q,) = self.project(query, 0, 1)
            k, v = past if known else self.keys_values(key, value)
        if rotate is not None:
            q, k = rotate(q), k if known else rotate(k)
        if past is not None:
            if past and not known:
                k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
            past[:] = k, v
        require_batch(q, k, v)
        return self.look(q, k, v, mask, bias, weights)

    def project(self, x: Tensor, first: int, last: int) -> list[Tensor]:
        """Queries (0), keys (1), values (2) of all heads: (b, heads, t, d / heads)."""
        require_input(x, self.width, batch_first=True)
        rows = slice(first * self.width, last * self.width)
        y = F.linear(x, self.in_proj_weight[rows], self.in_proj_bias[rows])
        return [split_heads(part, self.heads) for part in y.chunk(last - first, dim=-1)]

    def keys_values(self, key: Tensor, value: Tensor | None) -> list[Tensor]:
        """Keys and values of all heads: (b, heads, s, d / heads) each."""
        if value is None or value is key:
            return self.project(key, 1, 3)
        return self.project(key, 1, 2) + self.project(value, 2, 3)

    def look(
        self,
        q: Float[Tensor, "b heads t d_head"],
        k: Float[Tensor, "b heads s d_head"],
        v: Float[Tensor, "b heads s d_head"],
        mask: Tensor | None,
        bias: Tensor | None,
        weights: bool,
    ) -> Float[Tensor, "b t d"] | tuple[Tensor, Tensor]:
        """Attention in each head, joined; by torch's kernel, which keeps no weights."""
        if mask is not None:
            mask = mask[:, None] if mask.ndim == 3 else mask  # the same for all heads
            require_mask(mask, q.shape[2], k.shape[2], q.shape[:2])
        dropout = self.dropout if self.training else 0.0
        if weights:
            out, shares = attention(q, k, v, mask, bias=bias)
            out = F.dropout(shares, dropout) @ v if dropout else out
            return self.out_proj(merge_heads(out)), shares
        if bias is not None:  # the kernel takes one of the two
            mask = bias if mask is None else torch.where(mask, bias, -torch.inf)
        out = F.scaled_dot_product_attention(q, k, v, mask, dropout)
        return self.out_proj(merge_heads(out))


class EncoderLayer(nn.Module):
    """Self-attention, then two linear layers, each with a way around it.

    Parameters have the names and shapes of those of `nn.TransformerEncoderLayer`.

    Args:
        hidden: width between the two linear layers.
        dropout: probability of a number to be dropped in training.
        norm_first: normalise what goes into each part (eq-pre-norm), not each sum
            (eq-post-norm), as published.

    Raises:
        ValueError: a size below 1, a width that the heads do not divide, or no
            probability below 1.

    Source: Vaswani et al. (2017), section 3; pre-norm: Xiong et al. (2020).
    """

    def __init__(
        self,
        width: int,
        heads: int,
        hidden: int,
        *,
        dropout: float = 0.0,
        norm_first: bool = False,
    ) -> None:
        super().__init__()
        if hidden < 1:
            raise ValueError(f"hidden = {hidden}: accepted is 1 or more.")
        self.self_attn = MultiHeadAttention(width, heads, dropout=dropout)
        self.linear1, self.linear2 = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.norm1, self.norm2 = LayerNorm(width), LayerNorm(width)
        self.dropout, self.norm_first = nn.Dropout(dropout), norm_first

    def forward(
        self,
        x: Float[Tensor, "*x"],
        mask: Tensor | None = None,
        *,
        bias: Float[Tensor, "*#b #t #s"] | None = None,
        rotate: Callable[[Tensor], Tensor] | None = None,
        past: list[Tensor] | None = None,
    ) -> Float[Tensor, "b t d"]:
        """New vectors (b, t, width); arguments and errors: as `MultiHeadAttention`."""
        options = {"mask": mask, "bias": bias, "rotate": rotate, "past": past}
        x = self.around(x, self.norm1, lambda h: self.self_attn(h, **options))
        return self.around(x, self.norm2, self.feed)

    def feed(self, x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        """The same two linear layers at each position (eq-feed-forward)."""
        return self.linear2(self.dropout(F.relu(self.linear1(x))))

    def around(
        self, x: Tensor, norm: nn.Module, part: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """x, and what a part makes of it (eq-pre-norm, eq-post-norm)."""
        if self.norm_first:
            return x + self.dropout(part(norm(x)))
        return norm(x + self.dropout(part(x)))


class DecoderLayer(EncoderLayer):
    """An encoder layer that looks at a memory between its parts: cross-attention.

    Parameters have the names and shapes of those of `nn.TransformerDecoderLayer`;
    arguments and errors are those of `EncoderLayer`.
    """

    def __init__(self, width: int, heads: int, *sizes: int, **options: object) -> None:
        super().__init__(width, heads, *sizes, **options)
        dropout = self.self_attn.dropout
        self.multihead_attn = MultiHeadAttention(width, heads, dropout=dropout)
        self.norm3 = LayerNorm(width)

    def forward(
        self,
        y: Float[Tensor, "*y"],
        memory: Float[Tensor, "*m"],
        mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        *,
        bias: Float[Tensor, "*#b #t #s"] | None = None,
        rotate: Callable[[Tensor], Tensor] | None = None,
        past: Sequence[list[Tensor] | None] = (None, None),
        weights: bool = False,
    ) -> Float[Tensor, "b t d"] | tuple[Tensor, Tensor]:
        """New vectors (b, t, width); with `weights`, where in the memory each looked.

        Args:
            memory: (b, s, width).
            mask, bias, rotate: of self-attention.
            memory_mask: of the memory: (b, 1, s), or what broadcasts to (b, t, s).
            past: keys and values of earlier calls, of self- and of cross-attention.
        """
        own = {"mask": mask, "bias": bias, "rotate": rotate, "past": past[0]}
        cross = {"mask": memory_mask, "past": past[1], "weights": weights}
        shares = None

        def look(h: Tensor) -> Tensor:
            nonlocal shares
            out = self.multihead_attn(h, memory, **cross)
            out, shares = out if weights else (out, None)
            return out

        y = self.around(y, self.norm1, lambda h: self.self_attn(h, **own))
        y = self.around(y, self.norm2, look)
        y = self.around(y, self.norm3, self.feed)
        return (y, shares) if weights else y
