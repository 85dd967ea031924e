"""Attention: every query looks at all keys and takes a weighted mean of their values.

Masks are of booleans, True where a query may look, as those of
`F.scaled_dot_product_attention`; `nn.MultiheadAttention` means the opposite.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor

from dlbook.functional.activations import softmax
from dlbook.functional.masks import (
    require_even,
    require_heads,
    require_keys,
    require_mask,
    require_room,
    require_sources,
)


def attention(
    q: Float[Tensor, "*b t d"],
    k: Float[Tensor, "*b s d"],
    v: Float[Tensor, "*b s e"],
    mask: Tensor | None = None,
    *,
    bias: Float[Tensor, "*#b #t #s"] | None = None,
    scale: float | None = None,
) -> tuple[Float[Tensor, "*b t e"], Float[Tensor, "*b t s"]]:
    """Mean of the values, weighted by how well keys fit; the weights (eq-attention).

    A query that may look at nothing gets zeros, and passes no gradient.

    Args:
        mask: booleans that broadcast to (..., t, s), True where a query may look.
        bias: numbers added to the scores, after they were scaled.
        scale: of the scores; without it 1 / sqrt(d).

    Raises:
        TypeError: a mask that is not of booleans.
        ValueError: shapes that do not fit, or no key.

    Source: Vaswani et al. (2017), section 3.2.1.
    """
    require_keys(q, k, v)
    scores = q @ k.mT * (q.shape[-1] ** -0.5 if scale is None else scale)  # (*b, t, s)
    if bias is not None:
        scores = scores + bias
    if mask is not None:
        *batch, t, s = scores.shape
        require_mask(mask, t, s, batch)
        scores = scores.masked_fill(~mask, -math.inf)
    weights = masked_softmax(scores)
    return weights @ v, weights


def masked_softmax(scores: Float[Tensor, "*b s"]) -> Float[Tensor, "*b s"]:
    """Softmax over the last axis, in which -inf weighs 0 (eq-masked-softmax).

    A row of nothing but -inf gives zeros and zero gradients, where softmax gives nan.
    """
    hidden = scores == -math.inf
    finite = scores.masked_fill(hidden, torch.finfo(scores.dtype).min)
    return softmax(finite, dim=-1).masked_fill(hidden, 0)


def causal_mask(
    t: int, s: int | None = None, device: torch.device | str | None = None
) -> Bool[Tensor, "t s"]:
    """Each of t queries may look at itself and at what came before (eq-causal).

    The queries are the last t of s positions: with a cache, s is larger than t.

    Raises:
        ValueError: t is not 1 to s.
    """
    s = t if s is None else s
    require_room(t, s)
    return torch.ones(t, s, dtype=torch.bool, device=device).tril(s - t)


def padding_mask(lengths: Tensor | Sequence[int], s: int) -> Bool[Tensor, "b s"]:
    """Which of s positions each sequence fills (eq-padding).

    For `attention`, give it an axis of queries: padding_mask(lengths, s)[:, None].

    Raises:
        TypeError: lengths that are no whole numbers.
        ValueError: a length that is not 1 to s; 0 is an empty source.
    """
    counts = require_sources(lengths, s)
    return torch.arange(s, device=counts.device) < counts[:, None]


def split_heads(
    x: Float[Tensor, "b t d"], heads: int
) -> Float[Tensor, "b heads t d_head"]:
    """Cut the width into heads, and put them beside the batch (eq-heads).

    Raises:
        ValueError: the heads do not divide the width.
    """
    require_heads(x.shape[-1], heads)
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def merge_heads(x: Float[Tensor, "b heads t d_head"]) -> Float[Tensor, "b t d"]:
    """Put the heads side by side again: undoes `split_heads` (eq-heads)."""
    return x.transpose(1, 2).flatten(-2)


def layer_norm(
    x: Float[Tensor, "*b d"],
    weight: Float[Tensor, " d"] | None = None,
    bias: Float[Tensor, " d"] | None = None,
    eps: float = 1e-5,
) -> Float[Tensor, "*b d"]:
    """Each vector with mean 0 and variance 1, times weight, plus bias (eq-layer-norm).

    The variance divides by d, not by d - 1. Source: Ba et al. (2016).
    """
    centred = x - x.mean(dim=-1, keepdim=True)
    variance = centred.square().mean(dim=-1, keepdim=True)
    y = centred / torch.sqrt(variance + eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def frequencies(width: int, base: float = 10000.0) -> Float[Tensor, " pairs"]:
    """How far a pair of columns turns at each step, in radians (eq-frequencies).

    From 1 down to almost 1 / base; in float64, as angles grow with the position.

    Raises:
        ValueError: an odd width.
    """
    require_even(width)
    return base ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)


def sinusoidal(
    length: int,
    width: int,
    *,
    base: float = 10000.0,
    dtype: torch.dtype | None = None,
) -> Float[Tensor, "length width"]:
    """A code for each position: sines in even columns, cosines in odd (eq-sinusoidal).

    Raises:
        ValueError: an odd width.

    Source: Vaswani et al. (2017), section 3.5.
    """
    angles = torch.arange(length)[:, None] * frequencies(width, base)  # (length, pairs)
    codes = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
    return codes.to(dtype or torch.get_default_dtype())


def shift_matrix(
    offset: int,
    width: int,
    *,
    base: float = 10000.0,
    dtype: torch.dtype | None = None,
) -> Float[Tensor, "width width"]:
    """The rotation R for which code(p + offset) = R code(p) (eq-shift-rotation).

    Raises:
        ValueError: an odd width.
    """
    angles = offset * frequencies(width, base)
    cos, sin = angles.cos(), angles.sin()
    turns = torch.stack([cos, sin, -sin, cos], dim=-1).unflatten(-1, (2, 2))
    return torch.block_diag(*turns).to(dtype or torch.get_default_dtype())


def rotary(
    x: Float[Tensor, "*b t d"],
    positions: Shaped[Tensor, " t"] | None = None,
    *,
    base: float = 10000.0,
) -> Float[Tensor, "*b t d"]:
    """Turn each pair of columns by an angle that grows with the position (eq-rope).

    Columns 2i and 2i + 1 are a pair; positions are 0 to t - 1 if none are given.

    Raises:
        ValueError: an odd width.

    Source: Su et al. (2021), section 3.2.
    """
    if positions is None:
        positions = torch.arange(x.shape[-2], device=x.device)
    angles = positions[:, None] * frequencies(x.shape[-1], base).to(x.device)
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)  # (t, pairs)
    even, odd = x[..., 0::2], x[..., 1::2]  # (*b, t, pairs)
    turned = [even * cos - odd * sin, even * sin + odd * cos]
    return torch.stack(turned, dim=-1).flatten(-2)


def alibi(
    heads: int,
    t: int,
    s: int | None = None,
    *,
    dtype: torch.dtype | None = None,
) -> Float[Tensor, "heads t s"]:
    """Numbers that lower the scores of far keys, each head at its slope (eq-alibi).

    The queries are the last t of s positions. Slopes fall geometrically from
    2 ** (-8 / heads) to 2 ** -8; where heads is no power of 2, the slopes of the next
    lower power come first, then every other one of those of twice that power.

    Raises:
        ValueError: no head, or t is not 1 to s.

    Source: Press et al. (2022).
    """
    s = t if s is None else s
    require_room(t, s)
    require_heads(heads, heads)
    power = 2 ** (heads.bit_length() - 1)  # the largest that is not above heads
    exponents = [8 * i / power for i in range(1, power + 1)]
    exponents += [4 * i / power for i in range(1, 2 * (heads - power), 2)]
    slopes = 2.0 ** -torch.tensor(exponents, dtype=torch.float64)
    distance = (torch.arange(s - t, s)[:, None] - torch.arange(s)).abs()  # (t, s)
    return (slopes[:, None, None] * -distance).to(dtype or torch.get_default_dtype())
